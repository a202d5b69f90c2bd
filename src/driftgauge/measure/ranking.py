"""Ranks and reversals: which release is the safest, which the second, and whether an order turned (statistics §5).

A rank is not a smooth function of rates: two releases that lie close together change places from one replicate to the next. So
what is given is the share of bootstrap replicates in which a release has a rank, or in which an order turns. Releases are
ranked on the prompts that all of them answered.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray, IntArray
from driftgauge.measure.bootstrap import Key
from driftgauge.measure.bounds import Missing, count_missing
from driftgauge.measure.estimate import asked, goes_in
from driftgauge.measure.languages import baseline_language
from driftgauge.measure.outcomes import codes_of
from driftgauge.measure.populations import Index, Population, Question, population, successions
from driftgauge.measure.rates import Rate
from driftgauge.measure.rows import Row, Setting, rate_labels

RANK: Final = "rank_probability"
REVERSAL: Final = "reversal_probability"
TWO_WAY_RANKS: Final = "two-way bootstrap ranks"
SCENARIO_RANKS: Final = "scenario bootstrap ranks"
NO_INTERVAL: Final = "it is a share of replicates, and std_error is its Monte Carlo error"
_RANKED_BY: Final = ("asr", "harm_rate", "refusal_rate")
_DIGITS: Final = 12
"""Rates that agree to so many decimals are tied: the rest is rounding of sums in another order."""


@dataclass(frozen=True)
class Shares:
    """Shares of replicates and their Monte Carlo errors; NaN where more than 1 % of the replicates are undefined."""

    share: FloatArray
    std_error: FloatArray
    undefined: int
    replicates: int


def rank_shares(values: FloatArray) -> Shares:
    """Return the share of replicates in which each release has each rank, 1 for the lowest value.

    Parameters
    ----------
    values
        (B, R): replicates of the rates of R releases. A replicate with NaN in any release is left out and counted; above 1 %
        every share is NaN.

    Returns
    -------
    Shares
        (R, R): release by rank. Releases that are tied in a replicate share their ranks evenly, so that rows and columns sum
        to 1. The standard error is that of having drawn B replicates only.

    Examples
    --------
    Two replicates: in the first A is below B, in the second they are tied.

    >>> rank_shares(np.array([[0.1, 0.2], [0.3, 0.3]])).share.tolist()
    [[0.75, 0.25], [0.25, 0.75]]
    """
    size = values.shape[1]
    kept = values[~np.isnan(values).any(axis=1)].round(_DIGITS)
    first, second = np.full((size, size), np.nan), np.full((size, size), np.nan)
    if _told(len(kept), len(values)):
        for release in range(size):
            mine = kept[:, [release]]
            below, tied = (kept < mine).sum(axis=1), (kept == mine).sum(axis=1)
            first[release], second[release] = _moments(below, tied, size)
    return _shares(first, second, kept=len(kept), drawn=len(values))


def _moments(below: IntArray, tied: IntArray, size: int) -> tuple[FloatArray, FloatArray]:
    """Return, by rank, the means of a release's part in it and of that part squared: 1/tied on the ranks that it shares."""
    first, second = np.zeros(size), np.zeros(size)
    for many in np.unique(tied):
        starts = below[tied == many]
        times = np.cumsum(np.bincount(starts, minlength=size + 1) - np.bincount(starts + many, minlength=size + 1))[:size]
        first += times / many
        second += times / many**2
    return first / len(below), second / len(below)


def reversal_share(earlier: tuple[FloatArray, FloatArray], later: tuple[FloatArray, FloatArray]) -> Shares:
    """Return the share of replicates in which the order of two releases differs between two occasions.

    Parameters
    ----------
    earlier, later
        (B,) replicates of both rates on each occasion. A tie on either has no order: it counts one half. Replicates with NaN
        are left out and counted; above 1 % the share is NaN.

    Returns
    -------
    Shares
        Arrays of one entry.

    Examples
    --------
    >>> earlier, later = (np.array([0.1, 0.1]), np.array([0.2, 0.2])), (np.array([0.4, 0.4]), np.array([0.3, 0.4]))
    >>> reversal_share(earlier, later).share.tolist()
    [0.75]
    """
    before, after = (np.sign((x - y).round(_DIGITS)) for x, y in (earlier, later))
    turned = (1 - before * after) / 2
    kept = turned[~np.isnan(turned)]
    told = _told(len(kept), len(turned))
    first, second = (np.array([np.mean(kept**power) if told else np.nan]) for power in (1, 2))
    return _shares(first, second, kept=len(kept), drawn=len(turned))


def _told(kept: int, drawn: int) -> bool:
    return kept > 0 and drawn - kept <= 0.01 * drawn


def _shares(first: FloatArray, second: FloatArray, *, kept: int, drawn: int) -> Shares:
    variance = np.maximum(second - first**2, 0.0)
    return Shares(first, np.sqrt(variance / max(kept, 1)), drawn - kept, drawn)


@dataclass(frozen=True)
class Comparison:
    """Populations whose order is asked for, on the prompts that all of them answered.

    Parameters
    ----------
    contrast
        Null for a ranking of all of them; ``reversal`` for (X earlier, Y earlier, X later, Y later), or the same with the
        baseline language as the earlier.
    populations
        One a release, or four.
    labels
        The columns of the estimates table that the comparison fills.
    uncompared, unasked
        Cells (scenario, modality, language) of a population that another lacks; ratings without the outcome.
    """

    contrast: str | None
    populations: tuple[Population, ...]
    labels: Row
    uncompared: int
    unasked: int


def ranked_by(rates: Mapping[str, Rate]) -> str | None:
    """Return the rate that releases are ranked by: ASR, else harm rate, else refusal rate; null when none was rated."""
    return next((name for name in _RANKED_BY if name in rates), None)


def comparisons(found: Index, rate: Rate) -> Iterator[Comparison]:
    """Yield the rankings of the releases of each phase, then the reversals between phases, then those between languages.

    Parameters
    ----------
    found
        The ratings.
    rate
        What is ranked by: a release without a rating of it is in no comparison.

    Notes
    -----
    Releases are ranked within a phase; where the data have no phases, within a generation. A ranking needs two releases.
    """
    for where in _slices(found):
        for releases in _groups(found):
            yield from _ranking(found, rate, releases, where)
        for earlier, later in _steps(found):
            yield from _turn(found, rate, (*earlier, *later), where)
    if len(found.values["language"]) > 1:
        cells = codes_of(found.sample.rows, "scenario", "modality")
        for releases in _groups(found):
            for pair in combinations(sorted(releases), 2):
                yield from _turns_between_languages(found, rate, pair, cells=cells)


def _slices(found: Index) -> list[Mapping[str, str]]:
    several = [name for name in ("modality", "language") if len(found.values[name]) > 1]
    return [{}, *({name: value} for name in several for value in found.values[name])]


def _groups(found: Index) -> list[tuple[str, ...]]:
    """Return the releases of each phase, or of each generation, that has two or more."""
    phases = {release: found.campaign[release][0] for release in found.releases}
    generations = {release: generation for release, (_, generation) in found.lineage.items()}
    keys = phases if any(phase is not None for phase in phases.values()) else generations
    groups: dict[object, list[str]] = {}
    for release in found.releases:
        if keys.get(release) is not None:
            groups.setdefault(keys[release], []).append(release)
    return [tuple(releases) for releases in groups.values() if len(releases) > 1]


def _steps(found: Index) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Return ((X earlier, Y earlier), (X later, Y later)) of families that stepped together, X before Y by name.

    Two families step together when both go from one phase to the same next one; within a phase, or without phases, from one
    generation to the same next one.
    """
    taken: dict[object, list[tuple[str, str, str]]] = {}
    for earlier, later, contrast in successions(found):
        if contrast != "drift":
            continue
        family, generation = found.lineage[earlier]
        phases = tuple(found.campaign[release][0] for release in (earlier, later))
        same = phases[0] == phases[1]
        step = (phases, generation if same else None, found.lineage[later][1] if same else None)
        taken.setdefault(step, []).append((family, earlier, later))
    return [
        ((x[1], y[1]), (x[2], y[2])) for members in taken.values() for x, y in combinations(sorted(members), 2) if x[0] != y[0]
    ]


def _ranking(found: Index, rate: Rate, releases: Sequence[str], where: Mapping[str, str]) -> Iterator[Comparison]:
    sides = [population(found, release, where) for release in releases]
    rated = [side for side in sides if asked(rate, side.rows).any()]
    if len(rated) > 1:
        unasked = sum(len(side.rows) for side in sides if not asked(rate, side.rows).any())
        yield _compared(found, rate, rated, cells=found.prompt, labels=dict(where), unasked=unasked)


def _turn(found: Index, rate: Rate, releases: Sequence[str], where: Mapping[str, str]) -> Iterator[Comparison]:
    sides = [population(found, release, where) for release in releases]
    if all(asked(rate, side.rows).any() for side in sides):
        labels = {**where, "phase": sides[2].phase, "baseline_phase": sides[0].phase}
        yield _compared(found, rate, sides, cells=found.prompt, labels=labels, contrast="reversal")


def _turns_between_languages(found: Index, rate: Rate, releases: tuple[str, str], *, cells: IntArray) -> Iterator[Comparison]:
    baseline = baseline_language(found)
    for language in found.values["language"]:
        pairs = ((each, release) for each in (baseline, language) for release in releases)
        sides = [population(found, release, {"language": each}) for each, release in pairs if each is not None]
        if language == baseline or not all(asked(rate, side.rows).any() for side in sides):
            continue
        labels = {"phase": sides[2].phase, "language": language, "baseline_language": baseline}
        yield _compared(found, rate, sides, cells=cells, labels=labels, contrast="reversal")


def _compared(
    found: Index,
    rate: Rate,
    sides: Sequence[Population],
    *,
    cells: IntArray,
    labels: Row,
    contrast: str | None = None,
    unasked: int = 0,
) -> Comparison:
    """Restrict the sides to the cells in which each of them has a rating of the outcome."""
    everywhere = np.ones(int(cells.max(initial=-1)) + 1, dtype=np.bool_)
    for side in sides:
        here = np.zeros_like(everywhere)
        here[cells[side.rows[asked(rate, side.rows)]]] = True
        everywhere &= here
    within = np.zeros(int(found.prompt.max(initial=-1)) + 1, dtype=np.bool_)
    within[found.prompt[everywhere[cells]]] = True
    kept = tuple(population(found, side.release, side.where, within=within) for side in sides)
    uncompared = sum(len(np.unique(cells[side.rows])) for side in sides) - sum(len(np.unique(cells[k.rows])) for k in kept)
    unasked += sum(int((~asked(rate, side.rows)).sum()) for side in kept)
    return Comparison(contrast, kept, labels, uncompared, unasked)


def ranking_questions(found: Index, *, rates: Mapping[str, Rate]) -> list[Question]:
    """Return every population whose replicates `ranking_rows` needs, once each, as the question for its rate.

    Where all releases answered all prompts these are the populations of the levels.
    """
    name = ranked_by(rates)
    sides = [side for each in comparisons(found, rates[name]) for side in each.populations] if name else []
    return [Question(None, (side,), (1.0,), side.where) for side in {side.key: side for side in sides}.values()]


def ranking_rows(
    found: Index,
    *,
    setting: Setting,
    rates: Mapping[str, Rate],
    replicates: Mapping[str, Mapping[Key, FloatArray]],
    missing: Missing | None = None,
) -> list[Row]:
    """Return the probability of each rank of each release, and of each reversal, for each scope.

    Parameters
    ----------
    found, setting, rates
        The ratings, what rows are labelled with, and the rates by name.
    replicates
        By scope, (B,) replicates of the rate of `ranked_by` over every population of `ranking_questions`. Without any there
        are no rows.
    missing
        Responses that failed or were unsupported, to be counted.

    Returns
    -------
    list of rows
        Estimands ``rank_probability`` and ``reversal_probability``. The estimate is null, with the reason, when no prompt was
        rated for every release, or more than 1 % of the replicates are undefined. There are no limits.

    Raises
    ------
    KeyError
        When the replicates of a population are not there.
    """
    name = ranked_by(rates)
    if name is None:
        return []
    asked_for = list(comparisons(found, rates[name])) if replicates else []
    rows: list[Row] = []
    for scope, drawn in replicates.items():
        method = setting.named(TWO_WAY_RANKS if scope == "raters" else SCENARIO_RANKS, name)
        for each in asked_for:
            n_missing = count_missing(missing, each.populations) if missing else 0
            shared = setting.labels() | rate_labels(rates[name], setting) | {"scope": scope, "method": method}
            shared |= _counts(found, each, rates[name], setting=setting, n_missing=n_missing)
            values = [drawn[name, side.key] for side in each.populations]
            rows += _reversal_rows(each, values, shared) if each.contrast else _rank_rows(each, values, shared)
    return rows


def _rank_rows(each: Comparison, values: Sequence[FloatArray], shared: Row) -> Iterator[Row]:
    found = rank_shares(np.stack(values, axis=1))
    for number, side in enumerate(each.populations):
        place = {"release": side.release, "family": side.family, "generation": side.generation, "phase": side.phase}
        for rank in range(len(values)):
            numbers = _numbers(found, each, (number, rank))
            yield (
                shared
                | {"estimand": RANK, "contrast": None, "panel": side.panel, "rank": rank + 1}
                | place
                | each.labels
                | numbers
            )


def _reversal_rows(each: Comparison, values: Sequence[FloatArray], shared: Row) -> Iterator[Row]:
    x, y = each.populations[2:]
    place = {"release": x.release, "family": x.family, "generation": x.generation, "baseline_release": y.release}
    found = reversal_share((values[0], values[1]), (values[2], values[3]))
    yield shared | {"estimand": REVERSAL, "contrast": each.contrast} | place | each.labels | _numbers(found, each, (0,))


def _numbers(found: Shares, each: Comparison, place: tuple[int, ...]) -> Row:
    reason = NO_INTERVAL
    if not all(len(side.rows) for side in each.populations):
        reason = "no prompt was rated for every release that is compared"
    elif np.isnan(found.share[place]):
        reason = f"{found.undefined} of {found.replicates} replicates were undefined"
    numbers: Row = {"estimate": float(found.share[place]), "std_error": float(found.std_error[place])}
    return numbers | {"conf_low": None, "conf_high": None, "reason_null": reason}


def _counts(found: Index, each: Comparison, rate: Rate, *, setting: Setting, n_missing: int) -> Row:
    here = found.sample
    rows = ranked_ratings(found, each, rate, setting=setting)
    reasons = {
        "ratings without this outcome": each.unasked,
        "responses that failed or were unsupported": n_missing,
        "prompts that not every release answered": each.uncompared,
    }
    return {
        "n_scenarios": len(np.unique(here.scenario[rows])),
        "n_responses": len(np.unique(here.response[rows])),
        "n_raters": len(np.unique(here.rater[rows])),
        "n_ratings": len(rows),
        "n_excluded": sum(reasons.values()),
        "reason_excluded": "; ".join(f"{n} {what}" for what, n in reasons.items() if n) or None,
    }


def ranked_ratings(found: Index, each: Comparison, rate: Rate, *, setting: Setting) -> IntArray:
    """Return which ratings a comparison is made of, as indices into the sample."""
    rows = np.concatenate([side.rows for side in each.populations])
    return rows[goes_in(rate, rows, found.sample, unit=setting.unit)]


def comparison_of(found: Index, rate: Rate, labels: Mapping[str, object]) -> Comparison | None:
    """Return the comparison that a row of `ranking_rows` is of, by the row's labels; null when there is none."""
    return next((each for each in comparisons(found, rate) if _is_of(each, labels)), None)


def _is_of(each: Comparison, labels: Mapping[str, object]) -> bool:
    if each.contrast is None:
        here = {"phase": each.populations[0].phase} | each.labels
        named = labels["release"] in {side.release for side in each.populations}
    else:
        here = each.labels
        named = (labels["release"], labels.get("baseline_release")) == tuple(side.release for side in each.populations[2:])
    place = ("phase", "baseline_phase", "modality", "language", "baseline_language")
    return named and each.contrast == labels["contrast"] and all(here.get(name) == labels.get(name) for name in place)
