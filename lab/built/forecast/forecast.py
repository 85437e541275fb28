"""
What a pin set will survive: the client that has it, through every scene, over real TLS.

The chain is rebuilt with new keys, each pin moved to the certificate that it
matched; a pin that names nothing moves to a key that nobody deploys. The
verdicts are those of ordinary trials, run beside an unpinned and a leaf-pinned
client in the same world. Nothing here connects to the site itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import lab.scenes  # noqa: F401  (registers every scene)
from lab.built.forecast.chain import Chain
from lab.built.forecast.config import PinConfig, domain
from lab.built.forecast.lint import LintFinding, Subject, lint, unasked
from lab.built.forecast.match import Match, match
from lab.built.forecast.rebuild import Rebuilt
from lab.built.forecast.scenes import NEARBY, aside, cases_in, scene
from lab.built.forecast.yours import YOURS, client, moved
from lab.observation import Outcome, Showable
from lab.pki.pins import name_mismatch, name_of, seen
from lab.policy.clients import CLIENTS, Client
from lab.scenes.catalogue import CASES, Case, Kind, case, twin_of
from lab.trials.matrix import Score
from lab.trials.standing import Standing
from lab.trials.trial import Trial, perform

BESIDE = ("unpinned", "leaf-pinned")
RELEASE = timedelta(days=90)
"""When the next release is expected, where nobody says."""
LAST = datetime.max.replace(microsecond=0, tzinfo=UTC)

Progress = Callable[[int, int, Case], None]


@dataclass(frozen=True)
class Row:
    """
    One scene: the trial of each client, by the client's name.

    `aside` says why the scene is not counted for this chain; empty where it is.
    """

    case: Case
    trials: dict[str, Trial] = field(repr=False)
    aside: str = ""

    @property
    def outcome(self) -> Outcome:
        return self.trials[YOURS].outcome


@dataclass(frozen=True)
class Forecast(Showable):
    """
    What was read, what each pin names, what lint found, and what the trials did.

    `at` is the moment at which everything was run; `unasked` says why the
    program would not ask the pins at all, empty where it does. `broken` is the
    reason why even an unpinned client gets nowhere with this chain; the rows
    then say nothing about pins. `changes` is what the rebuilt chain could not
    keep.
    """

    config: PinConfig
    chain: Chain
    host: str
    lab_host: str
    at: datetime
    asked_at: datetime
    next_release: datetime
    matches: tuple[Match, ...]
    findings: tuple[LintFinding, ...]
    client: Client
    unasked: str
    rows: tuple[Row, ...]
    broken: str
    changes: tuple[str, ...]

    @property
    def clients(self) -> tuple[str, ...]:
        return (YOURS, *BESIDE)

    @property
    def serious(self) -> bool:
        """Whether lint found something that costs an outage, or leaves the pins without effect."""
        return any(one.serious for one in self.findings)

    def row(self, name: str) -> Row:
        return next(one for one in self.rows if one.case.name == name)

    def score(self, client: str = YOURS) -> Score:
        """Attacks stopped and rotations kept, of the scenes that count for this chain."""
        counted = [(row.case.kind, row.trials[client].outcome) for row in self.rows if not row.aside]
        attacked = [outcome for kind, outcome in counted if kind is Kind.ATTACK]
        rotated = [outcome for kind, outcome in counted if kind is Kind.ROTATION]
        return Score(
            sum(outcome is not Outcome.INTERCEPTED for outcome in attacked),
            len(attacked),
            sum(outcome is Outcome.SERVED for outcome in rotated),
            len(rotated),
        )

    def pairs(self) -> list[tuple[Row | None, Row | None]]:
        """Each attack beside its twin, in teaching order; then what has none here."""
        here = {row.case.name: row for row in self.rows}
        twinned: list[tuple[Row | None, Row | None]] = []
        alone: list[tuple[Row | None, Row | None]] = []
        for row in self.rows:
            suffix = NEARBY if row.case.name.endswith(NEARBY) else ""
            plain = CASES[row.case.name.removesuffix(NEARBY)]
            twin = twin_of(plain)
            other = here.get(twin.name + suffix) if twin else None
            if row.case.kind is Kind.ATTACK:
                (twinned if other else alone).append((row, other))
            elif other is None:
                alone.append((None, row))
        return twinned + alone

    def record(self) -> dict[str, Any]:
        """Everything as plain JSON values; no key and no certificate is in it."""
        certificates = self.chain.seen
        return {
            "format": 1,
            "pins_format": self.config.format.value,
            "host": self.host,
            "lab_host": self.lab_host,
            "at": self.at.isoformat(),
            "next_release": self.next_release.isoformat(),
            "unasked": self.unasked or None,
            "broken": self.broken or None,
            "changes": list(self.changes),
            "chain": [
                {
                    "name": one.name,
                    "pin": one.pin,
                    "algorithm": one.algorithm,
                    "not_before": one.not_before.isoformat(),
                    "not_after": one.not_after.isoformat(),
                }
                for one in certificates
            ],
            "has_root": self.chain.has_root,
            "pins": [
                {
                    "written": one.pin.written,
                    "pin": str(one.pin),
                    "list": one.list,
                    "where": one.where.value,
                    "names": one.names.name.lower(),
                    "certificate": self.certificate(one) or None,
                    "never": one.never or None,
                }
                for one in self.matches
            ],
            "lint": [one.record() for one in self.findings],
            "scores": {
                name: {
                    "attacks_stopped": score.stopped,
                    "attacks": score.attacks,
                    "service_kept": score.kept,
                    "rotations": score.rotations,
                }
                for name in self.clients
                for score in [self.score(name)]
            },
            "scenes": [
                {
                    "scene": row.case.name,
                    "kind": row.case.kind.value,
                    "aside": row.aside or None,
                    "outcomes": {name: trial.outcome.value for name, trial in row.trials.items()},
                    "deciding_check": row.trials[YOURS].verdict.check,
                    "reason": row.trials[YOURS].verdict.reason,
                }
                for row in self.rows
            ],
        }

    def certificate(self, one: Match) -> str:
        """The name of the certificate that this pin names; empty where it names none."""
        if one.place is None:
            return ""
        return name_of(self.chain.path[one.place].subject) if one.place < len(self.chain.path) else self.chain.above


# ---- running it ----------------------------------------------------------------------------------


def forecast(
    config: PinConfig,
    chain: Chain,
    *,
    host: str | None = None,
    backups: Iterable[str] = (),
    at: datetime | None = None,
    next_release: datetime | None = None,
    scenes: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> Forecast:
    """
    Read the pins against the chain, lint them, and run them through every scene.

    `backups` are pins of keys that the operator holds and does not deploy yet.
    `at` is now where nothing else is said; a chain that is not valid then is
    run on the nearest day on which it is. `scenes` names the scenes to run,
    every one where None; an ordinary day is always among them. `progress(done, of, case)` is called
    before each scene. Raises ValueError, in one sentence, for a chain that is
    valid on no day at all, for a host that is a pattern, and for a scene that
    is not there.
    """
    asked = (at or datetime.now(UTC)).replace(microsecond=0)
    if chain.not_before >= chain.not_after:
        raise ValueError(
            f"there is no day on which the whole chain is valid: one certificate begins on {chain.not_before:%Y-%m-%d} "
            f"and another has ended by {chain.not_after:%Y-%m-%d}; give the chain that the server sends today"
        )
    minute = min(timedelta(minutes=1), (chain.not_after - chain.not_before) / 2)
    now = min(max(asked, chain.not_before + minute), chain.not_after - minute)
    release = next_release or asked + min(RELEASE, LAST - asked)
    name = domain(host) if host else _host(config, chain)
    if "*" in name:
        raise ValueError(f"{name} is a pattern, and a connection goes to one host; name one, as www.bank.example")
    backups = tuple(backups)
    matches = match(config, chain, backups)
    subject = Subject(config, chain, name, matches, backups, asked, now, release)
    reason = unasked(subject)
    world = Rebuilt(chain, name, now)
    yours = client(config, moved(config, matches, world), reason)
    clients = (yours, *(CLIENTS[one] for one in BESIDE))
    rows = []
    wanted = None if scenes is None else {case(name).name for name in scenes} | {"ordinary_day"}
    cases = [one for one in cases_in(world) if wanted is None or one[0].name.removesuffix(NEARBY) in wanted]
    for number, (one, where) in enumerate(cases):
        if progress:
            progress(number, len(cases), one)
        with Standing(one, scene(one, where)) as standing:
            waiting = [(each.name, perform(each, standing)) for each in clients]
            trials = {client_name: done() for client_name, done in waiting}
        rows.append(Row(one, trials, aside(one, trials["unpinned"], chain)))
    ordinary = rows[[row.case.name for row in rows].index("ordinary_day")].trials["unpinned"]
    return Forecast(
        config,
        chain,
        name,
        world.host,
        now,
        asked,
        release,
        matches,
        lint(subject),
        yours,
        reason,
        tuple(rows),
        "" if ordinary.outcome is Outcome.SERVED else ordinary.verdict.reason,
        tuple(dict.fromkeys(world.changes)),
    )


def _host(config: PinConfig, chain: Chain) -> str:
    """The domain in the file where the leaf answers for it, else a name of the leaf's that the domain covers."""
    names = seen(chain.leaf).hosts
    bare = config.host.lstrip("*.")
    bare = "" if "*" in bare else bare
    if bare and not name_mismatch(names, bare):
        return bare
    concrete = [one for one in names if "*" not in one and config.covers(one)]
    below = [f"www.{one[2:]}" for one in names if one.startswith("*.") and config.covers(f"www.{one[2:]}")]
    return (concrete or below or [bare or "site.example"])[0].lower()
