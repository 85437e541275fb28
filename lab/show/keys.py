"""
How a key looks, by its letter: a colour and a pattern, the same in every drawing and on every page.

The letter says which key it is; colour and pattern repeat it for the eye, and
each is enough alone: in greyscale and on paper there is the pattern. The
colours are Okabe and Ito's, the genuine keys' first, none of which an outcome
has. After 56 keys colours and patterns come again, and letters never do. Who
gets which letter is said in `lab.trials.letters`.
"""

from __future__ import annotations

from lab.observation import Certificate, Letters
from lab.show.markup import tag
from lab.show.svg import INK, address

COLOURS = ("#009E73", "#56B4E9", "#CC79A7", "#F0E442", "#E69F00", "#999999", "#D55E00", "#0072B2")
PATTERNS = (
    "",
    "M-2 2L2 -2M0 8L8 0M6 10L10 6",
    "M4 3v2M3 4h2",
    "M0 4h8M4 0v8",
    "M2 0v8M6 0v8",
    "M-2 6L2 10M0 0L8 8M6 -2L10 2",
    "M0 2h8M0 6h8",
)
"""Strokes on a tile of 8 by 8: none, rising lines, dots, a grid, upright, falling and level lines."""


def look(letter: str) -> tuple[str, str]:
    """The colour and the strokes of the key with this letter."""
    number = -1
    for one in letter:
        number = (number + 1) * 26 + ord(one) - ord("A")
    return COLOURS[number % len(COLOURS)], PATTERNS[number % len(PATTERNS)]


def swatch(letter: str, x: float = 0, y: float = 0, width: float = 48, height: float = 18) -> str:
    """A piece of SVG: the key's colour and pattern with an edge, and its letter on white in the middle."""
    colour, strokes = look(letter)
    tile = (tag("rect", width=8, height=8, fill=colour), tag("path", d=strokes, stroke=INK, stroke_width=1.5))
    wide, ink = 8 + 9 * len(letter), {"stroke": INK, "stroke_width": 1}
    middle = x + width / 2
    return tag(
        "g",
        tag("pattern", *tile, id=f"key-{letter}", width=8, height=8, patternUnits="userSpaceOnUse"),
        tag("rect", x=x, y=y, width=width, height=height, fill=f"url(#key-{letter})", **ink),
        tag("rect", x=middle - wide / 2, y=y, width=wide, height=height, fill="white", **ink),
        tag("text", letter, x=middle, y=y + height / 2 + 4.5, fill=INK, text_anchor="middle", font_weight="bold"),
    )


def picture(letter: str) -> str:
    """The key's swatch as the address of an image, for a page."""
    size = {"width": 50, "height": 20, "font_family": "DejaVu Sans, Verdana, sans-serif", "font_size": 13}
    return address(tag("svg", swatch(letter, 1, 1), xmlns="http://www.w3.org/2000/svg", **size))


def named(one: Certificate, letters: Letters, said: str = "") -> str:
    """A certificate in words: ``bank.example [A, genuine]``."""
    letter = letters.get(one.pin, "")
    told = ", ".join(filter(None, (letter, said, one.trouble and "cannot be read")))
    return f"{one.name} [{told}]" if told else one.name
