"""Colours and type of every chart, once, for light, dark, print and grey.

Charts are drawn in the light colours. The style sheet repaints them in dark mode by matching those very values
(``svg [fill="#1b1d21"] { fill: var(--ink) }``), so no two roles may share a light value.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Paint:
    """One role: its name in the style sheet and its colour on light and on dark paper."""

    role: str
    light: str
    dark: str


PAPER: Final = Paint("paper", "#ffffff", "#14171b")
INK: Final = Paint("ink", "#1b1d21", "#eceef1")
MUTED: Final = Paint("muted", "#596069", "#a3abb5")
GRID: Final = Paint("grid", "#e4e6e9", "#2c3137")
RULE: Final = Paint("rule", "#8d949d", "#78818c")
REFUSED: Final = Paint("refused", "#aebccb", "#5c6c7e")
SAFE: Final = Paint("safe", "#e6eaee", "#2b333c")
HARMFUL: Final = Paint("harmful", "#9c2f1b", "#ff9379")

SERIES: Final = (
    Paint("series-0", "#0062a0", "#62b5ee"),
    Paint("series-1", "#d55e00", "#ff914f"),
    Paint("series-2", "#8e3a78", "#dd92cb"),
    Paint("series-3", "#008f68", "#35c99d"),
    Paint("series-4", "#6b5b00", "#dccb4a"),
    Paint("series-5", "#2694cf", "#a5dbfb"),
    Paint("series-6", "#7733ee", "#8f6bff"),
)
"""One colour a family, after Okabe and Ito (2008), darkened until each has 3 : 1 against white and lightened until each has it
against the dark paper, and a violet. Any two can be told apart without one kind of cone, and neighbours in grey too; names and
markers carry the rest."""

NOISE: Final = Paint("noise", "#d8dce1", "#3a414a")
FELL: Final = (
    Paint("fell-1", "#d1e5f0", "#213a52"),
    Paint("fell-2", "#67a9cf", "#2f6ea6"),
    Paint("fell-3", "#2166ac", "#7dbdf0"),
)
LEVEL: Final = Paint("level", "#f3f3f1", "#262b31")
ROSE: Final = (
    Paint("rose-1", "#fddbc7", "#51312a"),
    Paint("rose-2", "#ef8a62", "#b9512f"),
    Paint("rose-3", "#b2182b", "#ffa58f"),
)
"""Changes on a map: blue fell, red rose (ColorBrewer RdBu, colour-blind safe); in grey the printed sign tells them apart."""
ON_DEEP: Final = Paint("on-deep", "#fffffe", "#101317")
"""Text on the deepest of these colours."""
HARM: Final = (
    Paint("harm-1", "#e7ebef", "#2a323a"),
    Paint("harm-2", "#c2cdd8", "#46535f"),
    Paint("harm-3", "#f2b48f", "#84503a"),
    Paint("harm-4", "#cf5f38", "#d9724d"),
    Paint("harm-5", "#8c2412", "#ffb39c"),
)
"""The five levels of harm: each darker than the one before in grey, but for the step from 2 to 3, where the colour turns."""

PAINTS: Final = (
    PAPER, INK, MUTED, GRID, RULE, REFUSED, SAFE, HARMFUL, NOISE, LEVEL, ON_DEEP, *FELL, *ROSE, *HARM, *SERIES,
)  # fmt: skip

SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
"""One marker a family where families share a picture. Of another length than `SERIES`: pairs repeat after 56 families only."""

MARKERS: Final[dict[str | None, str]] = {"text-only": "circle", "multimodal": "square"}
DASHES: Final = {"text-only": [1, 0], "multimodal": [5, 3]}
"""Modalities are told apart by marker and by dash, never by colour."""

FONT: Final = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
SIZE: Final = 12
LINE: Final = 15


def colour(series: int) -> str:
    """Return the light colour of a family's number."""
    return SERIES[series % len(SERIES)].light


def shape(series: int) -> str:
    """Return the marker of a family's number."""
    return SHAPES[series % len(SHAPES)]
