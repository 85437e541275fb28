"""
The play: jabber.ru once more, from the owner's first order to who still believes; or with a log that shows two trees.

It tells what happened and when, and judges nothing: outcomes are measured as
in the field, at the other end of the line.
"""

# Theory of operation. The owner orders, and the certificate goes into the logs. Somebody who stands before the server
# orders of the same CA, with another account: he proves the name, since the CA asks the server and he answers. What he
# gets goes into the same logs; or, in a split, into trees that they show to his victims alone. The owner's monitor
# reads the logs again and again, and holds what is new against the owner's orders. Then the owner asks for revocation,
# and everybody meets the attacker: before anybody knew, with all that is said since, and with the way to it cut.

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lab.built.cast.company import HOSTS, WAYS, CastPart, Company
from lab.built.field.run import run_way
from lab.built.programs.outside import Outside
from lab.observation import Outcome, Progress, untold
from lab.pki.authority import Credential, new_key
from lab.pki.elsewhere import Elsewhere, answering, cut, taken_back
from lab.pki.head import split_view
from lab.pki.inclusion import WatchedLog
from lab.pki.log import PublicLog
from lab.pki.monitor import Monitor, Order, Unordered, unordered
from lab.pki.pins import pin_of
from lab.pki.says import Says
from lab.pki.sct import scts_in
from lab.pki.update import ordinary
from lab.pki.world import HOST, World
from lab.policy.clients import client
from lab.scenes.catalogue import Meeting, Scene, attacked, case, honest, told
from lab.trials.standing import Standing
from lab.trials.trial import run

CLIENTS = (
    "unpinned", "root-pinned", "intermediate-pinned", "leaf-pinned", "dane-hard", "requires-staple", "answer-soft",
    "answer-hard", "list-hard", "pushed-list", "counts-scts", "wants-witness", "takes-any-head",
)  # fmt: skip
"""Clients of the lab's that stand beside the programs: no program here pins a CA, has an update, or asks a witness."""
SILENCE = 2.0  # seconds in which an alarm that does not ring is waited for
LOOKS = 0.05  # seconds between two readings of the logs
NO_TIME = timedelta(0)


@dataclass(frozen=True)
class PlayStep:
    """Something that happened: at how many seconds, who did it, and what."""

    after: float
    who: str
    what: str


@dataclass(frozen=True)
class Fates:
    """One client, a real program or one of the lab's, and what each meeting was to it."""

    client: str
    real: bool
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Play:
    """What came of it. `alarm` is how many seconds after the hand-in the monitor rang; None where it did not."""

    split: bool
    parts: tuple[CastPart, ...]
    steps: tuple[PlayStep, ...]
    alarm: float | None
    meetings: tuple[str, ...]
    fates: tuple[Fates, ...]


def play(*, split: bool = False, progress: Progress = untold) -> Play:
    """
    Everything, once; with `split`, the logs hide what the attacker ordered from all but his victims.

    Raises ValueError, in one sentence, where somebody who plays fails.
    """
    with Company() as company:
        staging = Staging(company, progress)
        alarm = staging.orders(split)
        scene = staging.hidden() if split else staging.revoked()
        fates = tuple(staging.fates(scene))
    return Play(
        split, tuple(company.parts), tuple(staging.steps), alarm, tuple(one.title for one in scene.meetings), fates
    )


class OwnersWatch:
    """The owner's monitor: it reads each log from where it was, and knows what the owner ordered."""

    def __init__(self, logs: Iterable[PublicLog], orders: Sequence[Order]) -> None:
        self._reading = [(log, Monitor(log.listed)) for log in logs]
        self._orders = orders

    def alarms(self) -> list[tuple[str, Unordered]]:
        """What is new and nobody ordered, with the log that has it."""
        found = []
        for log, monitor in self._reading:
            now, first = datetime.now(UTC), monitor.head.size
            entries = monitor.read(lambda path, log=log, now=now: log.file(path, now))  # type: ignore[misc]
            found += [(log.listed.name, one) for one in unordered(entries, first, (HOST,), self._orders)]
        return found

    def rings(self, patience: float) -> tuple[str, Unordered] | None:
        """The first alarm within so many seconds."""
        ends = time.monotonic() + patience
        while not (found := self.alarms()) and time.monotonic() < ends:
            time.sleep(LOOKS)
        return found[0] if found else None


class Staging:
    """The play as it goes on; `steps` are what has happened."""

    def __init__(self, company: Company, progress: Progress) -> None:
        self._company, self._progress = company, progress
        self.steps: list[PlayStep] = []
        self._began = time.monotonic()
        self._done = 0
        self._all = 3 + len(CLIENTS) + sum(len(WAYS[one]) for one in company.programs)
        self.world = World(HOST, logs=company.logs)
        self.world.hosts = HOSTS
        self.world.root, self.world.issuing = company.ca.root, company.issuing

    def _did(self, who: str, what: str) -> None:
        self.steps.append(PlayStep(time.monotonic() - self._began, who, what))

    def _next(self, what: str) -> None:
        self._progress(self._done, self._all, what)
        self._done += 1

    # ---- orders, logs, the alarm ---------------------------------------------------------------------

    def orders(self, split: bool) -> float | None:
        """The owner orders, then the attacker; how long after his certificate was handed in the monitor rang."""
        company, issuing = self._company, self._company.issuing
        self._next("the owner orders")
        key, chain = company.owner.order(*HOSTS)
        self.world.genuine = company.handed_in(Credential(key, chain, issuing), company.logs)
        watch = OwnersWatch(company.logs, [Order(pin_of(chain[0]), frozenset(HOSTS))])
        early = watch.alarms()
        self._did(
            "the owner", f"orders for {HOST}, and the logs have it; the monitor {'rings' if early else 'is quiet'}"
        )

        self._next("the attacker orders")
        self.stranger = company.ca.account()
        own = new_key()
        self.ordered = Credential(own, self.stranger.order(*HOSTS, key=own), issuing)
        same = "the same intermediate" if self.ordered.chain[1] == chain[1] else "another intermediate"
        self._did("the attacker", f"orders for {HOST} with an account of his own, proves it on port 80: {same} signs")
        logs = tuple(log.forked() for log in company.logs) if split else company.logs
        handed = time.monotonic()
        self.rogue = company.handed_in(self.ordered, logs)
        self.trees = logs
        self._did("the logs", self._signed(logs, split))
        if split:
            shop = new_key()
            other = Credential(shop, company.ca.account().order("shop.example", key=shop), issuing)
            company.handed_in(other, company.logs)
        self._next("the monitor reads")
        found = watch.rings(SILENCE)
        if found is None:
            self._did("the monitor", f"reads all that the logs show, again and again for {SILENCE:g} s, and is quiet")
            return None
        alarm = time.monotonic() - handed
        log, one = found
        self._did("the monitor", f"rings: {log} has at index {one.index} a certificate for {HOST}; {one.why}")
        return alarm

    def _signed(self, logs: Sequence[WatchedLog], split: bool) -> str:
        stamps = scts_in(self.rogue.leaf.public_bytes(Encoding.DER))
        where = "trees that only his victims are shown" if split else "their trees"
        names = " and ".join(log.listed.name for log in logs)
        return f"{names} sign for it ({len(stamps)} SCTs are in the certificate) and put it into {where}"

    # ---- what is said of it ---------------------------------------------------------------------------

    def revoked(self) -> Scene:
        """The CA takes it back; the meetings before, since, and with all that would tell it cut off."""
        company, logs = self._company, self._company.logs
        try:
            company.owner.revoke(self.ordered.leaf)
            self._did("the owner", "asks the CA to revoke it, which it does")
        except ValueError as problem:
            self._did("the owner", f"asks the CA to revoke it, and may not, though he has proved the names: {problem}")
            self.stranger.revoke(self.ordered.leaf)
            self._did(
                "the CA", "revokes it on his complaint: it has no door for that here, and the lab used the orderer's"
            )
        is_gone = company.ca.revoked(self.ordered.leaf)
        now = self._today()
        gone = taken_back(self.rogue, now, x509.ReasonFlags.unspecified)
        self._did("responder, lists", f"say so from now on; the CA itself calls it {'' if is_gone else 'not '}revoked")
        before = self._knowing(ordinary(logs, (), now, lag=NO_TIME))
        since = self._knowing(ordinary(logs, gone, now, lag=NO_TIME))
        old = answering()(self.rogue, now - timedelta(minutes=1))
        return told(
            self.world,
            replace(honest(self.world, "honest"), elsewhere=before),
            self._attacked("attack", before),
            self._attacked("revoked", since, Says(staple=answering(*gone))),
            self._attacked("and cut", replace(before, answers=cut, lists=cut), Says(staple=old)),
            about=1,
        )

    def hidden(self) -> Scene:
        """Nobody knows; a witness signs one tree of each log, and is asked about the other."""
        now = self._today()
        elsewhere = self._knowing(ordinary(self._company.logs, (), now, lag=NO_TIME))
        stamps = scts_in(self.world.genuine.leaf.public_bytes(Encoding.DER))
        for log, sct in zip(self._company.logs, stamps, strict=True):
            log.proof(sct, now)  # shows the witness the public tree
        witness = self._company.witness
        public, tree = self._company.logs[0], self.trees[0]
        note, seen = tree.file("checkpoint", now), witness.seen(tree.listed)
        steps = tree.tree.consistency(seen) if 0 < seen <= len(tree.tree) else []
        try:
            witness.cosigned(note, tree.listed, steps, now)
            self._did("the witness", "signs the hidden tree as well: it is the public one")
        except ValueError as problem:
            self._did("the witness", f"has signed the other tree of {public.listed.name}, and not this: {problem}")
        proof = "prove" if split_view(public.head(now), tree.head(now), public.listed) else "do not prove"
        self._did("whoever compares", f"has two heads that {public.listed.name} signed, and they {proof} two trees")
        return told(
            self.world,
            replace(honest(self.world, "honest"), elsewhere=elsewhere),
            self._attacked("attack", elsewhere),
            about=1,
        )

    def _today(self) -> datetime:
        self.world.now = datetime.now(UTC)
        return self.world.now

    def _knowing(self, elsewhere: Elsewhere) -> Elsewhere:
        """The same, for clients whose list of logs is the company's."""
        company = self._company
        logs = tuple(log.listed for log in company.logs)
        return replace(elsewhere, logs=logs, witnesses=(company.witness.listed,))

    def _attacked(self, title: str, elsewhere: Elsewhere, says: Says | None = None) -> Meeting:
        return attacked(self.world, self.rogue, title=title, elsewhere=elsewhere, says=says)

    # ---- who believes it ------------------------------------------------------------------------------

    def fates(self, scene: Scene) -> Iterator[Fates]:
        """Each program that is here, in each of its ways, and then the clients of the lab's, at every meeting."""
        about = case("second_account")
        with ExitStack() as stack:
            if self._company.programs:
                outside = stack.enter_context(Outside(about, scene=scene))
            for program, found in self._company.programs.items():
                for way, called in WAYS[program].items():
                    self._next(f"{called} {found}")
                    try:
                        (trial,) = run_way(program, way, [outside])
                    except OSError as problem:
                        self._company.failed(program, f"did not start ({problem})")
                        break
                    if not trial.connected:  # what it says is then no refusal
                        self._company.failed(program, f"never came to the server ({trial.met[-1].said})")
                        break
                    yield Fates(called, True, tuple(one.did for one in trial.met))
        with Standing(about, scene) as standing:
            for name in CLIENTS:
                self._next(name)
                met = run(client(name), standing).encounters
                yield Fates(name, False, tuple(one.outcome for one in met if one.outcome))
