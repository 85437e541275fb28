"""
What a lint rule looks at and what it says.

The rules themselves are in `lint`. A rule sees what was read and what each pin
names; it runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lab.built.forecast.chain import Chain
from lab.built.forecast.config import Anchor, Format, PinConfig, shown
from lab.built.forecast.config import LintFinding as LintFinding
from lab.built.forecast.config import Severity as Severity
from lab.built.forecast.match import Match, Names, with_root
from lab.observation import Certificate
from lab.pki.pins import name_mismatch


@dataclass(frozen=True)
class Subject:
    """
    What was read, what each pin names, and the days that count.

    `asked` is the day that somebody asks about and `now` the nearest one on
    which the chain is valid; everything is run on it. `release` is when the
    next release is expected. `backups` are pins of keys that the operator holds,
    `authorities` the certificates of other CAs that were shown among them.
    """

    config: PinConfig
    chain: Chain
    host: str
    matches: tuple[Match, ...]
    backups: tuple[str, ...]
    asked: datetime
    now: datetime
    release: datetime
    authorities: tuple[Certificate, ...] = ()

    def second(self, one: Match) -> Certificate | None:
        """The CA that this pin of a backup names, where its certificate was shown; None for a key of one's own."""
        named = (there for there in self.authorities if there.pin == str(one.pin))
        return next(named, None) if one.names is Names.BACKUP else None

    @property
    def lists(self) -> list[list[Match]]:
        """The matches, list by list."""
        return [[one for one in self.matches if one.list == number] for number in range(len(self.config.lists))]

    @property
    def app_lists(self) -> list[list[Match]]:
        """The lists of a file that an app ships; none of a header, of which header-ignored says all there is."""
        return [] if self.config.format is Format.HPKP else self.lists

    @property
    def may_be_root(self) -> bool:
        """Whether the root is not in the file, so that a pin which names nothing may be the root's."""
        known = self.chain.has_root or any(one.place == len(self.chain.path) for one in self.matches)
        return not known and with_root(self.matches, self.config, self.chain) != self.matches

    @property
    def missing(self) -> str:
        """What is not in the file whose pin one may be: the root, or whatever stands above a leaf that is alone."""
        return "the root" if self.chain.path[1:] else self.chain.missing

    @property
    def by_common_name(self) -> bool:
        """Whether curl takes the chain for this host by its common name: where no other name is there, OpenSSL does."""
        leaf = self.chain.seen[0]
        named = not leaf.hosts and not name_mismatch(replace(leaf, hosts=(leaf.name,)), self.host)
        return named and self.config.format.dialect.builds == "curl"

    @property
    def misnamed(self) -> str:
        """Why the chain does not answer for the host, as the program that has the pins asks; empty where it does."""
        excused = self.by_common_name or self.config.insecure
        return "" if excused else name_mismatch(self.chain.seen[0], self.host)

    @property
    def unasked(self) -> str:
        """Why the program would not ask the pins at all; empty where it would."""
        config = self.config
        if config.dead:
            return f"no host has the name {config.host}, and {config.dead}"
        if config.expires and self.asked > config.expires:
            return f"the pin set expired on {config.expires:%Y-%m-%d}, and {config.format.dialect.lapsed}"
        if Anchor.SYSTEM in config.overrides:
            return "overridePins on the system's CAs lets every one of them past the pins"
        if config.unpinned:
            return "overridePins holds for every CA that is trusted here, so every path is let past the pins"
        if config.format is Format.TRUSTKIT and not config.enforced:
            return "TSKEnforcePinning is false, so TrustKit reports and refuses nobody"
        if config.format is not Format.HPKP:
            return ""
        if not config.enforced:
            return "a report-only header refuses nothing"
        if config.max_age == 0:
            return "max-age=0 makes a browser forget the pins"
        if not any(one.works for one in self.matches):
            return "no pin is on the path, and a browser does not note such a header"
        if not any(one.place is None for one in self.matches):
            return "every pin is on the path, and a browser does not note a header without a backup pin"
        return ""


Found = Iterator[LintFinding]
LintRule = Callable[[Subject], Found]
RULES: dict[str, LintRule] = {}


def rule(found: LintRule) -> LintRule:
    """Register a rule; its name, with hyphens, is its id."""
    RULES[found.__name__.replace("_", "-")] = found
    return found


def say(pins: Iterable[Match]) -> str:
    """The pins in a message: as they are written where they are unusable, three of them at most."""
    words = [shown(one.pin.written) if one.pin.never else str(one.pin) for one in pins]
    return ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")


def these(pins: Sequence[object], one: str, many: str) -> str:
    """The word for one pin, or the word for several."""
    return one if len(pins) == 1 else many
