"""Arrows that place themselves: of several bows the one whose line and label meet the least of what is there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from tcpmodel.report.svg import Box, Point, number, overlap

HALF_WIDTH, HALF_HEIGHT, GAP = 76.0, 18.0, 3.0
BOWS = (0.0, 0.12, -0.12, 0.22, -0.22, 0.34, -0.34, 0.48, -0.48, 0.62, -0.62)
STOPS = (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8)
SAMPLES = 40
STRIDE = 8.0  # pixels between the points by which a line is remembered


class Router:
    """Remembers the boxes of states and labels, and the points of lines, drawn so far.

    `places` are the centres of each state, a second one where it is drawn twice; arrows may end at either.
    """

    def __init__(self, places: Mapping[str, Sequence[Point]], size: Point) -> None:
        self.places = places
        self.states = [(name, around(at, HALF_WIDTH, HALF_HEIGHT)) for name, ats in places.items() for at in ats]
        self.size = size
        self.labels: list[Box] = []
        self.lines: list[Point] = []

    def label(self, box: Box) -> None:
        """A label stands there."""
        self.labels.append(box)

    def line(self, points: Sequence[Point]) -> None:
        """A line runs there."""
        for (ax, ay), (bx, by) in pairwise(points):
            steps = max(1, int(math.hypot(bx - ax, by - ay) / STRIDE))
            self.lines += [(ax + (bx - ax) * n / steps, ay + (by - ay) * n / steps) for n in range(steps)]

    def route(self, source: str, target: str, label: Point) -> tuple[str, Point]:
        """Path data from the border of one state to that of another, and the middle of its label."""
        _, points, middle = min(self._choices(source, target, label), key=lambda choice: choice[0])
        self.label(around(middle, label[0] / 2, label[1] / 2))
        self.line(points)
        return "M" + "L".join(f"{number(x)},{number(y)}" for x, y in points), middle

    def _choices(self, source: str, target: str, label: Point) -> Iterator[tuple[float, list[Point], Point]]:
        for end in self.places[target]:
            for bow in BOWS:
                points = _curve(self.places[source][0], end, bow)
                cost = self._line_cost(points, {source, target}) + 60 * abs(bow)
                for stop in STOPS:
                    middle = points[int(len(points) * stop)]
                    box = around(middle, label[0] / 2 + GAP, label[1] / 2 + GAP)
                    yield cost + self._label_cost(box) + 5 * abs(stop - 0.5), points, middle

    def _line_cost(self, points: list[Point], ends: set[str]) -> float:
        """Length, and what the line runs through: states, labels, the edge of the picture."""
        cost = 0.05 * sum(math.dist(a, b) for a, b in pairwise(points))
        through = [box for name, box in self.states if name not in ends]
        cost += 400.0 * sum(any(_inside(point, box) for point in points) for box in through)
        cost += 60.0 * sum(any(_inside(point, box) for point in points) for box in self.labels)
        return cost + 800.0 * any(not _inside(point, (0.0, 0.0, *self.size)) for point in points)

    def _label_cost(self, box: Box) -> float:
        """What the label covers: other labels and states at a high price, lines at a low one."""
        boxes = (*self.labels, *(state for _, state in self.states))
        outside = box[0] < 0 or box[1] < 0 or box[2] > self.size[0] or box[3] > self.size[1]
        return 1000.0 * sum(overlap(box, b) for b in boxes) + 800.0 * outside + 8.0 * sum(
            _inside(point, box) for point in self.lines
        )


def circle(states: Sequence[str], size: Point) -> dict[str, Point]:
    """Places for states of which no diagram file says where they stand."""
    turn, half_x, half_y = 2 * math.pi / max(1, len(states)), size[0] / 2, size[1] / 2
    return {
        state: (half_x + 0.8 * half_x * math.sin(turn * n), half_y - 0.85 * half_y * math.cos(turn * n))
        for n, state in enumerate(states)
    }


def around(at: Point, half_width: float, half_height: float) -> Box:
    """The box with that middle."""
    return at[0] - half_width, at[1] - half_height, at[0] + half_width, at[1] + half_height


def _curve(start: Point, end: Point, bow: float) -> list[Point]:
    """A quadratic curve between the borders of the states at both ends, as a polyline."""
    (ax, ay), (bx, by) = start, end
    cx, cy = (ax + bx) / 2 - (by - ay) * bow, (ay + by) / 2 + (bx - ax) * bow

    def at(t: float) -> Point:
        u = 1 - t
        return u * u * ax + 2 * u * t * cx + t * t * bx, u * u * ay + 2 * u * t * cy + t * t * by

    first = _border(lambda t: _inside(at(t), around(start, HALF_WIDTH, HALF_HEIGHT)))
    last = 1 - _border(lambda t: _inside(at(1 - t), around(end, HALF_WIDTH, HALF_HEIGHT)))
    return [at(first + (last - first) * n / SAMPLES) for n in range(SAMPLES + 1)]


def _border(inside: Callable[[float], bool]) -> float:
    """Where a curve that starts inside a box leaves it, by bisection over its first half."""
    low, high = 0.0, 0.5
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) else (low, middle)
    return high


def _inside(point: Point, box: Box) -> bool:
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]
