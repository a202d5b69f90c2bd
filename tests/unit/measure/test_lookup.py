"""The way back: the ratings of an estimate are as many as its row says, for every estimate."""

import numpy as np
import polars as pl
import pytest

from driftgauge.errors import EstimationError
from driftgauge.frames import RATING_KEY, RESPONSE_KEY
from driftgauge.measure.analysis import measure
from driftgauge.measure.lookup import Lookup
from driftgauge.measure.ranking import RANK, REVERSAL
from driftgauge.measure.simulate import Shape, SimulatedRelease, simulate
from driftgauge.rate.exchange import read_ratings
from driftgauge.rate.exchange.ids import content_ids
from driftgauge.study import Protocol

SHAPE = Shape(
    releases=(
        SimulatedRelease("A1", "A", 1, 1, refusal=0.4, conditional_asr=0.4),
        SimulatedRelease("A2", "A", 2, 2, refusal=0.2, conditional_asr=0.5),
    ),
    scenarios=10,
    panels={1: 4, 2: 3},
    anchors=0.3,
)


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """People and two judges, twins, two attempts, a refusal by the provider, gold, and prompts that one release lacks."""
    frame = simulate(SHAPE, np.random.default_rng(3))
    twins = frame.with_columns(intent=pl.lit("benign"))
    again = frame.filter(pl.col("scenario") < "S004").with_columns(attempt=pl.lit(2))
    one_each = frame.unique(["scenario", "modality", "release"], maintain_order=True)
    judged = pl.concat([one_each.with_columns(kind=pl.lit("judge"), rater=pl.lit(name)) for name in ("j1", "j2")])
    refused = frame[:1].with_columns(
        scenario=pl.lit("S999"), status=pl.lit("refused"), rater=None, harm=None, success=None, refusal=None
    )
    gold = frame[:3].with_columns(scenario=pl.lit("G1"), purpose=pl.lit("gold"))
    path = tmp_path_factory.mktemp("lookup") / "ratings.parquet"
    pl.concat([frame, twins, again, judged, refused, gold], how="diagonal_relaxed").write_parquet(path)
    return read_ratings([path]).ratings


def test_counts_of_a_row_and_of_its_ratings_are_equal_for_every_estimate(ratings: pl.DataFrame) -> None:
    estimates = measure(ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0).estimates
    lookup = Lookup(ratings, Protocol())
    assert len(estimates) > 1_000
    for row in estimates.to_dicts():
        found = lookup.ratings_of(row)
        here = (len(found), found["rater"].n_unique(), found["response_id"].n_unique(), found["scenario"].n_unique())
        assert here == (row["n_ratings"], row["n_raters"], row["n_responses"], row["n_scenarios"]), row


def test_ranks_and_languages_are_traced_too(ratings: pl.DataFrame) -> None:
    plain = ratings.filter(pl.col("kind") == "human", pl.col("intent") == "adversarial", pl.col("attempt") == 1)
    other = plain.filter(pl.col("scenario") < "S006").with_columns(language=pl.lit("es"), extra_gender=pl.lit("f"))
    twice = [
        plain.with_columns(language=pl.lit("en"), extra_gender=pl.lit("f")),
        other,
        plain.with_columns(
            language=pl.lit("en"), extra_gender=pl.lit("f"), family=pl.lit("B"), release="B" + pl.col("release")
        ),
    ]
    both = pl.concat(twice, how="diagonal_relaxed")
    both = both.with_columns(response_id=content_ids(both, RESPONSE_KEY), rating_id=content_ids(both, RATING_KEY))
    protocol, rng = Protocol(), np.random.default_rng(1)
    estimates = measure(both, protocol=protocol, rng=rng, bootstrap=20, units=["rating"]).estimates
    pick = estimates.filter(pl.col("estimand").is_in([RANK, REVERSAL]) | (pl.col("contrast") == "language"))
    assert {"reversal", "language", None} == set(pick["contrast"])
    assert pick["method"].str.contains("raters matched on gender").any()
    lookup = Lookup(both, protocol)
    for row in pick.to_dicts():
        found = lookup.ratings_of(row)
        here = (len(found), found["rater"].n_unique(), found["response_id"].n_unique(), found["scenario"].n_unique())
        assert here == (row["n_ratings"], row["n_raters"], row["n_responses"], row["n_scenarios"]), row


def test_the_mean_of_the_ratings_is_the_estimate(ratings: pl.DataFrame) -> None:
    estimates = measure(ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0, units=["rating"]).estimates
    pick = estimates.filter(pl.col("estimand") == "asr", pl.col("contrast").is_null(), pl.col("kind") == "human")
    lookup = Lookup(ratings, Protocol())
    for row in pick.filter(pl.col("unit") == "rating").to_dicts():
        found = lookup.ratings_of(row)
        assert np.average(found["success"].cast(float), weights=found["weight"]) == pytest.approx(row["estimate"])


def test_an_estimate_of_other_ratings_is_refused(ratings: pl.DataFrame) -> None:
    row = measure(ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0).estimates.to_dicts()[0]
    with pytest.raises(EstimationError, match="not of these ratings"):
        Lookup(ratings, Protocol()).ratings_of(row | {"release": "Z"})
