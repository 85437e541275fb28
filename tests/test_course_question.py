"""The article's question on one board: hours by hand, and what no row can be free of."""

from __future__ import annotations

import pytest

from lab.course import question
from lab.show.sheet import Row, Sheet

ROBBED, OUT = 0, 1
# Worked out on paper from the dates of the file: a Saturday noon to a Monday is 45 or 46 hours, a release
# on a Monday is installed seven days later, a word holds a day for the CA and then its own life.
BY_HAND = {
    "unpinned": ([20 * 24, 1356], [0, 0, 0, 45, 0, 0]),
    "intermediate-pinned": ([20 * 24, 1356], [0, 0, 0, 45, 0, 214]),
    "leaf-pinned": ([0, 46 + 168], [0, 168, 46 + 168, 45, 0, 214]),
    "leaf and backup": ([0, 214], [0, 0, 214, 45, 0, 214]),
    "pins by header": ([0, 46], [0, 0, 1428, 0, 0, 636]),
    "list, hard": ([6 + 24 + 7 * 24, 45 + 24 + 7 * 24], [0, 0, 0, 45, 21, 0]),
    "pushed list": ([6 + 24 + 12, 45 + 24 + 12], [0, 0, 0, 45, 33, 0]),
    "counts SCTs": ([480, 1356], [0, 0, 0, 45, 0, 0]),
    "unpinned, 6 days": ([480, 132], [0] * 6),
}


@pytest.fixture(scope="module")
def board() -> tuple[Sheet, Sheet]:
    return question.board()


def hours(sheet: Sheet) -> dict[str, list[int]]:
    return {row.head: [int(str(cell)) for cell in row.entries] for row in sheet.rows if isinstance(row, Row)}


@pytest.mark.sampled(0)
def test_the_hours_are_those_that_paper_gives(board: tuple[Sheet, Sheet]) -> None:
    """Exposure in June and July, and outage in the months of the mistakes."""
    robbed, out = map(hours, board)
    assert {name: (robbed[name], out[name]) for name in BY_HAND} == BY_HAND


@pytest.mark.sampled(0)
def test_no_row_is_free(board: tuple[Sheet, Sheet]) -> None:
    """Whoever is never robbed has an outage, and each attack robs somebody; a row of zeros would be a fault."""
    robbed, out = map(hours, board)
    assert [name for name in robbed if not sum(robbed[name]) + sum(out[name])] == []
    assert [name for name in robbed if not sum(robbed[name])] == ["leaf-pinned, 6 days"]
    assert all(any(row[column] for row in robbed.values()) for column in (0, 1))


def test_a_mistake_less_is_a_column_less() -> None:
    """The control: without the weekend in October nobody has an outage that begins there."""
    from msgspec.structs import replace

    from lab.built.time.reading import load
    from lab.built.time.report import months
    from lab.built.time.run import run

    line = load(question.BY_HAND)
    plain = tuple(one for one in line.clients if one.name in ("unpinned", "leaf-pinned"))
    _, out = months(run(replace(line, lifetimes=(), clients=plain)))
    assert "2026-10" not in [str(one) for one in out.columns]
    assert "2026-12" in [str(one) for one in out.columns]
