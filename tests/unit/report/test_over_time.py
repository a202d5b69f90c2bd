"""Families over time: only levels that ask the same question stand in one picture, in order, with their intervals."""

from dataclasses import replace
from typing import Any

import pytest

from driftgauge.report import words
from driftgauge.report.over_time import MOST, Moment, courses
from driftgauge.report.select import View, view


@pytest.fixture(scope="module")
def shown(eight: Any) -> View:
    return view(eight.estimates, protocol=eight.protocol)


def test_each_level_stands_with_its_study_day_and_interval(shown: View) -> None:
    found = courses([Moment("spring", "2025-05-01", shown), Moment("autumn", "2025-11-01", shown)])
    assert [course.family for course in found] == [family for family in shown.families if family]
    first = found[0]
    releases = [release.name for release in shown.families[first.family]]
    assert [row[:3] for row in first.rows] == [
        *(("spring", "2025-05-01", name) for name in releases),
        *(("autumn", "2025-11-01", name) for name in releases),
    ]
    levels = shown.levels(str(shown.estimand))
    assert [row[3] for row in first.rows] == 2 * [words.with_limits(levels[name]) for name in releases]
    assert all(name in first.picture for name in releases)
    assert first.note == ""


def test_a_picture_of_simulated_data_says_so_of_all_or_of_the_study_that_is(shown: View) -> None:
    made = Moment("spring", "2025-05-01", shown, simulated=True)
    (whole, *_), (part, *_) = courses([made]), courses([made, Moment("autumn", "2025-11-01", shown)])
    assert whole.population.startswith("Simulated data. ")
    assert part.population.startswith("Simulated data in part: spring. ")
    assert "Simulated" not in courses([Moment("autumn", "2025-11-01", shown)])[0].population


def test_levels_of_another_question_are_left_out_and_counted(shown: View) -> None:
    other = replace(shown, unit="response_mean")
    (first, *_) = courses([Moment("spring", "2025-05-01", other), Moment("autumn", "2025-11-01", shown)])
    assert {row[0] for row in first.rows} == {"autumn"}
    assert "another question" in first.note


def test_of_many_levels_the_latest_are_shown_and_the_others_counted(shown: View) -> None:
    moments = [Moment(f"study {number}", f"2025-01-{number:02}", shown) for number in range(1, 13)]
    (first, *_) = courses(moments)
    assert len(first.rows) == MOST
    assert first.rows[-1][0] == "study 12"
    assert f"{12 * len(shown.families[first.family]) - MOST} earlier levels" in first.note


def test_without_a_level_there_is_no_picture(shown: View) -> None:
    assert courses([]) == []
    assert courses([Moment("spring", "2025-05-01", replace(shown, rows=(), estimand=None))]) == []
