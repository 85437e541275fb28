"""
OkHttp with its CertificatePinner, in a Java virtual machine.

It compares pins with the path that its chain cleaner builds. One machine makes
all the calls of a batch: starting it takes longer than the calls. Beside
OkHttp's jars it needs a JDK, since the few lines that call OkHttp are compiled
here.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from lab.building import ANY_SEARCHING
from lab.built.programs.program import (
    AT_ONCE,
    PATIENCE,
    Caller,
    Program,
    ProgramCall,
    Said,
    batch,
    to_its_end,
    version_of,
)
from lab.policy.pinset import Role

JARS = "LAB_JARS"
"""The environment variable that names OkHttp's jars, or folders with jars, where they are not Debian's."""

SOURCE = Path(__file__).with_name("Pinned.java")
DEBIAN = os.pathsep.join(("/usr/share/java/okhttp.jar", "/usr/share/java/okio.jar"))
_QUICK = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    f"-Djava.util.concurrent.ForkJoinPool.common.parallelism={AT_ONCE}",
)


def jars() -> list[Path]:
    """The jars to run with; empty where OkHttp is not among them."""
    named = [Path(one) for one in (os.environ.get(JARS) or DEBIAN).split(os.pathsep) if one]
    found = [jar.resolve() for one in named for jar in (sorted(one.glob("*.jar")) if one.is_dir() else [one])]
    return found if all(one.is_file() for one in found) and _okhttp_jar(found) else []


def _okhttp_jar(found: Sequence[Path]) -> Path | None:
    """The one with the client itself, and not with one of its companions (okhttp-tls, okhttp-urlconnection)."""
    return next((one for one in found if re.fullmatch(r"okhttp(-jvm)?(-\d.*)?\.jar", one.name)), None)


def _okhttp_version(jar: Path) -> str:
    """As OkHttp names itself to servers; no manifest of Debian's says it."""
    with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(jar) as opened:
        for name in ("okhttp3/internal/Version.class", "okhttp3/OkHttp.class", "okhttp3/internal/Util.class"):
            if name in opened.namelist() and (told := re.search(rb"(?:okhttp/)?(\d+\.\d+[\w.-]*)", opened.read(name))):
                return told.group(1).decode()
    return "of unknown version"


def _version() -> str | None:
    okhttp = _okhttp_jar(jars())
    java = version_of(["java", "-version"], r"\d+(?:\.\d+)*")()
    if not (okhttp and java and shutil.which("javac")):
        return None
    return f"{_okhttp_version(okhttp)} on Java {java}"


@functools.cache
def _compiled() -> Path:
    """The folder with the compiled class; made once for this process, and removed at its end."""
    folder = tempfile.TemporaryDirectory(prefix="lab-java-")
    atexit.register(folder.cleanup)
    here = Path(folder.name)
    command = ["javac", "-encoding", "UTF-8", "-classpath", _classpath(), "-d", str(here), str(SOURCE)]
    done = to_its_end(command, home=here, patience=PATIENCE * 3)
    if done.code != 0:
        problem = (done.errors.decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"])[0]
        raise OSError(
            f"javac could not compile {SOURCE.name} ({problem}); set {JARS} to OkHttp's jars, okio's included"
        )
    return here


def _classpath(*more: Path) -> str:
    return os.pathsep.join(str(one) for one in (*jars(), *more))


def _okhttp(role: Role | None = None) -> Caller:
    def run(calls: Sequence[ProgramCall]) -> Sequence[Said]:
        lines = ["\t".join((one.url, one.secret, one.pin(role) if role else "-", str(one.store))) for one in calls]
        command = ["java", *_QUICK, "-classpath", _classpath(_compiled()), "Pinned"]
        return batch(command, "\n".join(lines), len(calls))

    return run


OKHTTP = Program(
    "okhttp",
    "apt-get install libokhttp-java default-jdk-headless",
    _version,
    {
        "unpinned": _okhttp(),
        "okhttp-leaf": _okhttp(Role.LEAF),
        "okhttp-intermediate": _okhttp(Role.INTERMEDIATE),
        "okhttp-root": _okhttp(Role.ROOT),
    },
    ANY_SEARCHING,  # Java's own; OkHttp builds a path for its pins only
)
