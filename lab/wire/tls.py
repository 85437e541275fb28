"""
TLS contexts for credentials and trust stores, and TLS errors in words.

It knows OpenSSL (through pyOpenSSL) and neither HTTP nor pins. Every setting
that differs between Python versions or OpenSSL builds is set here, in the
open, so that every learner sees the same matrix.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import mldsa
from OpenSSL import SSL, crypto

from lab.building import Anchors
from lab.pki.authority import Credential, key_pem
from lab.pki.names import dns_name, is_address, sent
from lab.wire import keylog

_ALERT = re.compile(r"(?:(?:tlsv1\d?|sslv3|ssl/tls) (?:alert )?|tls alert )(.+)")
"""How OpenSSL words an alert that came in; those of TLS extensions lack the word itself."""


def server_context(
    credential: Credential,
    *,
    resumable: bool = False,
    tell: keylog.Tell | None = None,
    staple: Callable[[], bytes] = bytes,
) -> SSL.Context:
    """
    A TLS server that presents `credential`; the chain goes out exactly as given.

    Raises SSL.Error where the key does not belong to the leaf. Session tickets
    are off unless `resumable`: no scene but one is about them. `tell` is told
    the secrets of every connection, for a key log. `staple` is called for whoever
    asks for one, and gives its octets; none are sent where they are empty.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_ocsp_server_callback(lambda connection, data: staple())
    if tell:
        keylog.listen(context, tell)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.use_certificate(credential.leaf)
    for certificate in credential.chain[1:]:
        context.add_extra_chain_cert(certificate)
    _use_key(context, credential)
    context.check_privatekey()
    if resumable:
        context.set_session_id(b"lab")
    else:
        context.set_options(SSL.OP_NO_TICKET)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    return context


def _use_key(context: SSL.Context, credential: Credential) -> None:
    if not isinstance(credential.key, mldsa.MLDSA65PrivateKey):
        context.use_privatekey(credential.key)
        return
    # pyOpenSSL 26 takes an ML-DSA key from a file only. mkstemp makes it 0600.
    descriptor, path = tempfile.mkstemp(prefix="lab-", suffix=".pem")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key_pem(credential.key))
        context.use_privatekey_file(path)
    finally:
        os.unlink(path)


def client_context(
    anchors: Iterable[x509.Certificate],
    time: datetime | None = None,
    *,
    which: Anchors = Anchors.SELF_SIGNED,
    tell: keylog.Tell | None = None,
) -> SSL.Context:
    """
    A TLS client that trusts exactly `anchors` and verifies at `time` (now, where None).

    A path ends in a self-signed anchor, or where `which` says so at the first
    that it comes to (X509_V_FLAG_PARTIAL_CHAIN); no other flag of the store is
    set. No system trust store is ever read.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    if tell:
        keylog.listen(context, tell)
    store = context.get_cert_store()
    assert store is not None
    for anchor in anchors:
        store.add_cert(crypto.X509.from_cryptography(anchor))
    if which is Anchors.ANY:
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    if time:
        store.set_time(at(time))
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    # The callback belongs to the context, which many clients share; who watches belongs to the connection.
    context.set_ocsp_client_callback(lambda connection, staple, data: connection.get_app_data()(connection, staple))
    return context


def at(time: datetime) -> datetime:
    """This time as a store's clock wants it."""
    return time.astimezone(UTC).replace(tzinfo=None)


def ask_for(connection: SSL.Connection, host: str) -> None:
    """Say in the handshake which name is wanted (RFC 6066 section 3): an address is none."""
    if not is_address(host):
        connection.set_tlsext_host_name(sent(dns_name(host)))


def alert_in(problem: SSL.Error) -> str:
    """The TLS alert that the peer sent, as in ``unknown ca``; empty where the error is no alert."""
    if isinstance(problem, SSL.SysCallError) or not problem.args:  # a broken line: (errno, name), no entries
        return ""
    for entry in problem.args[0]:
        if found := _ALERT.match(str(entry[-1])):
            return found[1]
    return ""


def words(problem: Exception) -> str:
    """A transport problem in a few words, for a log that a learner reads."""
    if isinstance(problem, SSL.WantReadError | SSL.WantWriteError):
        return "nothing came within the time limit"
    if isinstance(problem, SSL.ZeroReturnError):
        return "the other side closed the connection"
    if isinstance(problem, SSL.SysCallError):
        return "the connection broke off" + (f" ({problem.args[1]})" if len(problem.args) > 1 else "")
    if isinstance(problem, SSL.Error) and problem.args and problem.args[0]:
        return "; ".join(str(entry[-1]) for entry in problem.args[0])
    return str(problem) or type(problem).__name__


def hang_up(connection: SSL.Connection | socket.socket) -> None:
    """Say goodbye (close_notify) where the other side still listens; a line without TLS has no such word."""
    with contextlib.suppress(SSL.Error, OSError):
        if isinstance(connection, SSL.Connection):
            connection.shutdown()
