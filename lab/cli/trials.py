"""
The verbs about clients and scenes: demo, matrix, trial, list, profiles.

They print; what they print is made elsewhere.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from lab.cli.terminal import room
from lab.cli.verb import flag, forms, names, option, printed, runs, verb
from lab.cli.watched import watched
from lab.naming import GROUPED

if TYPE_CHECKING:  # a verb loads what it needs when it runs, so that --help is quick
    from rich.text import Text

    from lab.policy.clients import Client
    from lab.scenes.catalogue import Case
    from lab.trials.matrix import Matrix

TWINS = """\
Every attack that gets past ordinary validation has a rotation that looks
exactly like it. Pinning cannot stop the one and let the other pass.
"""


def _run(clients: Iterable[Client], cases: Iterable[Case] | None) -> Matrix:
    from lab.trials import matrix

    with watched() as progress:
        return matrix.matrix(clients, cases, progress)


def _show(text: Text) -> None:
    """With colour where the terminal has any; no line of it is broken."""
    from rich.console import Console

    Console(highlight=False, soft_wrap=True).print(text)


@verb("demo", "", forms(json="the whole matrix: one record for each trial, and the scores"))
def demo(chosen: argparse.Namespace) -> None:
    """Run every client through every scene and tell the story."""
    from lab.policy.clients import CLIENTS
    from lab.scenes.catalogue import usually
    from lab.show.matrix import sheet, staircase
    from lab.show.sheet import LINE

    scenes, wide = usually(CLIENTS.values()), room()
    if chosen.json:
        print(_run(CLIENTS.values(), scenes).to_json())
        return
    print(f"{len(CLIENTS)} clients go through {len(scenes)} scenes over real TLS on loopback.", flush=True)
    every = _run(CLIENTS.values(), scenes)
    print()
    _show(staircase(every).text(wide))
    story = [client for client in CLIENTS.values() if client.story]
    fit = sheet(every.of(story)).fitting(wide)
    print()
    _show(sheet(every.of(story[:fit])).text(wide))
    if story[fit:]:
        left = " ".join(client.name for client in story[fit:])
        print(f"\nAnd {len(story) - fit} more, for whom this terminal has no room:")
        print(f"  {runs()} matrix --scenes all --clients {left}")
    print("\nAll clients: attacks stopped, legitimate service kept")
    for client in every.clients:
        score = every.score(client.name)
        about = textwrap.shorten(client.title, LINE - 42, placeholder=" …")
        print(f"  {client.name:<22}{score.stopped:>3}/{score.attacks} {score.kept:>5}/{score.rotations}   {about}")
    print(
        f"\n{len(every.trials)} trials, {every.handshakes} handshakes in {every.running:.1f} s, "
        f"and {every.standing_up:.1f} s to stand the scenes up.\n\n{TWINS}\n"
        f"Next, see why a root pin does not help:\n  {runs()} trial root-pinned sibling_intermediate\n"
        "or open the notebooks:\n  make lab"
    )


@verb(
    "matrix",
    "--clients unpinned leaf-pinned --scenes attacks",
    forms(json="one record for each trial, and the scores", csv="one line for each trial"),
    names("--clients", f"clients by name, or all, {GROUPED}, profiles; eight of them by default"),
    names("--scenes", "scenes by name, or attacks, rotations, slips, all; by default what tells them apart"),
)
def matrix(chosen: argparse.Namespace) -> None:
    """Run clients through scenes, each over real TLS, and print the outcomes."""
    from lab.policy import clients
    from lab.scenes import catalogue
    from lab.show.matrix import sheet

    rows = clients.chosen(chosen.clients or "story")
    done = _run(rows, catalogue.chosen(chosen.scenes) if chosen.scenes else None)
    if chosen.json:
        print(done.to_json())
    elif chosen.csv:
        print(done.to_csv(), end="")
    else:
        _show(sheet(done).text(room()))


@verb(
    "trial",
    "root-pinned sibling_intermediate",
    option("client", "a client's name, as `list` gives it"),
    option("scene", "a scene's name, as `list` gives it"),
    forms(json="the trace as JSON"),
)
def trial(chosen: argparse.Namespace) -> None:
    """
    Take one client through one scene and show everything: chains, checks, the attacker's view, and what would flip
    the outcome.
    """
    from lab.naming import spelled
    from lab.policy.clients import client, every
    from lab.scenes.catalogue import CASES, SLIPS, case, twin_of
    from lab.show import text
    from lab.trials.trace import trace

    first, second = chosen.client, chosen.scene
    scenes, clients = [*CASES, *SLIPS], [one.name for one in every()]
    if spelled(first, scenes) in scenes and spelled(second, clients) in clients:
        raise ValueError(f"{first} is a scene, and the client comes first; give: trial {second} {first}")
    played = case(second)
    who = client(first)
    with watched() as progress:
        found = trace(who, played, progress=progress)
    if chosen.json:
        printed(found.record())
        return
    print(text.trace(found))
    if twin := twin_of(played):
        print(f"\nNext, its twin:  {runs()} trial {first} {twin.name}")


@verb(
    "list",
    "attacks --long",
    option("what", "clients, further, profiles, attacks, rotations, slips, apart; else all", nargs="*", metavar="WHAT"),
    flag("--long", "with drawings, what an attacker holds, incidents"),
    forms(json="everything as JSON"),
)
def everything(chosen: argparse.Namespace) -> None:
    """Name every client, attack and rotation."""
    from lab.naming import named, words
    from lab.policy.clients import CLIENTS, FURTHER, PROFILES
    from lab.scenes.catalogue import APART, SLIPS, attacks, rotations
    from lab.scenes.catalogue import chosen as scenes
    from lab.show.listing import listing
    from lab.show.text import cases_list, clients_list

    parts: dict[str, tuple[str, Callable[[], str]]] = {
        "clients": ("Clients", lambda: clients_list(CLIENTS.values())),
        "further": (
            f"Further clients, by name or in the groups\n{GROUPED}",
            lambda: clients_list(FURTHER.values(), chosen.long),
        ),
        "profiles": ("Profiles of real implementations", lambda: clients_list(PROFILES.values(), chosen.long)),
        "attacks": ("Attacks", lambda: cases_list(attacks(), chosen.long)),
        "rotations": ("Rotations", lambda: cases_list(rotations(), chosen.long)),
        "slips": ("Slips", lambda: cases_list(SLIPS.values(), chosen.long)),
        "apart": (f"Scenes apart, by group: {', '.join(APART)}", lambda: cases_list(scenes(APART), chosen.long)),
    }
    wanted = [named("list of", word, parts) for word in words(chosen.what)] or parts.values()
    if chosen.json:
        printed(listing())
        return
    print("\n\n".join(f"{heading}\n{told()}" for heading, told in wanted))


@verb(
    "profiles",
    "--scenes slips",
    names("--scenes", "scenes by name, or attacks, rotations, slips"),
    forms(json="the groups, and where they differ", html="a table for a page"),
)
def profiles(chosen: argparse.Namespace) -> None:
    """Run the profiles of real implementations through every scene, and show where they part."""
    from lab.show import notebook
    from lab.show import profiles as show

    with watched() as progress:
        found = notebook.profiles(chosen.scenes, progress)
    if chosen.json:
        printed(found.record())
    else:
        print(show.html(found) if chosen.html else show.text(found))
