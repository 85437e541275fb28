"""
Clients that show something of themselves, so that the server can refuse somebody else: the group `bound`.

They ask of the server what a browser asks and no more. What they show they show
to whoever is on the line; whether it is worth anything is the server's to say.
"""

from __future__ import annotations

from lab.observation import Proof
from lab.policy.checks import ORDINARY
from lab.policy.clients import FURTHER, Client, register

for _name, _title, _proof, _source in (
    ("client-certificate", "shows a certificate of its own to a server that asks", Proof.CERTIFICATE, "RFC 8446 4.4.2"),
    ("bound-token", "sends a token that holds for this connection alone", Proof.TOKEN, "RFC 9266 (tls-exporter)"),
):
    register(Client(_name, _title, ORDINARY, shows=frozenset({_proof}), source=_source), FURTHER)
