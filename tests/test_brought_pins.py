"""What people bring as pins gets a right answer, or one true sentence: code, commands, configurations, fragments."""

from __future__ import annotations

import base64
import hashlib
import json
import plistlib
import re
import time
from contextlib import suppress
from pathlib import Path

import pytest
from forecast_chains import BACKUP, HOST, android, bare, certificates, chain, der, ios, pem
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.built.forecast.config import Format, PinConfig, Severity, choose, default_host, domain
from lab.built.forecast.forecast import Forecast, forecast
from lab.built.forecast.formats import parse_pins
from lab.built.forecast.match import Names, match
from lab.built.forecast.scope import TABLE
from lab.built.forecast.tokens import Token, TokenKind, nests, tokens
from lab.built.time.reading import load
from lab.observation import Outcome
from lab.pki.pins import fingerprint_of, pin_of, spki
from lab.policy.pinset import Where
from lab.policy.profiles import KEY_SHOWN
from lab.verbs import main

LEAF, ISSUING, ROOT = (pin_of(one) for one in certificates())
L, B = bare(LEAF), bare(BACKUP)
BOTH = [LEAF, BACKUP]
SERVED, OUTAGE, STOPPED, INTERCEPTED = Outcome.SERVED, Outcome.OUTAGE, Outcome.STOPPED, Outcome.INTERCEPTED


def read(brought: str | bytes, name: str = "pins", host: str | None = None, format: Format | None = None) -> PinConfig:
    octets = brought if isinstance(brought, bytes) else brought.encode()
    return choose(parse_pins(octets, file=name, format=format), host, name)


def pins(brought: str | bytes, name: str = "pins", host: str | None = None) -> list[str]:
    return [str(one) for one in read(brought, name, host).pins]


def refused(brought: str | bytes, name: str = "pins", host: str | None = None) -> str:
    """The one sentence."""
    with pytest.raises(ValueError, match=r"\A.+\Z") as problem:
        read(brought, name, host)
    assert str(problem.value).startswith(name)
    assert str(problem.value).count("read as") <= 1
    return str(problem.value)


def ran(config: PinConfig, *scenes: str, **more: object) -> Forecast:
    return forecast(config, chain(), scenes=scenes, **more)  # type: ignore[arg-type]


def remarks(config: PinConfig) -> dict[str, Severity]:
    return {one.name: one.severity for one in config.remarks}


# ---- OkHttp in Kotlin and Java --------------------------------------------------------------------

MUELLER = "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller"
BUILDER = "val pinner = CertificatePinner.Builder()\n"
JAVA = "class A {{ {0} CertificatePinner p = new CertificatePinner.Builder(){1}.build(); }}"
CODE: dict[str, tuple[str, str, list[str]]] = {
    "a line comment": ("a.kt", f'{BUILDER} // .add("{HOST}", "{LEAF}") old\n .add("{HOST}", "{BACKUP}")', [BACKUP]),
    "KDoc, with a comment in it": (
        "a.kt",
        f'/** .add("{HOST}", "{LEAF}") /* so */ .add("{HOST}", "{LEAF}") */ {BUILDER}.add("{HOST}", "{BACKUP}")',
        [BACKUP],
    ),
    "Java's comments do not nest": ("a.java", JAVA.format("/* /* */", f'.add("{HOST}", "{LEAF}")'), [LEAF]),
    "a comment between arguments": (
        "a.kt",
        f'{BUILDER}.add(\n "{HOST}",\n // renewed\n "{LEAF}",\n /* safe */ "{BACKUP}",\n)',
        BOTH,
    ),
    "signs of comments in strings": (
        "a.kt",
        f'val u = "https://x/*"\n{BUILDER}.add("{HOST}", "{LEAF}") // */\n .add("{HOST}", "{BACKUP}")',
        BOTH,
    ),
    "a quote as a character": ("a.kt", f"val q = '\"'\n{BUILDER}.add(\"{HOST}\", \"{LEAF}\")", [LEAF]),
    "other objects that add": (
        "a.kt",
        f"val m = Moshi.Builder().add(KotlinJsonAdapterFactory()).build()\nprotocols.add(Protocol.HTTP_2)\n"
        f'val h = Headers.Builder().add("Accept", "x/y")\n{BUILDER}.add("{HOST}", "{LEAF}").add("{HOST}", "{BACKUP}")',
        BOTH,
    ),
    "constants": (
        "a.kt",
        f'private const val H = "{HOST}"\nobject Pins {{ const val LEAF: String = "{LEAF}" }}\n'
        f"{BUILDER}.add(H, Pins.LEAF)",
        [LEAF],
    ),
    "a constant below other types": (
        "a.kt",
        f'val x: Int\nval H = "{HOST}"\nfun f(a: String = "z"): String\nval P: Array<out String> = arrayOf("{LEAF}")\n'
        f"val t: X?\n{BUILDER}.add(H, *P)",
        [LEAF],
    ),
    "constants in Java": (
        "a.java",
        JAVA.format(f'private static final String H = "{HOST}", X; static final String P = "{LEAF}";', ".add(H, A.P)"),
        [LEAF],
    ),
    "templates and sums": (
        "a.kt",
        f'const val L = "{L}"\nval D = "bank.com"\n{BUILDER}.add("www.$D", "sha256/${{L}}", "sha256/" + Keys.BACKUP)\n'
        f'object Keys {{ val BACKUP = "{B}" }}',
        BOTH,
    ),
    "a dollar in Java": ("a.java", JAVA.format('String a = "$b";', f'.add("{HOST}", "{LEAF}")'), [LEAF]),
    "escapes": ("a.kt", f'{BUILDER}.add("www\\u002ebank.com", "{LEAF}")', [LEAF]),
    "a text block": ("a.java", JAVA.format("", f'.add("{HOST}", """\n    {LEAF}""")'), [LEAF]),
    "a raw string, trimmed": ("a.kt", f'{BUILDER}.add("""{HOST}""", """\n   {LEAF}\n""".trim())', [LEAF]),
    "a constant that may be null": ("a.kt", f'val H: String? = "{HOST}"\n{BUILDER}.add(H!!, "{LEAF}")', [LEAF]),
    "apply": ("a.kt", f'{BUILDER}.apply {{\n add("{HOST}", "{LEAF}")\n add("{HOST}", "{BACKUP}") }}.build()', BOTH),
    "also, beside another list": (
        "a.kt",
        f'{BUILDER}.also {{ b -> b.add("{HOST}", "{LEAF}"); names.add("{HOST}") }}',
        [LEAF],
    ),
    "with": ("a.kt", f'val p = with(CertificatePinner.Builder()) {{ add("{HOST}", "{LEAF}")\n build() }}', [LEAF]),
    "a variable": (
        "a.java",
        f'CertificatePinner.Builder b = new okhttp3.CertificatePinner.Builder();\nb.add("{HOST}", "{LEAF}"); '
        'l.add("x");',
        [LEAF],
    ),
    "a parameter": ("a.kt", f'fun f(b: CertificatePinner.Builder) {{ b.add("{HOST}", "{LEAF}") }}', [LEAF]),
    "named arguments": ("a.kt", f'{BUILDER}.add(pins = arrayOf("{LEAF}", "{BACKUP}"), pattern = "{HOST}")', BOTH),
    "a list, spread": (
        "a.kt",
        f'val P = listOf("{LEAF}", "{BACKUP}")\n{BUILDER}.add("{HOST}", *P.toTypedArray())',
        BOTH,
    ),
    "an array in Java": (
        "a.java",
        JAVA.format(f'static final String[] P = {{ "{LEAF}", "{BACKUP}" }};', f'.add("{HOST}", P)'),
        BOTH,
    ),
    "43 characters, and url-safe": (
        "a.kt",
        f'{BUILDER}.add("{HOST}", "sha256/{L[:-1]}", "sha256/{B.replace("+", "-").replace("/", "_")}")',
        BOTH,
    ),
    "another encoding": ("a.kt", f'// {MUELLER}\n{BUILDER}.add("{HOST}", "{LEAF}")', [LEAF]),
    "another platform's word": ("a.kt", f'// as NSPinnedDomains\n{BUILDER}.add("{HOST}", "{LEAF}")', [LEAF]),
}  # fmt: skip


@pytest.mark.parametrize("name", CODE)
def test_code_pins_what_the_program_would_pin(name: str) -> None:
    """Comments are no code, constants of the file are followed, and who else has an `add` pins nothing."""
    file, text, expected = CODE[name]
    encoding = "cp1252" if "encoding" in name else "utf-8"
    assert pins(text.encode(encoding), file, HOST) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{BUILDER}\n.add("{HOST}", BuildConfig.PIN)', "line 3: 'PIN' is no constant of this file"),
        (f'{BUILDER}.apply {{ for (h in hosts) add(h, "{LEAF}") }}', "line 2: 'h' is no constant"),
        (f'val H = if (x) "a" else "b"\n{BUILDER}.add(H, "{LEAF}")', "line 1: what is pinned stands neither"),
        (f'val H = "a.example".replace("a", "b")\n{BUILDER}.add(H, "{LEAF}")', "line 1: what is pinned stands neither"),
        (f'object D {{ val H = "d.x" }}\nobject E {{ val H = "e.x" }}\n{BUILDER}.add(E.H, "{LEAF}")', "several values"),
        (f'val H = G\nval G = H\n{BUILDER}.add(H, "{LEAF}")', "is no constant"),
        (f'/* {BUILDER}.add("{HOST}", "{LEAF}") */ val x: CertificatePinner.Builder', "outside of comments"),
        (f'{BUILDER}.add("https://{HOST}", "{LEAF}")', "no domain name"),
    ],
)
def test_what_is_computed_is_refused_by_its_line(text: str, said: str) -> None:
    """And the sentence says how to go on."""
    sentence = refused(text, "a.kt")
    assert said in sentence
    assert "no domain name" in said or "write the pins one on a line" in sentence


def test_what_cannot_be_read_of_one_host_is_no_matter_to_another() -> None:
    """A pin from BuildConfig for one host, and plain strings for the one that is asked for."""
    text = f'{BUILDER}.add("a.example", BuildConfig.PIN)\n.add("{HOST}", "{LEAF}")'
    assert pins(text, "a.kt", HOST) == [LEAF]
    assert "'PIN' is no constant" in refused(text, "a.kt", "a.example")


CHOICES = {
    "if and else": BUILDER + "if (DEBUG) { pinner.[1] } else { pinner.[2] }",
    "if without braces": BUILDER + ".apply { if (A) [1]\n else [2] }",
    "when": BUILDER + "when (x) { 1 -> pinner.[1]\n else -> pinner.[2] }",
    "switch": BUILDER + "switch (x) { case 1: pinner.[1]; default: pinner.[2]; }",
    "two builders": "val a = CertificatePinner.Builder().[1].build()\nval b = CertificatePinner.Builder().[2].build()",
    "two variables": "val a = CertificatePinner.Builder()\nval b = CertificatePinner.Builder()\nb.[1]\na.[2]",
    "a condition for one of them": BUILDER + "pinner.[1]\nif (DEBUG) { pinner.[2] }",
}


@pytest.mark.parametrize("name", CHOICES)
def test_alternatives_are_no_set(name: str) -> None:
    """Of two branches or builders a program runs one, so their pins are not joined, unless they are the same."""
    code = CHOICES[name].replace("[1]", f'add("{HOST}", "{LEAF}")')
    other, same = (code.replace("[2]", f'add("{HOST}", "{one}")') for one in (BACKUP, LEAF))
    assert "several builders or branches pin 'www.bank.com'" in refused(other, "a.kt")
    assert pins(same, "a.kt") == [LEAF]


@pytest.mark.parametrize(
    "code",
    [
        f'{BUILDER}.apply {{ add("{HOST}", "{LEAF}").add("{HOST}", "{BACKUP}") }}',
        f'{BUILDER}.also {{ b -> b.add("{HOST}", "{LEAF}"); b.add("{HOST}", "{BACKUP}") }}',
        f'{BUILDER}if (x) {{ pinner.add("{HOST}", "{LEAF}"); pinner.add("{HOST}", "{BACKUP}") }}',
        f'{BUILDER}when (x) {{ else -> pinner.add("{HOST}", "{LEAF}").add("{HOST}", "{BACKUP}") }}',
    ],
    ids=range(4),
)
def test_one_branch_of_one_builder_is_a_set(code: str) -> None:
    """However its calls are chained."""
    assert pins(code, "a.kt") == BOTH


@pytest.mark.parametrize(
    "change", ['pins += "{0}"', 'pins[0] = "{0}"', 'pins.add("{0}")', 'Collections.addAll(pins, "{0}")']
)
def test_a_list_that_changes_is_refused_by_the_line_that_changes_it(change: str) -> None:
    """Its first line is not what is pinned; one that nobody changes is followed."""
    code = f'val pins = mutableListOf("{LEAF}")\n{{0}}\n{BUILDER}.add("{HOST}", *pins.toTypedArray())'
    assert "line 2: 'pins' is changed after" in refused(code.format(change.format(BACKUP)), "a.kt")
    assert pins(code.format(""), "a.kt") == [LEAF]


@pytest.mark.parametrize(
    "other",
    [
        f'Headers.Builder().add("Digest", "{BACKUP}")',
        f'okhttp3.Headers.Builder().add("a.b", "x").add("Digest", "{BACKUP}")',
        'map.add("x.y", "sha1/abc")',
        'list.add(0, "sha256/x")',
    ],
    ids=["headers", "a chain", "a map", "a list"],
)
def test_what_another_object_adds_pins_nothing(other: str) -> None:
    """Also where it looks like a pin."""
    assert pins(f'{other}\n{BUILDER}.add("{HOST}", "{LEAF}")', "a.kt") == [LEAF]


def test_a_slash_too_many_never_matches_in_okhttp() -> None:
    """It is curl's way to write a pin; OkHttp decodes the second slash too. Base 64 may itself begin with one."""
    assert pins(f'{BUILDER}.add("{HOST}", "sha256//{L[1:]}")', "a.kt") == [SLASH]
    assert pins(f"sha256//{L[1:]},{BACKUP}") == [SLASH, BACKUP]
    (found,) = read(f'{BUILDER}.add("{HOST}", "sha256//{L}")', "a.kt").pins
    assert (found.digest, "one slash too many" in found.never) == (b"", True)


def test_hostile_code_takes_no_longer_than_it_is() -> None:
    """Brackets, templates and constants may be nested tens of thousands deep, or lead into each other."""
    began = time.process_time()
    doubled = "".join(f"val a{n} = a{n + 1} + a{n + 1}\n" for n in range(60)) + 'val a60 = "x"\n'
    for text in (
        BUILDER + ".add(" * 30_000,
        BUILDER + '"${' * 30_000,
        BUILDER + ".apply {" * 20_000,
        BUILDER + "/*" * 60_000,
        f"{doubled}{BUILDER}.add(a0, a0)",
        BUILDER + f'.add("{HOST}", ' + "(" * 30_000,
        "val b = CertificatePinner.Builder()\n" + "b.apply { " * 20_000,
    ):
        refused(text, "a.kt")
    assert time.process_time() - began < 10


NESTED = st.recursive(st.text("ab\"/'\n", max_size=3), lambda inner: st.lists(inner, max_size=3))
PIECES = st.lists(
    st.one_of(
        st.tuples(st.just("string"), st.text("ab/*{}$' ", max_size=6)),
        st.tuples(st.just("raw"), st.text('ab/*{}\\\n" ', max_size=6)),
        st.tuples(st.just("line"), st.text("ab\"/*{}'", max_size=6)),
        st.tuples(st.just("block"), NESTED),
        st.tuples(st.just("word"), st.text("abc", min_size=1, max_size=4)),
    ),
    max_size=12,
)  # fmt: skip


def _block(inner: object) -> str:
    """A comment, with others in it."""
    return "/*" + (f" {inner} " if isinstance(inner, str) else " ".join(map(_block, inner))) + "*/"  # type: ignore[call-overload]


@settings(max_examples=300, deadline=None, database=None)
@given(PIECES)
def test_only_words_and_strings_are_left_of_a_program(pieces: list[tuple[str, object]]) -> None:
    """Whatever stands in comments and strings, and however comments are nested in each other."""
    text, expected = "", []
    for kind, inner in pieces:
        if kind == "string":
            text += '"' + str(inner).replace("\\", "\\\\").replace("$", "\\$") + '" '
            expected.append(f'"{inner}')
        elif kind == "raw":
            plain = str(inner).strip('"').replace('"""', "")
            text += f'"""{plain}""" '
            expected.append(f'"{plain}')
        elif kind == "line":
            text += f"// {inner}\n"
        elif kind == "block":
            text += _block(inner if not isinstance(inner, str) or "*/" not in inner else "") + " "
        else:
            text += f"{inner} "
            expected.append(str(inner))
    assert [_plain(one) for one in tokens(text)] == expected


def _plain(token: Token) -> str:
    return '"' + "".join(map(str, token.parts)) if token.kind is TokenKind.STRING else token.text


@given(st.text("ab\"/*${}\\\n'", max_size=60), st.booleans())
def test_no_text_is_too_odd_for_the_tokens(text: str, kotlin: bool) -> None:
    """And each is on a line that the text has."""
    assert all(1 <= one.line <= text.count("\n") + 1 for one in tokens(text, kotlin=kotlin))


def test_the_language_is_told_by_the_name_or_by_the_text() -> None:
    """Only Kotlin's comments nest."""
    assert (nests("", "A.kt"), nests("val a = 1", "A.java"), nests("int a;"), nests("val a = 1;")) == (
        True, False, False, True,
    )  # fmt: skip


# ---- whom an entry covers -------------------------------------------------------------------------


def one(format: Format, host: str, below: bool = False) -> PinConfig:
    return PinConfig(format, (), host, below)


NAMES = ("bank.com", "www.bank.com", "a.www.bank.com", "notbank.com")


@pytest.mark.parametrize(
    ("config", "covered"),
    [
        (one(Format.ANDROID, "bank.com"), [True, False, False, False]),
        (one(Format.ANDROID, "bank.com", True), [True, True, True, False]),
        (one(Format.TRUSTKIT, "bank.com", True), [True, True, True, False]),
        (one(Format.IOS, "bank.com", True), [True, True, False, False]),
        (one(Format.OKHTTP, "bank.com"), [True, False, False, False]),
        (one(Format.OKHTTP, "*.bank.com"), [False, True, False, False]),
        (one(Format.OKHTTP, "**.bank.com"), [True, True, True, False]),
        (one(Format.ANDROID, "*.bank.com", True), [False, False, False, False]),
        (one(Format.IOS, "*.bank.com", True), [False, False, False, False]),
        (one(Format.CURL, ""), [True, True, True, True]),
    ],
    ids=str,
)
def test_each_format_has_its_own_scope(config: PinConfig, covered: list[bool]) -> None:
    """Apple: math.example.com yes, advanced.math.example.com no; Android any depth; OkHttp by its stars."""
    assert [config.covers(name) for name in NAMES] == covered


def test_the_table_has_a_row_for_each_format() -> None:
    """Which is what every reader asks."""
    assert list(TABLE) == list(Format)


@pytest.mark.parametrize(
    ("config", "hosts", "expected"),
    [
        (one(Format.OKHTTP, "*.bank.com"), ("bank.com", "*.bank.com"), "www.bank.com"),
        (one(Format.OKHTTP, "**.bank.com"), ("bank.com", "*.bank.com"), "bank.com"),
        (one(Format.ANDROID, "bank.com", True), ("API.bank.com", "bank.com"), "bank.com"),
        (one(Format.IOS, "bank.com", True), ("a.b.bank.com", "b.bank.com"), "b.bank.com"),
        (one(Format.OKHTTP, "*.bank.com"), ("other.org",), "www.bank.com"),
        (one(Format.ANDROID, "*.bank.com", True), ("bank.com",), "bank.com"),
        (one(Format.CURL, ""), ("*.bank.com", "bank.com"), "bank.com"),
        (one(Format.CURL, ""), (), "site.example"),
    ],
    ids=str,
)
def test_the_host_is_one_that_the_pins_cover(config: PinConfig, hosts: tuple[str, ...], expected: str) -> None:
    """A star is never taken off; a name that the certificate has is preferred."""
    assert default_host(config, hosts, lambda name: name in hosts, "site.example") == expected


@pytest.mark.parametrize(
    ("config", "hosts"),
    [
        (one(Format.IOS, "bank.com", True), ("v1.api.bank.com",)),
        (one(Format.OKHTTP, "*.bank.com"), ("bank.com",)),
        (one(Format.ANDROID, "bank.com"), ("www.bank.com",)),
        (one(Format.IOS, "bank.com", True), ("*.api.bank.com",)),
    ],
    ids=str,
)
def test_a_host_that_is_not_covered_is_as_one_that_is_not_in_the_file(
    config: PinConfig, hosts: tuple[str, ...]
) -> None:
    """Nothing is forecast as pinned that is not."""
    with pytest.raises(ValueError, match="would not be checked at all"):
        default_host(config, hosts, lambda name: name in hosts, "site.example")


BOOKS = "b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example"


@pytest.mark.parametrize("written", [BOOKS, BOOKS.upper(), "xn--bcher-kva.example"])
@pytest.mark.parametrize("asked", [f"www.{BOOKS}", f"WWW.{BOOKS}.", "www.xn--bcher-kva.example"])
def test_a_host_is_made_canonical_as_the_file_s_are(written: str, asked: str) -> None:
    """Case, the dot at the end, IDNA: on both sides."""
    assert read(android(LEAF, host=written), host=asked).host == "xn--bcher-kva.example"


@pytest.mark.parametrize("host", ["bank.com..", ".bank.com", "bank..com", ""])
def test_a_name_with_an_empty_label_is_none(host: str) -> None:
    """Of dots at the end there is one."""
    with pytest.raises(ValueError, match="is no domain name"):
        domain(host)


def test_android_knows_no_star() -> None:
    """Its entry covers nothing, which is serious, and the client is an unpinned one; OkHttp's covers a label."""
    config = read(android(LEAF, BACKUP, host="*.bank.com"))
    done = ran(config, "other_trusted_ca")
    assert done.cell("other_trusted_ca").outcome is INTERCEPTED
    assert {one.name for one in done.findings if one.severity is Severity.SERIOUS} == {"star-covers-nothing"}
    text = f'{BUILDER}.add("*.bank.com", "{LEAF}", "{BACKUP}")'
    assert ran(read(text), "other_trusted_ca").cell("other_trusted_ca").outcome is STOPPED


@pytest.mark.parametrize(
    "brought", [android(LEAF, BACKUP, host=HOST + "."), f'{BUILDER}.add("{HOST}.", "{LEAF}", "{BACKUP}")'], ids=range(2)
)
def test_a_dot_at_the_end_of_a_name_pins_nothing(brought: str | bytes) -> None:
    """Android takes it off the host and not off the entry, and OkHttp off neither."""
    done = ran(read(brought), "other_trusted_ca")
    assert done.cell("other_trusted_ca").outcome is INTERCEPTED
    assert {one.name for one in done.findings if one.severity is Severity.SERIOUS} == {"star-covers-nothing"}
    assert "keeps the dot" in refused(brought, host=HOST)
    config = read(json.dumps(ios(leaf=[LEAF], host=HOST + ".")))
    assert (config.host, remarks(config)) == (HOST, {"last-dot": Severity.KNOW})


def test_anchors_that_are_none_skip_no_pins() -> None:
    """An empty trust-anchors trusts nobody; of overridePins it says nothing."""
    empty, over = (read(within(GOOD.replace("</domain-config>", f"{one}</domain-config>"))) for one in (
        anchored(), anchored("system").replace("'system'", "'system' overridePins='true'"),
    ))  # fmt: skip
    assert (empty.unpinned, over.unpinned) == (False, True)


@pytest.mark.parametrize("pattern", ["a.*", "*", "**", "*bank.com", "***.x", "*.*.x", "a*.x", "**.*.x", "x.**"])
def test_okhttp_throws_for_other_patterns(pattern: str) -> None:
    """Its constructor takes a host, *.host and **.host."""
    assert "its builder throws" in refused(f'{BUILDER}.add("{pattern}", "{LEAF}")')


def test_of_several_domains_it_is_the_one_that_the_chain_answers_for() -> None:
    """Where it answers for one of them alone; a wildcard is no host."""
    configs = parse_pins(f'{BUILDER}.add("a.com", "{LEAF}").add("*.{HOST}", "{BACKUP}")'.encode())
    for names, host in ((["a.com", "x.com"], "a.com"), (["api." + HOST, "*.x.com"], "*." + HOST)):
        assert choose(configs, None, "f", lambda names=names: names).host == host  # type: ignore[misc]
    for names in (["x.com"], ["a.com", "b." + HOST], ["*." + HOST], []):
        with pytest.raises(ValueError, match="choose one with --host"):
            choose(configs, None, "f", lambda names=names: names)  # type: ignore[misc]


# ---- Android --------------------------------------------------------------------------------------

PIN = f'<pin digest="SHA-256">{L}</pin>'
GOOD = f"<domain-config><domain>bank.com</domain><pin-set>{PIN}</pin-set></domain-config>"


def anchored(*sources: str) -> str:
    return f"<trust-anchors>{''.join(map('<certificates src={!r}/>'.format, sources))}</trust-anchors>"


def within(*parts: str) -> bytes:
    return f"<network-security-config>{''.join(parts)}</network-security-config>".encode()


LOADED = {
    "a good one": (GOOD, True),
    "a pin-set in base-config": (f"<base-config><pin-set>{PIN}</pin-set></base-config>{GOOD}", False),
    "a domain in base-config": (f"<base-config><domain>x.example</domain></base-config>{GOOD}", False),
    "a domain-config in base-config": (f"<base-config>{GOOD}</base-config>", False),
    "two base-configs": (f"<base-config/><base-config/>{GOOD}", False),
    "two debug-overrides": (f"<debug-overrides/><debug-overrides/>{GOOD}", False),
    "two trust-anchors": (GOOD.replace("</domain-config>", "<trust-anchors/><trust-anchors/></domain-config>"), False),
    "certificates without src": (f"<base-config>{anchored('')}</base-config>{GOOD}", False),
    "certificates of an unknown src": (f"<base-config>{anchored('raw/x')}</base-config>{GOOD}", False),
    "certificates of a known src": (f"<base-config>{anchored('wfa', '@raw/x')}</base-config>{GOOD}", True),
    "an element in a domain": (GOOD.replace("bank.com", "bank<b/>.com"), False),
    "an element in a pin": (GOOD.replace("</pin>", "<b/></pin>"), False),
    "a domain twice": (GOOD + GOOD.replace("bank.com", "Bank.com"), False),
    "no domain": (GOOD.replace("<domain>bank.com</domain>", ""), False),
    "two pin-sets": (GOOD.replace("<pin-set>", "<pin-set/><pin-set>"), False),
    "another digest": (GOOD.replace("SHA-256", "SHA-1"), False),
    "a digest in lower case": (GOOD.replace("SHA-256", "sha-256"), True),
    "a short digest": (GOOD.replace(L, L[:40]), False),
    "no day": (GOOD.replace("<pin-set>", '<pin-set expiration="2027-13-01">'), False),
    "43 characters": (GOOD.replace(L, L[:-1]), True),
    "only its inner part": (GOOD, True),
}  # fmt: skip


@pytest.mark.parametrize("name", LOADED)
def test_what_android_does_not_load_is_not_forecast(name: str) -> None:
    """The finite list of what makes its parser throw (AOSP, XmlConfigSource), and beside it what does not."""
    text, loads = LOADED[name]
    brought = text.encode() if "inner part" in name else within(text)
    if loads:
        assert pins(brought) == [LEAF]
    else:
        refused(brought)


def test_a_sha256_in_front_is_what_is_wrong_with_an_android_pin() -> None:
    """The base 64 behind it is right, and / is a character of base 64."""
    sentence = refused(within(GOOD.replace(L, LEAF)).replace(b"<pin-set>", b"<pin-set>\n"), "config.xml")
    assert "begins with sha256/" in sentence
    assert "no base 64" not in sentence
    assert "config.xml, line 2, read as Android's" in sentence


def test_only_the_host_that_is_asked_for_is_judged() -> None:
    """A pin without its = elsewhere is no matter; one of another length stops the whole file, which is said."""
    other = GOOD.replace("bank.com", "other.com")
    assert remarks(read(within(GOOD, other.replace(L, "F" * 42 + "A")), host="bank.com")) == {}
    bad = within(GOOD, other.replace(L, L[:20]))
    assert remarks(read(bad, host="bank.com")) == {"bad-elsewhere": Severity.SERIOUS}
    assert "holds 15 bytes" in refused(bad, host="other.com")
    two = ios([LEAF], host="bank.com")
    two["NSAppTransportSecurity"]["NSPinnedDomains"]["other.com"] = {"NSPinnedLeafIdentities": []}  # type: ignore[index]
    assert remarks(read(plistlib.dumps(two), host="bank.com")) == {"bad-elsewhere": Severity.KNOW}
    star = within(GOOD, GOOD.replace("bank.com", "*.bank.com"))
    assert remarks(read(star)) == {"no-star": Severity.SERIOUS}


def test_an_app_with_its_own_ca_is_refused_before_any_pin_is_asked() -> None:
    """A move to another CA with the pinned key is an outage; what only the system's store is about passes by."""
    scenes = ("other_ca_same_key", "new_key", "other_trusted_ca")
    own = ran(read(android(LEAF, BACKUP, anchors=anchored("@raw/root"))), *scenes)
    system = ran(read(android(LEAF, BACKUP, anchors=anchored("system", "@raw/root"))), *scenes)
    assert [own.cell(one).outcome for one in scenes] == [OUTAGE, OUTAGE, STOPPED]
    assert [system.cell(one).outcome for one in scenes] == [SERVED, OUTAGE, STOPPED]
    assert own.cell("other_ca_same_key").verdict.check == "path validation"
    for sources, outcome in ((["@raw/root"], SERVED), (["system"], OUTAGE)):
        done = ran(read(android(ROOT, anchors=anchored(*sources))), "chain_shortened")
        assert done.cell("chain_shortened").outcome is outcome


def test_an_own_ca_that_overrides_pins_is_asked_for_none() -> None:
    """Its certificate for any key passes, and another CA's is refused all the same."""
    over = '<trust-anchors><certificates src="@raw/root" overridePins="true"/></trust-anchors>'
    done = ran(read(android(BACKUP, anchors=over)), "new_key", "other_trusted_ca", "sibling_intermediate")
    outcomes = [done.cell(one).outcome for one in ("new_key", "other_trusted_ca", "sibling_intermediate")]
    assert outcomes == [SERVED, STOPPED, INTERCEPTED]
    assert "every CA that is trusted here" in done.subject.unasked
    some = over.replace("</trust", '<certificates src="@raw/other"/></trust')
    assert ran(read(android(BACKUP, anchors=some))).cell("ordinary_day").outcome is OUTAGE


def test_whether_a_proxy_reads_the_app_is_said_where_nothing_is_pinned() -> None:
    """That is what somebody asks who brings such a file."""
    base = f"<base-config>{anchored('system', 'user')}</base-config>"
    assert "reads the app's traffic" in refused(within(base))
    assert "are not trusted" in refused(within("<base-config/>"))


# ---- iOS and TrustKit -----------------------------------------------------------------------------

PLIST = plistlib.dumps(ios([LEAF, BACKUP])).decode()
INNER = PLIST[PLIST.index("<dict>") : PLIST.rindex("</plist>")].strip()
APP = {"expo": {"name": "shop", "ios": {"infoPlist": ios([LEAF, BACKUP])}}}
LISTS: dict[str, str | bytes] = {
    "a whole list": PLIST,
    "UTF-16": PLIST.replace("UTF-8", "UTF-16").encode("utf-16"),
    "a dictionary": INNER,
    "keys without a dictionary": "<!-- from Xcode -->\n" + INNER[6:-7].strip(),
    "Expo's app.json": json.dumps(APP, indent=1),
    "a plug-in of Expo": json.dumps({"expo": {"plugins": [["x", APP["expo"]]]}}),
    "the domains alone": json.dumps(ios(BOTH)["NSAppTransportSecurity"]["NSPinnedDomains"]),  # type: ignore[index]
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_a_property_list_is_read_in_every_shape(name: str) -> None:
    """As Xcode shows it, as Expo has it, as a page quotes it."""
    config = read(LISTS[name])
    assert (config.format, config.host, [str(pin) for pin in config.pins]) == (Format.IOS, "bank.com", BOTH)


def test_what_stands_where_ios_does_not_look_is_said_so() -> None:
    """NSPinnedDomains belongs directly under NSAppTransportSecurity."""
    domains = ios([LEAF])["NSAppTransportSecurity"]
    below = {"NSAppTransportSecurity": {"NSExceptionDomains": {"bank.com": domains}}}
    assert "NSExceptionDomains > bank" in refused(plistlib.dumps(below))
    assert "no other key" in refused(plistlib.dumps({"CFBundleName": "app", **domains}))  # type: ignore[dict-item]


def trustkit(**more: object) -> dict[str, object]:
    said = {
        "TSKPublicKeyHashes": [L, B],
        "TSKIncludeSubdomains": True,
        **{f"TSK{key}": one for key, one in more.items()},
    }
    return {"TSKPinnedDomains": {"bank.com": said}}


SWIFT = f"""let config: [String: Any] = [
    kTSKSwizzleNetworkDelegates: false,
    kTSKPinnedDomains: [ // the shop
        "bank.com": [kTSKIncludeSubdomains: true, kTSKPublicKeyHashes: ["{L}", /* "{B}" */ "{B}",],
            kTSKExpirationDate: "2027-06-30",
        ],
    ],
]"""
OBJC = (
    f'@{{ kTSKPinnedDomains : @{{ @"bank.com" : @{{ kTSKPublicKeyHashes : @[ @"{L}", @"{B}" ], '
    'kTSKIncludeSubdomains : @YES, kTSKExpirationDate: @"2027-06-30" } } }'
)


@pytest.mark.parametrize(
    "brought",
    [
        plistlib.dumps({"TSKConfiguration": trustkit(ExpirationDate="2027-06-30")}),
        plistlib.dumps(trustkit(ExpirationDate="2027-06-30"), fmt=plistlib.FMT_BINARY),
        json.dumps(trustkit(ExpirationDate="2027-06-30")),
        SWIFT,
        SWIFT.replace("Domains:", "Domains as String:"),
        OBJC,
    ],
    ids=["plist", "binary", "JSON", "Swift", "Swift with a cast", "Objective-C"],
)
def test_trustkit_is_read(brought: str | bytes) -> None:
    """Any pin, anywhere on the path; enforced by default; subdomains; a day after which none is asked."""
    config = read(brought)
    assert (config.format, config.host, config.subdomains, config.enforced) == (Format.TRUSTKIT, "bank.com", True, True)
    assert [(one.where, [str(pin) for pin in one.pins]) for one in config.lists] == [(Where.PATH, BOTH)]
    assert f"{config.expires:%Y-%m-%d}" == "2027-06-30"


def test_trustkit_has_rules_of_its_own() -> None:
    """Two pins at least; a subdomain may be excluded; without enforcement nobody is refused."""
    assert "fewer than two pins" in refused(json.dumps(trustkit(PublicKeyHashes=[L])))
    free = trustkit()
    free["TSKPinnedDomains"]["free.bank.com"] = {"TSKExcludeSubdomainFromParentPolicy": True}  # type: ignore[index]
    config = read(json.dumps(free))
    assert (config.covers("www.bank.com"), config.covers("free.bank.com")) == (True, False)
    for enforced, outcome in ((True, STOPPED), (False, INTERCEPTED)):
        done = ran(read(json.dumps(trustkit(EnforcePinning=enforced))), "other_trusted_ca")
        assert done.cell("other_trusted_ca").outcome is outcome


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_a_property_list_with_two_pin_sets_is_a_question(form: plistlib.PlistFormat) -> None:
    """Which of them the app asks nobody can tell; each can be chosen."""
    both = ios(leaf=[LEAF], host=HOST) | {"TSKConfiguration": trustkit()}
    brought = plistlib.dumps(both, fmt=form)
    assert "choose with --format ios or --format trustkit" in refused(brought)
    for format, host in ((Format.IOS, HOST), (Format.TRUSTKIT, "bank.com")):
        assert read(brought, format=format).host == host


# ---- curl -----------------------------------------------------------------------------------------

ONE, TWO = f"sha256//{L}", f"sha256//{L};sha256//{B}"
CURL: dict[str, tuple[str, str, list[str]]] = {
    "as typed": (f"curl --pinnedpubkey '{ONE}' https://{HOST}/", HOST, [LEAF]),
    "with another port": (f'curl -s --pinnedpubkey "{TWO}" "https://u:p@{HOST}:8443/x"', HOST, BOTH),
    ".curlrc with dashes": (f"--pinnedpubkey {TWO}\n--url https://{HOST}/", HOST, BOTH),
    "other URLs in options": (
        f"curl -H 'Origin: https://o.com' -e https://e.com --doh-url https://d.com -sA 'a (https://b.com)' \\\n"
        f" -d u=https://c.com --proxy https://p.com --pinnedpubkey '{TWO}' 'https://{HOST}/?to=https://z.com'",
        HOST,
        BOTH,
    ),
    "the proxy's beside it": (f"curl --proxy-pinnedpubkey x --pinnedpubkey '{ONE}' https://{HOST}/", HOST, [LEAF]),
    "a semicolon escaped": (f"curl --pinnedpubkey {ONE}\\;sha256//{B} https://{HOST}/", HOST, BOTH),
    "a comment of DOS": (
        f'REM curl --pinnedpubkey "{ONE}" https://{HOST}/\n:: curl --pinnedpubkey "{ONE}" https://{HOST}/\n'
        f'curl.exe --pinnedpubkey "sha256//{B}" ^\n https://{HOST}/',
        HOST,
        [BACKUP],
    ),
    "in another command's string": (f"bash -c \"curl --pinnedpubkey '{ONE}' https://{HOST}/\"", HOST, [LEAF]),
    "git's configuration": (f'[http "https://{HOST}/"]\n\tpinnedPubkey = "{TWO}"\n', HOST, BOTH),
    "git config": (f"git config --global http.https://{HOST}/.pinnedpubkey '{TWO}'", HOST, BOTH),
    "wget, with another URL": (f"wget --pinnedpubkey '{TWO}' --referer=https://r.com https://{HOST}/", HOST, BOTH),
    "wget": (f"wget --pinnedpubkey='{TWO}' https://{HOST}/", HOST, BOTH),
    ".curlrc": (f'# mine\npinnedpubkey = "{TWO}"\n', "", BOTH),
    ".curlrc without quotes": (f"pinnedpubkey {TWO}\n", "", BOTH),
    "a script": (
        f"#!/bin/sh\n# curl --pinnedpubkey 'sha256//{B}'\ncurl \\\n  --pinnedpubkey \\\n  '{ONE}' \\\n  https://{HOST}/",
        HOST,
        [LEAF],
    ),
    "variables": (
        f'A={ONE}\nexport B="sha256//{B}"\ncurl --pinnedpubkey "$A;${{B}}" https://{HOST}/',
        HOST,
        BOTH,
    ),
    "a list over lines": (f"{ONE}\nsha256//{B}\n", "", BOTH),
    "PHP": (f"// 'sha256//{B}'\ncurl_setopt($c, CURLOPT_PINNEDPUBLICKEY, '{ONE}');", "", [LEAF]),
    "C, in two strings": (f'curl_easy_setopt(c, CURLOPT_PINNEDPUBLICKEY,\n "{ONE}"\n ";sha256//{B}");', "", BOTH),
    "pycurl": (f"c.setopt(pycurl.PINNEDPUBLICKEY, '{ONE}')  # 'sha256//{B}'", "", [LEAF]),
}  # fmt: skip


@pytest.mark.parametrize("name", CURL)
def test_curl_is_read_where_people_have_it(name: str) -> None:
    """In a command, a script, a configuration, a program; for the host that it is called for."""
    text, host, expected = CURL[name]
    config = read(text)
    assert (config.host, [str(pin) for pin in config.pins]) == (host, expected)
    assert {one.where for one in config.lists} == {Where.LEAF}


def test_curl_splits_where_it_splits() -> None:
    """At ;sha256// and nowhere else up to 8.17, so that a blank spoils both pins; since 8.18 at each semicolon."""
    blank = f"sha256//{B}; sha256//{L}"
    assert [bool(one.never) for one in read(blank).pins] == [True]
    assert ran(read(blank)).cell("ordinary_day").outcome is OUTAGE
    assert [str(one) for one in read(blank, format=Format.CURL_8_18).pins] == [BACKUP]
    assert ran(read(f"sha256//{L}; sha256//{B}", format=Format.CURL_8_18)).cell("ordinary_day").outcome is SERVED
    assert ran(read(TWO)).cell("ordinary_day").outcome is SERVED
    assert [remarks(read(one, format=Format.CURL_8_18)) for one in (TWO, blank, TWO + ";")] == [
        {}, {"list-ends": Severity.SERIOUS}, {"list-ends": Severity.SERIOUS},
    ]  # fmt: skip


MEASURED = {
    "{0}": True, "{0};": False, "{1};{0};": False, "{0};{1};": True, "{1}; {0}": False, "{0};sha256/x": False,
    "{1};sha256/x;{0}": True,
}  # fmt: skip
"""Whether curl 7.88.1 went on, where the first is the pin of the server's key and the second a stranger's."""


@pytest.mark.parametrize("value", MEASURED)
def test_the_splitting_is_as_it_was_measured(value: str) -> None:
    """Exit code 0, or 90."""
    config = read(f"curl --pinnedpubkey '{value.format(ONE, f'sha256//{B}')}' https://{HOST}/")
    assert any(one.works for one in match(config, chain())) is MEASURED[value]


def test_variables_that_stand_in_one_another_end() -> None:
    """Thirty lines would come to more than any machine holds."""
    text = "A=sha256//x\n" + "A=$A$A$A\n" * 300 + f"curl --pinnedpubkey $A https://{HOST}/"
    assert "more than anybody writes" in refused(text)


def test_two_commands_have_two_lists() -> None:
    """By their hosts; two lists for one host are a question."""
    text = f"curl --pinnedpubkey '{ONE}' https://{HOST}/\ncurl --pinnedpubkey 'sha256//{B}' https://other.com/"
    assert (pins(text, host=HOST), pins(text, host="other.com")) == ([LEAF], [BACKUP])
    assert "two different lists" in refused(text.replace("other.com", HOST))


def test_a_list_without_quotes_is_cut_by_the_shell() -> None:
    """So curl gets the first pin only; in .curlrc nobody cuts."""
    config = read(f"curl --pinnedpubkey {TWO} https://{HOST}/")
    assert ([str(one) for one in config.pins], remarks(config)) == ([LEAF], {"unquoted-list": Severity.SERIOUS})


def test_in_git_s_configuration_a_semicolon_begins_a_comment() -> None:
    """Outside of quotes; so git has the first pin only."""
    config = read(f"[http]\n\tpinnedPubkey = {TWO}\n")
    assert ([str(one) for one in config.pins], remarks(config)) == ([LEAF], {"unquoted-list": Severity.SERIOUS})


def test_a_line_break_in_a_list_spoils_it_as_any_blank_does() -> None:
    """After a semicolon; pins on lines of their own, without one, are a list."""
    assert [bool(one.never) for one in read(f"{ONE};\nsha256//{B}\n").pins] == [True]
    assert pins(f"{ONE}\nsha256//{B}\n") == BOTH


@pytest.mark.parametrize(
    ("brought", "said"),
    [
        (f"{ONE},sha256//{B}", "curl separates with ;"),
        (f"{ONE} sha256//{B}", "curl separates with ;"),
        (f"curl --pinnedpubkey='{TWO}' https://{HOST}/", "curl knows no --pinnedpubkey=..."),
        (f"curl --pinnedpubkey $PIN https://{HOST}/", "$PIN is a variable"),
        (f"curl --proxy-pinnedpubkey '{ONE}' -x https://p.com https://{HOST}/", "pins the proxy's key alone"),
    ],
    ids=range(5),
)
def test_what_curl_does_not_take_is_told(brought: str, said: str) -> None:
    """By its cause."""
    assert said in refused(brought)


def test_without_validation_the_pin_alone_decides() -> None:
    """As in the lab's row curl-insecure: it stays, on the key that the server shows. Wget's -k is something else."""
    done = ran(read(f"curl -sk --pinnedpubkey '{ONE}' https://{HOST}/"), "other_trusted_ca", "new_key")
    assert remarks(done.subject.config) == {"validation-off": Severity.SERIOUS}
    assert [one.basis for one in done.matrix.clients[0].policy] == [KEY_SHOWN.basis]
    assert [done.cell(one).outcome for one in ("ordinary_day", "other_trusted_ca", "new_key")] == [
        SERVED, STOPPED, OUTAGE,
    ]  # fmt: skip
    assert read(f"wget -k --pinnedpubkey='{ONE}' https://{HOST}/").insecure is False
    assert read(f"wget --no-check-certificate --pinnedpubkey='{ONE}' https://{HOST}/").insecure
    assert read(f"insecure\npinnedpubkey = {ONE}\n").insecure


def test_a_pin_that_is_no_text_of_curl_s() -> None:
    """It compares text, so a pin without its = is refused, and the name of a file is told for what it is."""
    assert "has lost the =" in refused(f"curl --pinnedpubkey 'sha256//{L[:-1]}' https://{HOST}/")
    assert "name of a file" in refused(f"curl --pinnedpubkey key.pem https://{HOST}/")


# ---- HPKP -----------------------------------------------------------------------------------------

VALUE = f'pin-sha256="{L}"; pin-sha256="{B}"; max-age=5184000; includeSubDomains'
ESCAPED = VALUE.replace('"', '\\"')
HEADERS = {
    "nginx": f"server {{\n # add_header Public-Key-Pins 'pin-sha256=\"{B}\"; max-age=1';\n"
    f" add_header Public-Key-Pins '{VALUE}' always;\n}}",
    "nginx, over lines": f"add_header Public-Key-Pins '{VALUE}';".replace("; ", ";\n   "),
    "nginx, with escapes": f'add_header Public-Key-Pins "{ESCAPED}";',
    "Apache": f'<IfModule mod_headers.c>\n  Header always set Public-Key-Pins "{ESCAPED}" "expr=x"\n</IfModule>',
    "HAProxy": f'http-response set-header Public-Key-Pins "{ESCAPED}"',
    "HAProxy, of old": "rspadd Public-Key-Pins:\\ " + VALUE.replace(" ", "\\ "),
    "lighttpd": f'setenv.add-response-header = ( "Public-Key-Pins" => "{ESCAPED}" )',
    "PHP": f"header('Public-Key-Pins: {VALUE}');",
    "a chart": f'  Public-Key-Pins: "{ESCAPED}"',
    "Caddy": f"header Public-Key-Pins `{VALUE}`",
    "as sent": f"HTTP/1.1 200 OK\r\nPublic-Key-Pins: {VALUE}\r\n",
    "its value": VALUE,
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_is_read_where_people_have_it(name: str) -> None:
    """In the configuration of the server that sends it."""
    config = read(HEADERS[name])
    assert (config.format, config.max_age, config.subdomains, config.enforced) == (Format.HPKP, 5184000, True, True)
    assert [str(one) for one in config.pins] == BOTH
    assert remarks(config) == {}


def server(name: str, *values: str) -> str:
    sent = "".join(f"  add_header Public-Key-Pins '{one}' always;\n" for one in values)
    return f"server {{ # a block\n  listen 443 ssl; server_name {name};\n{sent}  location / {{ root /x; }}\n}}\n"


OTHER = VALUE.replace(L, bare(ROOT))


def test_of_several_servers_headers_it_is_the_one_for_the_host() -> None:
    """By server_name, or by ServerName; where they are the same, no name matters."""
    two = server("other.com www.other.com", OTHER) + server("*.bank.com", VALUE)
    virtual = "".join(
        f'<VirtualHost *:443>\nServerName {name}\nHeader set Public-Key-Pins "{value}"\n</VirtualHost>\n'
        for name, value in (("other.com", OTHER.replace('"', '\\"')), (HOST, ESCAPED))
    )
    for text in (two, virtual):
        assert pins(text, host=HOST) == BOTH
        assert pins(text, host="other.com") == [ROOT, BACKUP]
    assert "pins 3 domains (other.com, www.other.com, bank.com); choose one" in refused(two)
    assert pins(server("other.com", VALUE) + server(HOST, VALUE)) == BOTH


@pytest.mark.parametrize(
    "text",
    [
        server(HOST, OTHER, VALUE),
        server(HOST, OTHER) + server(HOST, VALUE),
        server(HOST, OTHER) + f"add_header Public-Key-Pins '{VALUE}';",
        f"HTTP/1.1 301 x\nPublic-Key-Pins: {OTHER}\n\nHTTP/1.1 200 OK\nPublic-Key-Pins: {VALUE}\n",
    ],
    ids=range(4),
)
def test_two_different_headers_are_a_question(text: str) -> None:
    """Where nothing says which of them the host sends. In one response the first counts."""
    assert "two different headers; give one" in refused(text)
    assert pins(f"HTTP/1.1 200 OK\nPublic-Key-Pins: {VALUE}\nPublic-Key-Pins: {OTHER}\n") == BOTH


@pytest.mark.parametrize("value", [VALUE + ";", VALUE.replace("; max", ";; max"), VALUE + " ; "])
def test_a_semicolon_too_many_is_a_remark(value: str) -> None:
    """Chrome took it; the letter of the RFC does not. What is wrong otherwise is refused as before."""
    config = read("Public-Key-Pins: " + value)
    assert ([str(one) for one in config.pins], remarks(config)) == (BOTH, {"empty-directive": Severity.KNOW})
    assert "max-age is missing" in refused(f'Public-Key-Pins: pin-sha256="{L}";')


# ---- lists, logs, certificates --------------------------------------------------------------------

CERTIFICATE = certificates()[0]
WHOLE = fingerprint_of(CERTIFICATE)
HEX = hashlib.sha256(der(CERTIFICATE)).hexdigest()
SPKI_HEX = hashlib.sha256(spki(CERTIFICATE)).hexdigest()
COLONS = ":".join(re.findall("..", HEX.upper()))
SLASH = "sha256//" + L[1:]
LOG = f"""{{0}}javax.net.ssl.SSLPeerUnverifiedException: Certificate pinning failure!
{{0}}  Peer certificate chain:
{{0}}    {LEAF}: CN=www.bank.com
{{0}}    {ROOT}: CN=Root CA
{{0}}  Pinned certificates for www.bank.com:
{{0}}    {BACKUP}
{{0}}    at okhttp3.CertificatePinner.check$okhttp(CertificatePinner.kt:199)
"""
SIMPLE: dict[str, tuple[str | bytes, list[str]]] = {
    "a list": (f"# of {HOST}\n{LEAF}   # leaf\n\n{BACKUP}\n", BOTH),
    "bare, in quotes, with commas": (f"\"{L}\",\n'{B}'", BOTH),
    "items of YAML": (f"- {LEAF}\n- {BACKUP}", BOTH),
    "a list in JSON": (json.dumps(BOTH), BOTH),
    "as in a header": (f'pin-sha256="{L}"\npin-sha256="{B}"', BOTH),
    "with the name of the hash": (f"sha256: {L}\nSHA-256={B}\nsha256:{SPKI_HEX}", BOTH),
    "as openssl dgst prints it": (f"SHA2-256(stdin)= {SPKI_HEX}", [LEAF]),
    "as sha256sum prints it": (f"{SPKI_HEX}  -\n{HEX} *leaf.der", [LEAF, WHOLE.removeprefix("cert-")]),
    "as certtool prints it": (f"Public Key PIN:\n\tpin-sha256:{L}\nPublic Key ID:\n\tsha1:{HEX[:40]}\n", [LEAF]),
    "as keytool prints all of it": (
        f"Certificate fingerprints:\n\t SHA1: {COLONS[:59]}\n\t SHA256: {COLONS}\nVersion: 3\n",
        [WHOLE],
    ),
    "as Windows copies it": (f"\N{LEFT-TO-RIGHT MARK}{COLONS.replace(':', ' ').lower()}", [WHOLE]),
    "several on a line": (f"{LEAF},{BACKUP}", BOTH),
    "several, with blanks": (f"'{LEAF}' {BACKUP};", BOTH),
    "numbered": (f"1. {LEAF}\n2. {BACKUP}", BOTH),
    "comments of other languages": (
        f"-- pins\n{LEAF} -- leaf\n/* old\n{ROOT}\n*/\n<!-- {ROOT} -->\n; {ROOT}\n{BACKUP}",
        BOTH,
    ),
    "as curl has one of them": (f"sha256//{L}\n{BACKUP}", BOTH),
    "base 64 that begins with a slash": (f"sha256//{L[1:]}\n{BACKUP}", [SLASH, BACKUP]),
    "a fingerprint": (f"sha256 Fingerprint={COLONS}", [WHOLE]),
    "as keytool prints it": (f"SHA256: {COLONS}", [WHOLE]),
    "as a browser shows it": (COLONS.replace(":", " "), [WHOLE]),
    "hexadecimal alone": (f"{HEX}\n{LEAF}", [WHOLE.removeprefix("cert-"), LEAF]),
    "a certificate": (pem([CERTIFICATE]), [WHOLE]),
    "a certificate in DER": (der(CERTIFICATE), [WHOLE]),
    "whole in the lab's own file": (json.dumps({"leaf": "cert-sha256/" + HEX}), [WHOLE]),
    "a failure's log": (LOG.format(""), [BACKUP]),
    "a failure's log from a phone": (LOG.format("11-28 12:00:00.000 E/shop( 99): "), [BACKUP]),
    "a failure's log with blanks for lines": (LOG.format("").replace("\n", " "), [BACKUP]),
    "a failure's log on one line": (LOG.format("").replace("\n", "\\n"), [BACKUP]),
}


@pytest.mark.parametrize("name", SIMPLE)
def test_the_simplest_forms_are_read(name: str) -> None:
    """So that whoever has another tool can answer as well."""
    brought, expected = SIMPLE[name]
    assert pins(brought) == expected


@pytest.mark.parametrize(
    "name", ["a fingerprint", "a certificate", "a certificate in DER", "whole in the lab's own file"]
)
def test_a_whole_certificate_is_served_today_and_breaks_at_every_renewal(name: str) -> None:
    """Also at one that keeps the key, which a pin of the key outlives."""
    for brought, outcome in ((SIMPLE[name][0], OUTAGE), (LEAF, SERVED)):
        done = ran(read(brought), "same_key")
        assert (done.cell("ordinary_day").outcome, done.cell("same_key").outcome) == (SERVED, outcome)


def test_hexadecimal_alone_may_be_of_a_key_or_of_a_certificate() -> None:
    """`openssl dgst` prints a key's hash so, and other tools a certificate's: whichever it is, it is found."""
    for octets, names in ((spki(CERTIFICATE), Names.KEY), (der(CERTIFICATE), Names.CERTIFICATE)):
        (found,) = match(read(hashlib.sha256(octets).hexdigest()), chain())
        assert (found.names, found.works) == (names, True)
    (lost,) = match(read(json.dumps({"leaf": "sha256/" + HEX})), chain())  # the lab's own file has base 64
    assert not lost.works


@pytest.mark.parametrize("label", ["sha256: ", "SHA-256:", "sha256=", "SHA2-256(stdin)= "])
def test_the_name_of_a_hash_does_not_say_of_what_it_is(label: str) -> None:
    """Of a key or of a certificate: it is what it matches; a fingerprint is a certificate's."""
    for octets, names in ((spki(CERTIFICATE), Names.KEY), (der(CERTIFICATE), Names.CERTIFICATE)):
        digest = hashlib.sha256(octets)
        for value in (digest.hexdigest(), base64.b64encode(digest.digest()).decode()):
            (found,) = match(read(label + value), chain())
            assert (found.names, found.works) == (names, True)
    (lost,) = match(read(f"SHA256 Fingerprint={hashlib.sha256(spki(CERTIFICATE)).hexdigest()}"), chain())
    assert not lost.works


def test_a_line_that_is_no_pin_is_named() -> None:
    """By its number."""
    assert "pins, line 2, read as a plain list of pins: line 2 is no pin" in refused(f"{LEAF}\nsha256/xyz\n")


def test_a_whole_key_is_no_hash_of_it() -> None:
    """Its hash is what was meant, so it is given."""
    whole = base64.b64encode(spki(CERTIFICATE)).decode()
    for brought in (f'{BUILDER}.add("{HOST}", "sha256/{whole}")', within(GOOD.replace(L, whole))):
        assert f"it is a whole public key, and not its hash, which is {L}" in refused(brought)


PIECE = "<dict>" + plistlib.dumps(ios(leaf=[LEAF])).decode().partition("<dict>")[2].removesuffix("</plist>\n")
AAPT = """N: android=http://schemas.android.com/apk/res/android (line=2)
  E: network-security-config (line=2)
      E: domain-config (line=3)
        A: http://schemas.android.com/apk/res/android:cleartextTrafficPermitted(0x010104ec)=false
          E: domain (line=4)
            A: includeSubdomains={0}
              T: 'bank.com'
          E: pin-set (line=5)
            A: expiration="2027-06-30" (Raw: "2027-06-30")
              E: pin (line=6)
                A: digest="SHA-256" (Raw: "SHA-256")
                  {1}
"""


@pytest.mark.parametrize(
    ("written", "below"),
    [("true", True), ('"true" (Raw: "true")', True), ("(type 0x12)0xffffffff", True), ("(type 0x12)0x0", False)],
)
@pytest.mark.parametrize("sign", ["T: '{}'", 'C: "{}"'])
def test_what_aapt2_prints_of_a_compiled_configuration_is_read(written: str, below: bool, sign: str) -> None:
    """Of an APK nobody has the source; a boolean has three ways to stand there."""
    config = read(AAPT.format(written, sign.format(L)))
    assert (config.host, config.subdomains, [str(one) for one in config.pins]) == ("bank.com", below, [LEAF])
    assert f"{config.expires:%Y-%m-%d}" == "2027-06-30"


@settings(deadline=None, database=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([*AAPT.splitlines()[1:], "A: ='", "E: a", "T: '<&'"]))))
def test_whatever_aapt2_prints_is_one_sentence_or_read(lines: list[tuple[int, str]]) -> None:
    """However it is indented, and whatever is missing."""
    text = "E: network-security-config\n" + "".join(" " * by + line.strip() + "\n" for by, line in lines)
    with suppress(ValueError):
        read(text)


# ---- what it is instead ---------------------------------------------------------------------------

INSTEAD: dict[str, tuple[str | bytes, str]] = {
    "compiled XML": (b"\x03\x00\x08\x00\x94\x02\x00\x00" + bytes(range(256)), "Android's compiled XML"),
    "an APK's table": (b"\x02\x00\x0c\x00\xa0\x01\x00\x00", "resources.arsc"),
    "a file in gzip": (b"\x1f\x8b\x08\x00", "gunzip"),
    "plutil -p": ('{\n  "NSAppTransportSecurity" => {\n    "NSPinnedDomains" => {\n', "give the property list itself"),
    "a property list of the old kind": ("{ NSAppTransportSecurity = { NSPinnedDomains = { ", "plutil -convert xml1"),
    "an APK": (b"PK\x03\x04\x14\x00", "zip archive"),
    "PKCS#12": (b"\x30\x82\x09\x46\x02\x01\x03\x30\x82", "PKCS#12"),
    "PKCS#7": (b"\x30\x82\x09\x46\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0", "PKCS#7"),
    "a profile": (b"\x30\x82\x09\x46\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0<plist>", "provisioning profile"),
    "a manifest": ("<manifest><application/></manifest>", "AndroidManifest.xml"),
    "a piece without its domain": (f"<pin-set>{PIN}</pin-set>", "give the whole <domain-config>"),
    "a header in another form": (f"<add name='Public-Key-Pins' value='{VALUE}'/>", "give the header as the server"),
    "what lab pin prints": (f"www\n  pin       {LEAF}\n  for curl  sha256//{L}\n", "in quotes or behind"),
    "YAML": (f"pins:\n  - {LEAF}", "YAML"),
    "CSV": (f"host,pin\n{HOST},{LEAF}", "CSV"),
    "another tool's JSON": (json.dumps({HOST: [LEAF]}), "JSON of another tool"),
    "code of another kind": (f"const pins = ['{LEAF}'];", "in a form of its own"),
    "Expo's app.config.js": ("infoPlist: { NSPinnedDomains: { 'bank.com': {} } }", "give the Info.plist"),
    "a fingerprint in code": (f'check(allowedSHAFingerprints: ["{COLONS}"]);', "that fingerprint on a line of its own"),
    "a TLSA record": (f"_443._tcp.{HOST}. IN TLSA 3 1 1 {HEX}", "TLSA record (DANE); give its hexadecimal alone"),
    "a public key": ("-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----", "lab pin FILE"),
    "a log without its end": ("Pinned certificates for www", "there is no .add"),
    "UTF-16 without its mark": (f'{BUILDER}.add("{HOST}", "{LEAF}")'.encode("utf-16-le"), "save it as UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", INSTEAD)
def test_what_cannot_be_read_is_called_by_its_name(name: str) -> None:
    """With the shortest way on, and no guess about another format."""
    brought, said = INSTEAD[name]
    assert said in refused(brought)


def test_an_encoding_that_is_not_read_is_told_so() -> None:
    """A declaration that is not true, and one of several bytes a letter; the file may be well formed."""
    text = android(LEAF).decode()
    for octets in (text.encode("utf-16"), text.replace("utf-8", "Shift_JIS").encode()):
        assert "in an encoding that is read here" in refused(octets)


def test_one_block_of_code_in_markdown_is_what_is_read() -> None:
    """Where there are two, nobody says which."""
    block = f"```xml\n{PIECE}\n```\n"
    assert pins(f"In Info.plist:\n\n{block}", "notes.md") == [LEAF]
    assert "read as iOS's" in refused(f"In Info.plist:\n\n{block}{block}", "notes.md")


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "windows-1252", "UTF-8"])
def test_xml_is_read_in_the_encoding_that_it_declares(encoding: str) -> None:
    """Whatever its comments say in it."""
    text = android(LEAF).decode().replace("utf-8", encoding)
    text = text.replace("<domain-config>", f"<!-- {MUELLER} --><domain-config>")
    assert pins(text.encode(encoding)) == [LEAF]


def test_a_timeline_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """Notepad writes one, PowerShell UTF-16; neither changes a word of it."""
    toml = 'title = "t"\nstart = 2026-04-01\nend = 2026-10-01\nissuer = "E8"\nlifetime_days = 90\nrenew = "new"\n'
    toml += 'renew_before = 30\n[[ca]]\nname = "Root"\n[[ca]]\nname = "E8"\nunder = "Root"\n'
    toml += '[[client]]\nname = "key pin"\npins = ["leaf"]\n'
    found = []
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "mine.toml").write_text(toml, encoding=encoding)
        found.append(load(tmp_path / "mine.toml"))
    assert found[0] == found[1] == found[2]


# ---- by the command -------------------------------------------------------------------------------


def test_the_command_says_it_in_one_sentence_or_forecasts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A comment's pin is no pin: the genuine server is refused today; a host that is not covered is exit code 2."""
    there, code = tmp_path / "chain.pem", tmp_path / "Net.kt"
    there.write_bytes(pem(certificates()))
    code.write_text(CODE["a line comment"][1])
    asked = ["forecast", "--chain", str(there), "--scenes", "new_key", "--pins"]
    assert main([*asked, str(code), "--json", "--backup", BACKUP]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [one["names"] for one in said["pins"]] == ["backup"]
    assert {one["scene"]: one["outcomes"]["yours"] for one in said["scenes"]}["ordinary_day"] == "outage"
    assert "nothing-matches" in {one["id"] for one in said["lint"]}
    code.write_text(f'{BUILDER}.add("{HOST}", "{LEAF}").add("other.com", "{BACKUP}")')
    assert main([*asked, str(code), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["host"] == HOST
    code.write_text(f'{BUILDER}.add("bank.com", "{LEAF}")')
    assert main([*asked, str(code)]) == 2
    assert "would not be checked at all" in capsys.readouterr().err
