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
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

from lab.built.field.program import AT_ONCE, PATIENCE, Call, Program, Said, environment, last_line, register, version_of
from lab.policy.pinset import Role

JARS = "LAB_JARS"
"""The environment variable that names OkHttp's jars, or folders with jars, where they are not Debian's."""

DEBIAN = Path("/usr/share/java")
NEEDED = ("okhttp.jar", "okio.jar")
_QUICK = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    f"-Djava.util.concurrent.ForkJoinPool.common.parallelism={AT_ONCE}",
)
_SETTINGS = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")


def jars() -> list[Path]:
    """The jars to run with; empty where OkHttp is not among them."""
    if named := os.environ.get(JARS):
        found = [Path(one) for one in named.split(os.pathsep) if one]
        found = [jar for one in found for jar in (sorted(one.glob("*.jar")) if one.is_dir() else [one])]
    else:
        found = [DEBIAN / name for name in NEEDED]
    found = [one.resolve() for one in found]
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
    source = here / "Pinned.java"
    source.write_bytes(resources.files("lab.built.field").joinpath(source.name).read_bytes())
    command = ["javac", "-encoding", "UTF-8", "-classpath", _classpath(), "-d", str(here), str(source)]
    done = _to_its_end(command, b"", here, PATIENCE * 3)
    if done.returncode:
        problem = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"])[0]
        raise OSError(
            f"javac could not compile {source.name} ({problem}); set {JARS} to OkHttp's jars, okio's included"
        )
    return here


def _classpath(*more: Path) -> str:
    return os.pathsep.join(str(one) for one in (*jars(), *more))


def _clean(home: Path) -> dict[str, str]:
    return {name: value for name, value in environment(home).items() if name not in _SETTINGS}


def _okhttp(role: Role | None = None) -> Callable[[Sequence[Call]], Sequence[Said]]:
    def run(calls: Sequence[Call]) -> Sequence[Said]:
        lines = ["\t".join((one.url, one.secret, one.pin(role) if role else "-", str(one.store))) for one in calls]
        folder = _compiled()
        command = ["java", *_QUICK, "-classpath", _classpath(folder), "Pinned"]
        with tempfile.TemporaryDirectory(prefix="lab-home-") as home:
            done = _to_its_end(command, "\n".join(lines).encode(), Path(home), PATIENCE * len(calls))
        said = [_said(line) for line in done.stdout.decode("utf-8", "replace").splitlines()]
        ended = Said(done.returncode, last_line(done.stderr) or "it ended before this call")
        return [*said, *[ended] * (len(calls) - len(said))][: len(calls)]

    return run


def _to_its_end(command: list[str], put: bytes, home: Path, patience: float) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command, input=put, capture_output=True, env=_clean(home), cwd=home, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired as slow:
        return subprocess.CompletedProcess(command, -1, slow.stdout or b"", b"did not end in time")


def _said(line: str) -> Said:
    code, _, words = line.partition("\t")
    return Said(int(code), words[:200] if code != "0" else "")


register(
    Program(
        "okhttp",
        "apt-get install libokhttp-java default-jdk-headless",
        _version,
        {
            "unpinned": _okhttp(),
            "okhttp-leaf": _okhttp(Role.LEAF),
            "okhttp-intermediate": _okhttp(Role.INTERMEDIATE),
            "okhttp-root": _okhttp(Role.ROOT),
        },
    )
)
