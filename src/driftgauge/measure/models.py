"""Mixed-model rows beside the primary ones (statistics §4): latent contrasts, odds ratios and population-averaged rates.

One model an outcome over all ratings of people on adversarial prompts. Its numbers are of another kind than the primary ones
(a model of how ratings come about, not a mean with its design-based variance), and carry no verdict; where they would have led
to another verdict, a finding says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure.mixed.fit import fit_design
from driftgauge.measure.mixed.presets import preset_design
from driftgauge.measure.mixed.result import MixedFit
from driftgauge.measure.mixed.wald import wald
from driftgauge.measure.populations import Index, drifts, levels
from driftgauge.measure.rows import IDENTITY, TWO_WAY, Row, Setting, question_labels
from driftgauge.measure.verdicts import Drifts, verdicts
from driftgauge.records import Finding
from driftgauge.study import ModelPreset, Protocol

METHOD: Final = "mixed model"
"""How the method of every row from here begins."""


@dataclass(frozen=True)
class _Outcome:
    """What is modelled, and what its averaged and its latent rows are called."""

    column: str
    averaged: str
    latent: str


_OUTCOMES: Final = (
    _Outcome("success", "asr", "latent_success"),
    _Outcome("harm", "harm_rate", "latent_harm"),
)


@dataclass(frozen=True)
class Modelled:
    """The rows of the models, and what a reader must know of them."""

    rows: list[Row]
    findings: list[Finding]


@dataclass(frozen=True)
class _Fitted:
    outcome: _Outcome
    found: Index
    fit: MixedFit
    shared: Row
    harmful_at: int
    method: str

    @property
    def at_least(self) -> str | None:
        """The lowest category of harm in the data that counts as harmful; null for success."""
        if self.outcome.column != "harm":
            return None
        return next((each for each in self.fit.design.model.categories if int(each) >= self.harmful_at), None)

    @property
    def has_average(self) -> bool:
        """Whether some rating is harmful and some is not, so that there is a rate to average."""
        return self.outcome.column != "harm" or self.at_least not in {None, self.fit.design.model.categories[0]}


def model_rows(found: Index, *, setting: Setting, protocol: Protocol, preset: ModelPreset, primary: Sequence[Row]) -> Modelled:
    """Fit the models and return their rows.

    Parameters
    ----------
    found
        Counted ratings of people on adversarial prompts.
    setting
        Of their pass.
    protocol
        Threshold, margin, level.
    preset
        Which model; ``none`` gives no rows.
    primary
        The rows of the pass: drifts lend their degrees of freedom, and verdicts are compared.

    Returns
    -------
    Modelled
        A model that did not converge keeps its rows, without any number and with the reason.
    """
    if preset == "none":
        return Modelled([], [])
    rows: list[Row] = []
    findings: list[Finding] = []
    for outcome in _OUTCOMES:
        used = modelled(found.sample.rows, outcome.column)
        if used.is_empty():
            continue
        shared = _shared(used, len(found.sample.rows) - len(used), setting)
        try:
            design = preset_design(
                used, preset, outcome=outcome.column, harmful_at=protocol.harmful_at, releases=_present(found, used)
            )
            fit = fit_design(design, level=setting.level)
        except EstimationError as error:
            findings.append(_not_fitted(outcome, preset, error.message))
            continue
        one = _Fitted(outcome, found, fit, shared, protocol.harmful_at, f"{METHOD}; {preset}, {fit.engine}")
        if not fit.converged:
            separated = bool(fit.convergence.separated)
            findings.append(_not_fitted(outcome, preset, str(fit.convergence.reason), separated=separated))
        mine = [*(_levels(one) if one.has_average else ()), *_drifts(one, primary)]
        rows += mine
        findings += disagreements(mine, primary, protocol=protocol, preset=preset)
    return Modelled(rows, findings)


def modelled(rows: pl.DataFrame, outcome: str) -> pl.DataFrame:
    """Return the counted ratings that a model of an outcome is fitted to.

    Filled-in refusals of partial designs weigh less than a rating, which a likelihood has no place for: they stay out.
    """
    return rows.filter(pl.col(outcome).is_not_null(), pl.col("weight") == 1)


def _present(found: Index, used: pl.DataFrame) -> list[str]:
    there = set(used["release"].unique())
    return [release for release in found.releases if release in there]


def _shared(used: pl.DataFrame, n_left: int, setting: Setting) -> Row:
    return setting.labels() | {
        "unit": "rating",
        "scope": "raters",
        "filter": "all",
        "n_scenarios": used["scenario"].n_unique(),
        "n_responses": used["response_id"].n_unique(),
        "n_raters": used["rater"].n_unique(),
        "n_ratings": len(used),
        "n_excluded": n_left,
        "reason_excluded": f"{n_left} ratings without this outcome or filled in with part of a weight" if n_left else None,
    }


def _levels(one: _Fitted) -> Iterator[Row]:
    """Yield the averaged rate of each release, over modalities that weigh the same, and in each modality."""
    frames = [one.fit.probabilities("release", by=by, at_least=one.at_least) for by in ((), ("modality",))]
    cells = {(each["release"], each.get("modality")): each for frame in frames for each in frame.iter_rows(named=True)}
    for question in levels(one.found):
        cell = cells.get((question.populations[0].release, question.where.get("modality")))
        if cell is not None and not set(question.where) - {"modality"}:
            method = f"{one.method}; population-averaged"
            yield {**one.shared, **question_labels(question), **_averaged(one), **_numbers(one, cell), "method": method}


def _drifts(one: _Fitted, primary: Sequence[Row]) -> Iterator[Row]:
    """Yield, for consecutive releases of a family, the risk difference and the difference on the latent scale."""
    latent = {each["contrast"]: each for each in one.fit.contrasts("release").iter_rows(named=True)}
    averaged: dict[str, dict[str, Any]] = {}
    if one.has_average:
        changes = one.fit.probabilities("release", differences=True, at_least=one.at_least)
        averaged = {each["contrast"]: each for each in changes.iter_rows(named=True)}
    for question in drifts(one.found):
        earlier, later = (side.release for side in question.populations)
        name = f"{later} - {earlier}"
        if question.where or not question.consecutive or name not in latent:
            continue
        labels = one.shared | question_labels(question)
        df = _df(primary, labels | _averaged(one))
        labels["df"], by_t = df, "" if df is None else ", t"
        if name in averaged:
            numbers = _with_t(_numbers(one, averaged[name]), df, level=labels["level"])
            yield {**labels, **_averaged(one), **numbers, "method": f"{one.method}; population-averaged{by_t}"}
        numbers = _with_t(_numbers(one, latent[name]), df, level=labels["level"])
        odds = {column: float(np.exp(numbers[source])) for column, source in _ODDS.items()}
        named = {"estimand": one.outcome.latent, "outcome": one.outcome.column, "method": f"{one.method}; latent{by_t}"}
        yield {**labels, **named, **numbers, **odds}


_ODDS: Final = {"odds_ratio": "estimate", "odds_ratio_low": "conf_low", "odds_ratio_high": "conf_high"}


def _averaged(one: _Fitted) -> Row:
    return {
        "estimand": one.outcome.averaged,
        "outcome": one.outcome.column,
        "threshold": one.harmful_at if one.outcome.column == "harm" else None,
    }


def _df(primary: Sequence[Row], asked: Row) -> float | None:
    """Return the degrees of freedom of §3 for the same drift: with few raters the model's own would be too many."""
    for row in primary:
        if row["method"] == TWO_WAY and all(row.get(name) == asked.get(name) for name in IDENTITY):
            return None if np.isnan(row["df"]) else float(row["df"])
    return None


def _numbers(one: _Fitted, each: dict[str, Any]) -> Row:
    """Return the columns of numbers; none of a fit that cannot be believed, or of a cell without ratings."""
    names = ("estimate", "std_error", "conf_low", "conf_high", "p_value")
    if not one.fit.converged:
        reason = f"the model did not converge: {one.fit.convergence.reason}"
        return dict.fromkeys(names, float("nan")) | {"reason_null": reason}
    known = {name: float("nan") if each[name] is None else float(each[name]) for name in names if name in each}
    return known | ({"reason_null": "no rating of this cell"} if np.isnan(known["estimate"]) else {})


def _with_t(numbers: Row, df: float | None, *, level: float) -> Row:
    """Return a contrast with its interval and p by t instead of the normal distribution."""
    if df is None:
        return numbers
    by_t = wald(np.array([numbers["estimate"]]), np.array([numbers["std_error"]]), df=df, level=level)
    return numbers | {name: float(by_t[name][0]) for name in ("conf_low", "conf_high", "p_value")}


def _not_fitted(outcome: _Outcome, preset: str, reason: str, *, separated: bool = False) -> Finding:
    remedy = (
        "Nothing needs doing: an outcome that never varies has no odds, in any model."
        if separated
        else "Try another model (--model response or published), or leave it out (--model none)."
    )
    sentence = (
        f"The mixed model of {outcome.column} ({preset}) gives no numbers: {reason}. The primary estimates do not need it."
    )
    return Finding("model_not_fitted", "info", sentence, remedy)


def disagreements(mine: Sequence[Row], primary: Sequence[Row], *, protocol: Protocol, preset: str) -> Iterator[Finding]:
    """Yield a finding for each verdict that the model's averaged drifts, judged by the same rules, would not have given."""
    judged = [row for row in primary if row.get("verdict")]
    averaged = {
        _key(row): row for row in mine if row.get("contrast") == "drift" and judged and row["estimand"] == judged[0]["estimand"]
    }
    pairs = [(row, averaged[_key(row)]) for row in judged if _key(row) in averaged and averaged[_key(row)]["df"] is not None]
    if protocol.margin.points is None or not pairs:
        return
    columns = ("estimate", "std_error", "df", "p_value")
    arrays = {name: np.array([_float(each.get(name)) for _, each in pairs]) for name in columns}
    found = verdicts(Drifts(**arrays, points=arrays["estimate"]), margin=protocol.margin.points, level=protocol.level).verdict
    for (row, each), verdict in zip(pairs, found, strict=True):
        if verdict != row["verdict"] and not np.isnan(each["estimate"]):
            yield _disagreement(row, each, verdict=verdict, preset=preset)


def _key(row: Row) -> tuple[str, str]:
    return row["release"], row["baseline_release"]


def _float(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _disagreement(row: Row, model: Row, *, verdict: str, preset: str) -> Finding:
    said = f"{100 * row['estimate']:+.1f} against {100 * model['estimate']:+.1f} points".replace("-", "−")
    return Finding(
        "model_disagrees",
        "warning",
        f"{row['baseline_release']} → {row['release']} is {row['verdict']} by the primary estimate, and would be {verdict} by "
        f"the mixed model ({preset}): {said}.",
        "Look at what each assumes: the model also takes out how strict raters are, where some link the panels, and believes "
        "in normal effects; the primary estimate does neither.",
    )
