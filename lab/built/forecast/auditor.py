"""
One page for an auditor whose list says "must pin": what is pinned, what it buys and costs, what to say instead.

It prints on one A4 page, has no script, and loads nothing. Its words stand in
`auditor.html`; every figure is the forecast's or the expectancy's.
"""

from __future__ import annotations

from datetime import date
from html import escape
from importlib.resources import files

from lab import __version__
from lab.built.expectancy.told import Expectancy, svg
from lab.built.forecast.forecast import Forecast
from lab.built.forecast.text import named
from lab.naming import printable
from lab.observation import Outcome
from lab.scenes.catalogue import Kind
from lab.show.markup import filled, tag
from lab.show.svg import image

MOST_LISTED, MOST_MONTHS = 3, 5


def page(done: Forecast, life: Expectancy) -> str:
    """The page, as HTML."""
    attacks = [one for one in done.matrix.cases if one.kind is Kind.ATTACK and not done.aside[one.name]]
    alone = [one for one in attacks if done.cell(one.name, "unpinned").outcome is Outcome.INTERCEPTED]
    passed = [one for one in alone if done.cell(one.name).outcome is Outcome.INTERCEPTED]
    stopped = [one for one in alone if one not in passed]
    pinned = [f"{one.pin.written if one.pin.never else one.pin}: {named(done, one)}" for one in done.subject.matches]
    parts = {
        "host": escape(printable(life.host)),
        "made": f"{date.today()}",
        "version": __version__,
        "until": f"{life.horizon.date(life.horizon.days)}",
        "pinned": _listed(pinned),
        "attacks": f"{len(attacks)}",
        "alone": f"{len(alone)}",
        "stops": f"{len(stopped)}",
        "lets": f"{len(passed)}",
        "stopped": _listed([one.title for one in stopped]),
        "passed": _listed([one.title for one in passed]),
        "breaks": escape(
            "; ".join(one.title for one in life.tried.values() if one.outcome is Outcome.OUTAGE) or "none"
        ),
        "halves": life.halves,
        "drawing": escape(life.drawing),
        "picture": image(svg(life), f"Share of calendars with an outage: {life.halves}"),
        "months": life.months(MOST_MONTHS).html(),
        "assumed": life.assumed().html(),
    }
    template = (files(__package__) / "auditor.html").read_text("utf-8")
    return filled(template, parts)


def _listed(said: list[str]) -> str:
    more = [f"and {len(said) - MOST_LISTED} more"] if len(said) > MOST_LISTED else []
    return tag("ul", *(tag("li", escape(printable(one))) for one in [*said[:MOST_LISTED], *more] or ["none"]))
