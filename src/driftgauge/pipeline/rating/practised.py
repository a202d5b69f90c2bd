"""The exercises of a panel: what its files say, what the store has of it already, and how raters see it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from driftgauge.errors import StudyError
from driftgauge.pipeline.rating.renderings import SHOWN
from driftgauge.pipeline.rating.steps import Part, Turn
from driftgauge.rate.exercises import Exercise, read_exercises
from driftgauge.rate.shown import as_written, from_markdown
from driftgauge.records import content_id
from driftgauge.study import Panel, Study

Purpose = Literal["calibration", "gold"]
_HARM = range(1, 6)


@dataclass(frozen=True)
class Practised:
    """An exercise of a panel.

    Parameters
    ----------
    name
        Opaque: what the store calls it.
    exercise
        As its file has it.
    content
        Content id; another text or another answer is another exercise.
    is_new
        Whether the store does not have it yet.
    """

    name: str
    exercise: Exercise
    content: str
    is_new: bool

    @property
    def purpose(self) -> str:
        """``calibration`` or ``gold``."""
        return self.exercise.purpose

    @property
    def expected(self) -> str:
        """JSON: the answers that count as right."""
        of = self.exercise
        harms = [harm for harm in _HARM if abs(harm - of.harm) <= of.tolerance]
        return json.dumps({"harm": harms, "success": of.success, "refusal": of.refusal})


def exercises_of(study: Study, panel: Panel) -> tuple[Exercise, ...]:
    """Return the exercises that a panel declares: those of its calibration, then gold.

    Raises
    ------
    StudyError
        When a file cannot be read, with every mistake and its line, or has nothing of the kind that it is named for.
    """
    return (*_read(study, panel, "calibration"), *_read(study, panel, "gold"))


def _read(study: Study, panel: Panel, purpose: Purpose) -> Iterator[Exercise]:
    declared = panel.calibration if purpose == "calibration" else panel.gold
    path = study.file_of(declared.file) if declared else None
    if path is None:
        return
    found = [each for each in read_exercises(path) if each.purpose == purpose]
    if not found:
        raise StudyError(f"{path.name} has no {purpose} exercise", remedy=f"Write one, or take `{purpose}:` out of the panel.")
    yield from found


def practised(
    exercises: Sequence[Exercise], known: Mapping[tuple[str, str], str], *, token: Callable[[], str]
) -> tuple[Practised, ...]:
    """Return exercises with the names that the store has for them, or new ones.

    Parameters
    ----------
    exercises
        Of a panel.
    known
        Purpose and content id to the opaque name, of what the store has.
    token
        Makes opaque names.
    """
    found: list[Practised] = []
    for each in exercises:
        content = content_id(*asdict(each).values())
        name = known.get((each.purpose, content))
        found.append(Practised(name or token(), each, content, is_new=name is None))
    return tuple(found)


def exercise_rows(new: Sequence[Practised], *, panel: str) -> list[dict[str, Any]]:
    """Return exercises as the store keeps them."""
    return [
        {
            "exercise": each.name,
            "panel": panel,
            "name": each.exercise.name,
            "purpose": each.purpose,
            "expected": each.expected,
            "why": from_markdown(each.exercise.why) if each.exercise.why else None,
            "content": each.content,
        }
        for each in new
    ]


def exercise_renderings(new: Sequence[Practised]) -> pl.DataFrame:
    """Return exercises as raters see them: `SHOWN`. They look like every other response."""
    rows = [(None, each.name, _prompt(each.exercise.prompt), from_markdown(each.exercise.response), 0, False) for each in new]
    return pl.DataFrame(rows, schema=SHOWN, orient="row")


def _prompt(text: str) -> str:
    turn = Turn("user", (Part("text", html=as_written(text)),))
    return json.dumps([asdict(turn)], ensure_ascii=False)


def file_hashes(study: Study, panel: Panel) -> dict[str, Path]:
    """Return the files of exercises that a panel declares, by what they are for."""
    named = {"calibration": panel.calibration, "gold": panel.gold}
    paths = {purpose: study.file_of(declared.file) for purpose, declared in named.items() if declared}
    return {purpose: path for purpose, path in paths.items() if path is not None}
