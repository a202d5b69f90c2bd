"""The referee: its posterior is the one that is documented, and it finds what was simulated."""

import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.mixed import nuts
from driftgauge.measure.mixed.coding import TreatmentCoding
from driftgauge.measure.mixed.design import Design, Request, make_design, with_all_categories
from driftgauge.measure.mixed.draws import Sampled, Sampling
from driftgauge.measure.mixed.fit import fit_design
from driftgauge.measure.mixed.laplace import prepare
from driftgauge.measure.mixed.model import Grouping, Model

TRUTH = {"releaseB": -0.8, "1|2": -1.0, "2|3": 0.0, "3|4": 1.2, "scenario": 1.0}


def study(*, categories: tuple[str, ...] = ("1", "2", "3", "4"), family: str = "cumulative") -> Design:
    """600 ratings: 30 scenarios, two releases, ten times each."""
    rng = np.random.default_rng(11)
    s, r, _ = (each.ravel() for each in np.indices((30, 2, 10)))
    eta = TRUTH["releaseB"] * r + rng.normal(0, TRUTH["scenario"], 30)[s] + rng.logistic(size=len(s))
    harm = 1 + np.searchsorted([TRUTH["1|2"], TRUTH["2|3"], TRUTH["3|4"]], eta)
    frame = pl.DataFrame({"scenario": s, "release": np.array(["A", "B"])[r], "harm": harm, "success": harm >= 3})
    outcome = "harm" if family == "cumulative" else "success"
    request = Request(outcome, family, (("scenario",),), "", categories if family == "cumulative" else None)
    coding = TreatmentCoding({"release": ("A", "B")}, (("release",),))
    return make_design(frame, request, coding=coding, weights=np.ones(len(s)), offset=np.zeros(len(s)))


@pytest.fixture(scope="module")
def ordinal() -> Sampled:
    return nuts.sample(study(), rng=np.random.default_rng(3), sampling=Sampling(draws=600, tune=500))


def test_the_truth_is_within_the_posterior(ordinal: Sampled) -> None:
    assert ordinal.draws.names == tuple(TRUTH)
    low, high = np.quantile(ordinal.draws.flat, [0.005, 0.995], axis=0)
    assert (low < list(TRUTH.values())).all()
    assert (high > list(TRUTH.values())).all()
    assert ordinal.draws.values.shape == (4, 600, len(TRUTH))
    assert ordinal.draws.divergences == 0
    assert ordinal.draws.diagnostics()["rhat"].max() < 1.02


def test_posterior_means_are_near_the_estimates_where_priors_hardly_matter(ordinal: Sampled) -> None:
    fit = fit_design(study())
    spread = ordinal.draws.flat.std(axis=0)
    estimate = np.concatenate([fit.point.beta, fit.point.thresholds, fit.point.sigma])
    assert (np.abs(ordinal.draws.flat.mean(axis=0) - estimate) < 0.35 * spread).all()
    errors = np.sqrt(np.diag(fit.covariance))[:4]
    assert spread[:4] == pytest.approx(errors, rel=0.15)


def test_effects_are_in_the_order_of_the_levels(ordinal: Sampled) -> None:
    modes = fit_design(study()).effects["scenario"]
    means = ordinal.effects["scenario"]
    assert np.corrcoef(modes.mode, means.mode)[0, 1] > 0.99
    assert means.mode == pytest.approx(modes.mode, abs=0.25)
    # The posterior's are wider: the modes' are given the parameters.
    assert (means.std_dev > 0.9 * modes.std_dev).all()


def test_the_same_generator_gives_the_same_draws_of_a_bernoulli_outcome() -> None:
    design = study(family="bernoulli")
    one, other = (
        nuts.sample(design, rng=np.random.default_rng(5), sampling=Sampling(chains=2, draws=300, tune=300, n_jobs=jobs))
        for jobs in (1, 2)
    )
    assert np.array_equal(one.draws.values, other.draws.values)
    fit = fit_design(design)
    flat = one.draws.flat
    estimate = np.concatenate([fit.point.beta, fit.point.sigma])
    assert one.draws.names == ("(Intercept)", "releaseB", "scenario")
    assert (np.abs(flat.mean(axis=0) - estimate) < 0.5 * flat.std(axis=0)).all()


CASES = {
    "bernoulli with an intercept": {"family": "bernoulli", "k": 2, "constant": 1.0},
    "bernoulli with a constant column": {"family": "bernoulli", "k": 2, "constant": 3.0},
    "bernoulli without columns": {"family": "bernoulli", "k": 2, "p": 0},
    "five categories": {"family": "cumulative", "k": 5},
    "a category that nobody used": {"family": "cumulative", "k": 5, "unused": 4},
    "another one in the middle": {"family": "cumulative", "k": 5, "unused": 2},
    "two categories": {"family": "cumulative", "k": 2},
    "no grouping": {"family": "cumulative", "k": 4, "groupings": 0},
    "no column": {"family": "cumulative", "k": 3, "p": 0},
}


def random_model(
    *, family: str, k: int, constant: float | None = None, p: int = 2, groupings: int = 2, unused: int | None = None
) -> Model:
    """Ratings with whole weights and an offset."""
    rng = np.random.default_rng(k)
    n = 60
    y = rng.permutation(np.arange(n) % k)
    if unused is not None:
        y[y == unused] = 0
    x = rng.normal(size=(n, p))
    if constant is not None:
        x[:, 0] = constant
    return Model(
        family=family,
        y=y,
        categories=tuple(map(str, range(k))),
        x=x,
        row=rng.permutation(n),
        columns=tuple(f"a:{j}[T.b]" for j in range(p)),
        groupings=tuple(
            Grouping(f"s:{t}", rng.permutation(np.arange(n) % 12), tuple(map(str, range(12)))) for t in range(groupings)
        ),
        weights=rng.integers(0, 3, n).astype(float),
        offset=rng.normal(size=n),
    )


@pytest.mark.parametrize("case", CASES)
def test_the_density_of_pymc_is_the_documented_one(case: str) -> None:
    """At several points, up to the constant of the restricted thresholds; nothing is sampled."""
    model = random_model(**CASES[case])
    plain = nuts._plain(model)
    built = nuts._bambi_model(nuts._libraries(), plain)
    density = built.compile_logp(mode="FAST_COMPILE")
    rng = np.random.default_rng(1)
    for _ in range(3):
        vector = random_vector(rng, model)
        u = [rng.normal(size=each.size) for each in model.groupings]
        assert float(density(in_pymc(plain, model, vector, u))) == pytest.approx(by_hand(model, vector, u), rel=1e-8)


def random_vector(rng: np.random.Generator, model: Model) -> FloatArray:
    """(β, θ, log σ)."""
    cuts = np.cumsum(rng.uniform(0.2, 1.5, model.n_thresholds)) - 2
    return np.concatenate([rng.normal(size=len(model.columns)), cuts, rng.normal(size=len(model.groupings))])


def in_pymc(plain: nuts._Plain, model: Model, vector: FloatArray, u: list[FloatArray]) -> dict[str, FloatArray]:
    """The point in PyMC's names and coordinates."""
    p, n = len(model.columns), len(model.columns) + model.n_thresholds
    columns = vector[: n if model.n_thresholds == 1 else p]
    found = {name: np.array(value * plain.scale.get(name, 1.0)) for name, value in zip(plain.columns, columns, strict=True)}
    if model.n_thresholds > 1:
        found["threshold_ordered__"] = np.concatenate([vector[p : p + 1], np.log(np.diff(vector[p:n]))])
    for t, effects in enumerate(u):
        found |= {f"1|g{t}_sigma_log__": vector[n + t], f"1|g{t}_offset": effects}
    return found


def by_hand(model: Model, vector: FloatArray, u: list[FloatArray]) -> float:
    """The log density of the coordinates that are sampled, priors Normal(0, 2) and Exponential(1), written down."""

    def normal(values: FloatArray, sd: float) -> float:
        return float((-0.5 * (values / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)).sum())

    def below(cuts: FloatArray) -> FloatArray:
        return 1 / (1 + np.exp(-cuts))

    point = prepare(model).point(vector)
    eta = (model.x @ point.beta + model.offset)[model.row]
    for sigma, effects, each in zip(point.sigma, u, model.groupings, strict=True):
        eta = eta + sigma * effects[each.code]
    edges = np.concatenate([[-np.inf], point.thresholds if model.n_thresholds else [0.0], [np.inf]])
    likelihood = float(model.weights @ np.log(below(edges[model.y + 1] - eta) - below(edges[model.y] - eta)))
    # Bambi's intercept is the coefficient of a constant column times its value: another coordinate, of another density.
    constant = [float(column[0]) for column in model.x.T if np.ptp(column) == 0]
    moved = float(np.log(point.sigma).sum() + np.log(np.diff(point.thresholds)).sum()) - float(np.log(np.abs(constant)).sum())
    priors = normal(point.beta, 2.0) + normal(point.thresholds, 2.0) - float(point.sigma.sum())
    return likelihood + priors + moved + sum(normal(each, 1.0) for each in u)


def test_thresholds_begin_in_order_with_a_category_that_nobody_used() -> None:
    design = with_all_categories(study(categories=("0", "1", "2", "3", "4", "5")))
    built = nuts._bambi_model(nuts._libraries(), nuts._plain(design.model))
    assert built.coords["threshold_dim"] == tuple(range(5))
    assert np.isfinite(built.compile_logp(mode="FAST_COMPILE")(built.initial_point()))


def test_weights_that_are_not_whole_are_refused() -> None:
    design = study()
    half = replace(design, model=replace(design.model, weights=np.full(600, 0.5)))
    with pytest.raises(EstimationError, match="whole numbers"):
        nuts.sample(half, rng=np.random.default_rng(0))


def test_a_level_without_a_rating_keeps_its_place() -> None:
    design = study()
    one = design.model.groupings[0]
    more = replace(one, levels=("unseen", *one.levels), code=one.code + 1)
    plain = nuts._plain(replace(design.model, groupings=(more,)))
    assert len(nuts._bambi_model(nuts._libraries(), plain).coords["g0__factor_dim"]) == 31


def test_a_model_with_other_levels_than_ours_is_refused() -> None:
    plain = nuts._plain(study().model)
    with pytest.raises(EstimationError, match="g0__factor_dim"):
        nuts._check({"g0__factor_dim": ["1", "0", *map(str, range(2, 30))], "threshold_dim": range(3)}, plain)


def test_a_model_without_a_parameter_is_refused() -> None:
    empty = random_model(family="bernoulli", k=2, p=0, groupings=0)
    with pytest.raises(EstimationError, match="no parameter"):
        nuts._plain(empty)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bambi", None)
    with pytest.raises(EstimationError, match="bayes"):
        nuts.sample(study(), rng=np.random.default_rng(0))
