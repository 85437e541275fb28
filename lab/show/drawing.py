"""
Drawings: a path with the pinned certificates marked, a trial as a sequence.

Made as SVG from recorded values, and shown as an image inside HTML, because
JupyterLab leaves inline SVG out of a notebook that is not trusted. They read
in greyscale, and each has a text twin.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable
from dataclasses import dataclass

from lab.observation import Certificate, Line, Showable
from lab.show.words import LOOKS, cell
from lab.trials.engine import Encounter
from lab.trials.trial import Trial

FONT = "font-family='DejaVu Sans, Verdana, sans-serif' font-size='13'"
INK = "#222222"


@dataclass(frozen=True)
class Path(Showable):
    """A path or a presented chain to look at, with marks (a word each) on some certificates, by pin."""

    certificates: tuple[Certificate, ...]
    marks: dict[str, str]
    title: str = "path"

    def svg(self) -> str:
        """Root on the left, leaf on the right; a marked certificate has a thick frame and its word."""
        wide, high, gap = 190, 64, 46
        boxes = list(reversed(self.certificates))
        width = len(boxes) * wide + max(0, len(boxes) - 1) * gap + 20
        parts = [_open(width, high + 56, self.alt())]
        for number, one in enumerate(boxes):
            left = 10 + number * (wide + gap)
            mark = self.marks.get(one.pin) or self.marks.get(one.fingerprint, "")
            thick = 4 if mark else 1.2
            parts.append(
                f"<rect x='{left}' y='10' width='{wide}' height='{high}' rx='6' fill='white' "
                f"stroke='{INK}' stroke-width='{thick}'/>"
            )
            parts.append(_text(left + wide / 2, 36, one.name, bold=True))
            parts.append(_text(left + wide / 2, 57, one.algorithm + (", CA" if one.is_ca else ", server")))
            if mark:
                parts.append(_text(left + wide / 2, high + 34, f"▲ {mark}"))
            if number:
                parts.append(_arrow(left - gap + 4, 42, left - 6, 42))
                parts.append(_text(left - gap / 2, 34, "signs", small=True))
        return "".join(parts) + "</svg>"

    def alt(self) -> str:
        """The same in words, leaf first."""
        named = []
        for one in self.certificates:
            mark = self.marks.get(one.pin) or self.marks.get(one.fingerprint, "")
            named.append(one.name + (f" ({mark})" if mark else ""))
        return f"{self.title}: " + " <- ".join(named)

    def html(self) -> str:
        return image(self.svg(), self.alt())


def sequence(shown: Trial) -> str:
    """A trial as a sequence drawing: client, attacker or proxy, server; from the recorded meetings."""
    lanes = {"client": 90, "between": 400, "server": 710}
    between = any(_between(met) for met in shown.encounters)
    y = 56
    body: list[str] = []
    for number, met in enumerate(shown.encounters, start=1):
        body.append(_text(14, y, f"{number}. {met.meeting.title}", anchor="start", bold=True))
        y += 26
        for start, end, words in _events(met):
            a, b = lanes[start], lanes[end]
            body.append(_arrow(a + (6 if b > a else -6), y, b - (6 if b > a else -6), y))
            body.append(_text((a + b) / 2, y - 6, words, small=True))
            y += 30
        if met.outcome:
            look = LOOKS[met.outcome]
            body.append(f"<rect x='14' y='{y - 14}' width='10' height='14' fill='{look.colour}' stroke='{INK}'/>")
            said = f"{cell(met.outcome)}: {met.verdict} by the {met.verdict.check} check"
            if met.verdict.check in ("no check", "switched off", "handshake"):
                said = f"{cell(met.outcome)}: {met.verdict} ({met.verdict.check})"
            body.append(_text(30, y - 2, said, anchor="start"))
        y += 34
    heads = []
    for name, x in lanes.items():
        if name == "between" and not between:
            continue
        label = {"client": shown.client.name, "server": "genuine server", "between": _between_name(shown)}
        heads.append(f"<line x1='{x}' y1='36' x2='{x}' y2='{y - 20}' stroke='{INK}' stroke-dasharray='3 4'/>")
        heads.append(_text(x, 26, label[name], bold=True))
    return _open(800, y, sequence_alt(shown)) + "".join(heads + body) + "</svg>"


def sequence_alt(shown: Trial) -> str:
    """The sequence in words."""
    told = []
    for number, met in enumerate(shown.encounters, start=1):
        events = "; ".join(f"{start} to {end}: {words}" for start, end, words in _events(met))
        outcome = f" Outcome: {met.outcome.value}." if met.outcome else ""
        told.append(f"{number}. {met.meeting.title}: {events}.{outcome}")
    return " ".join(told).replace("between", _between_name(shown))


def _between(met: Encounter) -> bool:
    return met.meeting.line is Line.ATTACKER or met.meeting.proxied


def _between_name(shown: Trial) -> str:
    attacked = any(met.meeting.line is Line.ATTACKER for met in shown.encounters)
    return "attacker" if attacked else "company proxy"


def _events(met: Encounter) -> Iterable[tuple[str, str, str]]:
    other = "between" if _between(met) else "server"
    view = met.aftermath.view
    yield "client", other, f"hello, I want {met.observation.host}"
    if met.observation.resumed:
        yield other, "client", "session resumed, no certificate"
    elif met.observation.presented:
        yield (
            other,
            "client",
            "certificates: " + " <- ".join(one.name for one in met.observation.presented[:3]),
        )
    if not view.requests:
        alert = f"alert: {view.alert}" if view.alert else "closes the connection"
        yield "client", other, alert
        return
    secret = "" if met.meeting.component else " with the secret"
    yield "client", other, f"{view.requests[0]}{secret}"
    if other == "between":
        yield "between", "server", f"{view.requests[0]}, passed on"
        yield "server", "between", "answer"
    yield other, "client", "answer"
    if not met.verdict.accepted:
        yield "client", other, "closes the connection: too late"


def image(svg: str, alt: str) -> str:
    """An SVG as an HTML image with a description; it shows in an untrusted notebook too."""
    encoded = base64.b64encode(svg.encode()).decode()
    return (
        f'<img src="data:image/svg+xml;base64,{encoded}" alt="{html.escape(alt, quote=True)}" '
        'style="display:block;max-width:100%;background:white"/>'
    )


def _open(width: float, height: float, alt: str) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='0 0 {width} {height}' role='img' {FONT}><title>{html.escape(alt)}</title>"
        f"<rect width='{width}' height='{height}' fill='white'/>"
        "<defs><marker id='a' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='8' markerHeight='8' "
        f"orient='auto'><path d='M0 0L10 5L0 10z' fill='{INK}'/></marker></defs>"
    )


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return f"<line x1='{x1}' y1='{y1}' x2='{x2}' y2='{y2}' stroke='{INK}' stroke-width='1.4' marker-end='url(#a)'/>"


def _text(x: float, y: float, words: str, *, bold: bool = False, small: bool = False, anchor: str = "middle") -> str:
    weight = " font-weight='bold'" if bold else ""
    size = " font-size='11'" if small else ""
    # The white edge keeps words readable where they cross a line.
    return (
        f"<text x='{x}' y='{y}' text-anchor='{anchor}' fill='{INK}' stroke='white' "
        f"stroke-width='3' paint-order='stroke'{weight}{size}>{html.escape(words)}</text>"
    )
