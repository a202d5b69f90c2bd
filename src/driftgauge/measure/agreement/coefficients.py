"""Agreement between raters of one response: α, AC2, κ, exact agreement, unanimity (statistics §6).

Every coefficient here is a function of sums over responses: coincidences of categories, agreement within the response, shares
of categories. So a scenario's sums can be resampled, and a rater's taken out, without going back to the ratings.

Sources: Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability"; Gwet (2014), *Handbook of Inter-Rater Reliability*;
Fleiss (1971) with the usual extension to unequal numbers of raters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray

ALL_EQUAL: Final = "every rating is the same: agreement beyond chance cannot be told"
NO_PAIR: Final = "no response has two ratings"


@dataclass(frozen=True)
class Tally:
    """Sums over responses, per group along leading axes: what every coefficient is made of.

    Parameters
    ----------
    coincidence
        (…, C, C) ordered pairs of values within a response, each over its number of raters less one (Krippendorff's o_ck).
    share
        (…, C) sum over responses of the share of raters that chose each category.
    responses
        (…) responses with a rating.
    paired
        (…) responses with two ratings or more.
    weighted, identical
        (…) sums over paired responses of the (quadratically weighted, identical) agreement of its raters.
    agreeing, pairs
        (…) rater pairs within responses that agree, and all of them.
    unanimous
        (…) paired responses in which all raters agree.
    """

    coincidence: FloatArray
    share: FloatArray
    responses: FloatArray
    paired: FloatArray
    weighted: FloatArray
    identical: FloatArray
    agreeing: FloatArray
    pairs: FloatArray
    unanimous: FloatArray


def quadratic_weights(categories: int) -> FloatArray:
    """Return w_ck = 1 − (c − k)²/(C − 1)².

    Examples
    --------
    >>> quadratic_weights(3).tolist()
    [[1.0, 0.75, 0.0], [0.75, 1.0, 0.75], [0.0, 0.75, 1.0]]
    """
    rank = np.arange(categories, dtype=float)
    return 1 - (rank[:, None] - rank[None, :]) ** 2 / max(1, categories - 1) ** 2


def features(counts: FloatArray) -> FloatArray:
    """Return the summands of a `Tally` for each response, as one row: C² + C + 7 columns.

    Parameters
    ----------
    counts
        (responses, C) how many raters chose each category; declared categories that nobody chose are columns of 0.
    """
    n = counts.sum(axis=1)
    categories = counts.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        coincidence = counts[:, :, None] * (counts[:, None, :] - np.eye(categories)) / (n - 1)[:, None, None]
        share = np.where(n[:, None] > 0, counts / n[:, None], 0.0)
        weighted = (counts * (counts @ quadratic_weights(categories) - 1)).sum(axis=1) / (n * (n - 1))
        identical = (counts * (counts - 1)).sum(axis=1) / (n * (n - 1))
    paired = n > 1
    scalars = [
        n > 0,
        paired,
        np.where(paired, weighted, 0.0),
        np.where(paired, identical, 0.0),
        (counts * (counts - 1)).sum(axis=1) / 2,
        n * (n - 1) / 2,
        paired & (counts.max(axis=1, initial=0) == n),
    ]
    flat = np.where(paired[:, None], coincidence.reshape(len(counts), -1), 0.0)
    return np.column_stack([flat, share, *scalars])


def tally(summed: FloatArray, categories: int) -> Tally:
    """Return features summed over responses, (…, C² + C + 7), as a `Tally`."""
    square = categories**2
    scalars = [summed[..., square + categories + number] for number in range(7)]
    responses, paired, weighted, identical, agreeing, pairs, unanimous = scalars
    return Tally(
        coincidence=summed[..., :square].reshape(*summed.shape[:-1], categories, categories),
        share=summed[..., square : square + categories],
        responses=responses,
        paired=paired,
        weighted=weighted,
        identical=identical,
        agreeing=agreeing,
        pairs=pairs,
        unanimous=unanimous,
    )


def alpha_ordinal(t: Tally) -> FloatArray:
    """Return Krippendorff's α with the ordinal metric; NaN when every value is the same.

    Notes
    -----
    δ²_ck = (Σ_{g=c..k} n_g − (n_c + n_k)/2)² over the values in paired responses, so that distances follow how the scale was
    used (Krippendorff 2011, §C).
    """
    values = t.coincidence.sum(axis=-1)
    reached = np.cumsum(values, axis=-1) - values / 2
    return _alpha(t, (reached[..., :, None] - reached[..., None, :]) ** 2)


def alpha_nominal(t: Tally) -> FloatArray:
    """Return Krippendorff's α with the nominal metric; NaN when every value is the same."""
    return _alpha(t, 1 - np.eye(t.share.shape[-1]))


def _alpha(t: Tally, distance: FloatArray) -> FloatArray:
    values = t.coincidence.sum(axis=-1)
    observed = (t.coincidence * distance).sum(axis=(-2, -1))
    by_chance = (values[..., :, None] * values[..., None, :] * distance).sum(axis=(-2, -1))
    return 1 - _divide((values.sum(axis=-1) - 1) * observed, by_chance)


def ac2_quadratic(t: Tally) -> FloatArray:
    """Return Gwet's AC2 with quadratic weights over all declared categories; NaN when every rating is the same.

    Notes
    -----
    p_e = T_w/(C(C − 1)) Σ π_c(1 − π_c) with π the mean share of each category over responses (Gwet 2014, ch. 5). With one
    category in use, AC2 is 1 by its formula whatever the raters did; that is no evidence of agreement, so it is null here.
    """
    categories = t.share.shape[-1]
    prevalence = _divide(t.share, t.responses[..., None])
    spread = quadratic_weights(categories).sum() / (categories * (categories - 1))
    chance = spread * (prevalence * (1 - prevalence)).sum(axis=-1)
    agreement = _divide(t.weighted, t.paired)
    return np.where(chance > 0, _divide(agreement - chance, 1 - chance), np.nan)


def fleiss_kappa(t: Tally) -> FloatArray:
    """Return Fleiss' κ; NaN when every rating is the same."""
    prevalence = _divide(t.share, t.responses[..., None])
    chance = (prevalence**2).sum(axis=-1)
    return _divide(_divide(t.identical, t.paired) - chance, np.where(chance < 1 - 1e-12, 1 - chance, 0.0))


def exact_agreement(t: Tally) -> FloatArray:
    """Return the share of rater pairs within a response that agree."""
    return _divide(t.agreeing, t.pairs)


def unanimity(t: Tally) -> FloatArray:
    """Return the share of responses with two ratings or more in which all raters agree."""
    return _divide(t.unanimous, t.paired)


COEFFICIENTS: Final[dict[str, Callable[[Tally], FloatArray]]] = {
    "alpha_ordinal": alpha_ordinal,
    "alpha_nominal": alpha_nominal,
    "ac2_quadratic": ac2_quadratic,
    "fleiss_kappa": fleiss_kappa,
    "exact_agreement": exact_agreement,
    "unanimity": unanimity,
}
ORDERED: Final = ("alpha_ordinal", "ac2_quadratic")
"""These need categories with an order."""


def _divide(a: FloatArray, b: FloatArray) -> FloatArray:
    b = np.broadcast_to(b, np.shape(a)) if np.ndim(a) else np.asarray(b)
    a = np.broadcast_to(a, np.shape(b))
    return np.divide(a, b, out=np.full(np.shape(b), np.nan), where=b != 0)
