"""The section on judges says in plain words what each judge is worth, and shows its bias by release."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks.judges import JUDGE, Made, ratings
from driftgauge.frames import findings_frame
from driftgauge.measure.analysis import Measured, measure
from driftgauge.report.judged import judged
from driftgauge.report.sections.judges import section
from driftgauge.study import Protocol

MakeRatings = Callable[[list[dict[str, Any]]], pl.DataFrame]
CAUSAL = re.compile(r"\b(because of|caused|due to|leads? to)\b")


def measured(frame: pl.DataFrame) -> Measured:
    return measure(frame, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=50, units=("rating",))


def told(found: Measured) -> Any:
    findings = findings_frame(found.findings, analysis_id="a", simulated=True)
    return section(judged(found.estimates, scope="raters"), findings)


def made(*, right: float, seed: int = 4) -> pl.DataFrame:
    return ratings(Made(90, 7, sensitivity=(right, right), specificity=(right, right)), np.random.default_rng(seed))


def words(part: Any) -> str:
    return " ".join([str(part.heading), *map(str, part.lead), *map(str, part.closing)])


@pytest.fixture(scope="module")
def coin() -> Measured:
    return measured(made(right=0.5))


def test_a_judge_like_a_coin_is_called_poor(coin: Measured) -> None:
    said = words(told(coin))
    assert said.startswith("The judge is poor: it cannot stand in for people")
    assert "This cannot be told from tossing a coin." in said


def test_a_judge_that_always_says_yes_is_poor_even_where_all_people_agree(
    ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame],
) -> None:
    about = [{"scenario": f"s{n}", "release": "A1", "success": n % 2 == 0} for n in range(6)]
    people = [row | {"rater": f"p{n}"} for row in about for n in range(2)]
    judge = [row | {"rater": "j@1", "kind": "judge", "success": True} for row in about]
    said = words(told(measured(ratings_of(people + judge))))
    assert said.startswith("The judge is poor: it cannot stand in for people")
    assert "This cannot be told from tossing a coin." in said


def test_the_table_has_a_line_for_all_and_each_release_with_intervals(coin: Measured) -> None:
    [table] = told(coin).tables
    assert [re.sub(r"<[^>]+>", "", str(line[0])) for line in table.rows] == ["All releases", "A1", "A2"]
    assert all(re.search(r"\d+ to \d+", str(line[3])) for line in table.rows)


def test_the_picture_has_a_row_a_release_and_every_number_its_id(coin: Measured) -> None:
    [figure] = told(coin).figures
    assert len(figure.panes) == 1
    assert all(name in str(figure.panes[0].svg) for name in ("A1", "A2", "judge minus people, points"))
    ids = {re.sub(r"<[^>]+>", "", str(line[-1])) for line in figure.table.rows}
    assert ids <= set(coin.estimates["estimate_id"])


def test_nothing_is_said_of_causes(coin: Measured) -> None:
    assert CAUSAL.search(words(told(coin))) is None


def test_several_judges_stand_beside_each_other_with_their_paired_difference() -> None:
    one, other = made(right=0.5), made(right=0.97)
    judge = pl.col("kind") == "judge"
    both = pl.concat([one, one.filter(judge).with_columns(rater=pl.lit("other@1"), success=other.filter(judge)["success"])])
    part = told(measured(both.with_columns(rating_id=pl.int_range(pl.len()).cast(pl.String))))
    assert "two judges beside people" in str(part.heading)
    assert [str(table.caption).split()[0] for table in part.tables] == [JUDGE, "other@1", "Two"]


def test_a_judge_without_people_has_a_sentence_and_no_number(
    ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame],
) -> None:
    rows = [{"scenario": f"s{n}", "release": "A1", "rater": "j", "kind": "judge", "success": n % 2 == 0} for n in range(6)]
    part = told(measured(ratings_of(rows)))
    assert part.heading == "How far the judges can stand in for people is not known"
    assert (part.tables, part.figures) == ([], [])


def test_no_judge_means_no_section(ratings_of: MakeRatings) -> None:
    rows = [{"scenario": f"s{n}", "release": "A1", "rater": f"p{r}", "success": n % 2 == 0} for n in range(6) for r in range(2)]
    assert told(measured(ratings_of(rows))) is None


@pytest.mark.parametrize("name", ["<b>bold</b>@1", "x" * 300 + "@1"])
def test_names_of_judges_are_escaped_and_cut(name: str) -> None:
    frame = made(right=0.9).with_columns(rater=pl.col("rater").replace(JUDGE, name))
    part = told(measured(frame))
    assert "<b>bold" not in words(part)
    assert "x" * 200 not in words(part)
