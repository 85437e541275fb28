"""The file of a small timeline without clients and events: half a year of one service below one root."""

from __future__ import annotations

SITE = """
title = "one renewal"
start = 2026-01-01
end = 2026-07-01
issuer = "Issuing"
lifetime_days = 90
renew = "never"

[[ca]]
name = "Root"

[[ca]]
name = "Issuing"
under = "Root"
"""
