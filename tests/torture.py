"""
Random trouble for the whole program, by hand and with seeds: `python tests/torture.py signals 200`, `files 5000`,
`kills 100`.

It counts what must not be: tracebacks, wrong exit codes, processes and folders left behind, hangs. The exit code is 1
where anything of that was seen. A line for each gives the seed with which `python tests/torture.py KIND 1 SEED` does it
again (a signal's moment is that of the machine, and only near).
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psutil
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from vouching import certificates_in

from lab.built.known.store import Store
from lab.disk import MARK
from lab.pki.export import export
from lab.pki.pins import pin_of
from lab.policy.memory import Update

SLOW = 10.0  # seconds after which it hangs
DEAF = 20.0  # seconds that it may take from a signal to its end
MINE = 'version = 1\ntitle = "a"\nlifetime_days = 90\n[[meeting]]\n[[meeting]]\nday = 30\nmove = "new_key"\n'

VERBS = (
    "demo", "matrix --clients unpinned --scenes new_key", "trial unpinned new_key", "list", "profiles --scenes new_key",
    "serve new_key --for 3", "forecast --chain chains/genuine.pem --pins pins/pins.json --scenes new_key",
    "pin chains/genuine.pem", "certs --out OUT", "intercept localhost:9", "timeline certificates-398-days --html OUT",
    "hpkp no_pins", "known list --store known.sqlite", "report --out OUT --clients unpinned --scenes new_key",
    "fleet --devices 1000 --years 1 --seeds 1", "notebooks --out OUT", "bench --quick",
    "field --programs curl --profiles curl", "field --programs chromium", "cast", "cast --split --json",
)  # fmt: skip
READERS = (
    ("chains/genuine.pem", "pin F"),
    ("chains/genuine.pem", "forecast --chain F --pins pins/pins.json --scenes new_key"),
    ("pins/pins.json", "forecast --chain chains/genuine.pem --pins F --scenes new_key"),
    ("mine.toml", "--with F list"),
    ("line.toml", "timeline F"),
    ("known.sqlite", "known list --store F"),
    ("known.sqlite", "known export --store F"),
    ("field.json", "report --json --field F --clients unpinned --scenes new_key --profiles none"),
)

SPECIAL = (
    b"", b"\0", b"\xff\xfe", b"\x1b[2J", "\u202e".encode(), b"[" * 3000, b"a." * 30000, b"9" * 20, b"-1", b"\n", b'"',
    b"nan",
)  # fmt: skip


def inputs(folder: Path) -> None:
    """Valid inputs for every verb, made by the lab itself."""
    export(folder, "bank.example")
    with Store(folder / "known.sqlite") as store:
        for number in range(20):
            store.apply(Update(f"sha256/{number}"), "bank.example", 443 + number, datetime.now(UTC))
    (folder / "mine.toml").write_text(MINE)
    ready = Path(__file__).parent.parent / "lab/built/time/ready/certificates-398-days.toml"
    shutil.copy(ready, folder / "line.toml")
    rows = {name: [{"name": "curl", "program": "curl", "agree": True}] for name in ("programs", "results", "attackers")}
    (folder / "field.json").write_text(json.dumps({"format": 1, **rows}))


@contextlib.contextmanager
def started(words: list[str], folder: Path, inside: Path) -> Iterator[subprocess.Popen[str]]:
    """The program, whose temporary files lie in `inside`; nothing of it is left afterwards."""
    env = {**os.environ, "TMPDIR": str(inside), "TORTURE": str(inside)}
    with (
        open(inside.with_suffix(".err"), "w+", encoding="utf-8", errors="replace") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "lab", *words], cwd=folder, env=env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
        ) as process,
    ):  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def left(inside: Path) -> list[psutil.Process]:
    """The processes that have this run's mark, and live."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if one.environ().get("TORTURE") == str(inside) and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
    return found


def signalled(dice: random.Random, folder: Path, inside: Path) -> tuple[str, list[str]]:
    """One verb, one signal at one moment; returns what was done, and what was wrong."""
    verb, name = dice.choice(VERBS), dice.choice(["SIGINT", "SIGTERM", "SIGHUP"])
    after = dice.choice([dice.uniform(0, 0.6), dice.uniform(0, 4)])
    number, wrong = getattr(signal, name), []
    words = [str(inside.with_suffix(".out")) if word == "OUT" else word for word in verb.split()]
    with started(words, folder, inside) as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        before = process.returncode
        process.send_signal(number)
        try:
            code = process.wait(DEAF)
        except subprocess.TimeoutExpired:
            code = None
            wrong.append("deaf")
    # A signal before Python listens ends it outright, which a shell calls 128 + n as well; what is left is asked below.
    if before is None and code not in (128 + number, -number, 0, None):
        wrong.append(f"exit code {code}")
    said = inside.with_suffix(".err").read_text("utf-8", "replace")
    wrong += ["traceback"] * ("Traceback" in said or "Exception ignored" in said)
    ends = time.monotonic() + 3
    while (alive := left(inside)) and time.monotonic() < ends:
        time.sleep(0.1)
    wrong += [f"process {one.pid} left" for one in alive]
    for one in alive:
        one.kill()
    wrong += [f"left {one.name}" for one in inside.iterdir() if one.name.startswith("lab-")]
    return f"{verb}, {name} after {after:.2f} s" + (", which had ended" if before is not None else ""), wrong


def mutated(dice: random.Random, octets: bytes) -> bytes:
    """A few changes at random places: flipped, cut, doubled, repeated, filled with what is special somewhere."""
    for _ in range(dice.choice([1, 1, 2, 5])):
        at, to = sorted(dice.randrange(len(octets) + 1) for _ in range(2))
        to = min(to, at + dice.choice([1, 8, 100, 4000]))
        noise, more = dice.randbytes(to - at), octets[at:to] * dice.choice([2, 50])
        octets = octets[:at] + dice.choice([noise, more, dice.choice(SPECIAL)]) + octets[to:]
    return octets


def read(dice: random.Random, folder: Path, inside: Path) -> tuple[str, list[str]]:
    """One verb that reads a file, and the file spoilt."""
    name, verb = dice.choice(READERS)
    path = inside / f"spoilt{Path(name).suffix}"
    path.write_bytes(mutated(dice, (folder / name).read_bytes()))
    wrong = []
    with started([str(path) if word == "F" else word for word in verb.split()], folder, inside) as process:
        try:
            code = process.wait(SLOW)
        except subprocess.TimeoutExpired:
            code = None
            wrong.append("hangs")
    said = inside.with_suffix(".err").read_text("utf-8", "replace")
    wrong += ["traceback"] * ("Traceback" in said)
    if code not in (0, 2, None) or (code == 2) != (said.count("\n") == 1 and said.startswith("lab: ")):
        wrong.append(f"exit code {code} with {len(said)} letters")
    return f"{verb} (of {name}), {code}", wrong


CERTS = (
    "import sys; from lab.verbs import main\n"
    "while not main(['certs', '--with-attackers-ca', '--out', sys.argv[1]]): pass"
)


def one_world(folder: Path) -> list[str]:
    """What is wrong with an export: what is missing or too much, keys and pins of another one, what lies beside it."""
    if not folder.exists():
        return ["no folder"]
    _, *names = (folder / MARK).read_text("utf-8").splitlines()
    there = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}
    wrong = [f"differs in {name}" for name in sorted(there ^ {MARK, *names})]
    if not wrong:
        leaves = {one.stem: certificates_in(one)[0].public_key() for one in (folder / "chains").iterdir()}
        keys = {one.stem: load_pem_private_key(one.read_bytes(), None) for one in (folder / "keys").iterdir()}
        wrong += [f"another key of {name}" for name in leaves if keys[name].public_key() != leaves[name]]
        pins = json.loads((folder / "pins/pins.json").read_text("utf-8"))
        roots = {pin_of(one) for one in certificates_in(folder / "stores/public.pem")}
        wrong += ["another leaf's pin"] * (pins["leaf"] != pin_of(leaves["genuine"]))
        wrong += ["another root's pin"] * (pins["root"] not in roots)
    return wrong


def killed(dice: random.Random, folder: Path, inside: Path) -> tuple[str, list[str]]:
    """`certs` over an export of its own, again and again, and SIGKILL at one moment; then once more, to its end."""
    out, after = inside / "certs", dice.uniform(0, 0.5)
    export(out)
    line = [sys.executable, "-c", CERTS, str(out)]
    with subprocess.Popen(line, cwd=inside, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()  # it has written once, and goes on
        threading.Thread(target=process.stdout.read, daemon=True).start()
        time.sleep(after)
        process.kill()
    wrong = one_world(out)
    left_over = [one.name for one in inside.iterdir() if one != out]
    export(out)
    wrong += one_world(out) + [f"left {one.name}" for one in inside.iterdir() if one != out]
    return f"SIGKILL after {after:.3f} s, which left {len(left_over)} beside", wrong


KINDS = {"signals": signalled, "files": read, "kills": killed}


def main(kind: str, many: int, first: int, at_once: int = 2) -> int:
    """So many rounds from this seed on; prints each that went wrong, and the figures."""
    counted: Counter[str] = Counter()
    # Whom a shell starts in the background ignores Ctrl-C, and so do its children until they say otherwise.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name) / "inputs"
        inputs(folder)

        def once(seed: int) -> None:
            inside = Path(name) / str(seed)
            inside.mkdir()
            done, wrong = KINDS[kind](random.Random(seed), folder, inside)
            counted.update([" ".join(one.split()[:1]) for one in wrong] or ["fine"])
            if wrong:
                print(f"seed {seed}: {done}: {', '.join(wrong)}", flush=True)
                if (said := inside.with_suffix(".err")).exists():
                    print("   ", said.read_text("utf-8", "replace")[-300:].replace("\n", "\n    "))
            for one in (inside, inside.with_suffix(".out")):
                shutil.rmtree(one, ignore_errors=True)

        with ThreadPoolExecutor(at_once) as pool:
            for _ in pool.map(once, range(first, first + many)):
                pass
    print(f"{kind}, seeds {first} to {first + many - 1}: " + ", ".join(f"{n} {w}" for w, n in counted.most_common()))
    return 1 if set(counted) - {"fine"} else 0


if __name__ == "__main__":
    _, what, rounds, *seed = sys.argv
    sys.exit(main(what, int(rounds), int(seed[0]) if seed else random.randrange(10**6)))
