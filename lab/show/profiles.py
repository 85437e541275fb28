"""
Where real implementations part: groups that behave alike as columns, scenes that tell them apart as rows.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from html import escape
from string import ascii_uppercase

from lab.policy.clients import Client
from lab.show.words import LOOKS, cell, legend
from lab.trials.alike import Alike

_TD = "padding:2px 5px;border:1px solid #999;text-align:left;vertical-align:top;"
WIDTH = 120


def _letters(shown: Alike) -> list[str]:
    return [ascii_uppercase[number % 26] + "'" * (number // 26) for number in range(len(shown.groups))]


def text(shown: Alike) -> str:
    """The groups with a letter each, then a table of glyphs."""
    lines = ["Programs that no scene here tells apart share a letter."]
    for letter, group in zip(_letters(shown), shown.groups, strict=True):
        names = ", ".join(_named(one) for one in group)
        lines += textwrap.wrap(f"  {letter}  {names}", WIDTH, subsequent_indent="     ")
        lines += [f"       {off}" for off in dict.fromkeys(_switches_off(group))]
    lines += ["", "Where they part:"]
    width = max(len(case.name) for case in shown.scenes) + 12 if shown.scenes else 0
    lines.append(" " * width + " ".join(_letters(shown)))
    for case in shown.scenes:
        glyphs = " ".join(LOOKS[shown.cell(group, case)].glyph for group in shown.groups)
        lines.append(f"{case.kind.value:<10}{case.name:<{width - 10}}{glyphs}".rstrip())
    alike = len(shown.matrix.cases) - len(shown.scenes)
    if alike:
        others = "1 other scene" if alike == 1 else f"{alike} other scenes"
        lines += ["", f"In {others} all of them do the same."]
    lines += ["", "Modelled, not run: names with a *.", "", legend()]
    return "\n".join(lines)


def _named(one: Client) -> str:
    return one.name + ("" if one.profile is None or one.profile.ran else "*")


def _switches_off(group: tuple[Client, ...]) -> Iterator[str]:
    for one in group:
        if one.profile and one.profile.switches_off:
            yield f"{one.name} switches off: {one.profile.switches_off}"


def html(shown: Alike) -> str:
    """The same as a table with glyph and word in each cell."""
    heads = "".join(
        f'<th scope="col" style="{_TD}">{"<br/>".join(escape(_named(one)) for one in group)}</th>'
        for group in shown.groups
    )
    rows = "".join(
        f'<tr><th scope="row" style="{_TD}font-weight:normal;min-width:13em"><b>{case.kind.value}</b> '
        f"{escape(case.title)}</th>"
        + "".join(
            f'<td style="{_TD}border-left:6px solid {LOOKS[one].colour};white-space:nowrap">{cell(one)}</td>'
            for one in (shown.cell(group, case) for group in shown.groups)
        )
        + "</tr>"
        for case in shown.scenes
    )
    off = "".join(
        f"<li>{escape(words)}</li>" for group in shown.groups for words in dict.fromkeys(_switches_off(group))
    )
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:12px">'
        "<caption>Programs in one column do the same in every scene. Only scenes are shown in which columns differ. "
        "Modelled, not run: names with a *.</caption>"
        f'<thead><tr><th scope="col" style="{_TD}">scene</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
        f"<ul>{off}</ul><pre>{escape(legend())}</pre>"
    )
