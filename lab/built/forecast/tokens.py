"""
The words, strings and signs of a program, without its comments.

It knows the lexical rules of Kotlin, Java and Swift as far as strings and
comments go, and no grammar. Kotlin's and Swift's comments nest, Java's do not.
It never fails: what ends too early ends where the text ends. The time it takes
grows with the text, however that is nested.
"""

from __future__ import annotations

import re
import textwrap
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum

MOST_DEPTH = 30
"""How deep templates are followed into one another; what is deeper is text."""


class TokenKind(Enum):
    """What a token is."""

    WORD = "word"
    STRING = "string"
    SIGN = "sign"


@dataclass(frozen=True)
class Token:
    """
    One token, and the line on which it begins.

    `text` is a word, a sign of one character, or empty for a string, whose
    `parts` are its literal text and, for each template, the tokens in it.
    """

    kind: TokenKind
    text: str
    line: int
    parts: tuple[str | tuple[Token, ...], ...] = ()


_BLANK = re.compile(r"(?:\s++|//[^\n]*+)++")
_HASH = re.compile(r"(?:\s++|//[^\n]*+|\#[^\n]*+)++")
_COMMENT = re.compile(r"/\*|\*/")
_COMMENT_ENDS = re.compile(r"\*/")
_WORD = re.compile(r"\w++")
_PLAIN = re.compile(r'[^"\\$\n]++')
_CHARACTER = re.compile(r"'(?:[^'\\\n]|\\.)*+'?")
_NAME = re.compile(r"\$([^\W\d]\w*+)")
_UNICODE = re.compile(r"\\u+([0-9A-Fa-f]{4})")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "s": " ", "0": "\0", "\n": ""}


def nests(text: str, name: str = "") -> bool:
    """Whether this is a language whose comments nest and whose strings have templates: Kotlin, and not Java."""
    if name.endswith((".java", ".groovy", ".m", ".php", ".c")):
        return False
    if name.endswith((".kt", ".kts", ".swift")) or re.search(r"\b(?:val|fun|object|let)\s+\w", text):
        return True
    return not re.search(r"(?m);[ \t]*(?://.*)?$", text)


def tokens(text: str, *, kotlin: bool = True, hashes: bool = False) -> list[Token]:
    """
    The tokens in their order; `kotlin` is what `nests` tells, and `hashes` lets # begin a comment too.

    Whatever the text is, this raises nothing.
    """
    return _Lexer(text, kotlin, hashes).until_end()


class _Lexer:
    def __init__(self, text: str, kotlin: bool, hashes: bool) -> None:
        self.text, self.kotlin, self.at = text, kotlin, 0
        self.blank = _HASH if hashes else _BLANK
        self.lines = [found.end() for found in re.finditer("\n", text)]

    def until_end(self, depth: int = 0) -> list[Token]:
        """All tokens; within a template (`depth` above 0) those before the brace that closes it."""
        found: list[Token] = []
        open_braces = 0
        while self.at < len(self.text):
            begin, text = self.at, self.text
            if blank := self.blank.match(text, begin):
                self.at = blank.end()
                continue
            if text.startswith("/*", begin):
                self._comment()
                continue
            sign = text[begin]
            line = bisect_right(self.lines, begin) + 1
            if sign == '"':
                found.append(Token(TokenKind.STRING, "", line, self._string(depth)))
            elif sign == "'" and (character := _CHARACTER.match(text, begin)):
                self.at = character.end()
                found.append(Token(TokenKind.STRING, "", line, (_unescaped(character[0].strip("'")),)))
            elif word := _WORD.match(text, begin):
                self.at = word.end()
                found.append(Token(TokenKind.WORD, word[0], line))
            else:
                self.at += 1
                open_braces += {"{": 1, "}": -1}.get(sign, 0)
                if depth and open_braces < 0:
                    break
                found.append(Token(TokenKind.SIGN, sign, line))
        return found

    def _comment(self) -> None:
        depth = 1
        self.at += 2
        signs = _COMMENT if self.kotlin else _COMMENT_ENDS
        while depth and (found := signs.search(self.text, self.at)):
            self.at = found.end()
            depth += -1 if found[0] == "*/" else 1
        if depth:
            self.at = len(self.text)

    def _string(self, depth: int) -> tuple[str | tuple[Token, ...], ...]:
        block = self.text.startswith('"""', self.at)
        self.at += 3 if block else 1
        raw = block and self.kotlin
        parts: list[str | tuple[Token, ...]] = []
        while self.at < len(self.text):
            text, begin = self.text, self.at
            if plain := _PLAIN.match(text, begin):
                self.at = plain.end()
                parts.append(plain[0])
            elif text[begin] == '"' and (not block or text.startswith('"""', begin)):
                self.at += 3 if block else 1
                while raw and text.startswith('"', self.at):  # quotes before the last three are part of the string
                    parts.append('"')
                    self.at += 1
                break
            elif text[begin] == "\n" and not block:
                break
            elif text[begin] == "\\" and not raw:
                parts.append(self._escape())
            elif text[begin] == "$" and self.kotlin:
                parts.append(self._template(depth))
            else:
                parts.append(text[begin])
                self.at += 1
        if block and not raw:  # Java's, whose lines lose what they are all indented by
            return (textwrap.dedent("".join(map(str, parts)).lstrip(" \t").removeprefix("\n")),)
        return tuple(parts)

    def _escape(self) -> str:
        if found := _UNICODE.match(self.text, self.at):
            self.at = found.end()
            return chr(int(found[1], 16))
        self.at += 2
        escaped = self.text[self.at - 1 : self.at]
        return _ESCAPES.get(escaped, escaped)

    def _template(self, depth: int) -> str | tuple[Token, ...]:
        if name := _NAME.match(self.text, self.at):
            line = bisect_right(self.lines, self.at) + 1
            self.at = name.end()
            return (Token(TokenKind.WORD, name[1], line),)
        if self.text.startswith("${", self.at) and depth < MOST_DEPTH:
            self.at += 2
            return tuple(self.until_end(depth + 1))
        self.at += 1
        return "$"


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text)
