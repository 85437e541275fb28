"""The names of `lab`, for type checkers, which do not follow names that are loaded when they are used."""

from lab.built.time.drawing import timeline as timeline
from lab.observation import Outcome as Outcome
from lab.pki.authority import authority as authority
from lab.pki.authority import self_signed as self_signed
from lab.pki.pins import pin_of as pin_of
from lab.pki.world import World as World
from lab.policy.clients import Client as Client
from lab.policy.clients import chosen as clients
from lab.policy.pinset import PinSet as PinSet
from lab.policy.pinset import Reach as Reach
from lab.policy.pinset import Role as Role
from lab.scenes.catalogue import chosen as cases
from lab.show.notebook import compare as compare
from lab.show.notebook import draw as draw
from lab.show.notebook import matrix as matrix
from lab.show.notebook import profiles as profiles
from lab.show.notebook import trace as trace
from lab.show.notebook import trial as trial
from lab.wire.attacker import Attacker as Attacker
from lab.wire.attacker import change_payee as change_payee
from lab.wire.listener import running as running
from lab.wire.listener import stop_all as stop_all
from lab.wire.service import Service as Service

__version__: str
__all__ = [
    "Attacker",
    "Client",
    "Outcome",
    "PinSet",
    "Reach",
    "Role",
    "Service",
    "World",
    "authority",
    "cases",
    "change_payee",
    "clients",
    "compare",
    "draw",
    "matrix",
    "pin_of",
    "profiles",
    "running",
    "self_signed",
    "stop_all",
    "timeline",
    "trace",
    "trial",
]
