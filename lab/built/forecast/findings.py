"""
What a lint rule is, what it looks at and what it says.

The rules themselves are in `lint_today` and `lint_tomorrow`. A rule sees what
was read and what each pin names; it runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from lab.built.forecast.chain import Chain
from lab.built.forecast.config import Format, Override, PinConfig, shown
from lab.built.forecast.match import Match
from lab.pki.pins import name_of


class Severity(StrEnum):
    SERIOUS = "serious"
    """Users will be locked out, or the pins have no effect."""
    FIX = "worth fixing"
    KNOW = "worth knowing"


@dataclass(frozen=True)
class LintFinding:
    """
    One thing to know about a pin set.

    `name` is the rule's id; `seen` what was there, `why` why it matters, `do`
    what to do about it; `source` where the why was read, empty where it follows
    from the definition of the format or was measured here.
    """

    name: str
    severity: Severity
    seen: str
    why: str
    do: str
    source: str = ""

    @property
    def serious(self) -> bool:
        return self.severity is Severity.SERIOUS

    def record(self) -> dict[str, Any]:
        return {
            "id": self.name,
            "severity": self.severity.value,
            "seen": self.seen,
            "why": self.why,
            "do": self.do,
            "source": self.source or None,
        }


@dataclass(frozen=True)
class Subject:
    """All that the rules look at; `now` and `release` are when it is asked and when the next release is expected."""

    config: PinConfig
    chain: Chain
    host: str
    matches: tuple[Match, ...]
    backups: tuple[str, ...]
    asked: datetime
    now: datetime
    release: datetime

    @property
    def lists(self) -> list[list[Match]]:
        return [[one for one in self.matches if one.list == number] for number in range(len(self.config.lists))]

    def name(self, place: int) -> str:
        return name_of(self.chain.path[place].subject) if place < len(self.chain.path) else self.chain.above

    @property
    def passes_today(self) -> bool:
        """Whether every list has a pin that lets today's chain through."""
        return all(any(one.works for one in listed) for listed in self.lists)

    @property
    def may_be_root(self) -> bool:
        """Whether the root is not in the file, so that a pin which names nothing may be the root's."""
        return not self.chain.has_root and not any(one.place == len(self.chain.path) for one in self.matches)


Found = Iterator[tuple[Severity, str, str, str, str]]
"""What a rule finds: severity, what was seen, why it matters, what to do, and the source (empty where none)."""
Rule = Callable[[Subject], Iterator[LintFinding]]
RULES: dict[str, Rule] = {}


def rule(found: Callable[[Subject], Iterator[tuple[Severity, str, str, str, str]]]) -> Rule:
    """Register a rule; its name, with hyphens, is its id."""
    name = found.__name__.replace("_", "-")

    def run(subject: Subject) -> Iterator[LintFinding]:
        for severity, what, why, do, source in found(subject):
            yield LintFinding(name, severity, what, why, do, source)

    RULES[name] = run
    return run


def unasked(subject: Subject) -> str:
    """Why the program would not ask the pins at all; empty where it would."""
    config = subject.config
    if config.expires and subject.asked > config.expires:
        return f"the pin set expired on {config.expires:%Y-%m-%d}, and Android then asks no pins"
    if Override.SYSTEM in config.overrides:
        return "overridePins on the system's CAs lets every one of them past the pins"
    if config.format is not Format.HPKP:
        return ""
    if not config.enforced:
        return "a report-only header refuses nothing"
    if config.max_age == 0:
        return "max-age=0 makes a browser forget the pins"
    if not subject.passes_today:
        return "no pin is on the path, and a browser does not note such a header"
    if not any(one.place is None for one in subject.matches):
        return "every pin is on the path, and a browser does not note a header without a backup pin"
    return ""


def say(pins: Iterable[Match]) -> str:
    words = [shown(one.pin.written) if one.pin.never else str(one.pin) for one in pins]
    return ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")


def these(pins: Sequence[object], one: str, many: str) -> str:
    return one if len(pins) == 1 else many
