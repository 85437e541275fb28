"""
A lab on TLS man-in-the-middle attacks and certificate pinning.

The folders show the house. A room imports only from those above it.

The spine, in the order in which data flows:

    observation  the values that go from room to room, and the one rule for what a meeting meant
    building     how programs build paths, as plain values
    counting     how many logs' words are enough, as plain values
    word         what is said of a certificate beside its path, as plain values
    naming       how a thing is looked up by its name
    disk         the one way a file is written, and one that is handed in is read
    pki          makes certificates
    wire         moves bytes: listeners, clients, relays, captures
    policy       decides: pins, checks, minds and what they remember
    scenes       what happens: attacks, rotations, slips and stories, told as calendars
    trials       who wins: the engine takes a mind through a calendar
    show         what you see: text, tables, drawings
    cli          how a verb is declared, and those of the spine

What is built on it, in `lab.built`:

    programs     how an outside program is asked to be a client
    acme         certificates by a machine: Pebble, or a CA of the lab's own
    serve        stands a scene up for your own programs
    field        runs real programs and libraries against the scenes
    cast         a real CA, log and clients re-enact one attack
    expectancy   how long pins last, over drawn calendars
    forecast     takes your own pins through the scenes
    time         timelines: dates, releases, installations
    apart        what tells an attack from its twin, and when
    incidents    what really happened, by its sources, and run
    known        known hosts that are kept on a disk
    fleet        millions of devices
    draft        what is not out yet: Merkle Tree Certificates
    atlas        everything as one page
    bench        how fast, as ratios

The door to all of it, for a shell, is the table of every verb:

    verbs        the command line, and what holds for all of it

The `course` is the notebooks' checks: its ledger, its exercises, its capstone.

A reader's hour: these files are enough to follow one trial from its
certificates to its verdict, and with it to add an attack, a client or a check.

    lab/observation.py
    lab/pki/pins.py
    lab/pki/authority.py
    lab/pki/world.py
    lab/wire/listener.py
    lab/wire/tls.py
    lab/wire/service.py
    lab/wire/attacker.py
    lab/wire/visit.py
    lab/wire/client.py
    lab/policy/pinset.py
    lab/policy/check.py
    lab/policy/checks.py
    lab/policy/memory.py
    lab/policy/mind.py
    lab/policy/clients.py
    lab/scenes/catalogue.py
    lab/trials/standing.py
    lab/trials/engine.py
    lab/trials/trial.py
    lab/trials/matrix.py

The names below are what a notebook imports; each is loaded when it is used.
"""

import sys
from importlib import import_module

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python reads this far
    sys.exit(
        f"lab: this lab needs Python 3.11 or later, and this is {sys.version_info[0]}.{sys.version_info[1]}; "
        "start it with a newer one, as in `python3.12 -m lab doctor`"
    )

__version__ = "0.1.0"

_WHERE = {
    # the verbs
    "matrix": "lab.show.notebook",
    "trial": "lab.show.notebook",
    "trace": "lab.show.notebook",
    "profiles": "lab.show.notebook",
    "draw": "lab.show.notebook",
    "compare": "lab.show.notebook",
    "timeline": "lab.built.time.drawing",
    "clients": "lab.show.notebook",
    "cases": "lab.show.notebook",
    # things to make
    "World": "lab.pki.world",
    "authority": "lab.pki.authority",
    "self_signed": "lab.pki.authority",
    "pin_of": "lab.pki.pins",
    "Service": "lab.wire.service",
    "Attacker": "lab.wire.attacker",
    "change_payee": "lab.wire.attacker",
    # what is running
    "running": "lab.wire.listener",
    "stop_all": "lab.wire.listener",
    # words
    "Outcome": "lab.observation",
    "Reach": "lab.policy.pinset",
    "Role": "lab.policy.pinset",
    "PinSet": "lab.policy.pinset",
    "Client": "lab.policy.clients",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"the lab has no {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_WHERE[name]), name)
    if _WHERE[name].startswith("lab.show"):
        import_module("lab.show")  # teaches the values how to show themselves
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
