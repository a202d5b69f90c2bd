"""Where the labels of a scatter go: beside their dots, covering as little as possible."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from driftgauge.report.figures import theme
from driftgauge.report.names import width_of


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels from the top left of the plot."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "Box") -> float:
        """Return the area in common."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(across, 0.0) * max(down, 0.0)

    def outside(self, other: "Box") -> float:
        """Return by how many pixels this box stands out of another."""
        return max(0.0, other.left - self.left, self.right - other.right) + max(
            0.0, other.top - self.top, self.bottom - other.bottom
        )


@dataclass(frozen=True)
class Label:
    """A text that belongs to a point."""

    text: str
    x: float
    y: float


_DIRECTIONS: Final = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
_REACHES: Final = (11, 18, 28, 40)


def place(labels: Sequence[Label], *, obstacles: Sequence[Box], room: Box) -> list[dict[str, Any]]:
    """Return for each label its place (`x`, `y`) and on which side of it the text stands (`align`).

    Labels are placed one after the other, each where it covers least of the obstacles and of the labels before it and stays in
    the room; nearer and simpler places are preferred.
    """
    taken = list(obstacles)
    placed: list[dict[str, Any]] = []
    for label in labels:
        choices = [_candidate(label, direction, reach) for reach in _REACHES for direction in _DIRECTIONS]
        costs = [
            sum(box.overlap(other) for other in taken) + 400 * box.outside(room) + 4 * rank
            for rank, (box, _) in enumerate(choices)
        ]
        box, align = choices[costs.index(min(costs))]
        # Text over text is worse than text over a line.
        taken += [box] * 4
        x = {"left": box.left, "right": box.right, "center": (box.left + box.right) / 2}[align]
        placed.append({"x": x, "y": (box.top + box.bottom) / 2, "text": label.text, "align": align})
    return placed


def _candidate(label: Label, direction: tuple[int, int], reach: int) -> tuple[Box, str]:
    x, y = label.x + direction[0] * reach, label.y + direction[1] * reach
    width, half = width_of(label.text), theme.SIZE * 0.62
    align = {1: "left", -1: "right", 0: "center"}[direction[0]]
    left = {"left": x, "right": x - width, "center": x - width / 2}[align]
    return Box(left, y - half, left + width, y + half), align
