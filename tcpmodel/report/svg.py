"""Pieces of SVG pictures: text, boxes, lines, arrows. Coordinates are pixels, y downwards; no fonts are embedded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"
# widths in units of the font size, generous: the pictures have to fit in whatever font is at hand
_NARROW, _WIDE = set("iIlj.,:;|!'()[]/ "), set("mwMW@")


def width(text: str, size: float) -> float:
    """About how wide a text is drawn, in pixels."""
    units = sum(0.36 if c in _NARROW else 0.95 if c in _WIDE else 0.7 if c.isupper() else 0.6 for c in text)
    return units * size


def number(value: float) -> str:
    """A length in pixels, to a tenth."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def element(name: str, content: str = "", **attributes: str | float) -> str:
    """<name ...>content</name>; underscores in attribute names stand for hyphens, `class_` for class."""
    rows = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(value if isinstance(value, str) else number(value))}"'
        for key, value in attributes.items()
    ]
    return f"<{name}{''.join(rows)}>{content}</{name}>" if content else f"<{name}{''.join(rows)}/>"


def text(at: Point, words: str, class_: str, anchor: str = "middle", title: str = "") -> str:
    """One line of text with its baseline at `at`."""
    inner = element("title", escape(title)) + escape(words) if title else escape(words)
    return element("text", inner, x=at[0], y=at[1], class_=class_, text_anchor=anchor)


def document(size: Point, style: str, parts: Iterable[str], title: str) -> str:
    """A whole picture on white, with the arrow heads that `class` names in the style refer to."""
    w, h = map(number, size)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" '
        f'role="img" font-family="{FONT}">'
    )
    rows = [head, element("title", escape(title)), element("style", style), heads(), *parts, "</svg>"]
    return "\n".join(row for row in rows if row) + "\n"


COLORS = {"": "#334155", "added": "#15803d", "removed": "#b91c1c", "changed": "#b45309", "walked": "#1d4ed8"}
"""The colour of a line by what is to be said about it."""


def colored(element: str, change: str) -> str:
    """A text element in the colour of a change."""
    return element.replace("<text ", f'<text fill="{COLORS[change]}" ', 1)


def heads() -> str:
    """A white background, and arrow heads, one for each colour: `url(#head-added)`."""
    background = element("rect", width="100%", height="100%", fill="#ffffff")
    return element("defs", "".join(_head(name, color) for name, color in COLORS.items())) + background


def _head(name: str, color: str) -> str:
    shape = element("path", d="M0,0L9,4L0,8z", fill=color)
    size = {"markerWidth": 9.0, "markerHeight": 8.0, "refX": 8.5, "refY": 4.0}
    return element("marker", shape, id=f"head-{name}", orient="auto", markerUnits="userSpaceOnUse", **size)


def corners(points: Sequence[Point], radius: float = 12) -> str:
    """Path data of a polyline with rounded corners."""
    parts = [f"M{number(points[0][0])},{number(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        (ax, ay), (bx, by) = toward(corner, before, radius), toward(corner, after, radius)
        parts.append(
            f"L{number(ax)},{number(ay)}Q{number(corner[0])},{number(corner[1])} {number(bx)},{number(by)}"
        )
    return "".join(parts) + f"L{number(points[-1][0])},{number(points[-1][1])}"


def toward(start: Point, end: Point, distance: float) -> Point:
    """The point `distance` from `start` on the way to `end`, at most halfway."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    share = min(distance / length, 0.5)
    return start[0] + dx * share, start[1] + dy * share


def line(path: str, change: str = "", class_: str = "line", title: str = "") -> str:
    """A line along path data with an arrow head at its end."""
    color = COLORS[change]
    dash = {"stroke_dasharray": "6 4"} if change == "removed" else {}
    dash |= {"style": "stroke-width:3"} if change == "walked" else {}
    inner = element("title", escape(title)) if title else ""
    return element(
        "path", inner, d=path, class_=class_, stroke=color, fill="none", marker_end=f"url(#head-{change})", **dash
    )


def overlap(a: Box, b: Box) -> bool:
    """Whether two boxes have an area in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
