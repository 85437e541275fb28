"""
The secrets of TLS connections, written down for tools that look into a capture.

It knows the file's format (SSLKEYLOGFILE, RFC 9850: one line for each secret,
with the client's random that it belongs to) and no TLS: OpenSSL hands it the
lines. Whoever has these lines can read the connections, so they are kept for
the lab's own throwaway ones only, and only where somebody asked.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from OpenSSL import SSL

from lab.disk import append, new_file

Tell = Callable[[bytes], None]
"""What a key log does with one line; called in whichever thread makes a handshake."""


def listen(context: SSL.Context, tell: Tell) -> None:
    """Have OpenSSL tell every secret that this context's connections agree on."""
    context.set_keylog_callback(lambda connection, line: tell(line))


class KeyLog:
    """
    A key log file, a line for each secret and each line once; appended to at once, and valid at any time.

    Both ends of a connection may tell the same secrets. `also` hears each new
    line. A disk that is full does not end a connection: it ends the writing,
    and stands in `problem`.
    """

    def __init__(self, path: Path | None = None, also: Tell | None = None) -> None:
        self.path = path
        self.problem: OSError | None = None
        self.also = also
        self._told: set[bytes] = set()
        self._lock = threading.Lock()
        self._descriptor = None if path is None else new_file(path)

    def tell(self, line: bytes) -> None:
        """Write down one line, unless it stands there already; it does when this returns, whichever end was first."""
        with self._lock:
            if line in self._told:
                return
            self._told.add(line)
            if self._descriptor is not None:
                try:
                    append(self._descriptor, line.rstrip(b"\n") + b"\n")
                except OSError as problem:
                    self.problem = problem
                    self._close()
            if self.also:  # still within the lock: the other end must not go on before this line is where it belongs
                self.also(line)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
