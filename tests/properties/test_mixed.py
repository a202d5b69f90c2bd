"""The Laplace approximation: its gradient, and what must not matter."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftgauge.measure.mixed import curvature
from driftgauge.measure.mixed.coding import TreatmentCoding
from driftgauge.measure.mixed.design import Request, make_design
from driftgauge.measure.mixed.fit import fit_design
from driftgauge.measure.mixed.laplace import Laplace, prepare
from driftgauge.measure.mixed.model import Grouping, Model
from driftgauge.measure.mixed.presets import preset_design
from driftgauge.measure.mixed.result import MixedFit

SEEDS = st.integers(0, 2**32 - 1)
STRUCTURES = {
    "fixed only": (),
    "one": ("s",),
    "crossed": ("s", "j"),
    "design": ("s", "s:m", "s:r", "s:m:r", "j", "j:r"),
    "no host of its own": ("s:m", "s:r", "j"),
    "crossed interactions": ("s:j", "j:r", "r"),
}


def random_model(seed: int, *, family: str, terms: tuple[str, ...], weighted: bool) -> Model:
    """Ratings of unbalanced, incomplete cells, with a numeric covariate and an offset."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(60, 160))
    factors = {"s": rng.integers(0, 7, n), "m": rng.integers(0, 2, n), "r": rng.integers(0, 3, n), "j": rng.integers(0, 4, n)}
    columns = [factors["r"] == 1, factors["r"] == 2, factors["m"] == 1, rng.normal(size=n)]
    x = np.column_stack([*([np.ones(n)] if family == "bernoulli" else []), *columns]).astype(float)
    offset = np.round(rng.normal(size=n), 1)
    both, row = np.unique(np.column_stack([x, offset]), axis=0, return_inverse=True)
    k = 2 if family == "bernoulli" else int(rng.integers(2, 6))
    y = rng.permutation(np.concatenate([np.arange(k), rng.integers(0, k, n - k)]))
    return Model(
        family=family,  # type: ignore[arg-type]
        y=y,
        categories=tuple(map(str, range(k))),
        x=both[:, :-1],
        row=row.ravel(),
        columns=tuple(f"x{j}" for j in range(x.shape[1])),
        groupings=tuple(_grouping(term, factors) for term in terms),
        weights=rng.integers(1, 4, n).astype(float) if weighted else np.ones(n),
        offset=both[:, -1],
    )


def _grouping(term: str, factors: dict[str, Any]) -> Grouping:
    parts = tuple(factors[name] for name in term.split(":"))
    levels, code = np.unique(np.column_stack(parts), axis=0, return_inverse=True)
    return Grouping(term, code.ravel(), tuple(map(str, levels.tolist())), parts if len(parts) > 1 else ())


def random_point(seed: int, engine: Laplace) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    k = engine.model.n_thresholds
    thresholds = np.cumsum(rng.uniform(0.2, 1.5, k)) - 0.5 * k
    sigmas = rng.normal(-0.3, 0.7, len(engine.model.groupings))
    return np.concatenate([rng.normal(size=engine.model.x.shape[1]) * 0.7, thresholds, sigmas])


def differences(engine: Laplace, vector: np.ndarray[Any, Any], h: float = 1e-3) -> np.ndarray[Any, Any]:
    """Differences of the sixth order."""
    found = np.zeros(len(vector))
    for j in range(len(vector)):
        unit = np.eye(len(vector))[j] * h
        values = {k: engine.evaluate(engine.point(vector + k * unit)).value for k in (-3, -2, -1, 1, 2, 3)}
        found[j] = (values[3] - values[-3] - 9 * (values[2] - values[-2]) + 45 * (values[1] - values[-1])) / (60 * h)
    return found


@given(
    seed=SEEDS,
    family=st.sampled_from(["cumulative", "bernoulli"]),
    structure=st.sampled_from(sorted(STRUCTURES)),
    weighted=st.booleans(),
)
def test_the_gradient_is_that_of_finite_differences(seed: int, family: str, structure: str, weighted: bool) -> None:
    engine = prepare(random_model(seed, family=family, terms=STRUCTURES[structure], weighted=weighted))
    vector = random_point(seed, engine)
    gradient = engine.evaluate(engine.point(vector)).gradient
    assert np.abs(gradient - differences(engine, vector)).max() <= 1e-6 * np.abs(gradient).max()


@given(seed=SEEDS, family=st.sampled_from(["cumulative", "bernoulli"]), structure=st.sampled_from(sorted(STRUCTURES)))
@settings(max_examples=20)
def test_the_approximation_is_that_of_plain_dense_algebra(seed: int, family: str, structure: str) -> None:
    engine = prepare(random_model(seed, family=family, terms=STRUCTURES[structure], weighted=True))
    point = engine.point(random_point(seed, engine))
    assert engine.evaluate(point).value == pytest.approx(_dense(engine.model, point), rel=1e-10)


def _dense(model: Model, point: Any) -> float:
    """The Laplace approximation, written down without any structure."""
    z = np.concatenate(
        [np.eye(g.size)[g.code] * s for g, s in zip(model.groupings, point.sigma, strict=True)] or [np.zeros((len(model), 0))],
        axis=1,
    )
    cuts = point.thresholds if model.n_thresholds else np.zeros(1)
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    fixed = (model.x @ point.beta + model.offset)[model.row]
    u = np.zeros(z.shape[1])

    def parts(u: np.ndarray[Any, Any]) -> tuple[float, Any, Any]:
        eta = fixed + z @ u
        with np.errstate(over="ignore"):
            upper, lower = (1 / (1 + np.exp(-(edges[model.y + side] - eta))) for side in (1, 0))
        weight = (upper * (1 - upper) + lower * (1 - lower)) * model.weights
        value = model.weights @ np.log(upper - lower) - u @ u / 2
        return float(value), z.T @ ((upper + lower - 1) * model.weights) - u, np.eye(len(u)) + z.T @ (z * weight[:, None])

    for _ in range(100):
        value, slope, hessian = parts(u)
        step = np.linalg.solve(hessian, slope)
        size = 1.0
        while parts(u + size * step)[0] < value - 1e-12 and size > 1e-6:
            size /= 2
        u = u + size * step
    value, _, hessian = parts(u)
    return float(value - 0.5 * np.linalg.slogdet(hessian)[1])


def study(seed: int, *, scenarios: int = 12, raters: int = 6) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame({"scenario": [f"s{i:02d}" for i in range(scenarios)]})
    for name, values in (("modality", ["text-only", "multimodal"]), ("release", ["A", "B", "C"])):
        frame = frame.join(pl.DataFrame({name: values}), how="cross")
    frame = frame.join(pl.DataFrame({"rater": [f"r{j}" for j in range(raters)]}), how="cross")
    effect = {"A": 0.0, "B": -0.8, "C": -1.5}
    eta = frame["release"].replace_strict(effect).to_numpy()
    eta = eta + rng.normal(0, 1.0, scenarios)[frame["scenario"].rank("dense").to_numpy() - 1]
    eta = eta + rng.normal(0, 0.6, raters)[frame["rater"].rank("dense").to_numpy() - 1]
    harm = 1 + np.searchsorted([-1, 0, 1, 2], eta + rng.logistic(size=len(frame)))
    return frame.with_columns(harm=harm, attempt=1, response_id=pl.concat_str("scenario", "modality", "release", separator="/"))


def fitted(frame: pl.DataFrame, **options: Any) -> MixedFit:
    return fit_design(preset_design(frame, "published", **options))


def same(one: MixedFit, other: MixedFit) -> None:
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-7)
    for a, b in ((one.coefficients, other.coefficients), (one.random_effects, other.random_effects)):
        for name in a.columns[1:]:
            assert a[name].to_list() == pytest.approx(b[name].to_list(), abs=1e-4)


@given(seed=SEEDS)
@settings(max_examples=5)
def test_the_order_of_rows_and_the_names_of_levels_do_not_matter(seed: int) -> None:
    frame = study(seed)
    renamed = frame.with_columns(scenario=pl.lit("x") + pl.col("scenario").str.reverse()).sample(
        fraction=1, shuffle=True, seed=seed
    )
    same(fitted(frame), fitted(renamed))


@given(seed=SEEDS)
@settings(max_examples=5)
def test_identical_ratings_together_with_a_weight_are_the_same_ratings(seed: int) -> None:
    twice = pl.concat([study(seed), study(seed).filter(pl.col("rater") == "r1")])
    together = twice.group_by(twice.columns).len("count").with_columns(pl.col("count").cast(pl.Float64))
    same(fitted(twice), fitted(together, weights="count"))


@given(seed=SEEDS)
@settings(max_examples=5)
def test_another_reference_release_flips_the_signs(seed: int) -> None:
    frame = study(seed)
    one, other = fitted(frame, releases=["A", "B", "C"]), fitted(frame, releases=["B", "A", "C"])
    forward = one.contrasts("release").filter(contrast="B - A").to_dicts()[0]
    backward = other.contrasts("release").filter(contrast="A - B").to_dicts()[0]
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-7)
    assert forward["estimate"] == pytest.approx(-backward["estimate"], abs=1e-4)
    assert forward["std_error"] == pytest.approx(backward["std_error"], rel=1e-4)


def test_a_model_without_weights_of_zero_is_the_same_model() -> None:
    frame = study(1).with_columns(count=pl.lit(1.0))
    ghost = frame.head(40).with_columns(count=pl.lit(0.0), harm=pl.lit(5, dtype=frame.schema["harm"]), scenario=pl.lit("ghost"))
    same(fitted(frame), fitted(pl.concat([frame, ghost]), weights="count"))


def test_a_two_category_cumulative_model_is_the_bernoulli_model() -> None:
    frame = study(2).with_columns(harmful=pl.col("harm") >= 3)
    coding = TreatmentCoding({"release": ("A", "B", "C")}, (("release",),))
    ones = {"weights": np.ones(len(frame)), "offset": np.zeros(len(frame))}
    binary = make_design(frame, Request("harmful", "bernoulli", (("scenario",), ("rater",)), ""), coding=coding, **ones)
    ordinal = make_design(
        frame.with_columns(pl.col("harmful").cast(pl.Int8)),
        replace(Request("harmful", "cumulative", (("scenario",), ("rater",)), "")),
        coding=coding,
        **ones,
    )
    one, other = fit_design(binary), fit_design(ordinal)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-7)
    assert one.coefficients["estimate"][1:].to_list() == pytest.approx(other.coefficients["estimate"].to_list(), abs=1e-4)
    assert one.coefficients["estimate"][0] == pytest.approx(-other.thresholds["estimate"][0], abs=1e-4)


@given(seed=SEEDS, family=st.sampled_from(["cumulative", "bernoulli"]))
@settings(max_examples=10)
def test_second_derivatives_are_those_of_long_central_differences_of_the_gradient(seed: int, family: str) -> None:
    engine = prepare(random_model(seed, family=family, terms=STRUCTURES["design"], weighted=True))
    vector = random_point(seed, engine)
    at, n = engine.evaluate(engine.point(vector)), engine.n_parameters
    found = curvature.hessian(engine, at, covariance=np.eye(n), free=np.ones(n, dtype=bool))
    ends = [[engine.evaluate(engine.point(vector + h * unit)).gradient for h in (1e-4, -1e-4)] for unit in np.eye(n)]
    central = np.array([(below - above) / 2e-4 for above, below in ends])
    assert np.abs(found - (central + central.T) / 2).max() < 2e-5 * np.abs(central).max()
