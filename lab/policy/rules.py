"""
The kinds of key continuity as clients: a table of their own, beside the clients of the matrix.

A user may be asked, so the table is made for a user; everything else is as in
`lab.policy.clients`. That a kind is in the table does not make it a good one.
"""

from __future__ import annotations

from lab.naming import named
from lab.policy import checks
from lab.policy.check import Policy
from lab.policy.clients import Client
from lab.policy.continuity import Continuity, Reaction, User, known


def rule(
    name: str, title: str, continuity: Continuity, before: Policy = (), *, bug: str = "", source: str = ""
) -> Client:
    """A client that remembers in this way, after the checks in `before`."""
    check = known(f"known {continuity.what}", continuity)
    return Client(name, title, (*before, check), bug=bug, source=source)


def asking(rate: float, seed: int = 0) -> Client:
    """A client that shows a warning at a changed key, to a user who clicks it away at `rate`."""
    warns = Continuity(changed=Reaction.ASK, user=User(rate, seed))
    return rule("ask", "warns at another key, and the user decides", warns)


def rules(rate: float = 0.5, seed: int = 0) -> dict[str, Client]:
    """Every kind by its name, in teaching order; `rate` and `seed` are the user's, where one is asked."""
    table = (
        rule("strict", "remembers the first key and refuses any other", Continuity()),
        rule(
            "strict-known-only",
            "refuses any key that it does not know already, also at the first meeting",
            Continuity(unknown=Reaction.REFUSE),
            source="gnutls-cli --strict-tofu (manual page gnutls-cli(1))",
        ),
        asking(rate, seed),
        rule("with-ca", "strict, after ordinary validation", Continuity(), checks.ORDINARY),
        rule(
            "gemini",
            "remembers the certificate, and disregards a record that has expired",
            Continuity(certificate=True, disregards_expired=True),
            source="gmni (drewdevault.com, 2020-09-21)",
        ),
        rule(
            "successor",
            "strict, and notes the next keys that a known server announces and proves to hold",
            Continuity(heeds=True),
            source="SSH's UpdateHostKeys (hostkeys-00@openssh.com, hostkeys-prove-00)",
        ),
        rule(
            "successor-without-proof",
            "notes any key that a known server announces",
            Continuity(heeds=True, wants_proof=False),
            bug="the announced key signs nothing",
        ),
        rule(
            "successor-at-first-use",
            "notes announced keys at the very first meeting too",
            Continuity(heeds=True, wants_known=False),
            bug="at a first use nobody knows who announces",
        ),
    )
    return {client.name: client for client in table}


def rule_named(name: str) -> Client:
    """The kind of that name, its user clicking through every second time. Raises ValueError where there is none."""
    return named("rule", name, rules())


def continuity_of(client: Client) -> Continuity:
    """How this client remembers. Raises ValueError where it does not."""
    for check in client.policy:
        if isinstance(check.remembers, Continuity):
            return check.remembers
    raise ValueError(f"{client.name} remembers no keys; one of {', '.join(rules())} does")
