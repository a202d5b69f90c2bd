"""Families over several measurements: the levels that ask the same question, in the order in which they were measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from driftgauge.report import words
from driftgauge.report.figures.levels_over_time import Step, levels_over_time
from driftgauge.report.names import cut
from driftgauge.report.numbers import count, listed, some
from driftgauge.report.select import Estimate, View

MOST: Final = 14
"""Points in one picture; of more, the latest."""


@dataclass(frozen=True)
class Moment:
    """A measurement as a point in time.

    Parameters
    ----------
    name
        Of the study.
    day
        On which it was measured.
    view
        Its rows.
    simulated
        Whether a program made its ratings.
    """

    name: str
    day: str
    view: View
    simulated: bool = False

    @property
    def question(self) -> tuple[object, ...]:
        """What has to be the same for levels to stand in one picture."""
        view = self.view
        return view.estimand, view.unit, view.scope, view.kind, view.threshold, view.intent


@dataclass(frozen=True)
class Course:
    """One family over time.

    Parameters
    ----------
    family
        Its name.
    picture
        SVG.
    rows
        Study, day, release, level with its interval, raters and scenarios.
    population
        What the levels are of.
    note
        What is left out, or empty.
    """

    family: str
    picture: Markup
    rows: tuple[tuple[str, str, str, str, str], ...]
    population: str
    note: str


def courses(moments: Sequence[Moment]) -> list[Course]:
    """Return every family that has a level, over the measurements that ask what the latest one with it asks.

    Parameters
    ----------
    moments
        In order of time.
    """
    families = dict.fromkeys(family for moment in moments for family in moment.view.families if family is not None)
    return [course for number, family in enumerate(families) if (course := _course(family, moments, series=number)) is not None]


def _course(family: str, moments: Sequence[Moment], *, series: int) -> Course | None:
    holding = [moment for moment in moments if any(True for _ in _levels(moment, family))]
    if not holding:
        return None
    asked = holding[-1].question
    same = [moment for moment in holding if moment.question == asked]
    every = [(moment, row) for moment in same for row in _levels(moment, family)]
    shown = every[-MOST:]
    what = words.quantity(holding[-1].view.estimand, threshold=holding[-1].view.threshold)
    steps = [Step(row, moment.name, moment.day) for moment, row in shown]
    return Course(
        family,
        levels_over_time(steps, series=series, title=f"{family}: {what} over time", prefix=f"course-{series}"),
        tuple(_row(moment, row) for moment, row in shown),
        _mark([moment for moment, _ in shown]) + words.population([row for _, row in shown], holding[-1].view, what=what),
        _left_out(len(every) - len(shown), len(holding) - len(same)),
    )


def _levels(moment: Moment, family: str) -> Iterator[Estimate]:
    if moment.view.estimand is None:
        return
    levels = moment.view.levels(moment.view.estimand)
    for release in moment.view.families.get(family, ()):
        row = levels.get(release.name)
        if row is not None and row.known:
            yield row


def _row(moment: Moment, row: Estimate) -> tuple[str, str, str, str, str]:
    rated = f"{some(row.n_raters or 0, 'rater')}, {some(row.n_scenarios or 0, 'scenario')}"
    return moment.name, moment.day, row.release or "", words.with_limits(row), rated


def _mark(moments: Sequence[Moment]) -> str:
    """Return what a picture says first when it shows simulated data, by itself or beside others."""
    made = list(dict.fromkeys(moment.name for moment in moments if moment.simulated))
    if not made:
        return ""
    whole = all(moment.simulated for moment in moments)
    return "Simulated data. " if whole else f"Simulated data in part: {listed([cut(name, 60) for name in made])}. "


def _left_out(older: int, others: int) -> str:
    said = [f"{count(older)} earlier levels are not in the picture." if older else ""]
    if others:
        said.append(
            f"{some(others, 'measurement')} asked another question (estimand, unit, scope or threshold): not comparable."
        )
    return " ".join(text for text in said if text)
