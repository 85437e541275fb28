"""
Clients that learn what they compare with: browsers with HPKP, and the rules of key continuity, as rows of the table.

They stand beside the columns of the matrix and are asked for by name, or by
group: `hpkp`, `continuity`. That a rule is in the table does not make it a good
one. What they do with what they learn is in `hpkp` and in `continuity`.
"""

from __future__ import annotations

from lab.building import ANY_SEARCHING, AS_OPENSSL, PathBuilding
from lab.policy import hpkp
from lab.policy.check import Policy
from lab.policy.clients import FURTHER, Client, register
from lab.policy.continuity import Continuity, Reaction, User, known
from lab.policy.hpkp import CHROMIUM_CAP, Agent


def _row(
    name: str, title: str, policy: Policy, *, building: PathBuilding = AS_OPENSSL, bug: str = "", source: str = ""
) -> None:
    register(Client(name, title, policy, building=building, bug=bug, source=source), FURTHER)


def _browser(name: str, title: str, agent: Agent) -> None:
    _row(name, title, hpkp.policy(agent), building=ANY_SEARCHING, source="RFC 7469")


def _rule(name: str, title: str, continuity: Continuity, *, bug: str = "", source: str = "") -> None:
    _row(name, title, (known(f"known {continuity.what}", continuity),), bug=bug, source=source)


_browser("hpkp-no-cap", "a browser that heeds pins by header for as long as the header says", Agent())
_browser("hpkp-capped", "a browser that heeds pins by header for sixty days at most", Agent(cap=CHROMIUM_CAP))
_browser(
    "hpkp-preloaded",
    "the capped browser, with the site's own key and its backup built in",
    Agent(cap=CHROMIUM_CAP, preloaded=True),
)
_rule(
    "strict-known-only",
    "knows the key that was enrolled and refuses any other, at the first meeting too",
    Continuity(unknown=Reaction.REFUSE, enrolled=True),
    source="gnutls-cli --strict-tofu (manual page gnutls-cli(1))",
)
_rule(
    "ask-always",
    "warns at another key, and the user always clicks the warning away",
    Continuity(changed=Reaction.ASK, user=User(1)),
)
_rule(
    "ask-never",
    "warns at another key, and the user never clicks the warning away",
    Continuity(changed=Reaction.ASK, user=User(0)),
)
_rule(
    "successor",
    "remembers the first key, and the next ones that a known server announces and proves to hold",
    Continuity(heeds=True),
    source="SSH's UpdateHostKeys (hostkeys-00@openssh.com, hostkeys-prove-00)",
)
_rule(
    "successor-without-proof",
    "notes any key that a known server announces",
    Continuity(heeds=True, wants_proof=False),
    bug="the announced key signs nothing",
    source="made up: what SSH's hostkeys-prove-00 is there against",
)
_rule(
    "successor-at-first-use",
    "notes announced keys at the very first meeting too",
    Continuity(heeds=True, wants_known=False),
    bug="at a first use nobody knows who announces",
    source="made up: SSH's UpdateHostKeys wants an authenticated server",
)
