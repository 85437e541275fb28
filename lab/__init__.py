"""
A lab on TLS man-in-the-middle attacks and certificate pinning.

The folders show three groups. The spine, in the order in which data flows:
`lab.observation` (the values), `lab.pki` (makes certificates), `lab.wire`
(moves bytes), `lab.policy` (decides), `lab.scenes` (what happens), `lab.trials`
(who wins), `lab.show` (what you see), `lab.cli` (the verbs). On it stand
`lab.built` (serve, field, forecast, time, fleet, atlas) and `lab.course` (the
notebooks' checks).

The names below are what a notebook imports; each is loaded when it is used.
"""

from importlib import import_module

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
