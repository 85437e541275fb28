"""
curl's list of pins: alone, in a command, a script, a .curlrc, or a program that calls libcurl.

curl compares text, and splits its list in one place only (`Dialect.splits`): what
is not split off belongs to the pin before it, which then matches nothing. Of a
command it knows which options take a value, so that the host is the one of its
URL; of a shell it knows words, quotes and variables that the file itself sets.
wget and git, which have the option too, are read beside it.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lab.built.forecast.config import (
    Format,
    LintFinding,
    Pin,
    PinConfig,
    Severity,
    Unreadable,
    domain,
    listed,
    pin,
    shown,
)
from lab.built.forecast.tokens import TokenKind, tokens
from lab.policy.pinset import Where

PREFIX = "sha256//"
_QUOTED = r"\"(?:[^\"\\]|\\.)*+\"|'[^']*+'"
_ASSIGNED = re.compile(
    rf"(?mi)^[ \t]*(?:(?:export|readonly|local|set)[ \t]|\$)?(\w+)[ \t]?=[ \t]?({_QUOTED}|[^\s\"']++)"
)
_COMMENT = re.compile(r"(?mi)^[ \t]*(?:#|//|::|@?rem\b).*$")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?|%(\w+)%")
MOST_LETTERS = 1_000_000
"""How much the variables of a file may come to where they stand; they can stand in one another."""
_CONTINUED = re.compile(r"(?:\\|[ \t][`^])\r?\n")
_URL = re.compile(r"https://(?:[^\s/@\"']*@)?([\w.-]+)", re.IGNORECASE)
_LIST = re.compile(r"sha256//[^\r\n]*")
_PROGRAM = re.compile(r"(?:.*[/\\])?(curl|wget|git)(?:\.exe)?", re.IGNORECASE)
_WORD = re.compile(
    r"(?P<end>[\n;|&()`]+)|(?P<blank>[ \t\r]+)|(?P<comment>(?<!\S)#[^\n]*)|(?P<single>(?<![A-Za-z])'[^']*+')|"
    r"(?P<double>\"(?:[^\"\\]|\\.)*+\")|\\(?P<escaped>.)|(?P<plain>[^\s;|&()`'\"\\]++|.)",
    re.DOTALL,
)
_LETTERS = {"curl": "EKCbcdDFPHhmoUQreXYytzTuAwx", "wget": "oaeiBtOTwQPUlARDIX"}
_LONG = {
    "curl": (
        "abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout connect-to "
        "continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw "
        "data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header ech "
        "egd-file engine etag-compare etag-save expect100-timeout form form-string ftp-account "
        "ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip "
        "header help hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time "
        "key key-type knownhosts krb libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt "
        "max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max "
        "parallel-max-host pass preproxy proto proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert "
        "proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass "
        "proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser "
        "proxy-user proxy1.0 pubkey quote random-file range rate referer request request-target resolve retry "
        "retry-delay retry-max-time sasl-authzid service-name sigalgs socks4 socks4a socks5 socks5-gssapi-service "
        "socks5-hostname speed-limit speed-time ssl-sessions stderr telnet-option tftp-blksize time-cond tls-max "
        "tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii trace-config unix-socket upload-file "
        "upload-flags url-query user user-agent variable vlan-priority write-out"
    ),
    "wget": (
        "accept append-output base bind-address body-data body-file ca-certificate ca-directory certificate "
        "certificate-type ciphers config connect-timeout crl-file cut-dirs default-page directory-prefix dns-timeout "
        "domains exclude-directories execute header hsts-file http-password http-user include-directories input-file "
        "level limit-rate load-cookies max-redirect method output-document output-file password post-data post-file "
        "private-key private-key-type progress proxy-password proxy-user quota read-timeout referer reject "
        "restrict-file-names save-cookies secure-protocol start-pos timeout tries use-askpass user user-agent wait "
        "waitretry"
    ),
}
"""The options that take a value (curl 7.88.1, and those that came up to 8.17; wget 1.21.3)."""
_CONFIGURED = re.compile(r"(?mi)^[ \t]*(?:--)?pinnedpubkey[ \t]*(?:[=:][ \t]*|[ \t])(.+)$")
_SECTION = re.compile(r"(?m)^[ \t]*\[([^\]]*)\]")
_ITS_URL = re.compile(r"(?mi)^[ \t]*(?:--)?url[ \t]*[=: \t][ \t]*[\"']?(\S+)")
_INSECURE = re.compile(
    r"(?mi)^[ \t]*(?:-k|(?:--)?insecure|check_?certificate *= *off|sslverify *= *(?:false|0|no|off))\b"
)


@dataclass(frozen=True)
class _Given:
    """A list as the program gets it, the host that it is for where that is named, and whether validation is off."""

    value: str
    host: str = ""
    insecure: bool = False
    remarks: tuple[LintFinding, ...] = ()


class _Variables:
    """The variables of the shell that the file itself sets."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.left = MOST_LETTERS

    def put(self, name: re.Match[str]) -> str:
        """What stands for this one; itself, where the file does not say."""
        value = self.known.get(name[1] or name[2], name[0])
        self.left -= len(value)
        if self.left < 0:
            raise Unreadable("its variables come to more than anybody writes; write the list out")
        return value


def read(text: str, format: Format = Format.CURL) -> tuple[PinConfig, ...]:
    """What curl would compare, for each host that it is called for. Raises ValueError, in one sentence."""
    found: dict[str, PinConfig] = {}
    for given in _values(text):
        value, host, remarks = given.value, given.host, given.remarks
        where = Where.SERVER if given.insecure else format.dialect.where
        pins = listed((_pin(one, format) for one in split(value, format)), where)
        if value.count(format.dialect.splits) >= len(pins.pins) and format is Format.CURL_8_18:
            remarks = (*remarks, _ENDS)
        if given.insecure:
            remarks = (*remarks, _UNCHECKED)
        one = PinConfig(format, (pins,), host, remarks=remarks)
        if host in found and found[host].lists != one.lists:
            raise Unreadable(f"it has two different lists for {host or 'the same host'}; give one of them", value)
        found[host] = one
    return tuple(found.values())


def split(value: str, format: Format) -> list[str]:
    """The parts of a list, as this version of curl splits it."""
    if variable := _VARIABLE.search(value):
        raise Unreadable(
            f"{variable[0]} is a variable, and nothing in the file says what it is; write the pins in its place", value
        )
    if not value.startswith(PREFIX):
        raise Unreadable(
            f"{shown(value)} does not begin with {PREFIX}, so curl takes it for the name of a file with a public key; "
            "`python -m lab pin FILE` prints the pin of such a file",
            value,
        )
    parts = value.split(format.dialect.splits)
    if format.dialect.splits == ";":
        end = next((at for at, one in enumerate(parts) if not one.startswith(PREFIX)), len(parts))
        return parts[:end]
    return [parts[0], *(PREFIX + one for one in parts[1:])]


def _pin(word: str, format: Format) -> Pin:
    encoded = word.removeprefix(PREFIX)
    if ";" in encoded:
        where = f"curl up to 8.17 splits its list at {format.dialect.splits} and nowhere else"
        return Pin(word, b"", never=f"{where}, so this is one pin (--format curl-8.18 is what later ones do)")
    if PREFIX in encoded:
        raise Unreadable(
            f"{shown(word)} has two pins with no semicolon between them; curl separates with ; alone, as in "
            f"{PREFIX}A;{PREFIX}B",
            word,
        )
    found = pin(word, encoded, format)
    if str(found) != f"sha256/{encoded}" and not found.never:
        return replace(found, never="curl compares the text, and this is not how it writes a pin")
    return found


def _values(text: str) -> Iterator[_Given]:
    """Each list with the host that it is for, where a command names one."""
    bare = text.strip()
    if _LIST.fullmatch(bare):
        yield _Given(bare)
        return
    joined = _COMMENT.sub("", _CONTINUED.sub(" ", text))
    said = _Variables()
    for one in _ASSIGNED.finditer(joined):
        said.known[one[1]] = _unquoted(one[2], said)
    found = [*_commands(joined, said), *_configured(joined)]
    yield from found
    if not found and "--proxy-pinnedpubkey" in joined:
        raise Unreadable("it pins the proxy's key alone (--proxy-pinnedpubkey), and the server's is not pinned")
    if not found:
        yield _Given(_listed(text, joined))


def _listed(text: str, joined: str) -> str:
    """The list in a text that is no command: one pin on a line, or in the strings of a program."""
    every = [line.strip() for line in joined.splitlines() if line.strip()]
    lists = [line.strip("\"',;") for line in every]
    if not all(one.startswith(PREFIX) for one in lists):
        lists = [one for one in _strings(text) if PREFIX in one]
    elif any(one.endswith(";") for one in every[:-1]):  # a list, broken after a semicolon: curl gets the break too
        return "\n".join(every)
    if not lists or not all(one.startswith(PREFIX) for one in lists):
        raise Unreadable(
            f"no list in it stands alone, in quotes or behind --pinnedpubkey; give it as in {PREFIX}A;{PREFIX}B"
        )
    return ";".join(lists)


# ---- commands ------------------------------------------------------------------------------------


def _commands(text: str, said: _Variables, deep: bool = True) -> Iterator[_Given]:
    """The lists of all commands, also of those in a string: `bash -c "curl ..."`."""
    for words, cut in _split(text, said):
        at = next((at for at, one in enumerate(words) if _PROGRAM.fullmatch(one)), None)
        if at is not None:
            program = _PROGRAM.sub(r"\1", words[at]).lower()
            yield from _git(words) if program == "git" else _called(program, words[at + 1 :], cut)
        elif deep:
            for one in words:
                if "pinnedpubkey" in one and " " in one:
                    yield from _commands(one, said, deep=False)


def _split(text: str, said: _Variables) -> Iterator[tuple[list[str], bool]]:
    """The words of each command, and whether the shell cut its list, which then goes on in the next command."""
    words: list[str] = []
    word: str | None = None
    cut = False
    for one in _WORD.finditer(text + "\n"):
        kind = str(one.lastgroup)
        if kind not in ("end", "blank", "comment"):
            plain = one[kind] if kind == "escaped" else _unquoted(one[0], said)
            word = (word or "") + plain
            continue
        if word is not None:
            words.append(word)
            word = None
        if kind != "end":
            continue
        if one[0] == ";" and words[-1:] and words[-1].startswith(PREFIX) and text.startswith(PREFIX, one.end()):
            cut, word = True, None
            words.append("")  # what the shell takes for another command
            continue
        if words:
            yield words, cut
        words, cut = [], False


def _called(program: str, words: list[str], cut: bool) -> Iterator[_Given]:
    """The lists of one call of curl or wget."""
    values: list[str] = []
    hosts: list[str] = []
    insecure = False
    rest = iter(words)
    for word in rest:
        name, equals, value = word.removeprefix("--").partition("=")
        if word[:2] == "--":
            if equals and program == "curl":
                if name == "pinnedpubkey":
                    raise Unreadable("curl knows no --pinnedpubkey=..., and stops; put a blank for the =", word)
                continue
            if not equals and name.removeprefix("expand-") in (*_LONG[program].split(), "pinnedpubkey", "url"):
                value = next(rest, "")
            values += [value] if name == "pinnedpubkey" else []
            hosts += _hosts(value) if name == "url" else []
            insecure |= name in ("insecure", "no-check-certificate")
        elif word[:1] == "-":
            insecure |= program == "curl" and "k" in re.split(f"[{_LETTERS[program]}]", word)[0]
            if re.fullmatch(f"[^{_LETTERS[program]}]*[{_LETTERS[program]}]", word):
                next(rest, "")
        else:
            hosts += _hosts(word)
    for value in values:
        for host in dict.fromkeys(hosts or [""]):
            yield _Given(value, host, insecure, (_CUT,) if cut else ())


def _git(words: list[str]) -> Iterator[_Given]:
    """The list in `git config http.pinnedPubkey LIST` and `git -c http.pinnedPubkey=LIST`."""
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name.lower().endswith(".pinnedpubkey") and (equals or words[at + 1 :]):
            yield _Given(value if equals else words[at + 1], "".join(_hosts(name.partition(".")[2])[:1]))


def _hosts(url: str) -> list[str]:
    found = _URL.match(url)
    return [domain(found[1])] if found else []


def _configured(text: str) -> Iterator[_Given]:
    """The lists of a configuration: .curlrc, .wgetrc, or git's, where a semicolon begins a comment."""
    sections = [(one.start(), one[1]) for one in _SECTION.finditer(text)]
    url, insecure = (_ITS_URL.findall(text) or [""])[0], bool(_INSECURE.search(text))
    for one in _CONFIGURED.finditer(text):
        at = bisect(sections, (one.start(), "")) - 1
        section = sections[at][1] if at >= 0 else ""
        said = one[1].strip()
        quoted = re.match(_QUOTED, said)
        value = _unquoted(quoted[0], _Variables()) if quoted else re.split(r"\s*[;#]" if section else r"\s", said)[0]
        cut = (_COMMENTED,) if section and not quoted and ";" in said else ()
        its = section.partition('"')[2] if section else url
        yield _Given(value, "".join(_hosts(its)), insecure, cut)


def _strings(text: str) -> list[str]:
    """The strings of a program in C, PHP or Python, those that are written one after the other as one."""
    found: list[str] = []
    joins = False
    for one in tokens(text, kotlin=False, hashes=True):
        if one.kind is TokenKind.STRING:
            whole = "".join(part for part in one.parts if isinstance(part, str))
            found = [*found[:-1], found[-1] + whole] if joins else [*found, whole]
        joins = one.kind is TokenKind.STRING or (joins and one.text in (".", "+"))
    return found


def _unquoted(value: str, said: _Variables) -> str:
    """What the shell makes of a word; `said` are its variables."""
    if value[0] == "'" and value[-1] == "'" != value:
        return value[1:-1]
    quoted = value[0] == '"' and value[-1] == '"' != value
    bare = re.sub(r"\\(.)", r"\1", value[1:-1]) if quoted else value
    return _VARIABLE.sub(said.put, bare)


_ENDS = LintFinding(
    Severity.SERIOUS,
    "a part of the list does not begin with sha256//",
    "curl's list ends there, and what follows is not read.",
    "Leave no blanks in the list, and no semicolon at its end.",
    "curl 8.18.0",
    "list-ends",
)
_CUT = LintFinding(
    Severity.SERIOUS,
    "the list stands in a command without quotes",
    "The shell ends the command at the first semicolon, so curl gets the first pin only.",
    "Put the list into quotes.",
    name="unquoted-list",
)
_COMMENTED = replace(
    _CUT,
    seen="the list stands in git's configuration without quotes",
    why="A semicolon begins a comment there, so git gets the first pin only.",
)
_UNCHECKED = LintFinding(
    Severity.SERIOUS,
    "validation is off (-k, --insecure, --no-check-certificate)",
    "Neither the path, nor the dates, nor the name is checked. The pin is still enforced, so it alone decides, and a "
    "key that was stolen is good for ever.",
    "Leave the option out; a pin is asked beside validation, and does not replace it.",
    "curl docs/cmdline-opts/insecure.md; measured with curl 7.88.1 and wget 1.21.3",
    "validation-off",
)
