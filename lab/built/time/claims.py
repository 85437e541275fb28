"""
What the article says of HPKP, put to real handshakes.

Each function plays the scenes that its claim is about and returns `Measured`:
whether the claim held, and what was measured. It knows no wording of the
article; the course's ledger does.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.built.time.dated import DAY, START, Dated, scene
from lab.built.time.visitors import AGENTS, VISITORS, Stay, play
from lab.policy import hpkp
from lab.policy.hpkp import CHROMIUM_CAP, Action, Agent, Noting
from lab.policy.memory import Memory
from lab.policy.mind import Mind
from lab.trials.engine import meet
from lab.trials.standing import Ground

BEFORE = VISITORS[0]


@dataclass(frozen=True)
class Measured:
    """Whether a claim held, and what was measured, in a sentence."""

    holds: bool
    measured: str


def _stay(name: str, browser: str = "no cap") -> Stay:
    return play([scene(name)], [BEFORE], [browser])[0]


def _first_visit(told: Dated, agent: Agent) -> Noting:
    """What a browser makes of the first answer, over a real handshake."""
    with Ground(told.host) as ground:
        met = meet(ground, told.meeting(told.host, 0), Mind(hpkp.policy(agent)))()
    return hpkp.note(Memory(), met.observation, met.lesson.headers or (), agent)


def sixty_days() -> Measured:
    """
    "With HPKP, a leaf is usually pinned for 60 days": it is what a browser would remember at most.

    One header says 365 days. A browser with Chromium's cap forgets after 60, one
    without after 365, and the certificate's life has no part in either.
    """
    capped, free = len(_stay("a_year", "60-day cap").locked), len(_stay("a_year").locked)
    year = scene("a_year")
    entry = _first_visit(year, AGENTS["60-day cap"]).memory.governing(year.host, START)
    remembered = entry.until - START if entry and entry.until else None
    life = year.phases[0].meeting.credential.leaf.not_valid_after_utc - START
    holds = remembered == CHROMIUM_CAP and capped == 60 and free == 365 and life != CHROMIUM_CAP
    return Measured(
        holds,
        f"one header, max-age of a year: locked out {capped} days with Chromium's cap and {free} without; "
        f"the certificate was good for {life // DAY} days",
    )


def no_backup_is_ignored() -> Measured:
    """
    "No backup named, so clients are locked out": it holds only where such a header locks out; by RFC 7469 it does not.

    `holds` is about the claim as the article makes it, so it is False here: the
    header is ignored (section 2.5), while a made-up backup does lock out.
    """
    noting = _first_visit(scene("no_backup_pin"), AGENTS["no cap"])
    without, fake = _stay("no_backup_pin"), _stay("fake_backup")
    return Measured(
        noting.action is not Action.IGNORED or bool(without.locked),
        f"the header without a backup was {noting.action.value} ({noting.reason}): "
        f"{len(without.locked)} days locked out; with a made-up backup {len(fake.locked)} days",
    )


def compromise_without_usable_backup() -> Measured:
    """
    "A compromised key, and no backup: clients are locked out": so it is where a backup was named and is lost.

    A usable backup is the control. In neither case did the pin stop the thief.
    """
    lost, kept = _stay("lost_backup"), _stay("backup_pin")
    return Measured(
        len(lost.locked) == 60 and not kept.locked and bool(lost.robbed),
        f"backup lost: {len(lost.locked)} days locked out; backup usable: {len(kept.locked)}; "
        f"visits robbed with the stolen key while it was pinned: {lost.robbed}",
    )
