"""
The verdict without any handshake: dates, signatures and the policy alone.

The path comes from the lab's own builder, which shares no code with OpenSSL.
That this agrees with the handshakes at every point is what makes a timeline's
figures more than a story; `disagreements` is the comparison.
"""

from __future__ import annotations

from lab.built.time.installed import Moment
from lab.built.time.life import Life
from lab.built.time.run import Chronicle
from lab.observation import Line, Observation, Outcome, Verdict
from lab.pki.authority import Credential
from lab.pki.legacy_path import build
from lab.pki.pins import name_mismatch, seen


def pure(life: Life, moment: Moment, credential: Credential) -> tuple[Verdict, tuple[str, ...]]:
    """What the client as it is at `moment` says of `credential`, and the pins of the path; empty where none is."""
    host = life.timeline.host
    presented = tuple(seen(one) for one in credential.chain)
    built = build(presented, [seen(one.certificate) for one in moment.store], moment.clock, moment.builder)
    mismatch = name_mismatch(presented[0].hosts, host)
    observation = Observation(host, moment.clock, presented, built.path, built.error, mismatch)
    return moment.judge(observation), tuple(one.pin for one in built.path or ())


def meaning(line: Line, accepted: bool) -> Outcome:
    """What a verdict means for a sound client, whose checks all run inside the handshake."""
    if line is Line.ATTACKER:
        return Outcome.INTERCEPTED if accepted else Outcome.STOPPED
    return Outcome.SERVED if accepted else Outcome.OUTAGE


def disagreements(lived: Chronicle) -> list[str]:
    """Where the pure verdict, its deciding check, its path or its meaning differ from the handshake's."""
    found = []
    for course in lived.courses:
        for point in course.points:
            for met in point.met:
                verdict, path = pure(lived.life, point.moment, met.credential)
                there = tuple(one.pin for one in met.observation.path or ())
                said = (met.verdict.accepted, met.verdict.check, there, met.outcome)
                if said != (verdict.accepted, verdict.check, path, meaning(met.line, verdict.accepted)):
                    found.append(
                        f"{course.client.name} at {point.time:%Y-%m-%d %H:%M:%S}, {met.line.value}: "
                        f"handshake {met.verdict} ({met.verdict.reason}), pure {verdict} ({verdict.reason})"
                    )
    return found
