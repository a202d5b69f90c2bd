"""The picture of a sequence, from its state."""

from functools import partial
from pathlib import Path

from driftgauge.pipeline.monitor.state import Entry, State
from driftgauge.pipeline.whole import write_whole
from driftgauge.report.figures.sequence import Course, Seen, sequence


def draw_sequence(state: State, path: Path) -> None:
    """Write the picture of a sequence as SVG.

    Raises
    ------
    StoreError
        When it cannot be written.
    """
    begun, alarm = state.begun, state.alarm
    course = Course(
        name=begun.release,
        outcome=begun.outcome,
        phase=begun.phase,
        margin=begun.margin,
        level=begun.level,
        looks=tuple(_seen(each) for each in state.looks),
        alarm=alarm.number if alarm else None,
        simulated=begun.simulated,
    )
    text = sequence(course)
    write_whole(path, partial(_write, text))


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _seen(entry: Entry) -> Seen:
    if entry.kind == "failed":
        return Seen(entry.number, entry.at)
    return Seen(entry.number, entry.at, entry.conf_low, entry.conf_high, entry.look.mean, other_model=bool(entry.new))
