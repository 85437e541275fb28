"""
`python -m lab cast`: jabber.ru once more, by programs that nobody here wrote.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lab.cli.verb import flag, forms, printed, runs, verb
from lab.cli.watched import watched

if TYPE_CHECKING:
    from lab.built.cast.play import Play
    from lab.show.sheet import Sheet


@verb(
    "cast",
    "--split",
    flag("--split", "the logs show the attacker's certificate to his victims alone, until a witness is asked"),
    forms(json="the same as JSON"),
)
def cast(chosen: argparse.Namespace) -> None:
    """Re-enact jabber.ru, end to end, with what is installed of a CA, a log, clients: who believes what, and when."""
    from lab.built.cast.play import play
    from lab.show.sheet import hung

    with watched() as progress:
        played = play(split=chosen.split, progress=progress)
    if chosen.json:
        printed(record(played))
    else:
        print("\n".join(map(hung, told(played))))


def told(played: Play) -> Iterator[str]:
    """The play as text: who plays, what happened, who believes it."""
    from lab.show.sheet import LINE

    yield "A log with two trees, on loopback" if played.split else "jabber.ru once more, on loopback"
    yield ""
    yield "Who plays"
    widest = max(len(one.part) for one in played.parts)
    yield from (f"  {one.part:<{widest}}  {one.words}" for one in played.parts)
    yield ""
    yield "What happened, and after how many seconds"
    widest = max(len(one.who) for one in played.steps)
    yield from (f"  {one.after:6.2f}  {one.who:<{widest}}  {one.what}" for one in played.steps)
    yield ""
    if played.alarm is not None:
        yield f"The alarm rang {played.alarm:.3f} s after the certificate was handed in. {_HOW_LONG}"
    else:
        yield _NO_ALARM
    yield ""
    yield from sheet(played).text(LINE).plain.splitlines()
    yield ""
    yield from (f"{one:<8}  {_MEETINGS[one]}" for one in played.meetings)
    yield ""
    yield _SPLIT if played.split else _WORD
    yield f"A log that lies: {runs()} cast --split" if not played.split else f"One that does not: {runs()} cast"
    yield f"What is told of jabber.ru: {runs()} incident jabber-ru"


def sheet(played: Play) -> Sheet:
    """Who believes it, as a table."""
    from lab.show.sheet import Banner, Row, Sheet

    rows: list[Row | Banner] = []
    for real, words in ((True, "real programs"), (False, "clients of the lab's")):
        here = [Row(one.client, one.outcomes) for one in played.fates if one.real is real]
        rows += [Banner(words), *here] if here else [Banner(f"{words}: none is here")]
    return Sheet("Who believes it", ("client", *played.meetings), rows)


def record(played: Play) -> dict[str, Any]:
    """The play as plain JSON values."""
    return {
        "split": played.split,
        "cast": [{**vars(one)} for one in played.parts],
        "steps": [{**vars(one)} for one in played.steps],
        "alarm_seconds": played.alarm,
        "meetings": {one: _MEETINGS[one] for one in played.meetings},
        "fates": [{**vars(one)} for one in played.fates],
    }


_MEETINGS = {
    "honest": "the genuine server is on the line",
    "attack": "the attacker is, and nobody has said anything",
    "revoked": "the same, once it is revoked; he staples what the responder says, and updates have come",
    "and cut": "the same, but he staples the good answer of before, and no answer, list or update gets through",
}
_HOW_LONG = "Here the logs are read all the time; how often you read them is what this figure is made of."
_NO_ALARM = "No alarm rang, and none will: what the monitor is shown does not have the certificate."
_WORD = (
    "The path, the CA and the intermediate are those of an ordinary renewal, and the logs did what they are for. Of "
    "those who were served on the honest day, only who pinned the leaf's key, or asked the owner's zone, was never "
    "had; the rest wait until somebody has looked, and the word gets through."
)
_SPLIT = (
    "Counting what logs have signed does not help where they lie: the signatures are real. A second pair of eyes does, "
    "and only for those who ask for its word; for the others two heads side by side are proof, after the fact."
)
