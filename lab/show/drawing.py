"""
Drawings: a path with the pinned certificates marked, a trial as a sequence.

Made from recorded values. They read in greyscale, and each has a text twin.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lab.observation import Certificate, Letters, Line, Showable
from lab.show import svg
from lab.show.keys import named, swatch
from lab.show.words import LOOKS, cell
from lab.trials.engine import Encounter
from lab.trials.trial import Trial


@dataclass(frozen=True)
class Path(Showable):
    """A path or a presented chain to look at, with marks (a word each) on some certificates, and keys' letters."""

    certificates: tuple[Certificate, ...]
    marks: dict[str, str]
    letters: Letters
    title: str = "path"

    def svg(self) -> str:
        """Root left, leaf right, each with its key; a marked certificate has a thick frame and its word."""
        wide, high, gap = 190, 84, 46
        boxes = list(reversed(self.certificates))
        width = len(boxes) * wide + max(0, len(boxes) - 1) * gap + 20
        parts = []
        for number, one in enumerate(boxes):
            left = 10 + number * (wide + gap)
            mark = self._mark(one)
            thick = 4 if mark else 1.2
            parts.append(svg.box(left, 10, wide, high, fill="white", thick=thick, corner=6))
            if one.pin in self.letters:
                parts.append(swatch(self.letters[one.pin], left + 8, 18, wide - 16))
            parts.append(svg.words(left + wide / 2, 57, one.name, bold=True))
            parts.append(svg.words(left + wide / 2, 78, one.algorithm + (", CA" if one.is_ca else ", server")))
            if mark:
                parts.append(svg.words(left + wide / 2, high + 34, f"▲ {mark}"))
            if number:
                parts.append(svg.arrow(left - gap + 4, 52, left - 6, 52))
                parts.append(svg.words(left - gap / 2, 44, "signs", small=True))
        return svg.frame(width, high + 56, self.alt(), *parts)

    def alt(self) -> str:
        """The same in words, leaf first."""
        return f"{self.title}: " + " <- ".join(named(one, self.letters, self._mark(one)) for one in self.certificates)

    def _mark(self, one: Certificate) -> str:
        return self.marks.get(one.pin) or self.marks.get(one.fingerprint, "")

    def html(self) -> str:
        """The drawing, with its description."""
        return svg.image(self.svg(), self.alt())


def sequence(shown: Trial) -> str:
    """A trial as a sequence drawing: client, attacker or proxy, server; from the recorded meetings."""
    lanes = {"client": 90, "between": 400, "server": 710}
    between = any(_between(met) for met in shown.encounters)
    y = 56
    body: list[str] = []
    for number, met in enumerate(shown.encounters, start=1):
        body.append(svg.words(14, y, f"{number}. {met.meeting.title}", anchor="start", bold=True))
        y += 26
        for start, end, words, sent in _events(met, shown.letters):
            a, b = lanes[start], lanes[end]
            body.append(svg.arrow(a + (6 if b > a else -6), y, b - (6 if b > a else -6), y))
            body.append(svg.words((a + b) / 2, y - 6, words, small=True))
            for number_sent, one in enumerate(sent):
                body.append(swatch(one, (a + b) / 2 + 54 * (number_sent - len(sent) / 2), y + 6))
            y += 50 if sent else 30
        if met.outcome:
            look = LOOKS[met.outcome]
            body.append(svg.box(14, y - 14, 10, 14, fill=look.colour))
            said = f"{cell(met.outcome)}: {met.verdict} by the {met.verdict.check} check"
            if met.verdict.check in ("no check", "switched off", "handshake"):
                said = f"{cell(met.outcome)}: {met.verdict} ({met.verdict.check})"
            body.append(svg.words(30, y - 2, said, anchor="start"))
        y += 34
    heads = []
    for name, x in lanes.items():
        if name == "between" and not between:
            continue
        label = {"client": shown.client.name, "server": "genuine server", "between": _between_name(shown)}
        heads.append(svg.dashed(x, 36, x, y - 20))
        heads.append(svg.words(x, 26, label[name], bold=True))
    return svg.frame(800, y, sequence_alt(shown), *heads, *body)


def sequence_alt(shown: Trial) -> str:
    """The sequence in words."""
    told = []
    for number, met in enumerate(shown.encounters, start=1):
        events = "; ".join(f"{start} to {end}: {words}" for start, end, words, _ in _events(met, shown.letters))
        outcome = f" Outcome: {met.outcome.value}." if met.outcome else ""
        told.append(f"{number}. {met.meeting.title}: {events}.{outcome}")
    return " ".join(told).replace("between", _between_name(shown))


def _between(met: Encounter) -> bool:
    return met.meeting.line is Line.ATTACKER or met.meeting.proxied


def _between_name(shown: Trial) -> str:
    attacked = any(met.meeting.line is Line.ATTACKER for met in shown.encounters)
    return "attacker" if attacked else "company proxy"


def _events(met: Encounter, letters: Letters) -> Iterable[tuple[str, str, str, tuple[str, ...]]]:
    """Who says what to whom, and the letters of the keys that come with it."""
    other = "between" if _between(met) else "server"
    view = met.aftermath.view
    yield "client", other, f"hello, I want {met.observation.host}", ()
    if met.observation.resumed:
        yield other, "client", "session resumed, no certificate", ()
    elif sent := met.observation.presented[:3]:
        certificates = "sends " + " <- ".join(named(one, letters) for one in sent)
        yield other, "client", certificates, tuple(letters[one.pin] for one in sent if one.pin in letters)
    if not view.requests:
        alert = f"alert: {view.alert}" if view.alert else "closes the connection"
        yield "client", other, alert, ()
        return
    secret = "" if met.meeting.component else " with the secret"
    yield "client", other, f"{view.requests[0]}{secret}", ()
    if other == "between":
        yield "between", "server", f"{view.requests[0]}, passed on", ()
        yield "server", "between", "answer", ()
    yield other, "client", "answer", ()
    if not met.verdict.accepted:
        yield "client", other, "closes the connection: too late", ()
