"""
A meeting that begins with a link to plain HTTP: who goes to https in spite of it, and what becomes of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lab.observation import Line, Verdict
from lab.pki.says import Plain
from lab.policy.mind import Mind
from lab.scenes.catalogue import Meeting
from lab.trials.standing import Ground
from lab.wire.client import Exchange, account_request
from lab.wire.plain import follow
from lab.wire.visit import Visit

IN_PLAIN = Verdict(True, "no TLS", "the link says http, and nobody led to https: there is nothing to check")


def follows(meeting: Meeting, mind: Mind, host: str) -> bool:
    """Whether there is a link to plain HTTP, and a client that follows it."""
    return meeting.plain is not None and not mind.known.memory.strict_about(host, meeting.time)


def stays(meeting: Meeting, mind: Mind, host: str) -> bool:
    """Whether its request goes out in plain HTTP: the rule, without a socket."""
    leads_on = meeting.plain is Plain.LINK and meeting.line is Line.GENUINE
    return follows(meeting, mind, host) and not leads_on


def beyond(meeting: Meeting) -> Meeting:
    """The same meeting, for a client that goes to https; nothing answers there in TLS where all is plain."""
    return replace(meeting, plain=None) if meeting.plain is Plain.LINK else meeting


def asked_in_plain(
    ground: Ground, meeting: Meeting, mind: Mind, secret: str
) -> tuple[Exchange, Callable[[], Visit]] | None:
    """As `Ground.meet`, in plain HTTP; None where this client goes to https, at once or because it is led there."""
    host = meeting.host or ground.host
    if not follows(meeting, mind, host):
        return None
    there, request = ground.listener(meeting), account_request(host, secret)
    exchange = follow(there.address, host, request, time=meeting.time, patience=ground.patience)
    port, wait = exchange.port if exchange else 0, ground.patience * 2
    return (exchange, lambda: there.log.finished(port, wait)) if exchange else None
