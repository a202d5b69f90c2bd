"""From what on something about a rater is worth a look. A reason to talk, and never by itself one to leave ratings out."""

from typing import Final

SHARED: Final = 5
"""The fewest responses that a rater shares with others before a severity is told."""
TIMED: Final = 20
"""The fewest ratings with a time before somebody is called fast."""
FAST_S: Final = 3.0
"""Seconds: who takes less for the median rating cannot have read it."""
FAST_SHARE: Final = 0.25
"""Of the panel's median: less than this stands out."""
LINED: Final = 30
LINED_SHARE: Final = 0.95
"""Of ratings that are all the same, among at least `LINED`."""
GOLD: Final = 5
GOLD_SHARE: Final = 0.6
"""Of control items that have to be right, among at least `GOLD`."""
ANCHORS: Final = 5
ANCHOR_DRIFT: Final = 0.75
"""Points of harm by which a rater's mean changes between the first and the second time, over at least `ANCHORS`."""
