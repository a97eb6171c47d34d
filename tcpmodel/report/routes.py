"""Arrows that place themselves: of several bows the one whose line and label meet the least of what is there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tcpmodel.report.svg import Box, Point, number, overlap

HALF_WIDTH, HALF_HEIGHT, GAP = 76.0, 18.0, 3.0
BOWS = (0.0, 0.12, -0.12, 0.22, -0.22, 0.34, -0.34, 0.48, -0.48, 0.62, -0.62)
STOPS = (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8)
SAMPLES = 40


class Router:
    """Remembers the boxes of states and labels and the points of lines drawn so far."""

    def __init__(self, places: Mapping[str, Point], taken: Sequence[Box] = (), bounds: Point | None = None) -> None:
        self.places = places
        self.states = {name: around(at, HALF_WIDTH, HALF_HEIGHT) for name, at in places.items()}
        self.taken = list(taken)
        self.lines: list[Point] = []
        self.bounds = bounds

    @staticmethod
    def circle(states: Sequence[str], size: Point = (1000.0, 800.0)) -> dict[str, Point]:
        """Places for states of which no diagram file says where they stand."""
        turn = 2 * math.pi / max(1, len(states))
        half_x, half_y = size[0] / 2, size[1] / 2
        return {
            state: (half_x + 0.8 * half_x * math.sin(turn * n), half_y - 0.85 * half_y * math.cos(turn * n))
            for n, state in enumerate(states)
        }

    def route(self, source: str, target: str, label: Point) -> tuple[str, Point]:
        """Path data from the border of one state to that of another, and the middle of its label."""
        best = min(
            ((self._cost(source, target, bow, stop, label), bow, stop) for bow in BOWS for stop in STOPS),
            key=lambda row: row[0],
        )
        points = self._points(source, target, best[1])
        middle = self._stop(points, best[2])
        self.taken.append(around(middle, label[0] / 2, label[1] / 2))
        self.lines += points[::3]
        return _data(points), middle

    def _points(self, source: str, target: str, bow: float) -> list[Point]:
        """The curve between the borders of both states, as a polyline."""
        (ax, ay), (bx, by) = self.places[source], self.places[target]
        cx, cy = (ax + bx) / 2 - (by - ay) * bow, (ay + by) / 2 + (bx - ax) * bow
        found = []
        for n in range(SAMPLES + 1):
            t = n / SAMPLES
            u = 1 - t
            point = (u * u * ax + 2 * u * t * cx + t * t * bx, u * u * ay + 2 * u * t * cy + t * t * by)
            if not _inside(point, self.states[source]) and not _inside(point, self.states[target]):
                found.append(point)
        return found or [(ax, ay), (bx, by)]

    def _stop(self, points: list[Point], stop: float) -> Point:
        return points[min(len(points) - 1, int(len(points) * stop))]

    def _cost(self, source: str, target: str, bow: float, stop: float, label: Point) -> float:
        points = self._points(source, target, bow)
        box = around(self._stop(points, stop), label[0] / 2 + GAP, label[1] / 2 + GAP)
        cost = 1000.0 * sum(overlap(box, other) for other in (*self.taken, *self.states.values()))
        others = [states for name, states in self.states.items() if name not in (source, target)]
        cost += 300.0 * sum(any(_inside(point, other) for point in points[::2]) for other in others)
        cost += 40.0 * sum(any(_inside(point, other) for point in points[::2]) for other in self.taken)
        cost += 6.0 * sum(_inside(point, box) for point in self.lines)
        if self.bounds:
            outside = [p for p in points if not (0 < p[0] < self.bounds[0] and 0 < p[1] < self.bounds[1])]
            cost += 500.0 * bool(outside)
        return cost + 10 * abs(bow) + abs(stop - 0.5)


def around(at: Point, half_width: float, half_height: float) -> Box:
    """The box with that middle."""
    return at[0] - half_width, at[1] - half_height, at[0] + half_width, at[1] + half_height


def _inside(point: Point, box: Box) -> bool:
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]


def _data(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{number(x)},{number(y)}" for x, y in points)
