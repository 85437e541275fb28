"""
How outcomes look: a glyph, a word and a colour each, the same everywhere; and how a stretch of time reads.

The colours are Okabe and Ito's, which most colour-blind readers can tell
apart; the glyph and the word say the same without any colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from lab.observation import Outcome


@dataclass(frozen=True)
class Look:
    """A glyph, the colour as #rrggbb for HTML, and rich's style for a terminal."""

    glyph: str
    colour: str
    style: str
    meaning: str

    @property
    def tint(self) -> str:
        """A quarter of the colour on white: the ground of a cell that is read in dark ink."""
        parts = (int(self.colour[at : at + 2], 16) for at in (1, 3, 5))
        return "#" + "".join(f"{255 - (255 - part) // 4:02x}" for part in parts)


LOOKS = {
    Outcome.SERVED: Look("✓", "#0072B2", "#56B4E9", "the client talked to the genuine server"),
    Outcome.STOPPED: Look("–", "#666666", "dim", "the client refused an attacker"),
    Outcome.OUTAGE: Look("■", "#E69F00", "#E69F00", "the client refused the genuine server"),
    Outcome.INTERCEPTED: Look("✗", "#D55E00", "bold #D55E00", "the attacker has the client's secret"),
}


def cell(outcome: Outcome) -> str:
    """Glyph and word, as in ``✗ intercepted``."""
    return f"{LOOKS[outcome].glyph} {outcome.value}"


MINUTE = timedelta(minutes=1)


def spoken(time: timedelta | None) -> str:
    """A time as a table says it: ``at once``, ``6 h``, ``8 d 6 h``; ``never`` where there is none."""
    if time is None:
        return "never"
    if time < MINUTE:
        return "at once"
    days, hours = divmod(-(-(time // MINUTE) // 60), 24)  # an hour that has begun
    return " ".join(part for part in (f"{days} d" if days else "", f"{hours} h" if hours else "") if part)


def legend() -> str:
    """What the four outcomes mean, one line each."""
    return "\n".join(f"{cell(outcome):<14} {look.meaning}" for outcome, look in LOOKS.items())
