"""What must not matter does not, and what must mirror mirrors (statistics §9)."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from driftgauge.frames import RATING_KEY, RATINGS, RESPONSE_KEY, conform
from driftgauge.measure.analysis import measure
from driftgauge.measure.estimate import answer
from driftgauge.measure.outcomes import counted, sample
from driftgauge.measure.populations import KINDS_OF_RISK, drifts, index
from driftgauge.measure.rates import rates
from driftgauge.measure.simulate import Shape, SimulatedRelease, Spreads, simulate
from driftgauge.measure.units import Rows, common_k, contributions, unit_groups
from driftgauge.rate.exchange import read_ratings
from driftgauge.rate.exchange.ids import content_ids
from driftgauge.study import Protocol

SHAPE = Shape(
    releases=(
        SimulatedRelease("A1", "A", 1, 1, refusal=0.3, conditional_asr=0.4),
        SimulatedRelease("A2", "A", 2, 2, refusal=0.2, conditional_asr=0.5),
        SimulatedRelease("B1", "B", 1, 1, refusal=0.1, conditional_asr=0.5),
        SimulatedRelease("B2", "B", 2, 2, refusal=0.5, conditional_asr=0.4),
    ),
    scenarios=12,
    panels={1: 4, 2: 3},
    anchors=0.2,
    spreads=Spreads(),
)
NUMBERS = ("estimate", "std_error", "df", "conf_low", "conf_high", "p_value", "p_adjusted", "odds_ratio")
PLACE = ("estimand", "outcome", "contrast", "unit", "filter", "scope", "modality", "language", *KINDS_OF_RISK, "method")


def ratings(seed: int) -> pl.DataFrame:
    return with_ids(simulate(SHAPE, np.random.default_rng(seed)))


def with_ids(frame: pl.DataFrame) -> pl.DataFrame:
    plain = {"intent": "adversarial", "kind": "human", "attempt": 1, "occasion": 1, "status": "answered"}
    absent = [pl.lit(value).alias(name) for name, value in plain.items() if name not in frame.columns]
    full = conform(frame.with_columns(absent), RATINGS)
    return full.with_columns(response_id=content_ids(full, RESPONSE_KEY), rating_id=content_ids(full, RATING_KEY))


def primary(frame: pl.DataFrame, **protocol: Any) -> pl.DataFrame:
    found = measure(frame, protocol=Protocol(**protocol), rng=np.random.default_rng(1), bootstrap=0)
    return found.estimates


def same(a: pl.DataFrame, b: pl.DataFrame) -> None:
    keys = [*PLACE, "release", "baseline_release", "phase", "rater"]
    a, b = (frame.sort(keys, nulls_last=True) for frame in (a, b))
    assert a.select(keys).equals(b.select(keys))
    for name in NUMBERS:
        assert a[name].fill_null(float("nan")).to_list() == pytest.approx(
            b[name].fill_null(float("nan")).to_list(), nan_ok=True
        )
    assert a["verdict"].to_list() == b["verdict"].to_list()


SEED = st.integers(0, 2**32 - 1)
few = settings(max_examples=3)  # each is a whole measurement, or two


@few
@given(SEED)
def test_order_of_rows_does_not_matter(seed: int) -> None:
    frame = ratings(seed)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed % 1000)
    same(primary(frame), primary(shuffled))


@few
@given(SEED)
@example(9141)  # a share that is 1, or 1 less a rounding error, as its ratings are summed
@example(25523)  # a rate without variation, whose degrees of freedom would be those of rounding errors
@example(9139)  # a mean of ones that adds up to a little less than 1 in one order of rows: no odds ratio in either
@example(25525)  # a variance that is rounding alone: no degrees of freedom
def test_names_of_raters_and_scenarios_do_not_matter(seed: int) -> None:
    frame = ratings(seed)
    renamed = with_ids(
        frame.with_columns(rater=pl.col("rater").str.reverse() + "é", scenario="z" + pl.col("scenario").str.reverse())
    )
    found = primary(renamed).with_columns(rater=pl.col("rater").str.strip_suffix("é").str.reverse())
    same(primary(frame), found)


@few
@given(SEED)
def test_swapped_generations_mirror_signs_and_verdicts(seed: int) -> None:
    frame = ratings(seed)
    swapped = with_ids(frame.with_columns(generation=3 - pl.col("generation")))
    there, back = (
        primary(each).filter(pl.col("contrast") == "drift").sort(*PLACE, "family", nulls_last=True) for each in (frame, swapped)
    )
    assert there["estimate"].to_list() == pytest.approx([-value for value in back["estimate"]])
    assert there["std_error"].to_list() == pytest.approx(back["std_error"].to_list())
    mirror = {"regressed": "improved", "improved": "regressed"}
    assert there["verdict"].to_list() == [mirror.get(verdict, verdict) for verdict in back["verdict"]]


def test_drifts_that_are_clear_mirror_verdict_size_and_churn() -> None:
    a1, a2, b1, b2 = SHAPE.releases
    clear = (replace(a1, conditional_asr=0.1), replace(a2, conditional_asr=0.9), replace(b1, conditional_asr=0.9))
    shape = replace(SHAPE, releases=(*clear, replace(b2, conditional_asr=0.1)), scenarios=20, panels={1: 5, 2: 5}, anchors=0.0)
    frame = with_ids(simulate(shape, np.random.default_rng(5)))
    there, back = (primary(each) for each in (frame, with_ids(frame.with_columns(generation=3 - pl.col("generation")))))
    verdicts = [
        dict(each.filter("primary").select("family", pl.struct("verdict", "size")).iter_rows()) for each in (there, back)
    ]
    assert [each["A"]["verdict"] for each in verdicts] == ["regressed", "improved"]
    assert [each["B"]["verdict"] for each in verdicts] == ["improved", "regressed"]
    assert [verdicts[0][name]["size"] for name in "AB"] == [verdicts[1][name]["size"] for name in "AB"]
    churn = [
        dict(each.filter(pl.col("contrast") == name, pl.col("modality").is_null()).select("family", "estimate").iter_rows())
        for each, name in ((there, "newly_vulnerable"), (back, "fixed"))
    ]
    assert churn[0]
    assert churn[0] == pytest.approx(churn[1])


@few
@given(SEED)
def test_a_split_file_is_the_whole_file(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    folder = tmp_path_factory.mktemp("split")
    frame = simulate(SHAPE, np.random.default_rng(seed))
    half = len(frame) // 2
    paths = [folder / name for name in ("whole.csv", "first.csv", "second.csv")]
    for path, part in zip(paths, (frame, frame[:half], frame[half:]), strict=True):
        part.write_csv(path)
    same(primary(read_ratings(paths[:1]).ratings), primary(read_ratings(paths[1:]).ratings))


@few
@given(SEED)
def test_a_rater_who_always_says_no_shrinks_each_contrast_by_what_he_adds(seed: int) -> None:
    # full design, one panel: J/(J+1) exactly (statistics §9)
    shape = Shape(SHAPE.releases[:1] + SHAPE.releases[2:3], scenarios=8, panels={1: 4})
    frame = simulate(shape, np.random.default_rng(seed)).with_columns(
        family=pl.lit("F"), generation=pl.when(pl.col("release") == "A1").then(1).otherwise(2)
    )
    no = frame.filter(pl.col("rater") == pl.col("rater").min()).with_columns(rater=pl.lit("no"), success=pl.lit(False))
    pick = (pl.col("contrast") == "drift", pl.col("estimand") == "asr", pl.col("unit").is_in(["rating", "response_mean"]))
    alone = primary(with_ids(frame)).filter(*pick)["estimate"].to_list()
    joined = primary(with_ids(pl.concat([frame, no]))).filter(*pick)["estimate"].to_list()
    assert joined == pytest.approx([value * 4 / 5 for value in alone])


@few
@given(SEED, st.integers(5, 16))
def test_drawing_some_of_the_same_raters_makes_no_drift_in_expectation(seed: int, drawn: int) -> None:
    # two releases with identical ratings, the second seen by some of the raters only
    rng = np.random.default_rng(seed)
    votes = rng.random((60, 17)) < rng.random((60, 1))
    rows = [
        {"scenario": f"s{s}", "modality": "text-only", "release": release, "family": "F", "generation": g, "rater": f"r{r}",
         "purpose": "item", "success": bool(votes[s, r]), "refusal": False, "harm": 1, "simulated": False}
        for g, release in ((1, "A"), (2, "B"))
        for s in range(60)
        for r in (range(17) if g == 1 else rng.choice(17, drawn, replace=False))
    ]  # fmt: skip
    found = primary(with_ids(pl.DataFrame(rows)))
    pick = found.filter(pl.col("contrast") == "drift", pl.col("estimand") == "asr", pl.col("scope") == "raters")
    for row in pick.filter(pl.col("modality").is_null()).to_dicts():
        # 60 scenarios: the noise of drawing raters stays within a few points; a tie rule would shift it by as much each time
        assert abs(row["estimate"]) < 0.12, row["unit"]


@settings(max_examples=10)
@given(SEED, st.sampled_from([(5, 3), (6, 4), (7, 4)]), st.integers(1, 2))
def test_over_all_draws_of_raters_the_drift_is_none_in_every_unit(seed: int, panel: tuple[int, int], attempts: int) -> None:
    # both releases have the same ratings, of the second some raters are drawn: the mean over every draw is exactly no drift
    raters, drawn = panel
    rng = np.random.default_rng(seed)
    votes = rng.random((6, raters, attempts)) < rng.random((6, 1, 1))
    refused = ~votes & (rng.random(votes.shape) < 0.4)
    harm = np.where(votes, rng.integers(3, 6, votes.shape), rng.integers(1, 3, votes.shape))
    sums: dict[tuple[str, str], list[float]] = {}
    for who in combinations(range(raters), drawn):
        rows = [
            {"scenario": f"s{s}", "modality": "text-only", "release": "AB"[g], "family": "F", "generation": g, "rater": f"r{r}",
             "attempt": a + 1, "purpose": "item", "success": bool(votes[s, r, a]), "refusal": bool(refused[s, r, a]),
             "harm": int(harm[s, r, a]), "simulated": False}
            for g in (0, 1) for s in range(6) for r in (who if g else range(raters)) for a in range(attempts)
        ]  # fmt: skip
        for key, value in drift_by_unit(with_ids(pl.DataFrame(rows))).items():
            sums.setdefault(key, []).append(value)
    units = {unit for _, unit in sums}
    assert units >= {"rating", "response_mean", "response_majority", "any_rater"}
    assert ("any_attempt" in units) == (attempts > 1)
    for key, values in sums.items():
        assert np.mean(values) == pytest.approx(0.0, abs=1e-9), key


def drift_by_unit(frame: pl.DataFrame) -> dict[tuple[str, str], float]:
    """The drift of every rate over all ratings (not those that are a ratio of two outcomes), by unit."""
    found = index(sample(counted(frame, Protocol()).rows, Protocol()))
    here = found.sample
    groups = unit_groups(here)
    (question,) = [each for each in drifts(found) if not each.where]
    several = here.rows["attempt"].n_unique() > 1
    values: dict[tuple[str, str], float] = {}
    for name, rate in rates(here, intent="adversarial").items():
        for unit in rate.units if rate.filter == "all" else ():
            if unit == "any_attempt" and not several:
                continue
            inputs = Rows(rate.y, rate.x, groups["attempts" if unit == "any_attempt" else "response"], here.weight)
            part = contributions(inputs, unit, k=common_k(inputs, unit=unit))
            values[name, unit] = float(
                answer(here, question, rates={name: rate}, contributions={name: part}, unit=unit).value[0]
            )
    return values
