r"""The engine `nuts`: the posterior by Bambi (which builds the PyMC model) and nutpie (which samples it); the referee.

The same posterior as `posterior`, by nobody's code but theirs: Normal(0, 2) on coefficients and thresholds, the latter
restricted to their order (PyMC's ordered transform brings its own Jacobian), Exponential(1) on standard deviations, effects not
centred. Predictors are the model's own columns, and Bambi centres none of them. It takes no column that is constant, so that
the intercept is Bambi's own. Two ordered categories are a Bernoulli outcome with a column of −1, whose coefficient is
the threshold: :math:`P(y = 1) = F(\eta - \theta)`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np

from driftgauge.errors import EstimationError, needing
from driftgauge.measure.arrays import FloatArray, IntArray
from driftgauge.measure.mixed.design import Design
from driftgauge.measure.mixed.draws import Draws, Effects, Sampled, Sampling
from driftgauge.measure.mixed.model import Model
from driftgauge.measure.mixed.target import PRIOR_RATE, PRIOR_SD

DRAWS: Final = 1_000
TUNE: Final = 1_000
TARGET_ACCEPT: Final = 0.9
_INTERCEPT: Final = "Intercept"


def sample(
    design: Design,
    *,
    rng: np.random.Generator,
    sampling: Sampling | None = None,
    said: Callable[[str], None] | None = None,
) -> Sampled:
    """Draw from the posterior of a design with nutpie (extra ``driftgauge[bayes]``).

    Parameters
    ----------
    design
        Of a preset or a formula. A category that nobody used may be among its categories (`with_all_categories`).
    rng
        Gives the sampler its seed: the same generator, the same draws.
    sampling
        How much to draw.
    said
        Is told what is being done. Compiling takes most of the time of a small study.

    Returns
    -------
    Sampled
        Draws of coefficients, thresholds and standard deviations, and posterior mean and standard deviation of every effect.
        Evaluations are those after tuning.

    Raises
    ------
    EstimationError
        When a weight is not a whole number, the model has no parameter, or the extra is not installed.
    """
    how = sampling or Sampling()
    draws, tune = how.draws or DRAWS, TUNE if how.tune is None else how.tune
    if said is not None:
        said("nuts: compiling the model, then sampling")
    plain = _plain(design.model)
    libraries = _libraries()
    built = _bambi_model(libraries, plain)
    names = plain.stored
    seed = int(rng.integers(2**31))
    compiled = libraries.nutpie.compile_pymc_model(built, var_names=[*names.parameters, *names.effects])
    trace = libraries.nutpie.sample(
        compiled,
        draws=draws,
        tune=tune,
        chains=how.chains,
        cores=max(1, min(how.n_jobs, how.chains)),
        seed=seed,
        target_accept=TARGET_ACCEPT,
        save_warmup=False,
        progress_bar=False,
    )
    scale = plain.scale
    found = {name: np.asarray(trace.posterior[name].values) / scale.get(name, 1.0) for name in names.parameters}
    values = np.concatenate([each.reshape(how.chains, draws, -1) for each in found.values()], axis=2)
    divergences = int(np.asarray(trace.sample_stats["diverging"].values).sum())
    settings = {"chains": how.chains, "draws": draws, "tune": tune, "target_accept": TARGET_ACCEPT, "seed": seed}
    return Sampled(
        draws=Draws(design.parameters, values, divergences),
        effects={
            grouping.name: _effects(trace.posterior[name].values)
            for grouping, name in zip(design.model.groupings, names.effects, strict=True)
        },
        settings=settings,
        evaluations=int(np.asarray(trace.sample_stats["n_steps"].values).sum()),
    )


@dataclass(frozen=True)
class _Libraries:
    """What the extra brings."""

    bambi: Any
    nutpie: Any
    pandas: Any
    pymc: Any


def check_libraries() -> None:
    """Raise `EstimationError` if the extra is not installed."""
    _libraries()


def _libraries() -> _Libraries:
    with needing("bayes"):
        return _Libraries(*(import_module(name) for name in ("bambi", "nutpie", "pandas", "pymc")))


@dataclass(frozen=True)
class _Stored:
    """Names of the variables that are kept: parameters in our order, effects by grouping."""

    parameters: tuple[str, ...]
    effects: tuple[str, ...]


@dataclass(frozen=True)
class _Plain:
    """A model with a row for each rating: outcome, columns of the fixed part by name, offset, levels of each grouping.

    Names are our own, because a formula takes few names as they are; the constant column is called Intercept.
    """

    y: IntArray
    n_categories: int
    columns: Mapping[str, FloatArray]
    offset: FloatArray
    codes: tuple[IntArray, ...]
    sizes: tuple[int, ...]

    @property
    def ordered(self) -> bool:
        """Whether there are thresholds that are not written as a column."""
        return self.n_categories > 2

    @property
    def formula(self) -> str:
        """Bambi's formula."""
        terms = ["1" if _INTERCEPT in self.columns else "0", *(name for name in self.columns if name != _INTERCEPT)]
        offset = ["offset(known)"] if self.offset.any() else []
        return " + ".join(["y ~ " + terms[0], *terms[1:], *offset, *(f"(1|g{t})" for t in range(len(self.codes)))])

    @property
    def scale(self) -> dict[str, float]:
        """What Bambi's intercept is multiplied with in our columns: 1, or −1 where it is a threshold."""
        return {name: float(column[0]) for name, column in self.columns.items() if name == _INTERCEPT}

    @property
    def stored(self) -> _Stored:
        """What to keep of the draws."""
        effects = tuple(f"1|g{t}" for t in range(len(self.codes)))
        cuts = ("threshold",) if self.ordered else ()
        return _Stored((*self.columns, *cuts, *(f"{name}_sigma" for name in effects)), effects)


def _plain(model: Model) -> _Plain:
    """Return a row for each rating: a weight of 2 is two of them."""
    whole = np.rint(model.weights).astype(np.int64)
    if (whole != model.weights).any():
        raise EstimationError(
            "engine nuts takes weights that are whole numbers: a weight of 2 stands for two identical ratings",
            remedy="Use engine='posterior' or 'laplace'.",
        )
    if not (model.columns or model.n_thresholds or model.groupings):
        raise EstimationError("the model has no parameter", remedy="Add a predictor or a random intercept.")
    rating = np.repeat(np.arange(len(model)), whole)
    row = model.row[rating]
    columns = model.x[row]
    if model.n_thresholds == 1:
        columns = np.column_stack([columns, np.full(len(row), -1.0)])
    return _Plain(
        y=model.y[rating],
        n_categories=len(model.categories),
        columns={_INTERCEPT if np.ptp(each) == 0 else f"c{j}": each for j, each in enumerate(columns.T)},
        offset=model.offset[row],
        codes=tuple(each.code[rating] for each in model.groupings),
        sizes=tuple(each.size for each in model.groupings),
    )


def _bambi_model(libraries: _Libraries, plain: _Plain) -> Any:
    """Return the PyMC model that Bambi builds."""
    bambi = libraries.bambi
    built: Any = bambi.Model(
        plain.formula,
        _frame(libraries.pandas, plain),
        family="cumulative" if plain.ordered else "bernoulli",
        priors=_priors(libraries, plain),
        auto_scale=False,
        noncentered=True,
        center_predictors=False,
    )
    built.build()
    made = built.backend.model
    _check(made.coords, plain)
    return made


def _frame(pandas: Any, plain: _Plain) -> Any:
    columns: dict[str, Any] = {name: column for name, column in plain.columns.items() if name != _INTERCEPT}
    columns |= {"known": plain.offset}
    columns |= {
        f"g{t}": pandas.Categorical.from_codes(code, categories=range(size), ordered=True)
        for t, (code, size) in enumerate(zip(plain.codes, plain.sizes, strict=True))
    }
    y = plain.y
    if plain.ordered:
        y = pandas.Categorical.from_codes(y, categories=range(plain.n_categories), ordered=True)
    return pandas.DataFrame({"y": y, **columns})


def _priors(libraries: _Libraries, plain: _Plain) -> dict[str, Any]:
    bambi, pymc = libraries.bambi, libraries.pymc

    def thresholds(name: str, *, dims: str) -> Any:
        return pymc.Normal(
            name,
            mu=0.0,
            sigma=PRIOR_SD,
            transform=pymc.distributions.transforms.ordered,
            initval=np.linspace(-1.0, 1.0, plain.n_categories - 1),  # PyMC's own, all 0, is not in order
            dims=dims,
        )

    scale = plain.scale
    coefficients = {
        name: bambi.Prior("Normal", mu=0.0, sigma=PRIOR_SD * abs(scale.get(name, 1.0)), auto_scale=False)
        for name in plain.columns
    }
    spread = bambi.Prior("Exponential", lam=PRIOR_RATE, auto_scale=False)
    effect = bambi.Prior("Normal", mu=0.0, sigma=spread, auto_scale=False)
    priors: dict[str, Any] = coefficients | dict.fromkeys(plain.stored.effects, effect)
    if plain.ordered:
        priors["threshold"] = bambi.Prior("Ordered", dist=thresholds, auto_scale=False)
    return priors


def _check(coords: Mapping[str, Any], plain: _Plain) -> None:
    """Raise `EstimationError` when Bambi made another model than was asked for: draws are read by place."""
    wanted = {f"g{t}__factor_dim": size for t, size in enumerate(plain.sizes)}
    if plain.ordered:
        wanted |= {"threshold_dim": plain.n_categories - 1}
    for name, size in wanted.items():
        if [str(each) for each in coords[name]] != [str(each) for each in range(size)]:
            raise EstimationError(
                f"Bambi's {name} has {len(coords[name])} places that are not our {size} in their order",
                remedy="Use engine='posterior'; this version of Bambi builds another model.",
            )


def _effects(values: Any) -> Effects:
    """Return posterior mean and standard deviation of each level from (chains, draws, levels)."""
    flat = np.asarray(values, dtype=np.float64).reshape(-1, np.shape(values)[-1])
    return Effects(flat.mean(axis=0), flat.std(axis=0, ddof=1))
