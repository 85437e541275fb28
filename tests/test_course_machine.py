"""The checks of 17-let-a-machine-do-it: what they call solved, what they do not, and that nothing is left standing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nonsense import Nonsense

from lab.built.acme.world import ordering
from lab.course import machine
from lab.wire.listener import running

pytestmark = pytest.mark.course


@pytest.fixture(scope="module", autouse=True)
def without_pebble() -> Iterator[None]:
    """As where Pebble is missing: tests/test_field_acme.py asks it the same. Afterwards nobody listens."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(machine, "missing", lambda: "apt-get install pebble")
        yield
        machine.close()
        machine.year.cache_clear()
    assert running() == []


def move(records: list[str], stolen: bool) -> str | None:
    text = " ".join(records)
    if "dns-01" in text or "other-public-root" in text:
        return None
    return "second_account" if "accounturi" not in text else "stolen_account" if stolen else None


def record(ca: str, account: str) -> list[str]:
    return [f'0 issue "{ca}; accounturi={account}; validationmethods=dns-01"']


SOLUTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    machine.proof: lambda token, thumbprint: f"{token}.{thumbprint}",
    machine.due: lambda now, begins, ends, told: now >= (begins + ends) / 2 or now >= told,
    machine.move: move,
    machine.record: record,
    machine.way: lambda name: "announced_key" if name == "successor" else None,
}

NOT_YET: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (machine.proof, lambda token, thumbprint: token),
    (machine.proof, lambda token, thumbprint: f"{thumbprint}.{token}"),
    (machine.due, lambda now, begins, ends, told: now >= ends - 10),
    (machine.due, lambda now, begins, ends, told: now >= (begins + ends) / 2),
    (machine.due, lambda now, begins, ends, told: now >= told),
    (machine.due, lambda now, begins, ends, told: True),
    (machine.due, lambda now, begins, ends, told: False),
    (machine.due, lambda now, begins, ends, told: now),
    (machine.move, lambda records, stolen: "second_account"),
    (machine.move, lambda records, stolen: "stolen_account" if stolen else "second_account"),
    (machine.move, lambda records, stolen: None),
    (machine.move, lambda records, stolen: "new_machine"),
    (machine.record, lambda ca, account: []),
    (machine.record, lambda ca, account: [f'0 issue "{ca}"']),
    (machine.record, lambda ca, account: [f'0 issue "{ca}; accounturi={account}"']),
    (machine.record, lambda ca, account: [f'0 issue "{ca}; validationmethods=dns-01"', f'0 issue "{ca}"']),
    (machine.record, lambda ca, account: machine.RECORDS["the proof too"]),
    (machine.record, lambda ca, account: ['0 issue ";"']),
    (machine.way, lambda name: None),
    (machine.way, lambda name: "announced_key"),
    (machine.way, lambda name: "backup_key" if name == "leaf-or-backup" else SOLUTIONS[machine.way](name)),
    (machine.way, lambda name: "by post"),
    *((check, Nonsense(1.5)) for check in SOLUTIONS),
]


@pytest.mark.parametrize("check", SOLUTIONS, ids=lambda check: check.__name__)
def test_the_folded_solutions_are_right(check: Callable[..., Any]) -> None:
    """By orders, meetings and timelines."""
    report = check(SOLUTIONS[check])
    assert report.solved, str(report)


@pytest.mark.parametrize(("check", "candidate"), NOT_YET)
@pytest.mark.sampled(3)
def test_nothing_less_is_solved(check: Callable[..., Any], candidate: Callable[..., Any]) -> None:
    """Stubs, half solutions and nonsense get a report that says not yet."""
    assert str(check(candidate)).startswith("✗ not yet")


def test_a_record_that_names_one_does_not_help_where_nobody_asks() -> None:
    """The same order, by a CA that asks and by one that does as Pebble does; a word that is no record is refused."""
    strict = machine.RECORDS["the proof too"]
    assert machine.ordered("second_account", strict).startswith("refused: bank.example lets honest-root.example issue")
    assert machine.ordered("second_account", strict, ordering(machine.ca())) == "issued"
    with pytest.raises(ValueError, match="is no CAA record"):
        machine.ordered("second_account", ["let me in"])


def test_a_pin_lets_the_thief_in_and_the_owner_out() -> None:
    """After a revocation and a new key: who asks, and who compares."""
    came = {name: machine.stolen(name) for name in ("unpinned", "answer-hard", "leaf-pinned")}
    assert [*came.values()] == ["intercepted, served", "stopped, served", "intercepted, outage"]


def test_a_program_that_is_not_here_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    """What installs it, and what was measured where it was."""
    assert machine.habit("certbot") == {"by default": "new", "told to keep it": "same"}
    assert "apt-get install pebble" in (said := capsys.readouterr().out)
    assert said.partition("pebble. ")[2].startswith("lego 4.9.1, certbot")
    with pytest.raises(ValueError, match="nearest: lego"):
        machine.habit("leggo")


def test_what_was_closed_is_stood_up_again() -> None:
    """Who runs an earlier cell once more sees what it showed."""
    before = machine.met("second_account", "leaf-pinned")
    machine.close()
    assert running() == []
    assert machine.met("second_account", "leaf-pinned") == before == "stopped"
