"""
What the field test finds: each program's meetings, beside what its profile predicted.

Plain values, and how they are told in JSON. Nothing is run here.
"""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from lab.building import Anchors, Branching, PathBuilding
from lab.built.field.explained import EXPLAINED, Explanation, explanation
from lab.built.programs.program import Program, Said
from lab.observation import Outcome


@dataclass(frozen=True)
class Contact:
    """
    One meeting of a program: what it did, what its profile predicted, and its own words.

    `connected` says whether it came at all. `secret` is what it was given to send.
    """

    title: str
    did: Outcome
    predicted: Outcome
    said: Said
    connected: bool
    secret: str = field(default="", repr=False)

    @property
    def agree(self) -> bool:
        """Whether it did what its profile predicted."""
        return self.did is self.predicted

    def record(self) -> dict[str, Any]:
        """The meeting as plain JSON values."""
        return {
            "title": self.title,
            "did": self.did.value,
            "predicted": self.predicted.value,
            "connected": self.connected,
            "note": str(self.said),
        }


@dataclass(frozen=True)
class ProgramTrial:
    """
    One program, run one way, in one scene.

    `met` holds the meetings that it could take part in.
    """

    program: str
    profile: str
    scene: str
    met: tuple[Contact, ...]

    @property
    def agree(self) -> bool:
        """Whether it did in each meeting what its profile predicted."""
        return all(one.agree for one in self.met)

    @property
    def connected(self) -> bool:
        """Whether it reached the server in each meeting; where it did not, its refusal means nothing."""
        return all(one.connected for one in self.met)

    @property
    def agreed(self) -> bool:
        """Whether it came, and did what was predicted."""
        return self.connected and self.agree

    @property
    def explained(self) -> Explanation | None:
        """What the table says of it, where the two disagree."""
        return None if self.agree else explanation(self.program, self.profile, self.scene)

    @property
    def fine(self) -> bool:
        """Agrees, or disagrees for a reason that is known."""
        return self.connected and (self.agree or self.explained is not None)

    @property
    def shown(self) -> Contact:
        """The first meeting in which the two disagree; otherwise the worst, the later among equals."""
        for one in self.met:
            if not one.agree:
                return one
        return max(reversed(self.met), key=lambda one: one.did.severity)

    def record(self) -> dict[str, Any]:
        """The cell as plain JSON values."""
        return {
            "program": self.program,
            "profile": self.profile,
            "scene": self.scene,
            **self.shown.record(),
            "agree": self.agree,
            "connected": self.connected,
            "explained": asdict(self.explained) if self.explained else None,
            "meetings": [one.record() for one in self.met],
        }


@dataclass(frozen=True, kw_only=True)
class Interception(ProgramTrial):
    """
    One program, run one way, meets one attacker in one situation.

    What it did with the attacker is what the attacker's own log shows;
    `passed_on` says whether the genuine service got the request too (mitmproxy
    reads the request of a victim that hangs up at once, and does not pass it on).
    """

    attacker: str
    version: str
    situation: str
    passed_on: bool

    @property
    def shown(self) -> Contact:
        """The meeting with the attacker; the genuine service was met before."""
        return self.met[-1]

    @property
    def agree(self) -> bool:
        """Whether it did with the attacker what its profile predicted."""
        return self.shown.agree

    @property
    def connected(self) -> bool:
        """Whether it reached the attacker, and was served before; where not, its refusal means nothing."""
        return super().connected and all(one.agree for one in self.met[:-1])

    def record(self) -> dict[str, Any]:
        """The cell as plain JSON values."""
        head = {"attacker": self.attacker, "version": self.version or None, "situation": self.situation}
        return {**head, **super().record(), "passed_on": self.passed_on, "fine": self.fine, "skipped": None}


@dataclass(frozen=True)
class PathsMeasured:
    """
    How a program was seen to build its paths, beside what is said of it (`expected`).

    `any_anchor`: it takes any certificate of the store for an anchor.
    `other_paths`: it tries another path where one fails. None: nothing was seen.
    """

    program: str
    expected: PathBuilding
    any_anchor: bool | None
    other_paths: bool | None

    @property
    def agree(self) -> bool:
        """Whether both were seen, and are what is said."""
        anchors = self.expected.anchors is not Anchors.SELF_SIGNED
        return (self.any_anchor, self.other_paths) == (anchors, self.expected.branching is Branching.SEARCHING)

    @property
    def words(self) -> tuple[str, str]:
        """Anchors and branching as they were seen."""
        anchors = {True: Anchors.ANY.value, False: Anchors.SELF_SIGNED.value, None: "not seen"}
        branching = {True: Branching.SEARCHING.value, False: Branching.FIRST.value, None: "not seen"}
        return anchors[self.any_anchor], branching[self.other_paths]

    def record(self) -> dict[str, Any]:
        """The row as plain JSON values."""
        anchors, branching = self.words
        said = {"anchors": self.expected.anchors.value, "branching": self.expected.branching.value}
        return {
            "program": self.program,
            "anchors": anchors,
            "branching": branching,
            "expected": said,
            "agree": self.agree,
        }


@dataclass(frozen=True)
class Absent:
    """An attacker that takes no part, and why. `fine` where it is not installed, and not where it is and fails."""

    attacker: str
    skipped: str
    fine: bool = True

    def record(self) -> dict[str, Any]:
        """The attacker as plain JSON values."""
        return {"attacker": self.attacker, "version": None, "skipped": self.skipped, "fine": self.fine}


@dataclass(frozen=True)
class AcmeRenewal:
    """
    What came of one of the lab's pinned clients when an ACME client had renewed in this `way`.

    One that takes no part says why in `skipped`: `fine` where it is not installed, and not where it is and fails.
    """

    client: str
    version: str | None
    way: str | None = None
    pinned: str | None = None
    did: Outcome | None = None
    skipped: str | None = None
    fine: bool = True


@dataclass(frozen=True)
class Taking:
    """A program that takes part, with its version; or one that does not, with the reason."""

    program: Program
    version: str | None

    @property
    def skipped(self) -> str:
        """Why it takes no part; empty where it does."""
        return "" if self.version else f"not here; install it with: {self.program.install}"

    def record(self) -> dict[str, Any]:
        """The program as plain JSON values."""
        return {
            "name": self.program.name,
            "version": self.version,
            "profiles": list(self.program.ways),
            "skipped": self.skipped or None,
        }


@dataclass
class Field:
    """All results of one run, with the programs that took part, the day, and the machine."""

    taking: list[Taking]
    results: list[ProgramTrial]
    attackers: list[Interception | Absent] = field(default_factory=list)
    paths: list[PathsMeasured] = field(default_factory=list)
    renewals: list[AcmeRenewal] = field(default_factory=list)
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    machine: str = field(default_factory=lambda: f"{platform.system()} {platform.machine()}")

    @property
    def wrong(self) -> list[ProgramTrial]:
        """Unexplained disagreements, and programs that never reached the server."""
        return [one for one in self.results if not one.fine]

    @property
    def fine(self) -> bool:
        """Whether nothing here is unexplained: no cell, nobody that fails, no way of building paths."""
        others = all(one.fine for one in (*self.attackers, *self.renewals))
        return not self.wrong and others and all(one.agree for one in self.paths)

    @property
    def unneeded(self) -> list[Explanation]:
        """Explanations given for these very versions, of disagreements that did not happen."""
        versions = {one.program.name: one.version or "" for one in self.taking}
        return [
            one
            for one in EXPLAINED
            if (own := [met for met in self.results if one.about(met.program, met.profile, met.scene)])
            and all(met.agree for met in own)
            and versions[one.program].split()[0] == one.version.split()[0]
        ]

    def record(self) -> dict[str, Any]:
        """The run as plain JSON values."""
        return {
            "format": 1,
            "date": self.date,
            "machine": self.machine,
            "programs": [one.record() for one in self.taking],
            "results": [one.record() for one in self.results],
            "paths": [one.record() for one in self.paths],
            "attackers": [one.record() for one in self.attackers],
            "renewals": [asdict(one) for one in self.renewals],
        }
