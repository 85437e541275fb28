"""
OkHttp's CertificatePinner, as it stands in Kotlin and Java (and so Ktor's), and in the message of its failure.

Calls of `add` count where a pinner's builder is called, or where what is added
is a whole pin; other objects have an `add` too, and what is commented out is no
code. Constants of the same file are followed, and so are templates, sums and
lists; what is computed in another way, changes, or stands in another file, is
refused by its line. What is added under a condition is taken for added, unless
another branch or another builder pins the same host otherwise.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from lab.built.forecast.config import Format, Pin, PinConfig, Unreadable, listed, pattern, pin, shown
from lab.built.forecast.tokens import Token, TokenKind, nests, tokens

MOST_STEPS = 20
"""How many constants are followed into one another."""
MOST_LETTERS = 100_000
OTHERWISE = "write the pins one on a line into a file of their own (sha256/...), and give the host with --host"
_LISTS = {"arrayOf", "listOf", "setOf", "of", "asList", "String", "mutableListOf"}
_SAME = {"trim", "trimIndent", "intern", "toString", "toTypedArray", "toList"}
_GIVES = {"val", "var", "let", "const", "final", "static", "return"}
_SCOPES = {"apply", "also", "run", "let", "with"}
_CLOSE = {"(": ")", "[": "]", "{": "}"}
_CHANGES = {"add", "addAll", "addFirst", "addLast", "plusAssign", "set", "remove", "removeAt", "clear"}
_PIN = re.compile(r"sha256/+[\w+/-]{43}=?|sha1/+[\w+/-]{27}=?")
Value = str | list[str]


@dataclass(frozen=True)
class Call:
    """One call that pins: its pins, or why they cannot be told, and the builder and branch in which it stands."""

    pattern: str
    texts: list[str] | Unreadable
    line: int = 0
    branch: tuple[int, int] = (0, 0)


def read(text: str, file: str = "") -> tuple[PinConfig, ...]:
    """What each host has. Raises ValueError, in one sentence with the line, for what cannot be read."""
    calls = list(_logged(text)) or list(_Code(tokens(text, kotlin=nests(text, file))).calls())
    if not calls:
        raise Unreadable(
            'there is no .add("host", "sha256/...") of a CertificatePinner in it, outside of comments; ' + OTHERWISE
        )
    return _configs(calls)


def _configs(calls: Sequence[Call]) -> tuple[PinConfig, ...]:
    hosts: dict[str, dict[tuple[int, int], list[Pin]]] = {}
    bad: dict[str, Unreadable] = {}
    last: dict[str, int] = {}
    for call in calls:
        host, texts = pattern(call.pattern, Format.OKHTTP), call.texts
        stars = Format.OKHTTP.dialect.stars
        if stars and not stars.fullmatch(host):
            raise Unreadable(
                f"the pattern {shown(call.pattern)} is none that OkHttp takes, and its builder throws; it takes a "
                "host, *.host or **.host",
                call.pattern,
            )
        last[host] = call.line
        pins = hosts.setdefault(host, {}).setdefault(call.branch, [])
        try:
            if isinstance(texts, Unreadable):
                raise texts
            pins += [_pin(one) for one in texts]
        except Unreadable as trouble:
            bad[host] = trouble
    for host, branches in hosts.items():
        if len({frozenset(one.digest for one in pins) for pins in branches.values()}) > 1:
            why = f"line {last[host]}: several builders or branches pin {shown(host)}, each with other pins; give one"
            bad.setdefault(host, Unreadable(why))
    joined = {host: [one for pins in branches.values() for one in pins] for host, branches in hosts.items()}
    return tuple(
        PinConfig(Format.OKHTTP, (listed(pins),) if pins else (), host, trouble=bad.get(host))
        for host, pins in joined.items()
        if pins or host in bad
    )


def _pin(text: str) -> Pin:
    kind, _, encoded = text.partition("/")
    if kind not in ("sha256", "sha1"):
        raise Unreadable(f"the pin {shown(text)} has to begin with sha256/ or sha1/, and OkHttp would throw", text)
    if re.fullmatch(r"/[\w+/-]{43}=?", encoded):  # with a character less the slash is one of the base 64
        return Pin(text, b"", never="it has one slash too many (sha256// is curl's), so OkHttp never matches it")
    return pin(text, encoded, Format.OKHTTP, sha1=kind == "sha1")


_PINNED_FOR = re.compile(r"Pinned certificates for ([^\s:]+):")
_LOGGED_PINS = re.compile(r"(?:\s+sha(?:256|1)/[\w+/-]+={0,2})+")
_LOGGED_PIN = re.compile(r"(?:^|[\s:])(sha(?:256|1)/[\w+/=-]+)\s*$")


def _logged(text: str) -> Iterator[Call]:
    """What the message of a failure says is pinned; what the server showed stands above it, and is no pin."""
    lines = text.replace("\\n", "\n").splitlines()
    for number, line in enumerate(lines, 1):
        if host := _PINNED_FOR.search(line):
            beside = _LOGGED_PINS.match(line, host.end())  # where blanks have taken the place of line breaks
            below = takewhile(bool, (_LOGGED_PIN.search(lines[at]) for at in range(number, len(lines))))
            found = beside[0].split() if beside else [one[1] for one in below if one]
            yield Call(host[1], found or Unreadable("the log names no pin below it; give all of its lines", host[0]))


class _Code:
    """The tokens of a file, or of a template in it, whose names are then those of the file around it (`outer`)."""

    def __init__(self, found: list[Token], outer: _Code | None = None) -> None:
        self.tokens, self.outer = found, outer
        self.known: dict[str, list[Value]] = {}
        self.close: dict[int, int] = {}  # of each opening bracket the closing one, where there is one
        waiting: list[int] = []
        for at, one in enumerate(found):
            if one.kind is not TokenKind.SIGN:
                continue
            if one.text in _CLOSE:
                waiting.append(at)
            elif one.text in _CLOSE.values() and waiting and _CLOSE[found[waiting[-1]].text] == one.text:
                self.close[waiting.pop()] = at
        self.open = {end: begin for begin, end in self.close.items()}

    def is_(self, at: int, *texts: str) -> bool:
        """Whether these words and signs stand here, one after the other."""
        there = self.tokens[at : at + len(texts)] if at >= 0 else []
        return [one.text for one in there] == list(texts) and all(one.kind is not TokenKind.STRING for one in there)

    def word(self, at: int) -> str:
        """The word here; empty where it is none."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) and self.tokens[at].kind is TokenKind.WORD else ""

    def after(self, at: int) -> int:
        """The place after the bracket that opens here."""
        return self.close.get(at, len(self.tokens)) + 1

    # ---- which calls are a pinner's --------------------------------------------------------------

    def calls(self) -> Iterator[Call]:
        """Each call that pins something."""
        known: dict[int, tuple[int, int]] = {}  # of each `add` its builder, and where its chain of calls begins
        branches = self.branches()
        for at in range(len(self.tokens)):
            if not self.is_(at, "add", "(") or self.is_(at - 1, "fun"):
                continue
            begin = self.begin(at)
            builder, begin = known[at] = known.get(begin, (self.pinner.get(at, -1), begin))
            items = self.arguments(at + 1) if at + 1 in self.close else []
            texts: list[str] = []
            trouble: Unreadable | None = None
            for one in items[1:]:
                try:
                    texts += _flat(self.value(*one, 0))
                except Unreadable as problem:
                    trouble = problem
            if at not in self.pinner and not (any(map(_PIN.fullmatch, texts)) and self.may_pin(begin, items[0])):
                continue
            line = self.tokens[at].line
            if len(items) < 2:
                raise Unreadable(f'line {line}: an .add(...) cannot be read; .add("host", "sha256/...") is wanted')
            branch = begin if self.conditional(begin) else branches[at]
            for host in _flat(self.value(*items[0], 0)):
                yield Call(host, trouble or texts, line, (builder, branch))

    def may_pin(self, begin: int, first: tuple[int, int]) -> bool:
        """Whether a call on what is not known may be a pinner's: not that of another builder, and for a host."""
        chain = [self.word(at) for at in range(begin, begin + 6)]
        if "Builder" in chain[1:] and "CertificatePinner" not in chain:
            return False
        try:
            return all("." in one for one in _flat(self.value(*first, 0)))
        except Unreadable:
            return not self.is_(first[0], "0")

    def begin(self, at: int) -> int:
        """Where the chain of calls begins that leads to the word here, or the `add` before it in the chain."""
        here = at
        while self.is_(here - 1, "."):
            here -= 2 + self.is_(here - 2, "?")
            while here in self.open:
                here = self.open[here] - 1
            if self.is_(here, "add"):
                return here
        return here - (self.word(here - 1) == "new")

    # ---- in which branch it stands ---------------------------------------------------------------

    def conditional(self, at: int) -> bool:
        """Whether what begins here, or the brace here, is one branch of several: behind `else`, or `if (...)`."""
        return self.word(at - 1) == "else" or self.headed(at, "if")

    def headed(self, at: int, *words: str) -> bool:
        """Whether one of these words stands before, with a condition in parentheses between."""
        return at - 1 in self.open and self.word(self.open[at - 1] - 1) in words

    def branches(self) -> list[int]:
        """Of each token the innermost branch in which it stands, by the place where that begins; -1 for none."""
        found: list[int] = []
        around: list[tuple[int, int, bool]] = []  # where braces close, the branch in them, and whether they choose
        for at in range(len(self.tokens)):
            while around and around[-1][0] <= at:
                around.pop()
            end, branch, chooses = around[-1] if around else (0, -1, False)
            if self.is_(at, "{") and at in self.close:
                inner = at if self.conditional(at) else branch
                around.append((self.close[at], inner, self.word(at - 1) == "when" or self.headed(at, "when", "switch")))
            elif chooses and (self.is_(at, "-", ">") or self.word(at) in ("case", "default")):
                around[-1] = (end, at, True)
            found.append(around[-1][1] if around else -1)
        return found

    @cached_property
    def pinner(self) -> dict[int, int]:
        """Of each `add` that is called on a pinner's builder, by a chain, in a scope, or by its name: the builder."""
        found: dict[int, int] = {}
        names: dict[str, list[int]] = {}
        scopes: list[tuple[int, int, str, int]] = []
        begins = [at for at in range(len(self.tokens)) if self.is_(at, "CertificatePinner", ".", "Builder")]
        for at in begins:
            if self.is_(at + 3, "("):
                end = self.chain(self.after(at + 3), at, found, scopes)
                if self.is_(end, ")", "{"):  # with(CertificatePinner.Builder()) { ... }
                    scopes.append(self.scope(end + 1, at))
            before = at - 1 - (self.word(at - 1) == "new")
            before -= 2 * self.is_(before - 1, "okhttp3", ".")
            declared = self.declared(before) if self.is_(before, "=") else self.word(at + 3)
            if self.is_(at - 1, ":"):
                declared = self.word(at - 2)
            names.setdefault(declared, []).append(at)
        for at in range(len(self.tokens)):
            if self.word(at) in names.keys() - {""} and self.is_(at + 1, ".") and not self.is_(at - 1, "."):
                given = names[self.word(at)]
                self.chain(at + 1, given[max(0, bisect_right(given, at) - 1)], found, scopes)
        found |= dict(self.within(scopes))
        if not any(one.text == "CertificatePinner" for one in self.tokens):  # a piece of code, without its beginning
            found |= {at: 0 for at in range(1, len(self.tokens)) if self.is_(at - 1, ".", "add")}
        return found

    def within(self, scopes: list[tuple[int, int, str, int]]) -> Iterator[tuple[int, int]]:
        """Every `add(...)`, `it.add(...)` and `this.add(...)` between the braces of one of these scopes."""
        given = {"this", *(one[2] for one in scopes)}
        done = 0
        for begin, end, _, builder in sorted(scopes):
            for at in range(max(begin, done), end):
                if self.is_(at, "add", "(") and (not self.is_(at - 1, ".") or self.word(at - 2) in given):
                    yield at, builder
            done = max(done, end)

    def chain(self, at: int, builder: int, found: dict[int, int], scopes: list[tuple[int, int, str, int]]) -> int:
        """Go along `.add(...).apply { ... }` from here; return where it ends."""
        while self.is_(at, ".") or self.is_(at, "?", "."):
            at += 1 + self.is_(at, "?")
            called = self.word(at)
            if called == "add":
                found[at] = builder
            at += 1
            at = self.after(at) if self.is_(at, "(") else at
            if self.is_(at, "{"):
                if called in _SCOPES:
                    scopes.append(self.scope(at, builder))
                at = self.after(at)
        return at

    def scope(self, at: int, builder: int) -> tuple[int, int, str, int]:
        """Where the braces here begin and end, what they call what they are about, and whose they are."""
        given = self.word(at + 1) if self.is_(at + 2, "-", ">") else "it"
        return at, self.after(at) - 1, given, builder

    # ---- what is added ---------------------------------------------------------------------------

    def arguments(self, at: int) -> list[tuple[int, int]]:
        """Where the values between the parenthesis here and its end stand, the pattern first."""
        plain, named = [], {}
        for begin, end in self.items(at):
            if self.word(begin) and self.is_(begin + 1, "=") and not self.is_(begin + 2, "="):
                named[self.word(begin)] = (begin + 2, end)
            else:
                plain.append((begin, end))
        return [*([named.pop("pattern")] if "pattern" in named else []), *plain, *named.values()]

    def items(self, at: int) -> Iterator[tuple[int, int]]:
        """Where each item of the bracket here begins and ends."""
        end = self.close.get(at, len(self.tokens))
        begin = here = at + 1
        while here < end:
            if self.is_(here, ","):
                yield begin, here
                begin = here + 1
            here = self.after(here) if here in self.close else here + 1
        if begin < end:
            yield begin, end

    def value(self, begin: int, end: int, steps: int) -> Value:
        """The text, or the list of texts, that these tokens are."""
        value, here = self.sum(begin + self.is_(begin, "*"), end, steps)
        if here < end:
            raise self.unknown(begin)
        return value

    def sum(self, here: int, end: int, steps: int) -> tuple[Value, int]:
        """The value of as many tokens from here as belong together, and where they end."""
        if steps > MOST_STEPS:
            raise Unreadable(f"constants lead too far into one another; {OTHERWISE}")
        total, here = self.operand(here, end, steps)
        while here < end and self.is_(here, "+"):
            one, here = self.operand(here + 1, end, steps)
            total = total + one if isinstance(total, str) and isinstance(one, str) else [*_flat(total), *_flat(one)]
            if len(total) > MOST_LETTERS:
                raise Unreadable(f"a constant has more than {MOST_LETTERS} letters; {OTHERWISE}")
        if here < end and any(self.is_(here, sign) for sign in ".(?"):
            raise self.unknown(here)
        return total, here

    def operand(self, at: int, end: int, steps: int) -> tuple[Value, int]:
        """One value from here, and where it ends."""
        value: Value
        if at < end and self.tokens[at].kind is TokenKind.STRING:
            value, here = self.text(self.tokens[at], steps), at + 1
        elif self.is_(at, "(") and at in self.close:
            value, here = self.value(at + 1, self.close[at], steps + 1), self.after(at)
        elif self.is_(at, "{") and at in self.close:
            value, here = self.texts(at, steps), self.after(at)
        elif at < end and self.word(at):
            value, here = self.name(at, steps)
        else:
            raise self.unknown(at)
        while self.is_(here, ".") and self.word(here + 1) in _SAME and self.is_(here + 2, "("):
            value = value.strip() if isinstance(value, str) else value
            here = self.after(here + 2)
        return value, here

    def name(self, at: int, steps: int) -> tuple[Value, int]:
        """What a name stands for, or the list that it makes: `Pins.LEAF`, `listOf(...)`, `new String[] {...}`."""
        here = at + (self.word(at) == "new")
        while self.is_(here + 1, ".") and self.word(here + 2) and self.word(here + 2) not in _SAME:
            here += 2
        last = self.word(here)
        here += 1
        if last in _LISTS:
            here += 2 * self.is_(here, "[", "]")
            if (self.is_(here, "(") or self.is_(here, "{")) and here in self.close:
                return self.texts(here, steps), self.after(here)
        if self.is_(here, "(") or self.is_(here, "{"):
            raise self.unknown(at)
        here += 2 * self.is_(here, "!", "!")
        return (self.outer or self).constant(last, self.tokens[at].line, steps), here

    def constant(self, name: str, line: int, steps: int) -> Value:
        """What this name stands for everywhere in the file."""
        if name in self.changes:
            why = f"{shown(name)} is changed after it got its value"
            raise Unreadable(f"line {self.changes[name]}: {why}; {OTHERWISE}")
        if name not in self.known:
            self.known[name] = []  # for one that leads to itself
            begins = self.constants.get(name, [])
            try:
                self.known[name] = [self.sum(begin, len(self.tokens), steps + 1)[0] for begin in begins]
            except Unreadable:
                del self.known[name]
                raise
        found = self.known[name]
        if not found or any(one != found[0] for one in found):
            why = "has several values in" if found else "is no constant of"
            raise Unreadable(f"line {line}: {shown(name)} {why} this file; {OTHERWISE}")
        return found[0]

    def texts(self, at: int, steps: int) -> list[str]:
        """What the items of the bracket here are."""
        return [text for begin, end in self.items(at) for text in _flat(self.value(begin, end, steps + 1))]

    def text(self, token: Token, steps: int) -> str:
        """What a string is, with what its templates stand for."""
        parts = [
            [one] if isinstance(one, str) else _flat(_Code(list(one), self.outer or self).value(0, len(one), steps + 1))
            for one in token.parts
        ]
        return "".join(text for part in parts for text in part)

    def unknown(self, at: int) -> Unreadable:
        line = self.tokens[max(0, min(at, len(self.tokens) - 1))].line if self.tokens else 1
        return Unreadable(
            f"line {line}: what is pinned stands neither in plain strings nor in constants of this file; {OTHERWISE}"
        )

    # ---- constants -------------------------------------------------------------------------------

    @cached_property
    def constants(self) -> dict[str, list[int]]:
        """Where the value of each name begins that is given one: `val NAME: Type = ...`, `String NAME = ...`."""
        found: dict[str, list[int]] = {}
        for at in range(len(self.tokens)):
            if not self.is_(at, "=") or self.is_(at + 1, "=") or self.is_(at - 1, "="):
                continue
            if name := self.declared(at):
                found.setdefault(name, []).append(at + 1)
        return found

    @cached_property
    def changes(self) -> dict[str, int]:
        """The line on which each name is changed after its declaration: `+=`, `NAME[1] =`, `NAME.add(...)`."""
        found: dict[str, int] = {}
        for at in range(len(self.tokens)):
            name = ""
            if self.is_(at, "="):
                index = self.open.get(at - 1, at)
                if (self.is_(at - 1, "+") or self.is_(at - 1, "-")) and not self.is_(at + 1, "="):
                    name = self.word(at - 2)
                elif self.is_(index, "[") and index < at - 2 and not self.is_(at + 1, "="):
                    name = self.word(index - 1)
            elif self.word(at) in _CHANGES and self.is_(at + 1, "("):
                name = self.word(at - 2) if self.is_(at - 1, ".") else ""
                name = self.word(at + 2) if name == "Collections" else name
            found.setdefault(name, self.tokens[at].line)
        return found

    def declared(self, at: int) -> str:
        """The name that gets the value behind the sign of equality here; empty for an argument and a parameter."""
        place = at - 1
        for colon in range(at - 2, max(0, at - 12), -1):
            if self.is_(colon, ":") and self.word(colon - 2) in _GIVES:
                place = colon - 1
            if self.word(colon) in _GIVES or not (self.word(colon) or any(self.is_(colon, one) for one in ":<>?.[]")):
                break
        return "" if any(self.is_(place - 1, sign) for sign in "(,:") else self.word(place)


def _flat(value: Value) -> list[str]:
    return [value] if isinstance(value, str) else value
