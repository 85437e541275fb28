"""
The strokes of which every drawing of the lab is made: a frame with a title, words, lines, boxes.

Each gives a piece of SVG as text. It knows sizes and colours, and nothing of
what is drawn.
"""

from __future__ import annotations

import base64
from html import escape
from typing import Any

from lab.show.markup import tag

INK = "#222222"


def frame(width: float, height: float, alt: str, *parts: str) -> str:
    """A whole drawing on white ground; `alt` says in words what it shows."""
    return tag(
        "svg",
        tag("title", escape(alt)),
        tag("rect", width=width, height=height, fill="white"),
        tag("defs", _HEAD),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=height,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        font_family="DejaVu Sans, Verdana, sans-serif",
        font_size=13,
    )


def words(x: float, y: float, said: str, *, bold: bool = False, small: bool = False, anchor: str = "middle") -> str:
    """Words on one line; `anchor` says which end of them is at `x`."""
    more: dict[str, Any] = {"font_weight": "bold"} if bold else {}
    if small:
        more["font_size"] = 11
    # The white edge keeps words readable where they cross a line.
    edge = {"stroke": "white", "stroke_width": 3, "paint_order": "stroke"}
    return tag("text", escape(said), x=x, y=y, text_anchor=anchor, fill=INK, **edge, **more)


def line(x1: float, y1: float, x2: float, y2: float, *, ink: str = INK, thick: float = 1, **more: Any) -> str:
    """A straight line; `more` are attributes of SVG."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=ink, stroke_width=thick, **more)


def dashed(x1: float, y1: float, x2: float, y2: float, *, ink: str = INK) -> str:
    """A dashed line."""
    return line(x1, y1, x2, y2, ink=ink, stroke_dasharray="3 4")


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """A line with a head at its end."""
    return line(x1, y1, x2, y2, thick=1.4, marker_end="url(#a)")


def box(x: float, y: float, width: float, height: float, *, fill: str, thick: float = 1, corner: float = 0) -> str:
    """A filled rectangle with an edge."""
    return tag("rect", x=x, y=y, width=width, height=height, rx=corner, fill=fill, stroke=INK, stroke_width=thick)


def image(svg: str, alt: str) -> str:
    """
    A drawing as an HTML image with a description.

    JupyterLab leaves inline SVG out of a notebook that is not trusted, and shows an image.
    """
    return (
        f'<img src="{address(svg)}" alt="{escape(alt, quote=True)}" '
        'style="display:block;max-width:100%;background:white"/>'
    )


def address(svg: str) -> str:
    """The drawing itself as the address of an image."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


_HEAD = tag(
    "marker",
    tag("path", d="M0 0L10 5L0 10z", fill=INK),
    id="a", viewBox="0 0 10 10", refX=9, refY=5, markerWidth=8, markerHeight=8, orient="auto",
)  # fmt: skip
