"""The checks of 15-in-public: what they call solved, and what they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from nonsense import Nonsense

from lab.course import watch
from lab.observation import Certificate
from lab.pki.head import TreeHead
from lab.pki.monitor import Order
from lab.wire.listener import running

Stamps = Sequence[tuple[str, str]]


def count(stamps: Stamps) -> bool:
    """The folded solution."""
    return len({log for log, _ in stamps}) >= 2 and len({operator for _, operator in stamps}) >= 2


def book(ordered: list[Certificate]) -> list[Order]:
    """The folded solution."""
    return [Order(one.pin, frozenset(one.hosts)) for one in ordered]


def alarms(certificates: list[Certificate], orders: list[Order], name: str) -> list[int]:
    """The folded solution."""

    def mine(host: str) -> bool:
        return host == name or host.endswith("." + name) or host == "*." + name.partition(".")[2]

    def ordered(one: Certificate) -> bool:
        return any(order.pin == one.pin and set(one.hosts) <= order.names for order in orders)

    found = enumerate(certificates)
    return [number for number, one in found if any(mine(host) for host in one.hosts) and not ordered(one)]


def two_faced(heads: list[TreeHead], signed: Callable[[TreeHead], bool]) -> bool:
    """The folded solution."""
    roots: dict[int, set[bytes]] = {}
    for head in filter(signed, heads):
        roots.setdefault(head.size, set()).add(head.root)
    return any(len(each) > 1 for each in roots.values())


def move(defenders: set[str], logs: bool) -> str:
    """The folded solution."""
    if logs and "witness" not in defenders:
        return "hidden"
    if not defenders & {"count", "proof", "witness"}:
        return "no"
    return "yes" if defenders & {"proof", "witness"} else "late"


SOLUTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    watch.count: count,
    watch.book: book,
    watch.alarms: alarms,
    watch.two_faced: two_faced,
    watch.move: move,
}

NOT_YET: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (watch.count, lambda stamps: len(stamps) >= 2),
    (watch.count, lambda stamps: len(set(stamps)) >= 2),
    (watch.count, lambda stamps: len({one for one, _ in stamps}) >= 3),
    (watch.book, lambda ordered: []),
    (watch.book, lambda ordered: ordered),
    (watch.alarms, lambda certificates, orders, name: list(range(len(certificates)))),
    (watch.book, lambda ordered: book(ordered)[:1]),
    (watch.book, lambda ordered: [Order(one.pin, frozenset(one.hosts[:1])) for one in ordered]),
    (watch.book, lambda ordered: [Order(one.fingerprint, frozenset(one.hosts)) for one in ordered]),
    (watch.book, lambda ordered: [Order(one.pin, frozenset({*one.hosts, "www." + one.hosts[0]})) for one in ordered]),
    (watch.book, lambda ordered: [Order(one.pin, None) for one in ordered]),  # type: ignore[arg-type]
    (watch.alarms, lambda certificates, orders, name: []),
    (watch.alarms, lambda some, orders, name: [n for n, one in enumerate(some) if name in one.hosts]),
    (
        watch.alarms,
        lambda some, orders, name: [n for n, one in enumerate(some) if one.pin not in {o.pin for o in orders}],
    ),
    (watch.alarms, lambda some, orders, name: [n for n in alarms(some, orders, name) if name in some[n].hosts]),
    (watch.two_faced, lambda heads, signed: len({head.root for head in heads}) > 1),
    (watch.two_faced, lambda heads, signed: two_faced(heads, lambda head: True)),
    (watch.two_faced, lambda heads, signed: not all(map(signed, heads))),
    (watch.two_faced, lambda heads, signed: False),
    *((watch.move, lambda defenders, logs, name=name: name) for name in watch.MOVES),
    (watch.move, lambda defenders, logs: "yes" if "witness" in defenders else "hidden"),
    (watch.move, lambda defenders, logs: move(defenders, True)),
    (watch.move, lambda defenders, logs: move(defenders, False)),
    (watch.move, lambda defenders, logs: "bribe"),
    *((check, Nonsense(1.5)) for check in SOLUTIONS),
]


@pytest.mark.parametrize("check", SOLUTIONS, ids=lambda check: check.__name__)
def test_the_folded_solutions_are_right(check: Callable[..., Any]) -> None:
    """On fresh logs and fresh trials they agree with the lab's count, its monitor and its handshakes."""
    report = check(SOLUTIONS[check])
    assert report.solved, str(report)
    assert running() == []


@pytest.mark.parametrize(("check", "candidate"), NOT_YET)
@pytest.mark.sampled(3)
def test_nothing_less_is_solved(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Stubs, half solutions and nonsense get a report that says not yet."""
    report = check(candidate)
    assert str(report).startswith("✗ not yet"), str(report)


def test_a_move_is_played_and_another_word_is_none() -> None:
    """Against all defenders at once the logged certificate robs, and the alarm rings at the next reading."""
    everybody = {*watch.CHECKS, "monitor"}
    assert watch.play("yes", everybody) == "intercepted, alarm after 6 hours"
    assert [watch.play(one, everybody) for one in ("no", "hidden")] == ["stopped, no alarm"] * 2
    assert watch.play("late", {"count", "monitor"}) == "intercepted, alarm after 24 hours"
    for wrong in (("maybe", everybody), ("yes", {"police"})):
        with pytest.raises(ValueError, match="a move is one of no, yes, late, hidden"):
            watch.play(*wrong)
