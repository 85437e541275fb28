"""
The store of known hosts: one SQLite file, for several processes at once.

It keeps records and judges nothing. What `apply` has acknowledged, by
returning, survives a SIGKILL at any moment; what it has not is there whole or
not at all.

Why that holds. The journal is a write-ahead log: a commit is appended to it
and later copied into the main file, and whoever opens the store replays the
log up to its last whole commit (sqlite.org/wal.html). Against SIGKILL alone
``synchronous=NORMAL`` would do, since what a process has written stays in the
kernel. It would not do against a power cut: NORMAL does not sync the log at a
commit, so the newest commits may be lost. A lost record is not harmless here,
it makes the next meeting a first use again. So it is FULL, which syncs the log
at every commit. What a disk promises about a sync is beyond this file (on
macOS, fsync alone does not empty the disk's cache).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time as clock
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Self

import msgspec

from lab.naming import printable
from lab.policy.memory import Record, Update, canonical

APPLICATION = 0x6C61626B  # "labk" in the file's header: this file is ours
VERSION = 1
PATIENCE = 10.0  # seconds to wait for another process's write
CACHE = 64 * 1024  # KiB of pages kept; the inner pages of a million hosts fit many times
BATCH = 10_000  # records of one transaction in `fill`

# One B-tree, clustered by host: a look-up is one descent, and a host's keys lie side by side.
SCHEMA = """
CREATE TABLE known (
    host TEXT NOT NULL, port INTEGER NOT NULL, pin TEXT NOT NULL,
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, count INTEGER NOT NULL, expires INTEGER,
    PRIMARY KEY (host, port, pin)
) WITHOUT ROWID
"""
COLUMNS = "host, port, pin, first_seen, last_seen, count, expires"
LOOK_UP = f"SELECT {COLUMNS} FROM known WHERE host = ? AND port = ? ORDER BY pin"
MEET = f"""
INSERT INTO known ({COLUMNS}) VALUES (:host, :port, :pin, :now, :now, 1, :expires)
ON CONFLICT DO UPDATE SET last_seen = max(last_seen, :now), count = count + 1, expires = coalesce(:expires, expires)
"""
ANNOUNCE = f"INSERT INTO known ({COLUMNS}) VALUES (:host, :port, :pin, :now, :now, 0, NULL) ON CONFLICT DO NOTHING"
# Records that come from elsewhere add their meetings to those that are there.
MERGE = f"""
INSERT INTO known ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET first_seen = min(first_seen, excluded.first_seen),
    last_seen = max(last_seen, excluded.last_seen), count = count + excluded.count,
    expires = coalesce(excluded.expires, expires)
"""


ROW = tuple[str, int, str, int, int, int, int | None]
"""What `COLUMNS` have to hold; SQLite itself lets any value stand in any column."""


class Store:
    """
    Known hosts in the SQLite file at `path`, which is made where there is none.

    A store that is there and that this user may not write is opened for reading.
    Use it as a context manager, or call `close`. One object belongs to one
    thread; several processes and threads may each have their own on one file.
    Every method raises ValueError, in one sentence, for a file that is no
    store, is damaged, cannot be read or written, or stays locked for longer
    than `patience` seconds.
    """

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self.path = path
        self._patience = patience
        with self._worded():
            if not path.exists():
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                # Which hosts somebody visits is nobody else's business. SQLite gives its log the same mode.
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            writable = all(os.access(one, os.W_OK) for one in (path, path.parent))
            # Of a store in a folder where no log can be made, and where none is, nobody writes a log either.
            logged = os.path.lexists(f"{path}-wal")
            mode = "rw" if writable else "ro" if logged else "ro&immutable=1"
            where = f"{path.absolute().as_uri()}?mode={mode}"
            self._database = sqlite3.connect(where, uri=True, timeout=patience, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self._database.close()
                raise

    def _open(self) -> None:
        one = self._one
        if one("PRAGMA application_id") != APPLICATION:
            # Nothing is written to a file that is not ours, not even its journal mode.
            if one("SELECT count(*) FROM sqlite_master") or one("PRAGMA user_version"):
                if one("PRAGMA application_id") != APPLICATION:  # another process may have made it just now
                    raise ValueError(
                        f"{self.path} is a SQLite database of another program; give --store a file of its own"
                    )
            else:
                self._create()
        version = one("PRAGMA user_version")
        if version != VERSION:
            raise ValueError(
                f"{self.path} is a store of version {version}, and this lab reads version {VERSION}; "
                "give --store another file, or use the lab that wrote it"
            )
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(f"PRAGMA cache_size = -{CACHE}")

    def _create(self) -> None:
        deadline = clock.monotonic() + self._patience
        while True:  # changing the journal mode does not wait for another process by itself
            try:
                self._database.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as problem:
                if problem.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or clock.monotonic() > deadline:
                    raise
                clock.sleep(0.01)
        with self._writing():
            if self._one("PRAGMA application_id") != APPLICATION:
                self._database.execute(SCHEMA)
                self._database.execute(f"PRAGMA application_id = {APPLICATION}")
                self._database.execute(f"PRAGMA user_version = {VERSION}")

    def _one(self, query: str) -> int:
        return int(self._database.execute(query).fetchone()[0])

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction that holds the write lock from its start, so that what it reads stays true."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:  # commits, or rolls back what failed
            yield

    @contextlib.contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            raise ValueError(self._words(problem)) from None
        except OSError as problem:
            raise ValueError(
                f"cannot make {self.path}: {problem.strerror}; give --store a file in a folder of yours"
            ) from None

    def _words(self, problem: sqlite3.Error) -> str:
        code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_NOTADB:
            return f"{self.path} is no store of known hosts, nor any SQLite database; give --store another file"
        if code == sqlite3.SQLITE_CORRUPT:
            return f"{self.path} is damaged ({problem}); put a backup in its place, or move it away to start afresh"
        if code == sqlite3.SQLITE_BUSY:
            return f"{self.path} was locked by another process for {self._patience:g} s; try again when it is done"
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            return f"{self.path} cannot be opened for writing ({problem}); give --store a file of yours"
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return f"{self.path} could not be read or written ({problem}); see whether the disk is full or failing"
        return f"{self.path} cannot be used as a store ({problem}); give --store another file"

    # ---- reading

    def look_up(self, host: str, port: int) -> tuple[Record, ...]:
        """What is known of a host and port, by pin; empty where nothing is."""
        with self._worded():
            return tuple(map(self._record, self._database.execute(LOOK_UP, (canonical(host), port))))

    def records(self, host: str = "") -> Iterator[Record]:
        """Every record, or those of one host, by host, port and pin; as they were when the reading began."""
        query, given = f"SELECT {COLUMNS} FROM known", list[str]()
        if host:
            query, given = query + " WHERE host = ?", [canonical(host)]
        with self._worded():
            for row in self._database.execute(query + " ORDER BY host, port, pin", given):
                yield self._record(row)

    def _record(self, row: tuple[object, ...]) -> Record:
        try:
            host, port, pin, first, last, count, expires = msgspec.convert(row, ROW)
            ends = None if expires is None else _time(expires)
            return Record(host, port, pin, _time(first), _time(last), count, ends)
        except (msgspec.ValidationError, ValueError, OverflowError, OSError):
            raise ValueError(
                f"{self.path} is damaged (the record of {printable(str(row[0]))} has a value that none can have); "
                "put a backup in its place, or move it away to start afresh"
            ) from None

    # ---- writing

    def apply(
        self, update: Update, host: str, port: int, time: datetime, *, expecting: Iterable[Record] | None = None
    ) -> bool:
        """
        Keep what a meeting changed; when this returns True it is on the disk.

        `expecting` are the records that the decision was made on. Where another
        process has changed which keys are known since then, nothing is written
        and the answer is False: judge again. Two processes that each meet a
        host for the first time can so not both have their way.
        """
        name, now = canonical(host), _seconds(time)
        with self._worded(), self._writing():
            known = {one.pin for one in self.look_up(name, port)}
            if expecting is not None and known != {one.pin for one in expecting}:
                return False
            for pin in update.drop:
                self._database.execute("DELETE FROM known WHERE host = ? AND port = ? AND pin = ?", (name, port, pin))
            values = {"host": name, "port": port, "now": now, "expires": _seconds(update.expires)}
            if update.met:
                self._database.execute(MEET, {**values, "pin": update.met})
            for pin in update.add:
                self._database.execute(ANNOUNCE, {**values, "pin": pin})
        return True

    def fill(self, records: Iterable[Record]) -> None:
        """Merge many records, ten thousand to a transaction."""
        rows = map(_row, records)
        while batch := list(islice(rows, BATCH)):
            with self._worded(), self._writing():
                self._database.executemany(MERGE, batch)

    def forget(self, host: str, port: int | None = None) -> int:
        """Delete what is known of a host, on all its ports or on one; returns how many records that were."""
        return self._delete("host = :host AND (:port IS NULL OR port = :port)", host=canonical(host), port=port)

    def forget_all(self, *, expired_at: datetime | None = None) -> int:
        """Delete every record, or every one that had expired at that time; returns how many."""
        return self._delete(":time IS NULL OR expires < :time", time=_seconds(expired_at))

    def _delete(self, where: str, **given: str | int | None) -> int:
        with self._worded(), self._writing():
            return self._database.execute(f"DELETE FROM known WHERE {where}", given).rowcount

    def close(self) -> None:
        """Close the file; the last one to close it copies the log into it. Calling it twice is fine."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _seconds(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp())


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _row(one: Record) -> tuple[str, int, str, int | None, int | None, int, int | None]:
    ends = _seconds(one.expires)
    return (canonical(one.host), one.port, one.pin, _seconds(one.first_seen), _seconds(one.last_seen), one.count, ends)
