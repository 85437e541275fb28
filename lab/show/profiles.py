"""
Where real implementations part: groups that behave alike as columns, scenes that tell them apart as rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab.observation import Outcome
from lab.policy.clients import Client
from lab.scenes.catalogue import Case
from lab.show.sheet import LINE, Banner, Content, Row, Sheet, hung
from lab.show.words import LOOKS, legend
from lab.trials.alike import Alike
from lab.trials.letters import letter


def sheet(shown: Alike) -> Sheet:
    """Programs that behave alike in one column, by name; the scenes in which columns differ as rows."""
    heads = [", ".join(map(_named, group)) for group in shown.groups]
    caption = (
        "Programs in one column do the same in every scene. Only scenes are shown in which columns differ. "
        "Modelled, not run: names with a *."
    )
    rows = _rows(shown, lambda case: f"{case.kind.value}: {case.title}", lambda outcome: outcome)
    off = "\n".join(words for group in shown.groups for words in _switches_off(group))
    return Sheet(caption, ("scene", *heads), rows, (off, legend()) if off else (legend(),))


def html(shown: Alike) -> str:
    """That table for a notebook."""
    return sheet(shown).html()


def text(shown: Alike) -> str:
    """The same for a terminal: the groups with a letter each, then a table of glyphs."""
    letters = [letter(number) for number in range(len(shown.groups))]
    lines = ["Programs that no scene here tells apart share a letter."]
    for own, group in zip(letters, shown.groups, strict=True):
        lines.append(f"  {own}  {', '.join(map(_named, group))}")
        lines += [f"       {off}" for off in _switches_off(group)]
    lines += ["", "Modelled, not run: names with a *."]
    alike = len(shown.matrix.cases) - len(shown.scenes)
    others = "1 other scene" if alike == 1 else f"{alike} other scenes"
    rows = _rows(shown, lambda case: f"{case.kind.value:<10}{case.name}", lambda outcome: LOOKS[outcome].glyph)
    notes = (f"In {others} all of them do the same.",) if alike else ()
    table = Sheet("Where they part:", ("", *letters), rows, (*notes, legend()))
    return "\n\n".join([hung("\n".join(lines)), table.text(LINE).plain])


def _rows(shown: Alike, head: Callable[[Case], str], entry: Callable[[Outcome], Content]) -> list[Row | Banner]:
    return [Row(head(case), tuple(entry(shown.cell(group, case)) for group in shown.groups)) for case in shown.scenes]


def _named(one: Client) -> str:
    return one.name + ("" if one.profile is None or one.profile.ran else "*")


def _switches_off(group: tuple[Client, ...]) -> Iterator[str]:
    for one in group:
        if one.profile and one.profile.switches_off:
            yield f"{one.name} switches off: {one.profile.switches_off}"
