"""
Notebook 17: certificates that a machine orders, of a real CA with accounts, and the checks of its tasks.

Orders are proved over loopback; meetings and timelines are real TLS. The CA is
Pebble where it is installed, else the lab's own. Where CAA has to be asked it is
the lab's own, since Pebble never does. No answer is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from random import randint
from typing import Any

from msgspec.structs import replace

from lab.built.acme.habits import ACME_CLIENTS
from lab.built.acme.own import OwnCa
from lab.built.acme.pebble import Pebble, missing
from lab.built.acme.premises import Premises
from lab.built.acme.world import ordering
from lab.built.time.events import Revocation
from lab.built.time.language import DAY, Installation
from lab.built.time.run import run as lived
from lab.course.fresh import marked
from lab.course.report import Report, answer
from lab.course.years import START, line
from lab.naming import named
from lab.pki.caa import Asks, NotIssued, asked_by, forbids
from lab.pki.revoke import Revoked
from lab.pki.update import ordinary
from lab.pki.world import HOST, World
from lab.policy.clients import client
from lab.scenes.announced import by
from lab.scenes.catalogue import Scene, attacked, case, changed, honest, told
from lab.trials.standing import Standing
from lab.trials.trial import run

_closing = ExitStack()


@cache
def site() -> Premises:
    """The bank's zone and its port 80; stood up again after `close`."""
    return _closing.enter_context(Premises())


@cache
def ca() -> OwnCa | Pebble:
    """Pebble, where it is installed; else the lab's own CA, doing as Pebble does."""
    return OwnCa(site(), asks_caa=False) if missing() else _closing.enter_context(Pebble(site()))


def close() -> None:
    """Stop all that stands. Calling it twice is fine."""
    _closing.close()
    site.cache_clear()
    ca.cache_clear()


# ---- what the notebook shows ---------------------------------------------------------------------


def met(scene: str | Scene, name: str, last: int = 1) -> str:
    """What comes of a client's last meetings in a scene; certificates of a named one are ordered of `ca()`."""
    through = case(scene).scene(ordering(ca())) if isinstance(scene, str) else scene
    with Standing(case("new_key"), through) as standing:  # of the case only the name is used
        return ", ".join(str(one.outcome) for one in run(client(name), standing).encounters[-last:])


def habit(name: str = "certbot") -> dict[str, str]:
    """Which key this program has after a renewal, by default and told to keep it: run where it is, else as measured."""
    program, server = named("program", name, {one.name: one for one in ACME_CLIENTS}), ca()
    here, words = isinstance(server, Pebble) and program.version(), {True: "same", False: "new"}
    print(name, here or f"was not run: {missing() or program.install}. {case('new_key').text.splitlines()[-1]}")
    first, renewed, kept = program.lived(server, HOST) if here else "abb"  # type: ignore[arg-type]
    return {"by default": words[first == renewed], "told to keep it": words[renewed == kept]}


def stolen(name: str) -> str:
    """The key is stolen; the owner has revoked, and ordered anew. A client meets the thief, and then the owner."""
    world: Any = ordering(ca())
    first, issuing = world.genuine, world.issuing
    issuing.owner.revoke(first.leaf)
    said = ordinary((), [(issuing, Revoked(first.leaf.serial_number, world.now))], world.now)
    after = attacked(world, first, elsewhere=said), changed(world, by(issuing, world), elsewhere=said)
    return met(told(world, honest(world), *after), name, 2)


def ordered(scene: str, records: Sequence[str], world: World | None = None) -> str:
    """
    What the world's CA says to the order of a scene, while the zone has these records: "issued", or why not.

    Without a world it is the lab's own CA, which asks for them. Raises ValueError for what is no CAA record.
    """
    world, said = world or ordering(OwnCa(site())), {HOST: [*map(str, records)]}
    forbids(said, "", "", HOST)
    assert world.genuine  # it was ordered before the records came
    site().zone.caa = said
    try:
        case(scene).scene(world)
    except NotIssued as problem:
        return f"refused: {str(problem).partition(': ')[2]}"
    finally:
        site().zone.caa = {}
    return "issued"


WAYS = ("same_key", "new_key", "backup_key", "announced_key")
CLIENTS = ("root-pinned", "leaf-pinned", "leaf-or-backup", "certificate-pinned", "successor")


@cache
def year(way: str, name: str) -> str:
    """A client meets a renewal in this way; the day after a second account; and then a thief of the key before it."""
    world = ordering(ca())
    meetings, first = case(way).scene(world).meetings, world.genuine.key
    later = world.at(meetings[-1].time + DAY)
    thieves = [attacked(later, by(asked_by(later.issuing, Asks.SECOND_ACCOUNT), later, key)) for key in (None, first)]
    return met(told(world, *meetings, *thieves), name, 3)


# ---- the checks ----------------------------------------------------------------------------------


def proof(candidate: Callable[..., Any]) -> Report:
    """Judge `proof(token, thumbprint)`: it stands on port 80, and a CA looks."""
    own = OwnCa(site())

    def wrong(_: str, token: str, thumbprint: str) -> str:
        with site().shows("http-01", HOST, token, answer(candidate, (token, thumbprint), str)):
            fine = own.sees("http-01", HOST, token, f"{token}.{thumbprint}")
        return "" if fine else "the CA looks, and does not believe it"

    orders = [(f"order {one}", f"token-{randint(0, 9**9)}", own.account().thumbprint) for one in (1, 2, 3)]
    return marked("what the CA looks for", orders, wrong)


LONG = 98
"""Days for which the machine of a task runs."""


def due(candidate: Callable[..., Any]) -> Report:
    """Judge `due(now, begins, ends, told)`, asked once a day, Monday first: what it orders is run as a timeline."""

    def wrong(_: str, life: int, off: Collection[int], taken: Collection[int]) -> str:
        orders, begins, told, after = list[int](), 0, 2 * life // 3, 2 * life // 3
        for now in range(1, LONG):
            told = now if now in taken else told
            if now % 7 not in off and answer(candidate, (now, begins, begins + life, told), bool):
                orders, begins, told = [*orders, now], now, now + after
        if len(orders) > 3 * LONG / life + 2:
            return f"{len(orders)} orders in {LONG} days; the CA asks you to order less"
        fresh, hears = line(orders, [0], 0, LONG), Installation("hears of revocations", pushed_revocation=True)
        gone = (Revocation(date=START + (one - 1 / 24) * DAY, hours=24) for one in taken)
        fresh = replace(fresh, lifetime_days=life, events=(*fresh.events, *gone), clients=(hears,))
        out = lived(fresh).courses[0].outage_days
        return f"nobody is served for {out:.3g} days" if out else ""

    months, six = randint(60, 80), "six days, nobody there from Friday to Sunday"
    cases = ("months", months, (), ()), ("months, and taken back", months, (), (randint(10, 30),))
    return marked("the machine", [*cases, (six[:8], 6, (), ()), (six, 6, (4, 5, 6), ())], wrong)


RECORDS: dict[str, list[str]] = {
    "nobody": [],
    "the CA": ['0 issue "honest-root.example"'],
    "another CA": ['0 issue "other-public-root.example"'],
    "the account": ['0 issue "honest-root.example; accounturi=https://honest-root.example/account/1"'],
}
RECORDS["the proof too"] = [RECORDS["the account"][0][:-1] + '; validationmethods=dns-01"']
"""CAA records of the bank's, by what they name; its owner has the first account."""


def _chosen(candidate: Callable[..., Any], given: tuple[Any, ...], came: Mapping[str, str], good: str) -> str:
    """What is wrong with the name that the candidate gives, or with None where one of them comes to something good."""
    said = answer(candidate, given, str, type(None), wanted="a name, or None,")
    if said is None:
        return "there is one that does it" if good in came.values() else ""
    return "" if named("answer", said, came) == good else came[said]


def move(candidate: Callable[..., Any]) -> Report:
    """Judge `move(records, stolen)` by real orders of a CA that asks: what is issued, or None where nothing is."""

    def wrong(_: str, records: Sequence[str], stolen: bool) -> str:
        yours = ("second_account", "stolen_account")[: 1 + stolen]
        return _chosen(candidate, ([*records], stolen), {one: ordered(one, records) for one in yours}, "issued")

    cases = [(f"{one}, stolen: {two}", RECORDS[one], two) for one in RECORDS for two in (False, True)]
    return marked("your order", cases, wrong)


def record(candidate: Callable[..., Any]) -> Report:
    """Judge `record(ca, account)`: the zone has it, and the owner, a stranger and a thief order."""
    own = OwnCa(site())
    number = len([own.account() for _ in range(randint(1, 9))]) + 1
    world, given = ordering(own), (own.domain, f"https://{own.domain}/account/{number}")

    def wrong(scene: str, right: str) -> str:
        came = ordered(scene, answer(candidate, given, list, wanted="a list of records"), world)
        return "" if came.startswith(right) else f"it is {came}"

    asked = {"new_machine": "issued", "second_account": "refused", "stolen_account": "refused"}
    return marked("your record", asked.items(), wrong)


def way(candidate: Callable[..., Any]) -> Report:
    """Judge `way(client)`: the renewal is served and neither attacker is; None where no way is like that."""

    def wrong(name: str) -> str:
        return _chosen(candidate, (name,), {one: year(one, name) for one in WAYS}, "served, stopped, stopped")

    return marked("a way to renew", [(name,) for name in CLIENTS], wrong)
