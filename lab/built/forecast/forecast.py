"""
What a pin set will survive: the client that has it, through every scene, over real TLS.

The chain is rebuilt with new keys, each pin moved to the certificate that it
matched; a pin that names nothing moves to a key that nobody deploys. The
verdicts are those of ordinary trials, run beside an unpinned and a leaf-pinned
client in the same world. Nothing here connects to the site itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.built.forecast.chain import Chain
from lab.built.forecast.config import PinConfig, default_host, domain
from lab.built.forecast.findings import LintFinding, Severity, Subject
from lab.built.forecast.lint import lint
from lab.built.forecast.match import Match, match, with_root
from lab.built.forecast.rebuild import SITE, YOURS, Rebuilt, client, limited_by_anchor, moved, moved_back
from lab.built.forecast.scenes import aside, cases_in
from lab.observation import Certificate, Finding, Outcome, Progress, untold
from lab.pki.pins import name_mismatch, seen
from lab.policy.clients import CLIENTS
from lab.scenes.catalogue import CASES, SLIPS, Case, chosen, usually
from lab.trials.matrix import Matrix, matrix
from lab.trials.sections import Score
from lab.trials.trial import Trial

BESIDE = ("unpinned", "leaf-pinned")
YOURS_IF_ROOT, YOURS_IF_NOT = f"{YOURS}-if-root", f"{YOURS}-if-not-root"
RELEASE = timedelta(days=90)
"""When the next release is expected, where nobody says."""
LAST = datetime.max.replace(microsecond=0, tzinfo=UTC)
ORDINARY = "ordinary_day"


@dataclass(frozen=True)
class Forecast:
    """
    What was read and what each pin names (`subject`), what lint found, and what the trials did.

    `matrix` has the trials: the client with the pins, and those beside it, in
    the rebuilt world. `aside` says, by scene, why it is not counted for this
    chain; empty where it is. `refusals` are those of the client with the pins,
    by scene, told with the chain and the pins that were brought along. `lab_host`
    is the host's name there, and `changes` is what the rebuilt chain could not keep.
    `refused` is why ordinary validation refuses the chain as it was brought, and
    `accepted_by` who does not, since it is a limit of the trust anchor itself.
    `hypotheses` are the clients with the pins, by name, the likelier first: one, or
    two where a pin may be that of the root, which is not in the file. `world` is where all of it was run.
    """

    subject: Subject
    findings: tuple[LintFinding, ...]
    lab_host: str
    changes: tuple[str, ...]
    refused: str
    accepted_by: str
    hypotheses: dict[str, Subject]
    matrix: Matrix = field(repr=False)
    aside: dict[str, str] = field(repr=False)
    refusals: dict[str, Finding] = field(repr=False)
    world: Rebuilt = field(repr=False)

    @property
    def clients(self) -> tuple[str, ...]:
        """The names of the clients, the one with the pins first."""
        return tuple(one.name for one in self.matrix.clients)

    @property
    def serious(self) -> bool:
        """Whether lint found something that costs an outage, or leaves the pins without effect."""
        return any(one.severity is Severity.SERIOUS for one in self.findings)

    @property
    def broken(self) -> str:
        """Why even an unpinned client gets nowhere with this chain; the trials then say nothing about pins."""
        ordinary = self.cell(ORDINARY, "unpinned")
        return self.refused or ("" if ordinary.outcome is Outcome.SERVED else ordinary.verdict.reason)

    def cell(self, scene: str, client: str = "") -> Trial:
        """One trial; that of the client with the pins, the likelier one, where no other is named."""
        return self.matrix.cell(client or self.clients[0], scene)

    def withheld(self, client: str) -> bool:
        """Whether this client has no score: by one hypothesis of two the pins refuse the chain of today."""
        alone = client == YOURS or client not in self.hypotheses
        return not alone and self.cell(ORDINARY, client).outcome is not Outcome.SERVED

    def score(self, client: str = "") -> Score:
        """Attacks stopped and rotations kept, of the scenes that count for this chain."""
        counted = tuple(one for one in self.matrix.cases if not self.aside[one.name])
        return replace(self.matrix, cases=counted).score(client or self.clients[0])

    def record(self) -> dict[str, Any]:
        """Everything as plain JSON values; no key and no certificate is in it."""
        subject = self.subject
        return {
            "format": 1,
            "pins_format": subject.config.format.value,
            "host": subject.host,
            "lab_host": self.lab_host,
            "at": subject.now.isoformat(),
            "next_release": subject.release.isoformat(),
            "unasked": self.hypotheses[self.clients[0]].unasked or None,
            "broken": self.broken or None,
            "accepted_by": self.accepted_by or None,
            "changes": list(self.changes),
            "hypotheses": {name: words(name, subject) for name in self.hypotheses}
            if self.hypotheses.keys() - {YOURS}
            else None,
            "chain": [
                {
                    **{name: getattr(one, name) for name in ("name", "pin", "algorithm")},
                    **{name: getattr(one, name).isoformat() for name in ("not_before", "not_after")},
                }
                for one in subject.chain.seen
            ],
            "has_root": subject.chain.has_root,
            "left_out": [one.name for one in subject.chain.left_out],
            "pins": [self._pin(one) for one in subject.matches],
            "lint": [one.record() for one in self.findings],
            "scores": {name: self.score(name).record() for name in self.clients if not self.withheld(name)},
            "scenes": [self._scene(one) for one in self.matrix.cases],
        }

    def _pin(self, one: Match) -> dict[str, Any]:
        return {
            "written": one.pin.written,
            "pin": str(one.pin),
            "list": one.list,
            "where": one.where.value,
            "names": one.names.name.lower(),
            "certificate": None if one.place is None else self.subject.chain.name(one.place),
            "never": one.never or None,
        }

    def _scene(self, one: Case) -> dict[str, Any]:
        verdict = self.cell(one.name).verdict
        return {
            "scene": one.name,
            "kind": one.kind.value,
            "aside": self.aside[one.name] or None,
            "outcomes": {name: self.cell(one.name, name).outcome.value for name in self.clients},
            "deciding_check": verdict.check,
            "reason": verdict.reason,
        }


def words(client: str, subject: Subject) -> str:
    """What this client takes to be so of the root, or whatever is above the last one, that is not in the file."""
    unless = "one" if client == YOURS_IF_ROOT else "none"
    return f"if {unless} of your pins is the key of {subject.chain.missing}"


# ---- read, match, lint, run ----------------------------------------------------------------------


def forecast(
    config: PinConfig,
    chain: Chain,
    *,
    host: str | None = None,
    backups: Iterable[str | Certificate] = (),
    at: datetime | None = None,
    next_release: datetime | None = None,
    scenes: Iterable[str] | None = None,
    progress: Progress = untold,
) -> Forecast:
    """
    Read the pins against the chain, lint them, and run them through every scene.

    `backups` are pins of keys that the operator holds and does not deploy yet,
    or certificates of other CAs that may issue for the host one day.
    `at` is the day to run on, whether the chain is valid then or not; where nothing
    is said it is now, or the nearest day on which the chain is valid. `scenes` names the scenes to run, or
    groups of them, every one where None; an ordinary day is always among them. `progress` is
    called before each scene. Raises ValueError, in one sentence, for a chain
    that is valid on no day at all, for a host that is a pattern, and for a
    scene that is not there or is a slip.
    """
    asked, now = _days(chain, at)
    name = _host(config, chain, host)
    shown = list(backups)
    held = tuple(one if isinstance(one, str) else one.pin for one in shown)
    subject = Subject(
        config=config,
        chain=chain,
        host=name,
        matches=match(config, chain, held),
        backups=held,
        asked=asked,
        now=now,
        release=next_release or asked + min(RELEASE, LAST - asked),
        authorities=tuple(one for one in shown if not isinstance(one, str)),
    )
    findings = lint(subject)
    world = Rebuilt(chain, name, now, misnamed=bool(subject.misnamed))
    told = usually(()) if scenes is None else chosen(scenes)
    wanted = [ORDINARY, *(one.name for one in told)]
    if slips := [one for one in wanted if one not in CASES]:
        slipped = "a slip, which ordinary validation refuses, pins or none"
        what = slipped if slips[0] in SLIPS else "decided by no path"
        raise ValueError(f"{slips[0]} is {what}; give attacks or rotations")
    hypotheses = _hypotheses(subject)
    pins = {one: moved(said, world) for one, said in hypotheses.items()}
    ours = [replace(client(said, pins[one], world), name=one) for one, said in hypotheses.items()]
    first = ours[0].name
    second = [one for one in map(subject.second, subject.matches) if one]
    cases = cases_in(world, wanted, dict.fromkeys(second))
    played = matrix((*ours, *(CLIENTS[one] for one in BESIDE)), cases, progress)
    return Forecast(
        subject=subject,
        findings=findings,
        lab_host=world.host,
        changes=tuple(dict.fromkeys(world.changes)),
        refused=f"{world.refused.reason} ({world.refused.name})" if world.refused else subject.misnamed,
        accepted_by="" if subject.misnamed or not limited_by_anchor(chain, now) else "Java",
        hypotheses=hypotheses,
        matrix=played,
        aside={one.name: aside(one, played.cell("unpinned", one.name), chain) for one in played.cases},
        refusals={
            one.name: moved_back(refusal, hypotheses[first], world, pins[first])
            for one in played.cases
            if (refusal := played.cell(first, one.name).verdict.refusal)
        },
        world=world,
    )


def _hypotheses(subject: Subject) -> dict[str, Subject]:
    """What may be so, by the name of the client of which it is: two things, where a pin may be the missing root's."""
    if not subject.may_be_root:
        return {YOURS: subject}
    other = replace(subject, matches=with_root(subject.matches, subject.config, subject.chain))
    if all(any(one.works for one in listed) for listed in subject.lists):
        return {YOURS: subject, YOURS_IF_ROOT: other}
    return {YOURS_IF_ROOT: other, YOURS_IF_NOT: subject}


def answers(config: PinConfig, host: str | None) -> Callable[[Certificate], bool]:
    """Whether a certificate is for the host that is meant: the one that was given, else one that the pins are for."""
    if host:
        return lambda one: not name_mismatch(one, host)
    return lambda one: any(map(config.covers, _concrete(one)))


def _concrete(leaf: Certificate) -> list[str]:
    """Hosts that a certificate answers for, one for each pattern among them."""
    below = [f"www.{one[2:]}" for one in leaf.hosts if one.startswith("*.")]
    return [one for one in (*leaf.hosts, *below) if "*" not in one]


def _days(chain: Chain, at: datetime | None) -> tuple[datetime, datetime]:
    """The moment that is asked about, and the one to run at: only where nobody named a day are they two."""
    asked = (at or datetime.now(UTC)).replace(microsecond=0)
    now = _valid(chain, asked)
    if at:  # a day was given, and no hour
        now = now if now.date() == asked.date() else asked
    soon = timedelta() < chain.not_before - asked < _SKEW
    return (now if at or soon else asked), now


_SKEW = timedelta(hours=1)
"""So long before its beginning a certificate is taken for a fresh one, and somebody's clock for slow."""


def _valid(chain: Chain, asked: datetime) -> datetime:
    """The moment that was asked about, or the nearest one at which the whole chain is valid."""
    if chain.not_before >= chain.not_after:
        raise ValueError(
            f"there is no day on which the whole chain is valid: one certificate begins on {chain.not_before:%Y-%m-%d} "
            f"and another has ended by {chain.not_after:%Y-%m-%d}; give the chain that the server sends today"
        )
    if chain.not_before <= asked <= chain.not_after:
        return asked
    minute = min(timedelta(minutes=1), (chain.not_after - chain.not_before) / 2)
    return min(max(asked, chain.not_before + minute), chain.not_after - minute)


def _host(config: PinConfig, chain: Chain, host: str | None) -> str:
    """The host that was given; else one that the pins cover, and that the leaf answers for where there is one."""
    if host:
        name = domain(host)
        if "*" in name:
            raise ValueError(f"{name} is a pattern, and a connection goes to one host; name one, as www.bank.example")
        return name
    leaf = seen(chain.leaf)
    bare = replace(leaf, hosts=(leaf.name,))
    common = not config.host and "." in leaf.name and not name_mismatch(bare, leaf.name)  # as curl has it
    return default_host(
        config, leaf.hosts or bare.hosts[: int(common)], lambda name: not name_mismatch(leaf, name), SITE
    )
