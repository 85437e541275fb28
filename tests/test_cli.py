"""The command line: what it prints, its JSON, and one sentence with exit code 2 for bad input."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from verbs import parsed

import lab
from lab import naming
from lab.built.bench import Bare
from lab.pki.world import World
from lab.policy import clients
from lab.policy.clients import CLIENTS, FURTHER
from lab.scenes import catalogue
from lab.scenes.catalogue import CASES
from lab.show.sheet import Banner, Sheet
from lab.verbs import VERBS, main
from lab.wire.listener import dial
from lab.wire.service import Service


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command that succeeds prints."""
    assert main(arguments) == 0
    return capsys.readouterr().out


def test_help_names_every_command_and_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """--help teaches: each command is named, and each command's own help has an example."""
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for verb in VERBS:
        assert f"\n    {verb.name} " in text
        with pytest.raises(SystemExit):
            main([verb.name, "--help"])
        assert f"example: python -m lab {verb.name}" in capsys.readouterr().out
    assert len({verb.name for verb in VERBS}) == len(VERBS)


def test_every_example_is_one(tmp_path: Path) -> None:
    """What --help gives as an example can be parsed, and is for the verb that it stands with."""
    for verb in VERBS:
        chosen = parsed(verb, *verb.example.split())
        assert chosen.run in (verb.run, *(inner.run for inner in verb.verbs)), verb.name


def test_help_loads_nothing_heavy() -> None:
    """The parser of all verbs is built without TLS, certificates, numbers, drawings or tables."""
    heavy = ("OpenSSL", "cryptography", "trustme", "numpy", "rich", "msgspec", "h11", "lab.scenes", "lab.show")
    code = (
        "import sys; from lab.verbs import main\n"
        "try: main(['--help'])\n"
        f"finally: print([one for one in {heavy} if one in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "[]")


def test_the_version_is_the_distributions(capsys: pytest.CaptureFixture[str]) -> None:
    """--version names what pyproject.toml builds."""
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert (stop.value.code, capsys.readouterr().out) == (0, f"pinning-lab {lab.__version__}\n")


def test_list_names_every_client_and_scene(capsys: pytest.CaptureFixture[str]) -> None:
    """`list` names each client and each scene, as text and as JSON."""
    text = said(capsys, "list", "--long")
    assert [name for name in [*CLIENTS, *FURTHER, *CASES] if name not in text] == []
    listed = json.loads(said(capsys, "list", "--json"))
    assert [one["name"] for one in listed["clients"]] == list(CLIENTS)
    assert [one["name"] for one in listed["further"]] == list(FURTHER)
    assert [one["name"] for one in listed["scenes"]] == list(CASES)


def test_matrix_prints_a_table_of_at_most_120_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """All clients print in blocks, no line is longer than 120 columns, and the scores are there."""
    text = said(capsys, "matrix", "--clients", "all", "--scenes", "other_trusted_ca,new_ca", "first_contact")
    assert max(map(len, text.splitlines())) <= 120
    assert "✗ intercepted" in text
    assert "■ outage" in text
    assert text.count("Scores") > 1


def test_matrix_json_has_one_record_for_each_trial(capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has the fields that a program needs, one record for each client and scene."""
    found = json.loads(
        said(capsys, "matrix", "--json", "--clients", "unpinned", "leaf-pinned", "--scenes", "other_trusted_ca")
    )
    records = {one["client"]: one for one in found["trials"]}
    assert list(records) == ["unpinned", "leaf-pinned"]
    robbed, safe = records["unpinned"], records["leaf-pinned"]
    assert (robbed["kind"], robbed["twin"], robbed["outcome"], robbed["verdict"]) == (
        "attack",
        "new_ca",
        "intercepted",
        "accepted",
    )
    assert (safe["outcome"], safe["verdict"], safe["deciding_check"], safe["leaked"]) == (
        "stopped",
        "refused",
        "leaf pin",
        0,
    )
    assert robbed["leaked"] > 0
    assert [one["name"] for one in safe["path"]] == ["bank.example", "Other Issuing CA", "Other Public Root"]
    assert all(one["pin"].startswith("sha256/") for one in [*safe["presented"], *safe["path"]])
    assert safe["reason"]
    assert found["scores"]["leaf-pinned"]["attacks_stopped"] == 1


def test_matrix_csv_has_one_line_for_each_trial(capsys: pytest.CaptureFixture[str]) -> None:
    """The CSV is a header and a line for each trial."""
    text = said(capsys, "matrix", "--csv", "--clients", "unpinned", "--scenes", "rotations")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["outcome"] for row in rows} == {"served"}
    assert [row["scene"] for row in rows] == [one.name for one in CASES.values() if one.kind == "rotation"]


def test_trial_tells_the_whole_story(capsys: pytest.CaptureFixture[str]) -> None:
    """`trial` shows chains, checks, the other side's view, a second opinion, and what would flip the verdict."""
    text = said(capsys, "trial", "leaf-pinned", "other_trusted_ca")
    for part in ("presented", "path", "REFUSE leaf pin", "hang up during the handshake", "Second opinion"):
        assert part in text
    assert "Would flip it remove the leaf pin check" in " ".join(text.split())
    robbed = " ".join(said(capsys, "trial", "unpinned", "other_trusted_ca").split())
    assert "the attacker has the client's secret in GET /account: " in robbed
    record = json.loads(said(capsys, "trial", "leaf-pinned", "other_trusted_ca", "--json"))
    assert record["would_flip"]["policy"] == ["path validation", "host name"]


BAD = {
    "a notebook that there is not, with the nearest": (["reset", "03", "04-moving-hose"], "nearest: 04-moving-house"),
    "a lock that there is not": (["offline", "--locks", "core,jupiter"], "nearest: jupyter"),
    "an unknown client, with the nearest names": (["trial", "leafpinned", "new_ca"], "nearest: leaf-pinned"),
    "an unknown scene, with the nearest names": (["trial", "unpinned", "newca"], "nearest: new_ca"),
    "an unknown client in a matrix": (["matrix", "--clients", "rootpinned"], "nearest: root-pinned"),
    "a client that is like no other": (["matrix", "--clients", "nobody"], "-m lab list` names them all"),
    "an unknown timeline": (["timeline", "five-year"], "nearest: five-years"),
    "an unknown dated scene": (["hpkp", "no_pins,lost_backups"], "nearest: lost_backup"),
    "an unknown adoption curve": (["fleet", "--adoption", "evergren"], "nearest: evergreen"),
    "an unknown program": (["field", "--programs", "curl,wgett"], "nearest: wget"),
    "an ACME client as a program": (["field", "--programs", "lego"], "ACME clients run where no program is named"),
    "an unknown profile": (["field", "--profiles", "crul-leaf"], "no client 'crul-leaf'"),
    "an unknown scene of the field": (["field", "--scenes", "attacks,new_kee"], "nearest: new_key"),
    "a picture in no folder": (["fleet", "--picture", "/nowhere/at/all.svg"], "/nowhere/at is no folder"),
    "a page that is a folder": (["timeline", "five-years", "--html", "."], "cannot write to .: it is a folder"),
    "a page in no folder": (["timeline", "five-years", "--html", "nowhere/x.html"], "is no folder"),
    "a file that is not there": (["pin", "nowhere.pem"], "cannot read nowhere.pem"),
    "a file that is no PEM": (["pin", __file__], "no certificates"),
    "a host outside the reserved domains": (["certs", "--host", "bank.com"], "try bank.example"),
    "a host that is none": (["certs", "--host", "a b"], "is not a host name"),
    "a relay target that is not loopback": (["intercept", "192.0.2.1:443"], "not a loopback address"),
    "a relay target by a name that might be anywhere": (["intercept", "bank.example:443"], "not a loopback address"),
    "a relay target without a port": (["intercept", "localhost"], "names no port; try localhost:8443"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_sentence_and_exit_code_2(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on the error stream, nothing on the other, exit code 2, never a traceback."""
    arguments, sentence = BAD[what]
    assert main(arguments) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("lab: ")
    assert error.count("\n") == 1
    assert sentence in error


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no /proc")
@pytest.mark.parametrize("place", ["/proc/x.html", "/proc/self/x.html"])
def test_a_place_that_takes_no_file_is_refused_before_the_years_are_run(
    place: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence and exit code 2, and nothing was run for nothing."""
    monkeypatch.setattr("lab.built.time.run.run", lambda *_: pytest.fail("it was run"))
    assert main(["timeline", "certificates-398-days", "--html", place]) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith(f"lab: cannot write to {place}: ")
    assert error.endswith("choose another place with --html\n")


def test_names_are_given_alike_to_every_verb() -> None:
    """One by one, with commas, by the name of a group: the same scenes and clients, each once."""
    alike = (["new_ca", "new_key"], ["new_ca,new_key"], ["new_ca,,new_key", "new_ca"])
    assert {tuple(one.name for one in catalogue.chosen(given)) for given in alike} == {("new_ca", "new_key")}
    assert catalogue.chosen("attacks,rotations,new_key") == [*catalogue.attacks(), *catalogue.rotations()]
    assert catalogue.chosen([CASES["new_ca"], "new_ca"]) == [CASES["new_ca"]]
    assert clients.chosen("leaf-pinned,story")[:2] == [CLIENTS["leaf-pinned"], CLIENTS["unpinned"]]
    assert naming.words(["a,b", "b", ",c"]) == ["a", "b", "c"]
    assert catalogue.chosen("new_ca new_key") == [CASES["new_ca"], CASES["new_key"]]
    assert catalogue.chosen([]) == naming.chosen("none", {"none": ()}, catalogue.case) == []


@pytest.mark.parametrize("nothing", ["", ",", ", ,"])
@pytest.mark.parametrize(
    "verb",
    ["matrix --clients", "matrix --scenes", "profiles --scenes", "report --clients", "report --profiles",
     "field --programs", "field --profiles", "field --scenes"],
)  # fmt: skip
def test_a_word_without_a_name_is_one_sentence(verb: str, nothing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty variable of a shell's asks neither for nothing nor for everything."""
    assert main([*verb.split(), nothing]) == 2
    assert capsys.readouterr() == ("", f"lab: {nothing!r} names nothing; {GROUPS[verb]}\n")


GROUPS = {
    **dict.fromkeys(
        ["matrix --clients", "report --clients", "field --profiles"],
        "there are the groups story, all, hpkp, continuity, revocation, transparency, dane, bound, hsts, profiles",
    ),
    **dict.fromkeys(
        ["matrix --scenes", "profiles --scenes", "field --scenes"],
        "there are the groups all, attacks, rotations, slips, bound, plain, ordered",
    ),
    "report --profiles": "there are the groups all, none",
    "field --programs": "there are the groups all",
}


def test_an_unwritable_folder_gets_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that cannot be made is named, and nothing is left behind."""
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    assert main(["certs", "--out", str(in_the_way / "certs")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("lab: cannot write to ")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == [in_the_way]


POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent differently on Windows")
FULL = "lab: cannot write the output: No space left on device; free some space, or send it elsewhere"
STOPPED = "lab: interrupted; every server is stopped"


@contextlib.contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The program as a shell starts it, with its temporary files in this folder; it is gone afterwards."""
    program = subprocess.Popen(
        [sys.executable, "-m", "lab", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    with program:
        try:
            yield program
        finally:
            program.kill()


@POSIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_an_interception_and_it_says_so(name: str, tmp_path: Path) -> None:
    """`intercept` tells how to come by, and a signal ends it with one line and 128 + its number; nothing is left."""
    number = getattr(signal, name)
    world = World(also=("localhost",))
    with Service(world.genuine) as service, started(tmp_path, "intercept", f"localhost:{service.port}") as program:
        assert program.stdout
        first, _, command = (program.stdout.readline() for _ in range(3))
        assert first.startswith("in the middle on 127.0.0.1:")
        assert "--cacert" in command
        assert list(tmp_path.iterdir()) != []
        time.sleep(0.1)
        program.send_signal(number)
        out, error = program.communicate(timeout=10)
    assert (program.returncode, error.strip()) == (128 + number, STOPPED), out
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_a_hangup_that_nohup_ignores_ends_nothing(tmp_path: Path) -> None:
    """Whoever started it so that it survives the terminal meant that; it ends by SIGTERM."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with started(tmp_path, "serve", "new_key", "--json") as program:
            assert program.stdout
            program.stdout.readline()
            program.send_signal(signal.SIGHUP)
            time.sleep(0.3)
            assert program.poll() is None
            program.send_signal(signal.SIGTERM)
            assert program.communicate(timeout=10)[1].strip() == STOPPED
    finally:
        signal.signal(signal.SIGHUP, before)
    assert program.returncode == 143


@POSIX
@pytest.mark.parametrize(
    ("shell", "code", "error"),
    [
        ("list > /dev/full", 1, FULL),
        ("matrix --scenes new_key > /dev/full", 1, FULL),
        ("list | head -c 0", 0, ""),
        ("list --long | head -c 9", 0, "Clients\n "),
        ("matrix --scenes new_key >&-", 0, ""),
        ("matrix --scenes new_key >&- 2>&-", 0, ""),
    ],
)
@pytest.mark.sampled(0)
def test_an_output_that_takes_nothing_is_no_traceback(shell: str, code: int, error: str) -> None:
    """A full disk is one sentence; who has seen enough, or closed it, hears nothing."""
    if "/dev/full" in shell and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    command = f"set -o pipefail; '{sys.executable}' -m lab {shell}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, (done.stdout + done.stderr).rstrip("\n")) == (code, error)


@pytest.mark.parametrize(
    "target", ["localhost:²", "[::1:443", "::1]:443", "localhost", ":443", "localhost:0", "localhost:65536"]
)
def test_where_to_stand_in_the_middle_is_host_and_port(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else is one sentence."""
    assert main(["intercept", target]) == 2
    error = capsys.readouterr().err
    assert error.startswith(
        f"lab: {target!r} {'names no port' if target == 'localhost' else 'is no HOST or HOST:PORT'}; "
    )
    assert error.count("\n") == 1


def test_two_titles_part_at_the_sign_between_them() -> None:
    """Where an attack's and its twin's do not fit beside each other, each has a line of its own."""
    row = Banner("A title that is long  ⇄  another one that is long", "[shares: root]")
    lines = Sheet("", ("a",), [row]).text(40).plain.splitlines()
    assert lines[-3:] == ["A title that is long", "⇄  another one that is long", "   [shares: root]"]


def test_who_breaks_off_is_no_trouble_of_the_benchs_partner() -> None:
    """An interrupted bench ends its own exchange; the thread that serves it goes on, and says nothing."""
    with Bare(World(), http=True) as bare:
        with dial(bare.address) as broken:
            broken.sendall(b"no handshake")
        bare.request()


@POSIX
@pytest.mark.parametrize("after", [0.9, 1.37])
def test_ctrl_c_ends_the_demo_wherever_it_strikes(after: float, tmp_path: Path) -> None:
    """A demo that is interrupted says so in one line, with exit code 130; inside OpenSSL's callback too."""
    with started(tmp_path, "demo") as program:
        assert program.stdout
        program.stdout.readline()  # it has begun
        time.sleep(after)
        program.send_signal(signal.SIGINT)
        _, error = program.communicate(timeout=20)
    assert (program.returncode, error.strip()) == (130, STOPPED)


def test_import_lab_loads_nothing_heavy() -> None:
    """`import lab` brings in neither OpenSSL nor cryptography until a name is used; a wrong name says what there is."""
    code = "import lab, sys; print(sorted({'OpenSSL', 'cryptography', 'trustme'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

    with pytest.raises(AttributeError, match="the lab has no 'martix'"):
        lab.martix  # type: ignore[attr-defined]  # noqa: B018


def test_a_python_without_the_packages_is_one_sentence() -> None:
    """Whoever forgot the environment is told where it is."""
    code = "import sys; sys.modules['trustme'] = None; from lab.verbs import main; sys.exit(main(['list']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "lab: this Python has no trustme; run `make demo` once, then `. .venv/bin/activate`, and try again"
    ]


# ---- files and names that others made -------------------------------------------------------------

READ = ("pin F", "timeline F.toml", "--with F.toml list", "--with F.py list", "report --json --field F",
        "forecast --pins F --chain F")  # fmt: skip


@POSIX
@pytest.mark.parametrize("verb", READ)
def test_nobody_waits_for_what_is_no_regular_file(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe that nobody writes to and a device are refused at once; a regular file in their place is looked into."""
    for make, said in (
        (os.mkfifo, True),
        (lambda path: os.symlink("/dev/zero", path), True),
        (lambda path: Path(path).write_text("\x00"), False),
    ):
        for path in (tmp_path / name for name in ("F", "F.toml", "F.py")):
            path.unlink(missing_ok=True)
            make(path)
        words = [str(tmp_path / word) if word.startswith("F") else word for word in verb.split()]
        if said or ".py" not in verb:
            assert main(words) == 2
        error = capsys.readouterr().err
        assert ("is no regular file; " in error) is said
        assert error.count("\n") <= 1


@pytest.mark.parametrize("verb", [*READ, "known list --store F", "timeline certificates-398-days --html F"])
def test_a_name_that_no_file_can_have_is_one_sentence(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Four hundred letters, a letter that ends a string in C, or a command to the terminal: said, and made harmless."""
    for name in ("a" * 400, "a\0b", "nowhere/\x1b[2J\u202e"):
        if name.startswith("a\0") and "known" in verb:
            continue  # no such file, and so no store
        words = [word.replace("F", name, 1) if word.startswith("F") else word for word in verb.split()]
        done = main(words)
        out, error = capsys.readouterr()
        assert (done, error.count("\n")) == ((0, 0) if "known" in verb and "\x1b" in name else (2, 1))
        assert all(one.isprintable() or one == "\n" for one in out + error)


@POSIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_program_while_it_is_loaded(name: str, tmp_path: Path) -> None:
    """Before there is anything to stop, it ends with 128 + the signal's number and without a word."""
    (tmp_path / "difflib.py").write_text("import time; print('loading', flush=True); time.sleep(30)")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])}
    command = [sys.executable, "-m", "lab", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as program:
        assert program.stdout
        assert program.stdout.readline() == "loading\n"
        program.send_signal(getattr(signal, name))
        assert program.communicate(timeout=10) == ("", "")
    assert program.returncode == 128 + getattr(signal, name)


@POSIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_waits_until_a_verb_has_loaded_what_it_needs(name: str, tmp_path: Path) -> None:
    """What a verb loads may make another error of an exception; so it is raised when that is done, and wakes it."""
    loading = (
        "import sys, time\nprint('loading', flush=True)\ntry: time.sleep(0.4)\nexcept BaseException: raise ImportError"
    )
    again = f"sys.path.remove({str(tmp_path)!r}); del sys.modules['service_identity']; import service_identity"
    (tmp_path / "service_identity.py").write_text(f"{loading}\n{again}\n")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])}
    command = [sys.executable, "-m", "lab", "intercept", "localhost:9"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as program:
        assert program.stdout
        assert program.stdout.readline() == "loading\n"
        program.send_signal(getattr(signal, name))
        assert program.communicate(timeout=10)[1].strip() == STOPPED
    assert program.returncode == 128 + getattr(signal, name)


LOSES = """
import threading, time
from lab.wire import interrupt
interrupt.listen()
try:
    print("up", flush=True)
    time.sleep(20)
except KeyboardInterrupt:
    pass
try:
    threading.Event().wait()
finally:
    time.sleep(1.2)
    print("clean", flush=True)
"""


@POSIX
def test_an_interrupt_that_was_dropped_on_its_way_is_raised_again() -> None:
    """Nobody waits for ever where C code has lost it; and who is cleaning up is not disturbed."""
    with subprocess.Popen(
        [sys.executable, "-c", LOSES], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    ) as program:
        assert program.stdout
        assert program.stdout.readline() == "up\n"
        program.send_signal(signal.SIGTERM)
        assert program.communicate(timeout=10)[0] == "clean\n"


def test_a_name_may_have_either_dash_and_swapped_arguments_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`-` and `_` are one sign in every list of names; who gives the scene first is told which way round."""
    assert catalogue.chosen("new-ca")[0] is CASES["new_ca"]
    assert clients.chosen("root_pinned")[0] is CLIENTS["root-pinned"]
    with pytest.raises(ValueError, match="nearest: new_ca"):
        catalogue.chosen("new-caa")
    assert main(["trial", "new_ca", "root-pinned"]) == 2
    assert capsys.readouterr().err == (
        "lab: new_ca is a scene, and the client comes first; give: trial root-pinned new_ca\n"
    )
