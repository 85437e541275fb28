"""
Trials, traces and lists as plain text, at most 80 columns wide.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from lab.building import AS_OPENSSL
from lab.observation import Certificate, Hangup, Line, Outcome
from lab.policy.clients import Client
from lab.scenes.catalogue import Case, Kind, Way
from lab.show.keys import named
from lab.show.sheet import hung
from lab.show.words import cell, spoken
from lab.trials.engine import Encounter
from lab.trials.trace import Trace
from lab.trials.trial import Trial

# ---- one trial -----------------------------------------------------------------------------------


def trial(shown: Trial) -> str:
    """A trial in full, as plain text."""
    return hung("\n".join(_trial(shown)))


def trace(shown: Trace) -> str:
    """A trace in full: the trial, the second opinion, what would flip the outcome."""
    lines = list(_trial(shown.trial))
    lines += ["", f"Second opinion       {_opinion(shown)}", f"Would flip it        {shown.would_flip}"]
    if shown.flip and shown.flip.others:
        lines.append(f"Would change too     {', '.join(shown.flip.others)}")
    lines += _attack(shown.trial.case)
    return hung("\n".join(lines))


def _opinion(shown: Trace) -> str:
    if shown.opinion.accepts is None:
        return f"none: {_brief(shown.opinion.reason)}"
    verdict = "accepts path and host name" if shown.opinion.accepts else f"refuses: {_brief(shown.opinion.reason)}"
    return f"cryptography's path validator {verdict}"


def _brief(reason: str) -> str:
    return textwrap.shorten(reason, 160, placeholder=" ...")


def _attack(case: Case) -> Iterable[str]:
    if case.kind is not Kind.ATTACK:
        return
    yield "The attacker holds   " + "; ".join(held.value for held in case.holds)
    if isinstance(case.way, Way):
        yield f"Gets on the path by  {case.way.value}: {case.way.how}"
        yield f"Left out here        {case.way.left_out}"
    if case.incident:
        yield f"Seen in the field    {case.incident}"


def _trial(shown: Trial) -> Iterable[str]:
    yield f"{shown.client.name}: {shown.client.title}"
    yield f"{shown.case.kind.value} {shown.case.name}: {shown.case.title}"
    if shown.client.bug:
        yield f"bug: {shown.client.bug} ({shown.client.source})"
    yield f"outcome: {cell(shown.outcome)}"
    for number, met in enumerate(shown.encounters):
        marker = "  <- the cell shows this meeting" if number == shown.worst else ""
        yield ""
        later = shown.after(met)
        yield f"Meeting {number + 1}{f', after {spoken(later)}' if later else ''}: {met.meeting.title}{marker}"
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
        yield from () if found.passed else found.both_sides(shown.letters).splitlines()
    yield f"verdict    {met.verdict}, decided by: {met.verdict.check}"
    if met.verdict.check not in [found.check for found in met.verdict.findings]:
        yield f"           {met.verdict.reason}"
    yield f"other side {view(met)}"
    if met.verdict.accepted and met.outcome is Outcome.OUTAGE:
        yield f"answer     {met.aftermath.answer.strip() or met.aftermath.failure}"
    if met.outcome:
        yield f"outcome    {cell(met.outcome)}{_robbed(met)}"
        if met.meeting.line is Line.ATTACKER:
            yield f"relayed    {'to the server, in your name' if met.aftermath.relayed else 'nothing in your name'}"


def view(met: Encounter) -> str:
    """What the other side saw of the client, in a sentence."""
    view = met.aftermath.view
    who = "attacker" if met.meeting.line is Line.ATTACKER else "server"
    alert = f", alert: {view.alert}" if view.alert else ""
    if view.hung_up is Hangup.NEVER:
        return f"the {who} saw the client stay until it had its answer{alert}"
    return f"the {who} saw the client hang up {view.hung_up.value}{alert}"


def _robbed(met: Encounter) -> str:
    """What an attacker read of the client, in words."""
    after, requests = met.aftermath, met.aftermath.view.requests
    secret = "the client's secret in " if met.outcome is Outcome.INTERCEPTED else ""
    asked = f"{secret}{requests[0]}: " if requests else ""
    return f", the attacker has {asked}{after.leaked} bytes" if after.leaked else ""


def _chain(certificates: tuple[Certificate, ...], shown: Trial) -> str:
    told = (named(one, shown.letters, "genuine" if shown.genuine(one) else "") for one in certificates)
    return " <- ".join(told) or "nothing"


# ---- lists ---------------------------------------------------------------------------------------


def clients_list(clients: Iterable[Client], long: bool = True) -> str:
    """The table of clients, a block each; `long` adds where a profile comes from, and which builds paths otherwise."""
    lines = []
    for one in clients:
        lines.append(f"  {one.name:<24}{one.title}")
        if one.also:
            lines.append(f"  {'':<24}also called {', '.join(one.also)}")
        if one.bug:
            lines.append(f"  {'':<24}bug: {one.bug} ({one.source})")
        if one.profile and one.profile.switches_off:
            lines.append(f"  {'':<24}switches off: {one.profile.switches_off}")
        if one.profile and long:
            lines.append(f"  {'':<24}{one.profile.how}; {one.profile.source}")
        if one.building != AS_OPENSSL and long:
            lines.append(f"  {'':<24}builds its paths otherwise than OpenSSL: {one.building}")
    return hung("\n".join(lines))


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
                lines.append(f"      Seen in the field: {one.incident}")
            lines.append("")
    return hung("\n".join(lines))
