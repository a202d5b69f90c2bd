"""Variance components of a drift from ratings that are there: a pilot, or the running study (statistics §10).

Responses and raters are crossed and not all is rated: variances between responses, between raters and of single ratings come
from three sums of squares (Gao and Owen 2017); how a scenario's prompts move together comes from products within scenarios.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.outcomes import codes_of
from driftgauge.measure.populations import Index, Population, drifts
from driftgauge.measure.precision import Design
from driftgauge.measure.truth import Components


@dataclass(frozen=True)
class Side:
    """The ratings of one release, all of one length.

    Parameters
    ----------
    y
        The outcome, 0 to 1; no NaN.
    response, prompt, scenario, rater
        Codes. Prompt, scenario and rater codes mean the same on both sides; each prompt is of one scenario.
    kind
        Modality and language of the prompt, as a code: means are taken out within it.
    """

    y: FloatArray
    response: IntArray
    prompt: IntArray
    scenario: IntArray
    rater: IntArray
    kind: IntArray


@dataclass(frozen=True)
class Crossed:
    """Variances between responses, between raters, and of a rating given both; NaN where the design cannot tell them apart."""

    response: float
    rater: float
    residual: float


def crossed(y: FloatArray, response: IntArray, rater: IntArray) -> Crossed:
    """Return the moment estimates of a crossed design in which some pairs are missing.

    Parameters
    ----------
    y, response, rater
        One entry a rating.

    Examples
    --------
    Two responses by two raters, additive: responses differ by 1, raters not at all.

    >>> found = crossed(np.array([0., 0., 1., 1.]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    >>> round(found.response, 9), abs(round(found.rater, 9)), abs(round(found.residual, 9))
    (0.5, 0.0, 0.0)
    """
    n = len(y)
    by_response, by_rater = _counts(response), _counts(rater)
    sums = np.array([_squares(y, response), _squares(y, rater), float(((y - y.mean()) ** 2).sum()) if n else np.nan])
    n_responses, n_raters = len(by_response), len(by_rater)
    system = np.array(
        [
            [0, n - n_responses, n - n_responses],
            [n - n_raters, 0, n - n_raters],
            [n - (by_response**2).sum() / max(n, 1), n - (by_rater**2).sum() / max(n, 1), n - 1],
        ],
        dtype=float,
    )
    if n_raters < 2 or n_responses < 2 or np.linalg.matrix_rank(system) < len(system):
        return Crossed(np.nan, np.nan, np.nan)
    return Crossed(*np.linalg.solve(system, sums).tolist())


def pilot_components(before: Side, after: Side, *, severity: float | None = None) -> Components | None:
    """Return the components of the drift between two releases; null when the ratings cannot tell them apart.

    Parameters
    ----------
    before, after
        The ratings of each release, on the prompts that both answered.
    severity
        Covariance of raters' means between releases (`shared_severity`); null where nobody rated two releases. Severity then
        counts as the rater's own at each release, which takes nothing for granted of linked raters.

    Returns
    -------
    Components
        Estimates below 0 are 0. With one answer to each prompt the chance of a release cannot be told from the prompt, and
        counts as the prompt's: more attempts are then not taken to help. With one prompt to a scenario likewise the scenario's.
    """
    parts = [crossed(side.y, side.response, side.rater) for side in (before, after)]
    if any(np.isnan(each.residual) for each in parts):
        return None
    noise = sum(_prompt_noise(side, part) for side, part in zip((before, after), parts, strict=True))
    change, scenario_of = _changes(before, after)
    if len(np.unique(scenario_of)) < 2:
        return None
    total = max(float((change**2).sum() / max(len(change) - 1, 1)) - noise, 0.0)
    scenario = float(np.clip(_products(change, scenario_of, otherwise=total), 0.0, total))
    response, attempts = _attempts(before, after, parts)
    rater = float(np.mean([max(each.rater, 0.0) for each in parts]))
    shared = float(np.clip(severity or 0.0, 0.0, rater))
    return Components(
        scenario=scenario,
        prompt=max(total - scenario - 2 * response / attempts, 0.0),
        response=response,
        rater=shared,
        rater_release=rater - shared,
        residual=max(float(np.mean([each.residual for each in parts])), 0.0),
    )


def shared_severity(y: FloatArray, release: IntArray, rater: IntArray) -> float | None:
    """Return the covariance, over raters, of their means at two releases, averaged over pairs of releases.

    Parameters
    ----------
    y, release, rater
        One entry a rating, of any number of releases.

    Returns
    -------
    float
        Null when no two releases have three raters in common.
    """
    n_raters, n_releases = int(rater.max(initial=-1)) + 1, int(release.max(initial=-1)) + 1
    place = rater * n_releases + release
    count = sum_by(place, np.ones(len(y)), n=n_raters * n_releases)
    with np.errstate(invalid="ignore"):
        means = (sum_by(place, y, n=len(count)) / count).reshape(n_raters, n_releases)
    found: list[float] = []
    for one in range(n_releases):
        for other in range(one + 1, n_releases):
            both = ~np.isnan(means[:, one] + means[:, other])
            if both.sum() > 2:
                found.append(_covariance(means[both, one], means[both, other]))
    return float(np.mean(found)) if found else None


@dataclass(frozen=True)
class Pilot:
    """One drift of a pilot: which, its components (null where the ratings cannot tell them apart), and what was collected."""

    family: str
    baseline_release: str
    release: str
    baseline: float
    components: Components | None
    design: Design | None


def pilots(found: Index, y: FloatArray) -> Iterator[Pilot]:
    """Yield every drift between consecutive releases, over all modalities and languages.

    Parameters
    ----------
    found
        The counted ratings of people.
    y
        The outcome of each rating, 0 to 1; NaN where it was not asked.
    """
    here = found.sample
    kind = codes_of(here.rows, "modality", "language")
    release = codes_of(here.rows, "release")
    told = np.flatnonzero(~np.isnan(y))
    severity = shared_severity(y[told], release[told], here.rater[told])
    for question in drifts(found):
        if question.where or not question.consecutive:
            continue
        sides = [_side(found, y, kind, population) for population in question.populations]
        usable = all(len(side.y) for side in sides)
        before, after = question.populations
        yield Pilot(
            family=after.family or "",
            baseline_release=before.release,
            release=after.release,
            baseline=float(sides[0].y.mean()) if usable else float("nan"),
            components=pilot_components(*sides, severity=severity) if usable else None,
            design=_design(sides[0], sides[1]) if usable else None,
        )


def _side(found: Index, y: FloatArray, kind: IntArray, population: Population) -> Side:
    rows = population.rows[~np.isnan(y[population.rows])]
    here = found.sample
    return Side(y[rows], here.response[rows], found.prompt[rows], here.scenario[rows], here.rater[rows], kind[rows])


def _design(before: Side, after: Side) -> Design:
    """Return what was collected, with as many raters as would weigh the same if all of them had rated as much as the others.

    Raters of a few anchors count for little in this way, on a side and among those who link both. Under half of a panel on a
    response, raters of each are a choice; else ratings were lost.
    """
    scenarios, prompts, responses = (len(np.unique(each)) for each in (after.scenario, after.prompt, after.response))
    prompts_each, attempts = max(round(prompts / scenarios), 1), max(round(responses / prompts), 1)
    n = int(max(side.rater.max() for side in (before, after))) + 1
    shares = [sum_by(side.rater, np.ones(len(side.y)), n=n) / len(side.y) for side in (before, after)]
    raters = [max(round(1 / float((share**2).sum())), 1) for share in shares]
    chosen, kept = list[int | None](), list[float]()
    for side, panel in zip((before, after), raters, strict=True):
        on_each = len(side.y) / len(np.unique(side.response))
        some = max(round(on_each), 1) if on_each < panel / 2 else None
        chosen.append(some)
        kept.append(min(len(side.y) / (scenarios * prompts_each * attempts * (some or panel)), 1.0))
    linked = round(raters[0] * raters[1] * float((shares[0] * shares[1]).sum()))
    return Design(
        scenarios=scenarios,
        prompts=prompts_each,
        raters=(raters[0], raters[1]),
        attempts=attempts,
        linked=min(linked, *raters),
        per_response=(chosen[0], chosen[1]),
        kept=(kept[0], kept[1]),
    )


def _covariance(one: FloatArray, other: FloatArray) -> float:
    return float(((one - one.mean()) * (other - other.mean())).sum() / (len(one) - 1))


def _prompt_noise(side: Side, part: Crossed) -> float:
    """Return the variance that raters and ratings put into the mean of a prompt, given the prompts' own values."""
    count = _counts(side.prompt)
    several = float((1 / count).mean())
    everybody = 1 / len(np.unique(side.rater))  # what all prompts share moves no prompt against another
    responses = side.y.size / len(np.unique(side.response))
    return max(part.residual, 0.0) * several + max(part.rater, 0.0) * max(1 / responses - everybody, 0.0)


def _changes(before: Side, after: Side) -> tuple[FloatArray, IntArray]:
    """Return the change of every prompt, centred within its kind, and its scenario."""
    n = int(max(before.prompt.max(initial=-1), after.prompt.max(initial=-1))) + 1
    means: list[FloatArray] = []
    for side in (before, after):
        with np.errstate(invalid="ignore"):
            means.append(sum_by(side.prompt, side.y, n=n) / sum_by(side.prompt, np.ones(len(side.y)), n=n))
    change = means[1] - means[0]
    kind, scenario = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    kind[before.prompt], scenario[before.prompt] = before.kind, before.scenario
    known = ~np.isnan(change)
    change, kind, scenario = change[known], kind[known], scenario[known]
    middle = sum_by(kind, change) / np.maximum(sum_by(kind, np.ones(len(kind))), 1)
    return change - middle[kind], scenario


def _products(values: FloatArray, group: IntArray, *, otherwise: float) -> float:
    """Return the mean product of two different values of a group; `otherwise` where every group has one value."""
    count, total, square = (sum_by(group, each) for each in (np.ones(len(values)), values, values**2))
    products = float((count * (count - 1)).sum())
    return float((total**2 - square).sum()) / products if products else otherwise


def _attempts(before: Side, after: Side, parts: list[Crossed]) -> tuple[float, float]:
    """Return the variance between the answers to one prompt, mean of both sides, and how many answers there are."""
    found: list[float] = []
    numbers: list[float] = []
    for side, part in zip((before, after), parts, strict=True):
        codes, first, response = np.unique(side.response, return_index=True, return_inverse=True)
        count = _counts(response)
        mean, prompt = sum_by(response, side.y) / count, np.unique(side.prompt[first], return_inverse=True)[1]
        answers = _counts(prompt)
        numbers.append(float(answers.mean()))
        free = len(codes) - len(answers)
        if free:
            found.append(max(_squares(mean, prompt) / free - max(part.residual, 0.0) * float((1 / count).mean()), 0.0))
    return (float(np.mean(found)) if found else 0.0), float(np.mean(numbers))


def _counts(code: IntArray) -> FloatArray:
    """Return how often each code occurs that does."""
    count = np.bincount(code).astype(float)
    return count[count > 0]


def _squares(y: FloatArray, group: IntArray) -> float:
    """Return the sum of squared deviations from the means of groups."""
    count = np.maximum(sum_by(group, np.ones(len(y))), 1)
    return float(((y - (sum_by(group, y) / count)[group]) ** 2).sum())
