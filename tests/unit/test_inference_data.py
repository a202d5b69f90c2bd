"""Draws as an object of ArviZ: names, shapes, and the same diagnostics as our own."""

import sys

import arviz
import numpy as np
import pytest

from driftgauge.errors import EstimationError
from driftgauge.measure.mixed.draws import Draws
from driftgauge.measure.mixed.inference_data import to_inferencedata
from driftgauge.measure.mixed.model import Grouping, Model

NAMES = ("releaseB", "releaseC", "1|2", "2|3", "scenario", "rater")


def model(family: str = "cumulative") -> Model:
    rows = np.arange(6)
    groupings = tuple(Grouping(name, rows % 3, ("a", "b", "c")) for name in ("scenario", "rater"))
    categories = ("1", "2", "3") if family == "cumulative" else ("0", "1")
    y = rows % len(categories)
    return Model(
        family,
        y,
        categories,
        np.eye(2)[rows % 2],
        rows,
        ("releaseB", "releaseC"),
        groupings,
        np.ones(6),
        np.zeros(6),
    )


@pytest.fixture
def draws(rng: np.random.Generator) -> Draws:
    return Draws(NAMES, rng.normal(size=(4, 250, 6)).cumsum(axis=1) * 0.01 + rng.normal(size=(4, 250, 6)), 0)


def test_variables_have_the_names_of_the_parameters(draws: Draws) -> None:
    posterior = to_inferencedata(draws, model=model()).posterior
    assert {str(name): posterior[name].dims for name in posterior.data_vars} == {
        "beta": ("chain", "draw", "coefficient"),
        "threshold": ("chain", "draw", "cut"),
        "sigma": ("chain", "draw", "grouping"),
    }
    for name, dim, label in (("beta", "coefficient", "releaseC"), ("threshold", "cut", "1|2"), ("sigma", "grouping", "rater")):
        found = posterior[name].sel({dim: label}).values
        assert np.array_equal(found, draws.values[:, :, NAMES.index(label)])


def test_diagnostics_are_those_of_the_draws(draws: Draws) -> None:
    data = to_inferencedata(draws, model=model())
    own = draws.diagnostics()
    summary = arviz.summary(data, kind="diagnostics", round_to="none")
    assert np.array(summary["r_hat"], dtype=float) == pytest.approx(own["rhat"].to_numpy(), rel=1e-9)
    assert np.array(summary["ess_bulk"], dtype=float) == pytest.approx(own["ess_bulk"].to_numpy(), rel=1e-9)
    rhat = arviz.rhat(data)
    assert rhat["sigma"].sel(grouping="rater").item() == pytest.approx(own["rhat"][-1], rel=1e-9)


def test_it_says_what_made_it(draws: Draws) -> None:
    attrs = to_inferencedata(draws, model=model()).posterior.attrs
    assert attrs["inference_library"] == "driftgauge"
    assert attrs["inference_library_version"]


def test_a_bernoulli_model_has_no_thresholds(rng: np.random.Generator) -> None:
    few = Draws(("releaseB", "releaseC", "scenario", "rater"), rng.normal(size=(2, 10, 4)), 0)
    assert set(to_inferencedata(few, model=model("bernoulli")).posterior.data_vars) == {"beta", "sigma"}


def test_draws_of_another_model_are_refused(draws: Draws) -> None:
    with pytest.raises(EstimationError, match="6 parameters, and the model has 4"):
        to_inferencedata(draws, model=model("bernoulli"))


def test_without_the_extra_the_error_says_what_to_install(draws: Draws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arviz", None)
    with pytest.raises(EstimationError, match="bayes"):
        to_inferencedata(draws, model=model())
