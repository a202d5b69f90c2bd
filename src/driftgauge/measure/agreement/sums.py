"""Sums of agreement features by group: resample a scenario, take a rater out, without going back to the ratings."""

from dataclasses import dataclass

import numpy as np

from driftgauge.measure.agreement.coefficients import COEFFICIENTS, Tally, features, tally
from driftgauge.measure.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Ratings:
    """Ratings of one outcome as codes: one entry a rating.

    Parameters
    ----------
    response, scenario, rater
        Codes from 0.
    value
        Category codes, 0 to `categories` − 1.
    group
        Code from 0 of the group that the response belongs to; sums can be had for any union of groups.
    categories
        Declared categories, used or not.
    """

    response: IntArray
    scenario: IntArray
    rater: IntArray
    value: IntArray
    group: IntArray
    categories: int


@dataclass(frozen=True)
class Sums:
    """Features of a set of responses.

    Parameters
    ----------
    total
        (F,) sums.
    by_scenario
        (S, F) sums by scenario.
    by_rater
        (J, F) what is lost from `total` when that rater's ratings are taken out.
    ratings, responses, scenarios, raters
        How many there are.
    categories
        Declared categories.
    """

    total: FloatArray
    by_scenario: FloatArray
    by_rater: FloatArray
    ratings: int
    responses: int
    scenarios: int
    raters: int
    categories: int


class GroupedSums:
    """Features summed by (group, scenario) and (group, rater), from which any union of groups is added up.

    Parameters
    ----------
    ratings
        All ratings of one outcome.
    n_scenarios, n_raters
        How many codes there are.
    """

    def __init__(self, ratings: Ratings, *, n_scenarios: int, n_raters: int) -> None:
        n_groups = int(ratings.group.max(initial=-1)) + 1
        responses, first, response = np.unique(ratings.response, return_index=True, return_inverse=True)
        counts = np.bincount(response * ratings.categories + ratings.value, minlength=len(responses) * ratings.categories)
        counts = counts.reshape(len(responses), ratings.categories).astype(float)
        whole = features(counts)
        without = counts[response]
        without[np.arange(len(without)), ratings.value] -= 1
        lost = whole[response] - features(without)
        group, scenario = ratings.group[first], ratings.scenario[first]
        self._categories = ratings.categories
        self._by_scenario = _sum_rows(whole, group * n_scenarios + scenario, n_groups * n_scenarios)
        self._by_scenario = self._by_scenario.reshape(n_groups, n_scenarios, -1)
        self._by_rater = _sum_rows(lost, ratings.group * n_raters + ratings.rater, n_groups * n_raters)
        self._by_rater = self._by_rater.reshape(n_groups, n_raters, -1)
        self._rated = np.bincount(ratings.group * n_raters + ratings.rater, minlength=n_groups * n_raters)
        self._rated = self._rated.reshape(n_groups, n_raters)
        self._responses = np.bincount(group, minlength=n_groups)

    def union(self, groups: IntArray) -> Sums:
        """Return the sums over these groups."""
        by_scenario = self._by_scenario[groups].sum(axis=0)
        rated = self._rated[groups].sum(axis=0)
        square = self._categories**2 + self._categories
        return Sums(
            total=by_scenario.sum(axis=0),
            by_scenario=by_scenario,
            by_rater=self._by_rater[groups].sum(axis=0)[rated > 0],
            ratings=int(rated.sum()),
            responses=int(self._responses[groups].sum()),
            scenarios=int((by_scenario[:, square] > 0).sum()),
            raters=int((rated > 0).sum()),
            categories=self._categories,
        )


def coefficient(name: str, sums: Sums) -> float:
    """Return one of `coefficients.COEFFICIENTS`; NaN when it cannot be told.

    Examples
    --------
    Two raters, three responses, one disagreement between neighbours: 2 of 3 pairs agree.

    >>> code = np.array([0, 0, 1, 1, 2, 2])
    >>> value = np.array([0, 0, 1, 2, 2, 2])
    >>> ratings = Ratings(code, code, np.array([0, 1] * 3), value, np.zeros(6, dtype=int), categories=3)
    >>> sums = GroupedSums(ratings, n_scenarios=3, n_raters=2).union(np.array([0]))
    >>> round(coefficient("exact_agreement", sums), 3)
    0.667
    """
    return float(COEFFICIENTS[name](tally(sums.total, sums.categories)))


def scenario_replicates(sums: Sums, *, weights: FloatArray) -> Tally:
    """Return (B,) replicates over scenarios, raters fixed; resampling raters would pair a rater with himself and bias α.

    Parameters
    ----------
    sums
        Of the group.
    weights
        (B, S) multinomial counts.

    Returns
    -------
    Tally
        With one leading axis, the replicates; `COEFFICIENTS` take it as it is.
    """
    return tally(weights @ sums.by_scenario, sums.categories)


def jackknife_variance(name: str, sums: Sums) -> float:
    """Return the delete-one-rater jackknife variance (J−1)/J Σ (θ₋ⱼ − θ̄)²; NaN under three raters."""
    if sums.raters < 3:
        return float("nan")
    left_out = COEFFICIENTS[name](tally(sums.total - sums.by_rater, sums.categories))
    return float((sums.raters - 1) / sums.raters * ((left_out - left_out.mean()) ** 2).sum())


def _sum_rows(values: FloatArray, code: IntArray, n: int) -> FloatArray:
    """Sum the rows of `values` by code: (N, F) to (n, F)."""
    out = np.zeros((n, values.shape[1]))
    if len(code):
        order = np.argsort(code, kind="stable")
        present, start = np.unique(code[order], return_index=True)
        out[present] = np.add.reduceat(values[order], start, axis=0)
    return out
