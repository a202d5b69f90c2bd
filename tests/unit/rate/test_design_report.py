"""What a design gives is counted, and what it does not give is said."""

from typing import Any

import polars as pl
import pytest

from driftgauge.rate.design_report import LINES, DesignReport, Range, as_mapping, design_findings, design_report


def line(rater: str, responses: str, **other: Any) -> list[dict[str, Any]]:
    """Return what a rater is asked: a letter is a response and a scenario of its own, `.` is gold, a capital an anchor."""
    return [
        {
            "rater": rater,
            "position": place,
            "purpose": "gold" if each == "." else "anchor" if each.isupper() else "item",
            "occasion": 2 if each.isupper() else 1,
            "response": None if each == "." else each.lower(),
            "kind": None if each == "." else ord(each.lower()),
            "across": False,
            **other,
        }
        for place, each in enumerate(responses, start=1)
    ]


def report(*lines: list[dict[str, Any]], raters: int | None = None, day_items: int = 100) -> DesignReport:
    frame = pl.DataFrame([row for each in lines for row in each], schema=LINES)
    return design_report(frame, raters=raters or len(lines), day_items=day_items)


def codes(found: DesignReport, **declared: float) -> list[str]:
    wanted: dict[str, Any] = {"apart": 0, "anchors": 0.0, "across": 0.0, "gold": 0, **declared}
    return [each.code for each in design_findings(found, **wanted)]


def test_loads_co_ratings_anchors_and_gold_are_counted() -> None:
    found = report(line("r1", "abc.dA"), line("r2", "abc"), line("r3", "cd"), day_items=4)
    assert (found.responses, found.ratings, found.anchors, found.gold) == (4, 9, 1, 1)
    assert found.per_response == Range(2, 2.0, 3)
    assert found.load == Range(2, 3.0, 6)
    assert found.together == Range(1, 2.0, 3)
    assert (found.groups, found.days, found.apart) == (1, 2, 4)


def test_a_rater_with_nothing_to_do_counts_in_the_loads() -> None:
    assert report(line("r1", "ab"), raters=3).load == Range(0, 0.0, 2)


def test_what_comes_from_an_earlier_phase_is_counted_apart() -> None:
    found = report(line("r1", "ab") + line("r1", "z", across=True, purpose="anchor", position=9), line("r2", "ab"))
    assert (found.responses, found.across, found.anchors) == (2, 1, 0)


def test_of_nothing_nothing_is_told() -> None:
    found = report(raters=2)
    assert (found.responses, found.groups, found.apart, found.per_response) == (0, 0, None, Range(0, 0.0, 0))
    assert codes(found) == []


def test_a_panel_in_two_groups_is_said_to_be() -> None:
    found = report(line("r1", "ab"), line("r2", "ab"), line("r3", "cd"), line("r4", "cd"))
    assert found.groups == 2
    assert codes(found) == ["unconnected_raters"]


def test_one_rater_for_each_response_is_said_to_be() -> None:
    assert codes(report(line("r1", "ab"), line("r2", "cd"))) == ["single_raters"]


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"apart": 9}, "spacing_relaxed"),
        ({"anchors": 0.5}, "few_anchors"),
        ({"across": 0.1}, "no_anchors_across"),
        ({"gold": 2}, "few_gold"),
    ],
)
def test_what_was_declared_and_cannot_be_had_is_said(declared: dict[str, float], code: str) -> None:
    assert codes(report(line("r1", "abcdA"), line("r2", "abcdA")), **declared) == [code]


def test_a_report_is_plain_to_write_down() -> None:
    found = as_mapping(report(line("r1", "ab"), line("r2", "ab")))
    assert found["per_response"] == {"least": 2, "middle": 2.0, "most": 2}
