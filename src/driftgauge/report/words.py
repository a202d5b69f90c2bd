"""Words for what the frames hold: names of estimands, populations, values with their intervals."""

from collections.abc import Iterable, Sequence
from typing import Final

from driftgauge.report.numbers import HARD, NONE, PROPORTIONS, THIN, count, listed, percent, places_for, plain, points, some
from driftgauge.report.select import Estimate, View

_QUANTITY: Final = {
    "asr": "attack success",
    "harm_rate": "harm rate",
    "refusal_rate": "refusal",
    "rank_probability": "probability of the rank",
    "reversal_probability": "probability of a reversal",
    "severity": "severity of the rater",
    "agreement_left_out": "agreement with the other raters",
    "inconsistent_share": "ratings with both marks",
    "conditional_asr": "attack success when engaged",
    "mean_harm": "mean harm",
    "refused": "refused",
    "engaged_safe": "engaged and safe",
    "engaged_harmful": "engaged and harmful",
    "over_refusal": "over-refusal",
    "full_refusal": "full refusal",
    "partial_refusal": "partial refusal",
    "exact_agreement": "exact agreement",
    "unanimity": "unanimity",
    "alpha_ordinal": "Krippendorff’s α, ordinal",
    "alpha_nominal": "Krippendorff’s α, nominal",
    "ac2_quadratic": "Gwet’s AC2, quadratic",
    "fleiss_kappa": "Fleiss’ κ",
    "ratings_gained": "ratings gained",
    "judge_agreement": "agreement with most people",
    "judge_sensitivity": "sensitivity",
    "judge_specificity": "specificity",
    "judge_above_chance": "sensitivity plus specificity minus 1",
    "judge_bias": "bias (judge minus people)",
    "judge_share": "share of yes by the judge",
    "people_share": "share of yes by people",
    "judge_ac2": "Gwet’s AC2 of judge and majority",
    "judge_alpha": "Krippendorff’s α of judge and majority",
    "judge_flips": "other mark the second time",
    "judge_change": "mean change the second time",
    "judge_calibrated_on": "middle day of its ratings (days since 1970)",
}
_SHORT: Final = {"asr": "ASR", "harm_rate": "harm rate", "refusal_rate": "refusal rate", "conditional_asr": "ASR when engaged"}
OUTCOMES: Final = {
    "harm": "harm (five levels)",
    "harm6": "harm (refusal as a sixth level)",
    "success": "attack success",
    "refusal": "default refusal",
    "refusal_level": "level of refusal",
}
CONTRASTS: Final = {
    "drift": "change",
    "drift_cumulative": "change since the first",
    "drift_first_last": "change, first to last",
    "refusal_part": "part by refusal",
    "response_part": "part by responses",
    "inconsistent_part": "part by double marks",
    "newly_vulnerable": "newly vulnerable",
    "fixed": "fixed",
    "net_churn": "newly vulnerable minus fixed",
    "gross_churn": "newly vulnerable and fixed together",
    "noise_floor": "turn by chance",
    "profile_drift": "change, partially pooled",
    "modality": "text-only minus multimodal",
    "modality_shift": "shift of that difference",
}


def quantity(estimand: str | None, *, threshold: int | None = None) -> str:
    """Return what an estimand is, in words that stand in a sentence."""
    if estimand == "harm_rate" and threshold:
        return f"harm rate ({threshold} or more of 5)"
    if estimand == "harm_at_least" and threshold:
        return f"harm of {threshold} or more of 5"
    return _QUANTITY.get(estimand or "", (estimand or "").replace("_", " "))


def short(estimand: str | None) -> str:
    """Return the short name of an estimand, as it stands before a number."""
    return _SHORT.get(estimand or "", quantity(estimand))


def sentence(text: str) -> str:
    """Return a text with its first letter large."""
    return text[:1].upper() + text[1:]


def value(row: Estimate, *, places: int | None = None, signed: bool = False) -> str:
    """Return a value in its own unit: percent, points (without the noun) or a plain number."""
    if not row.known:
        return NONE
    if not _is_share(row):
        return plain(row.value, 2, signed=signed)
    digits = _places(row) if places is None else places
    return points(row.value, digits, signed=signed, noun=False) if is_difference(row) else percent(row.value, digits)


def limits(row: Estimate, *, places: int | None = None, signed: bool = False) -> str:
    """Return the interval as "low to high", in the unit of `value`, or nothing."""
    if not row.bounded:
        return ""
    if not _is_share(row):
        return f"{plain(row.low, 2, signed=signed)} to {plain(row.high, 2, signed=signed)}"
    digits = _places(row) if places is None else places
    signed = signed and is_difference(row)
    low, high = (plain(100 * limit, digits, signed=signed) for limit in (row.low, row.high))
    return f"{low} to {high}" + ("" if is_difference(row) else THIN + "%")


_SHARES: Final = frozenset({"newly_vulnerable", "fixed", "gross_churn", "noise_floor", "reversal"})
"""Contrasts that are shares of prompts or of replicates: percent, not points."""


def is_difference(row: Estimate) -> bool:
    """Return whether a row of a share is a difference, written in points, and not a level, written as percent."""
    return row.estimand == "severity" or (row.contrast is not None and row.contrast not in _SHARES)


def _is_share(row: Estimate) -> bool:
    return row.estimand in PROPORTIONS or (row.estimand == "severity" and row.outcome != "harm")


def with_limits(row: Estimate, *, places: int | None = None, signed: bool = False) -> str:
    """Return a value and, in brackets, its interval."""
    interval = limits(row, places=places, signed=signed)
    return value(row, places=places, signed=signed) + (f" ({interval})" if interval else "")


def difference(row: Estimate, *, guards: tuple[float, ...] = (0.0,)) -> str:
    """Return a difference of shares with its noun and interval: "−11 points (−15 to −7)"."""
    if not _is_share(row):
        return with_limits(row, signed=True)
    digits = places_for(row.conf_low, row.conf_high, apart_from=guards)
    interval = limits(row, places=digits, signed=True)
    return points(row.value, digits) + (f" ({interval})" if interval else "")


def _places(row: Estimate) -> int:
    return places_for(row.conf_low, row.conf_high, apart_from=(0.0,) if is_difference(row) else (0.0, 1.0))


def level_of(rows: Iterable[Estimate]) -> str:
    """Return the confidence level of the rows as percent."""
    return percent(next((row.level for row in rows if row.level is not None), 0.95))


def population(rows: Sequence[Estimate], view: View, *, what: str) -> str:
    """Return the line under a picture: what, rated by whom, over which scenarios, and what the intervals are for."""
    known = [row for row in rows if row.known]
    modalities = list(dict.fromkeys(row.modality for row in known if row.modality)) or list(view.modalities)
    parts = [what, _raters(known, view), _span([row.n_scenarios for row in known if row.n_scenarios], "scenario")]
    if modalities:
        parts.append(listed([name for name in ("text-only", "multimodal") if name in modalities]))
    return sentence(", ".join(part for part in parts if part)) + "; " + intervals(known, view) + "."


def _raters(rows: Sequence[Estimate], view: View) -> str:
    """Return who rated, phase by phase where there are few phases."""
    phases: dict[str | None, int] = {}
    for row in rows:
        if row.n_raters and row.contrast is None:
            phases[row.phase] = max(phases.get(row.phase, 0), row.n_raters)
    counts = list(phases.values()) or [row.n_raters for row in rows if row.n_raters]
    who = ("judge (a model)", "judges (models)") if view.kind == "judge" else ("person", "people")
    if not counts:
        return ""
    if 1 < len(counts) <= 3:
        both = ", some of them the same" if _shared(view) else ""
        return f"rated by {listed([count(number) for number in counts])}{HARD}{who[1]}{both}"
    return f"rated by {_span(counts, *who)}"


def _shared(view: View) -> bool:
    """Return whether raters of one phase rated in another too: fewer stand behind a drift than behind its two levels."""
    levels = view.levels(view.estimand) if view.estimand is not None else {}
    for row in view.contrasts("drift"):
        ends = [levels.get(name or "") for name in (row.baseline_release, row.release)]
        counts = [end.n_raters for end in ends if end is not None and end.n_raters]
        if row.n_raters and len(counts) == len(ends) and row.baseline_phase != row.phase and row.n_raters < sum(counts):
            return True
    return False


def _span(counts: Sequence[int], noun: str, plural: str | None = None) -> str:
    if not counts:
        return ""
    low, high = min(counts), max(counts)
    return some(high, noun, plural) if low == high else f"{count(low)} to {some(high, noun, plural)}"


def intervals(rows: Sequence[Estimate], view: View) -> str:
    """Return what the intervals say, or why there are none."""
    if not any(row.bounded for row in rows):
        reason = next((row.reason_null for row in rows if row.reason_null), None)
        return "no interval could be computed" + (f" ({reason.rstrip('.')})" if reason else "")
    who = "judges" if view.kind == "judge" else "raters"
    whose = f"{who} like these" if view.scope == "raters" else f"these {who} only"
    return f"{level_of(rows)} intervals for {whose}"


def missing(rows: Iterable[Estimate]) -> list[str]:
    """Return, for rows without a value, the reason with the releases that it holds for."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if not row.known:
            names = reasons.setdefault((row.reason_null or "no reason was recorded").rstrip("."), [])
            if row.release and row.release not in names:
                names.append(row.release)
    return [
        f"No value for {listed(names[:6])}{' and others' if len(names) > 6 else ''}: {reason}."
        for reason, names in reasons.items()
        if names
    ]
