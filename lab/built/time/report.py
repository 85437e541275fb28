"""
A run as text: a table of outage-days against exposure-days, and what lies behind each figure.

At most 80 columns; nothing is said by colour. JSON is `Chronicle.record`.
"""

from __future__ import annotations

from collections import defaultdict

from lab.built.time.language import Timeline
from lab.built.time.run import Chronicle, Course
from lab.observation import Outcome, Showable
from lab.show.sheet import LINE, Content, Row, Sheet, hung

SOME = 5
"""Days; spells that are shorter are told in hours."""


def sheet(lived: Chronicle) -> Sheet:
    """One row for each client."""
    line = lived.timeline
    caption = (
        f"{line.title}: {line.start:%Y-%m-%d} to {line.end:%Y-%m-%d}, {line.days:.0f} days\n"
        f"{lived.handshakes} handshakes at simulated times"
    )
    rows = [
        Row(one.client.name, tuple(map(days, (one.outage_days, one.exposure_days, one.attack_days))))
        for one in lived.courses
    ]
    return Sheet(caption, ("client", "outage-days", "exposure-days", "of days with an attacker"), rows)


def table(lived: Chronicle) -> str:
    """The table as plain text."""
    return str(sheet(lived))


def channels(lived: Chronicle) -> Sheet:
    """What each client's channel let through, in hours, and what it takes on a visit."""
    rows = []
    for one in lived.courses:
        taken: tuple[Content, ...] = (0, 0, "nobody")
        for each in one.costs:
            octets = f"{round(each.octets, -1) or each.octets}{' an update' if each.shared else ''}"
            taken = (octets, each.round_trips, str(each.tells))
        rows.append(Row(one.client.name, (days(one.exposure_days * 24), *taken)))
    caption = "Hours of exposure, and what it takes to listen on a visit, and whom that tells what"
    return Sheet(caption, ("client", "exposure-hours", "octets", "round trips", "tells"), rows)


def months(*lived: Chronicle) -> tuple[Sheet, Sheet]:
    """
    Hours of exposure, and hours of outage, by the month in which they begin; only months in which some do.

    What goes on into the next months stays with the one that it began in. Several runs give the rows of all of them.
    """
    found = []
    for outcome, word in ((Outcome.INTERCEPTED, "exposure"), (Outcome.OUTAGE, "outage")):
        rows: dict[str, dict[str, float]] = {}
        for one in (course for each in lived for course in each.courses):
            hours = rows[one.client.name] = defaultdict(float)
            for spell in one.spells(outcome):
                hours[f"{spell.start:%Y-%m}"] += spell.days * 24
        heads = sorted({month for hours in rows.values() for month in hours})
        shown = heads or ["in all"]  # nobody had an hour of it: a column of noughts
        cells = [Row(name, tuple(days(hours.get(month, 0)) for month in shown)) for name, hours in rows.items()]
        caption = f"Hours of {word}, by the month in which they begin"
        notes = [f"{month}  {_together(lived[0], month)}" for month in heads]
        found.append(Sheet(caption, ("client", *shown), cells, (hung("\n".join(notes)),) if notes else ()))
    return found[0], found[1]


def _together(lived: Chronicle, month: str) -> str:
    """What happened in a month, in order; what the calendar alone brought has no words."""
    return "; ".join(what for when, what in lived.happenings() if f"{when:%Y-%m}" == month) or "the calendar alone"


def days(count: float) -> str:
    """Days for a table: whole where they are, else with one decimal."""
    return f"{count:.0f}" if abs(count - round(count)) < 0.05 else f"{count:.1f}"


def text(lived: Chronicle, *, by_month: bool = False) -> str:
    """The run as plain text: story, table, what happened, and each client's bad days with the reason."""
    line = lived.timeline
    out = [sheet(lived).text(LINE).plain, ""]
    for board in months(lived) if by_month else ():
        out += [board.text(LINE).plain, ""]
    if any(one.listens for one in line.clients):
        out += [channels(lived).text(LINE).plain, ""]
    if line.story:
        out.append(" ".join(line.story.split()))
    if line.source:
        out.append(f"Source: {line.source}")
    out += ["", "What happened"]
    out += [f"  {when:%Y-%m-%d %H:%M}  {what}" for when, what in lived.happenings()]
    out.append(f"  and {lived.renewals} renewal{'' if lived.renewals == 1 else 's'} by the calendar alone")
    out += ["", "When and why"]
    for one in lived.courses:
        out += _spells(one)
    return hung("\n".join(out))


def _spells(one: Course, most: int = 6) -> list[str]:
    spells = sorted(one.spells(Outcome.OUTAGE) + one.spells(Outcome.INTERCEPTED), key=lambda spell: spell.start)
    if not spells:
        return [f"  {one.client.name}: no bad day"]
    lines = [f"  {one.client.name}"]
    for spell in spells[:most]:
        long = f"{days(spell.days):>5} days" if spell.days >= SOME else f"{days(spell.days * 24):>4} hours"
        lines.append(f"    {spell.start:%Y-%m-%d}  {long} of {spell.kind:<9} {spell.reason}")
    if len(spells) > most:
        lines.append(f"    and {len(spells) - most} more such spells")
    return lines


def catalogue(lines: list[Timeline]) -> str:
    """The timelines by name, with their titles."""
    wide = max(len(line.name) for line in lines) + 2
    return "\n".join(f"{line.name:<{wide}}{line.title}" for line in lines)


Showable.renderers.setdefault(Chronicle, {"text/plain": table})
