"""Any two releases: the numbers of a drift where there is one, turned round by turning the question, never a verdict."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from driftgauge.errors import EstimationError
from driftgauge.measure.analysis import measure
from driftgauge.measure.compare import COMPARISON, Compared, compare
from driftgauge.measure.simulate import Shape, SimulatedRelease, simulate
from driftgauge.rate.exchange import read_ratings
from driftgauge.study import Protocol

SHAPE = Shape(
    releases=(
        SimulatedRelease("A1", "A", 1, 1, refusal=0.4, conditional_asr=0.4),
        SimulatedRelease("A2", "A", 2, 2, refusal=0.2, conditional_asr=0.5),
        SimulatedRelease("A3", "A", 3, 2, refusal=0.2, conditional_asr=0.3),
        SimulatedRelease("B1", "B", 1, 1, refusal=0.3, conditional_asr=0.3),
    ),
    scenarios=12,
    panels={1: 4, 2: 3},
)
PROTOCOL = Protocol()
NUMBERS = ("estimate", "std_error", "df", "conf_low", "conf_high", "p_value", "odds_ratio", "odds_ratio_low", "odds_ratio_high")


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Ratings of four releases of two families in two phases, without one prompt of A2."""
    frame = simulate(SHAPE, np.random.default_rng(3))
    lost = (pl.col("release") == "A2") & (pl.col("scenario") == "S003") & (pl.col("modality") == "text-only")
    path = tmp_path_factory.mktemp("compare") / "ratings.parquet"
    frame.filter(~lost).write_parquet(path)
    return read_ratings([path]).ratings


def differences(found: Compared) -> pl.DataFrame:
    return found.rows.filter(pl.col("contrast").is_not_null())


@pytest.mark.parametrize("pair", [("A1", "A2"), ("A2", "A3"), ("A1", "A3")])
def test_generations_of_a_family_have_the_numbers_of_their_drift_to_the_last_digit(
    ratings: pl.DataFrame, pair: tuple[str, str]
) -> None:
    estimates = measure(ratings, protocol=PROTOCOL, rng=np.random.default_rng(1), bootstrap=0, analysis_id="x").estimates
    found = differences(compare(ratings, pair, protocol=PROTOCOL, analysis_id="x"))
    drifts = estimates.filter(pl.col("estimate_id").is_in(found["estimate_id"].implode()))
    assert len(found) == len(drifts) == 15  # five quantities, of all and of each modality
    same = [name for name in found.columns if name not in {*JUDGED}]
    assert_frame_equal(found.select(same).sort("estimate_id"), drifts.select(same).sort("estimate_id"), check_exact=True)


JUDGED = (
    "primary", "verdict", "size", "safer_by", "adjustment", "p_adjusted", "p_equivalence", "adjusted_low", "adjusted_high",
)  # fmt: skip


def test_no_row_is_a_verdict_or_adjusted(ratings: pl.DataFrame) -> None:
    found = compare(ratings, ("A1", "A2"), protocol=PROTOCOL).rows
    assert not found["primary"].any()
    assert all(found[name].is_null().all() for name in JUDGED[1:])


def test_turning_the_question_round_turns_the_signs(ratings: pl.DataFrame) -> None:
    there, back = (compare(ratings, pair, protocol=PROTOCOL) for pair in (("A3", "B1"), ("B1", "A3")))
    one, other = (differences(each).sort("estimand", "filter", "modality") for each in (there, back))
    assert one["contrast"].unique().to_list() == [COMPARISON]
    assert np.allclose(one["estimate"], -other["estimate"], rtol=0, atol=1e-15)
    assert np.allclose(one["conf_low"], -other["conf_high"], rtol=0, atol=1e-13)
    assert np.allclose(one["p_value"], other["p_value"], rtol=1e-9)
    assert there.raters == back.raters[::-1]
    assert there.prompts == back.prompts


def test_a_difference_is_that_of_the_levels_on_the_prompts_in_common(ratings: pl.DataFrame) -> None:
    found = compare(ratings, ("A2", "B1"), protocol=PROTOCOL)
    keys = ["estimand", "filter", "modality"]
    levels = found.rows.filter(pl.col("contrast").is_null()).pivot("release", index=keys, values="estimate")
    both = differences(found).join(levels, on=keys, nulls_equal=True)
    assert len(both) == 15
    assert np.allclose(both["estimate"], both["B1"] - both["A2"], rtol=0, atol=1e-12)
    assert found.prompts == {None: (23, 1), "text-only": (11, 1), "multimodal": (12, 0)}


def test_two_scenarios_by_hand(tmp_path: Path) -> None:
    """Of two prompts by two raters each, B succeeds in 3 of 4 where A does in 1 of 4."""
    marks = {"A": (0, 0, 1, 0), "B": (1, 1, 1, 0)}
    lines = [f"s{n // 2},{name},r{n % 2},{mark},text-only" for name, each in marks.items() for n, mark in enumerate(each)]
    (tmp_path / "r.csv").write_text("scenario,release,rater,success,modality\n" + "\n".join(lines) + "\n")
    made = compare(read_ratings([tmp_path / "r.csv"]).ratings, ("A", "B"), protocol=PROTOCOL)
    [found] = differences(made).filter(pl.col("estimand") == "asr", pl.col("modality").is_null()).to_dicts()
    assert found["estimate"] == 0.5
    assert (found["n_scenarios"], found["n_raters"], found["n_ratings"]) == (2, 2, 8)


def test_what_was_not_rated_is_null_with_its_reason(ratings: pl.DataFrame) -> None:
    without = ratings.with_columns(harm=pl.lit(None, pl.Int8))
    found = compare(without, ("A1", "B1"), protocol=PROTOCOL).rows
    nothing = found.filter(pl.col("estimand").is_in(["harm_rate", "mean_harm"]))
    assert len(nothing) == 2 * 9
    assert nothing["estimate"].is_null().all()
    assert nothing["reason_null"].to_list() == ["harm was not rated, or has no rate by rating"] * 18
    assert found.filter(pl.col("estimand") == "asr")["estimate"].is_not_null().all()


def test_without_a_prompt_in_common_there_is_no_number(ratings: pl.DataFrame) -> None:
    early = pl.col("scenario") < "S006"
    apart = ratings.filter(pl.when(pl.col("release") == "A1").then(early).otherwise(~early))
    found = compare(apart, ("A1", "B1"), protocol=PROTOCOL)
    assert found.prompts[None][0] == 0
    assert differences(found)["estimate"].is_null().all()
    assert set(differences(found)["reason_null"]) == {"no scenario was answered by both releases"}


def test_a_release_with_itself_and_one_that_is_not_there_are_refused(ratings: pl.DataFrame) -> None:
    with pytest.raises(EstimationError, match="with itself"):
        compare(ratings, ("A1", "A1"), protocol=PROTOCOL)
    with pytest.raises(EstimationError, match="'A9'") as told:
        compare(ratings, ("A1", "A9"), protocol=PROTOCOL)
    assert "A1, A2, A3, B1" in str(told.value)
