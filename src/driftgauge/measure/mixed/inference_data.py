"""Posterior draws as an object of ArviZ."""

from importlib import import_module
from importlib.metadata import version
from inspect import signature
from typing import Any

from driftgauge.errors import EstimationError, needing
from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.mixed.draws import Draws
from driftgauge.measure.mixed.model import Model


def to_inferencedata(draws: Draws, *, model: Model) -> Any:
    """Return draws as ArviZ keeps them: an InferenceData, or from ArviZ 1 on a DataTree (extra ``driftgauge[bayes]``).

    Parameters
    ----------
    draws
        Of all parameters of the model.
    model
        Names the coordinates.

    Returns
    -------
    arviz.InferenceData or xarray.DataTree
        With a group ``posterior`` of ``beta`` (dimension ``coefficient``), ``threshold`` (``cut``) and ``sigma``
        (``grouping``); what the model has none of is left out.

    Raises
    ------
    EstimationError
        When the draws are not those of the model.

    Examples
    --------
    >>> import numpy as np
    >>> from driftgauge.measure.mixed.model import Grouping
    >>> none = np.zeros(2, dtype=np.int64)
    >>> item = (Grouping("item", np.arange(2), ("a", "b")),)
    >>> model = Model("bernoulli", none, ("0", "1"), np.ones((1, 1)), none, ("one",), item, np.ones(2), np.zeros(1))
    >>> draws = Draws(("one", "item"), np.arange(16.0).reshape(2, 4, 2), 0)
    >>> posterior = to_inferencedata(draws, model=model).posterior
    >>> dict(posterior["sigma"].sizes)
    {'chain': 2, 'draw': 4, 'grouping': 1}
    >>> posterior["sigma"].sel(grouping="item", chain=0).values.tolist()
    [1.0, 3.0, 5.0, 7.0]
    """
    p, k = len(model.columns), model.n_thresholds
    if draws.values.shape[2] != p + k + len(model.groupings):
        raise EstimationError(
            f"the draws are of {draws.values.shape[2]} parameters, and the model has {p + k + len(model.groupings)}",
            remedy="Pass the model that was fitted.",
        )
    parts = {
        "beta": ("coefficient", model.columns, draws.values[:, :, :p]),
        "threshold": ("cut", draws.names[p : p + k], draws.values[:, :, p : p + k]),
        "sigma": ("grouping", tuple(each.name for each in model.groupings), draws.values[:, :, p + k :]),
    }
    kept = {name: part for name, part in parts.items() if part[1]}
    found = _from_dict(
        {name: values for name, (_, _, values) in kept.items()},
        coords={dim: list(labels) for dim, labels, _ in kept.values()},
        dims={name: [dim] for name, (dim, _, _) in kept.items()},
    )
    found.posterior.attrs.update(inference_library="driftgauge", inference_library_version=version("driftgauge"))
    return found


def _from_dict(posterior: dict[str, FloatArray], *, coords: dict[str, list[str]], dims: dict[str, list[str]]) -> Any:
    """Call ArviZ' own function: from version 1 on it takes the groups as one dictionary."""
    with needing("bayes"):
        arviz: Any = import_module("arviz")
    # Not by the name InferenceData: ArviZ 1 still answers to it, with a warning.
    if "posterior" in signature(arviz.from_dict).parameters:
        return arviz.from_dict(posterior=posterior, coords=coords, dims=dims)
    return arviz.from_dict({"posterior": posterior}, coords=coords, dims=dims)
