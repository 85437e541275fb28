"""
Matrices, trials and traces as text: plain, or with colour for a terminal.

At most 120 columns wide. Nothing is said by colour alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from rich.text import Text

from lab.observation import Certificate, Line
from lab.policy.clients import Client
from lab.policy.pinset import Role
from lab.scenes.catalogue import Case, Kind, Way
from lab.show.words import LOOKS, cell, legend
from lab.trials.engine import Encounter
from lab.trials.matrix import Matrix
from lab.trials.trace import Trace
from lab.trials.trial import Trial

WIDTH = 120
LABEL = 9  # "rotation" and a space
CELL = 14  # "✗ intercepted" and a space, which the last column does without
IN_A_BLOCK = (WIDTH - LABEL + 1) // CELL


def matrix(shown: Matrix) -> str:
    """The matrix as plain text."""
    return matrix_text(shown).plain


def matrix_text(shown: Matrix) -> Text:
    """The matrix for a terminal: clients as columns, in blocks of eight; each attack above its twin."""
    out = Text()
    for start in range(0, len(shown.clients), IN_A_BLOCK):
        _block(out, shown, shown.clients[start : start + IN_A_BLOCK])
        out.append("\n")
    out.append(legend() + "\n")
    return out


def _block(out: Text, shown: Matrix, clients: tuple[Client, ...]) -> None:
    head = [textwrap.wrap(client.name, CELL - 1, break_on_hyphens=True) for client in clients]
    for line in range(max(map(len, head))):
        cells = [f"{words[line] if line < len(words) else '':<{CELL}}" for words in head]
        out.append((" " * LABEL + "".join(cells)).rstrip() + "\n", style="bold")
    section = ""
    for attack, rotation in shown.pairs():
        title = _section(attack, rotation)
        if title != section:
            section = title
            out.append(f"\n{title}\n", style="bold underline")
        _titles(out, attack, rotation)
        for case in filter(None, (attack, rotation)):
            _row(out, shown, case, clients)
    out.append("\nScores\n", style="bold underline")
    scores = [shown.score(client.name) for client in clients]
    for label, cells in (
        ("stopped", [f"{score.stopped}/{score.attacks}" for score in scores]),
        ("kept", [f"{score.kept}/{score.rotations}" for score in scores]),
    ):
        out.append(f"{label:<{LABEL}}" + "".join(f"{text:<{CELL}}" for text in cells).rstrip() + "\n")
    out.append(" " * LABEL + "attacks stopped; legitimate service kept through rotations\n", style="dim")


def _section(attack: Case | None, rotation: Case | None) -> str:
    if attack and rotation:
        return "Twins: an attack, and the rotation whose path looks exactly like it"
    if attack:
        return "Attacks that ordinary validation refuses" if attack.fails else "Attacks whose twins are not shown here"
    if rotation and rotation.kind is Kind.SLIP:
        return "Slips: the genuine service errs, and ordinary validation refuses it"
    return "Rotations with no attack of their own here"


def _titles(out: Text, attack: Case | None, rotation: Case | None) -> None:
    case = attack or rotation
    assert case
    shares = f"   [shares: {case.reach}]"
    if attack and rotation:
        whole = f"{attack.title}  ⇄  {rotation.title}"
        if len(whole) + len(shares) > WIDTH:
            out.append(f"{attack.title}  ⇄\n")
            whole = f"  {rotation.title}"
    else:
        whole = case.title
    out.append(whole)
    if len(whole) + len(shares) <= WIDTH:
        out.append(shares, style="dim")
    out.append("\n")


def _row(out: Text, shown: Matrix, case: Case, clients: tuple[Client, ...]) -> None:
    out.append(f"{case.kind.value:<{LABEL}}")
    words = [shown.cell(client.name, case.name).outcome for client in clients]
    for number, outcome in enumerate(words):
        text = cell(outcome)
        last = number == len(words) - 1
        out.append(text if last else f"{text:<{CELL}}", style=LOOKS[outcome].style)
    out.append("\n")


# ---- one trial -----------------------------------------------------------------------------------


def trial(shown: Trial) -> str:
    """A trial in full, as plain text."""
    return _wrapped(_trial(shown))


def trace(shown: Trace) -> str:
    """A trace in full: the trial, the second opinion, what would flip the outcome."""
    lines = list(_trial(shown.trial))
    lines += ["", f"Second opinion  {_opinion(shown)}", f"Would flip it   {shown.would_flip}"]
    lines += _attack(shown.trial.case)
    return _wrapped(lines)


def _wrapped(lines: Iterable[str]) -> str:
    """Lines of at most 120 columns; what runs over is set in under the words above it."""
    out = []
    for line in lines:
        out += textwrap.wrap(line, WIDTH, subsequent_indent=" " * 20, break_on_hyphens=False) or [""]
    return "\n".join(out)


def _opinion(shown: Trace) -> str:
    if shown.opinion is None:
        return "none: a resumed session shows no certificate"
    verdict = "accepts path and host name" if shown.opinion.accepts else "refuses"
    return f"cryptography's path validator {verdict}" + (
        "" if shown.opinion.accepts else f": {_brief(shown.opinion.reason)}"
    )


def _brief(reason: str) -> str:
    return textwrap.shorten(reason, 160, placeholder=" ...")


def _attack(case: Case) -> Iterable[str]:
    if case.kind is not Kind.ATTACK:
        return
    yield "The attacker holds  " + "; ".join(held.value for held in case.holds)
    if isinstance(case.way, Way):
        yield f"Gets on the path by {case.way.value}: {case.way.how}"
        yield f"Loopback leaves out {case.way.left_out}"
    if case.incident:
        yield f"It happened         {case.incident}"


def _trial(shown: Trial) -> Iterable[str]:
    yield f"{shown.client.name}: {shown.client.title}"
    yield f"{shown.case.kind.value} {shown.case.name}: {shown.case.title}"
    if shown.client.bug:
        yield f"bug: {shown.client.bug} ({shown.client.source})"
    yield f"outcome: {cell(shown.outcome)}"
    for number, met in enumerate(shown.encounters):
        marker = "  <- the cell shows this meeting" if number == shown.worst else ""
        yield ""
        yield f"Meeting {number + 1}: {met.meeting.title}{marker}"
        yield from (f"  {line}" for line in _encounter(shown, met))


def _encounter(shown: Trial, met: Encounter) -> Iterable[str]:
    seen = met.observation
    yield f"presented  {_chain(seen.presented, shown)}"
    if seen.path is not None:
        yield f"path       {_chain(seen.path, shown)}"
    elif seen.error is not None:
        yield f"path       none: {seen.error.reason}"
    elif seen.resumed:
        yield "path       none: the session was resumed"
    for found in met.verdict.findings:
        yield f"check      {'pass  ' if found.passed else 'REFUSE'} {found.check}: {found.reason}"
        yield from (f"  {line}" for line in found.both_sides.splitlines() if not found.passed)
    yield f"verdict    {met.verdict}, decided by: {met.verdict.check}"
    if met.verdict.check not in [found.check for found in met.verdict.findings]:
        yield f"           {met.verdict.reason}"
    yield f"other side {view(met)}"
    if met.outcome:
        yield f"outcome    {cell(met.outcome)}" + (
            f", {met.aftermath.leaked} bytes read by the attacker" if met.aftermath.leaked else ""
        )


def view(met: Encounter) -> str:
    """What the other side saw of the client, in a sentence."""
    view = met.aftermath.view
    who = "attacker" if met.meeting.line is Line.ATTACKER else "server"
    alert = f", alert: {view.alert}" if view.alert else ""
    return f"the {who} saw the client hang up {view.hung_up.value}{alert}"


def _chain(certificates: tuple[Certificate, ...], shown: Trial) -> str:
    return " <- ".join(
        one.name + (" [genuine key]" if genuine(one, shown) else "") for one in certificates
    ) or "nothing"  # fmt: skip


def genuine(certificate: Certificate, shown: Trial) -> Role | None:
    """Whose key of the genuine service this certificate has, if any."""
    return shown.genuine(certificate)


# ---- lists ---------------------------------------------------------------------------------------


def clients_list(clients: Iterable[Client], long: bool = True) -> str:
    """The table of clients, one block each; `long` adds where a profile comes from."""
    lines = []
    for one in clients:
        lines.append(f"  {one.name:<24}{one.title}")
        if one.bug:
            lines.append(f"  {'':<24}bug: {one.bug} ({one.source})")
        if one.profile and one.profile.switches_off:
            lines.append(f"  {'':<24}switches off: {one.profile.switches_off}")
        if one.profile and long:
            lines.append(f"  {'':<24}{one.profile.how}; {one.profile.source}")
    return "\n".join(lines)


def cases_list(cases: Iterable[Case], long: bool = False) -> str:
    """The catalogue; `long` adds the drawings, what an attacker holds, and incidents."""
    lines = []
    for one in cases:
        twin = f"  (twin: {one.twin})" if one.twin else f"  ({one.fails.value})" if one.fails else ""
        lines.append(f"  {one.name:<32}{one.title}{twin}")
        if long:
            lines += [f"      {line}" for line in one.text.splitlines()[2:]]
            lines.append(f"      shares: {one.reach}")
            lines += [f"      {line}" for line in _attack(one)]
            if one.kind is Kind.ROTATION and one.incident:
                lines.append(f"      It happened: {one.incident}")
            lines.append("")
    return "\n".join(lines)
