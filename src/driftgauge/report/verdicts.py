"""The verdict section: one entry a pair of releases, in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import polars as pl
from markupsafe import Markup

from driftgauge.report import words
from driftgauge.report.blocks import Text, said
from driftgauge.report.figures.spark import spark
from driftgauge.report.names import coded, shown
from driftgauge.report.numbers import HARD, in_words, listed, p_value, percent, places_for, plain, points, ratio, some
from driftgauge.report.select import Estimate, View


@dataclass(frozen=True)
class Verdict:
    """One entry: the sentence that somebody quotes, what belongs to it, and the small print.

    Parameters
    ----------
    word
        `regressed`, `improved`, `unchanged`, `inconclusive` or `none`.
    line
        Releases, verdict, levels, change and interval.
    details
        Size against the margin, parts of the change, what would settle it.
    fine
        Odds ratio, p values, counts, the estimate's id.
    touched_by
        Ids of the critical and warning findings that name this estimate.
    ids
        Of all estimates in its sentences.
    """

    word: str
    family: str | None
    line: Markup
    details: Sequence[Text]
    fine: str
    estimate_id: str
    slope: Markup
    touched_by: Sequence[str]
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Margin:
    """How large a change may be and still count as none, as the protocol declares it."""

    points: float | None
    odds_ratio: float | None

    @property
    def words(self) -> str:
        """The margin as it stands in a sentence."""
        if self.points is not None:
            return f"the margin of {points(self.points, 0 if round(self.points * 100, 6) % 1 == 0 else 1, signed=False)}"
        return f"the margin (an odds ratio of {ratio(self.odds_ratio)})" if self.odds_ratio else "the margin"

    @property
    def guards(self) -> tuple[float, ...]:
        """Values on whose right side a printed limit has to stay."""
        return (0.0,) if self.points is None else (0.0, self.points, -self.points)


def margin_of(protocol: Mapping[str, object]) -> Margin:
    """Return the protocol's margin."""
    declared = cast(Mapping[str, Any], protocol.get("margin") or {})
    return Margin(declared.get("points"), declared.get("odds_ratio"))


def entries(view: View, findings: pl.DataFrame, *, margin: Margin) -> list[Verdict]:
    """Return an entry for every row of the verdict family, gravest first."""
    pairs = [_ends(row, view) for row in view.verdicts]
    top = max((end.high for pair in pairs for end in pair if end is not None), default=1.0)
    return [_entry(row, pair, view, findings, margin=margin, top=top) for row, pair in zip(view.verdicts, pairs, strict=True)]


def _ends(row: Estimate, view: View) -> tuple[Estimate | None, Estimate | None]:
    """Return the levels of the earlier and of the later release, where they are known."""
    levels = {name: level for name, level in view.levels(row.estimand).items() if level.known}
    return levels.get(row.baseline_release or ""), levels.get(row.release or "")


def _entry(
    row: Estimate,
    ends: tuple[Estimate | None, Estimate | None],
    view: View,
    findings: pl.DataFrame,
    *,
    margin: Margin,
    top: float,
) -> Verdict:
    touching = findings.filter(
        pl.col("level").is_in(["critical", "warning"]) & pl.col("estimate_ids").list.contains(row.estimate_id)
    )
    details = [_size(row, margin), *_parts(row, view), *_paired(row, ends), *_bounds(row), *_settled_by(row, touching)]
    parts = [_part(name, row, view) for name in ("refusal_part", "response_part")]
    return Verdict(
        word=row.verdict or "none",
        family=row.family,
        line=_line(row, ends, margin),
        details=details,
        fine=_fine(row, len(view.verdicts)),
        estimate_id=row.estimate_id,
        slope=spark(ends, top=top, series=view.series(row.family)),
        touched_by=touching["finding_id"].to_list(),
        ids=said("", row, *ends, *parts).ids,
    )


def _line(row: Estimate, ends: tuple[Estimate | None, Estimate | None], margin: Margin) -> Markup:
    names = Markup("{} → {}").format(shown(row.baseline_release), shown(row.release))
    word = row.verdict or "no verdict"
    line = Markup('<strong class="names">{}</strong>: <strong class="word">{}</strong>').format(names, word)
    if not row.known:
        return line + "."
    digits = places_for(row.conf_low, row.conf_high, apart_from=margin.guards)
    levels = f" {percent(ends[0].value, digits)} → {percent(ends[1].value, digits)}" if ends[0] and ends[1] else ""
    interval = words.limits(row, places=digits, signed=True)
    change = points(row.value, digits) + (f", {interval}" if interval else "")
    return line + Markup(', {}{} <span class="whole">({}).</span>').format(words.short(row.estimand), levels, change)


_SIZES: Final = {
    "material": "The change is larger than {}.",
    "within_margin": "There is a change, and it is smaller than {}.",
    "unsure": "Whether the change is larger than {} is not settled.",
}


def _size(row: Estimate, margin: Margin) -> str:
    if row.verdict == "unchanged":
        return f"If there is a change, it is smaller than {margin.words}."
    if row.verdict == "inconclusive":
        if not row.bounded:
            return "The data do not settle it."
        digits = places_for(row.conf_low, row.conf_high, apart_from=margin.guards)
        low, high = plain(100 * row.low, digits, signed=True), points(row.high, digits)
        alone = " Alone this interval is clear of 0; beside the other comparisons (adjusted p) it is not enough."
        clear = row.low > 0 or row.high < 0
        return f"The data do not settle it: every change from {low} to {high} fits them.{alone if clear else ''}"
    if row.verdict is None:
        return f"No verdict: {(row.reason_null or 'the data do not allow one').rstrip('.')}."
    return _SIZES.get(row.size or "unsure", _SIZES["unsure"]).format(margin.words)


def _parts(row: Estimate, view: View) -> list[str]:
    """Return what the change in ASR is made of, as far as the verdict and the intervals carry it."""
    refusal, response = (_part(name, row, view) for name in ("refusal_part", "response_part"))
    if refusal is None or response is None or not row.known:
        return []
    by_refusal = _named(refusal, "more refusal", "less refusal")
    by_response = _named(response, "safer responses when it engages", "more harmful responses when it engages")
    whole = points(row.value, places_for(row.conf_low, row.conf_high), noun=False)
    if row.verdict == "improved" and row.safer_by == "refusal":
        if response.value > 0 > row.value > refusal.value:
            return [_alone("More refusal alone accounts", by_refusal, "harm among what was engaged", by_response)]
        return [_mostly("more refusal", by_refusal, whole)]
    if row.verdict == "improved" and row.safer_by == "response":
        if refusal.value > 0 > row.value > response.value:
            return [_alone("Safer responses alone account", by_response, "refusal", by_refusal)]
        return [_mostly("safer responses when it engages", by_response, whole)]
    return _together(row, (refusal, response), f"{by_refusal.text} and {by_response.text}")


def _together(row: Estimate, parts: tuple[Estimate, Estimate], together: str) -> list[str]:
    """Return both parts in a sentence, where neither is shown to be the main one."""
    if row.verdict == "improved":
        return [f"The fall has two parts: {together}; neither is shown to be the main one."]
    if row.verdict == "regressed":
        return [f"The rise has two parts: {together}."]
    clear = any(part.bounded and (part.low > 0 or part.high < 0) for part in parts)
    return [f"Beneath it: {together}."] if clear else []


@dataclass(frozen=True)
class _Named:
    number: str
    text: str


def _mostly(what: str, part: _Named, whole: str) -> str:
    return f"At least two thirds of the fall is {what} ({part.number} of {whole}{HARD}points)."


def _alone(who: str, part: _Named, what: str, other: _Named) -> str:
    """Return that a part exceeds the whole, and how far the other went against it unless that is printed as 0."""
    against = f"; {what} moved the other way, {other.number}" if other.number.startswith("+") else ""
    return f"{who} for the whole fall ({part.number}{HARD}points{against})."


def _named(part: Estimate, fall: str, rise: str) -> _Named:
    digits = places_for(part.conf_low, part.conf_high)
    number = points(part.value, digits, noun=False)
    return _Named(number, f"{points(part.value, digits)} by {fall if part.value < 0 else rise}")


def _part(contrast: str, row: Estimate, view: View) -> Estimate | None:
    keys = (row.release, row.baseline_release)
    rows = view.contrasts(contrast, estimand=row.estimand)
    return next((part for part in rows if (part.release, part.baseline_release) == keys and part.known), None)


def _paired(row: Estimate, ends: tuple[Estimate | None, Estimate | None]) -> list[str]:
    """Say so when the levels do not subtract to the change, because a change is taken on what both releases answered."""
    if not (ends[0] and ends[1] and row.known) or abs(ends[1].value - ends[0].value - row.value) < 0.005:
        return []
    return ["The change is over the prompts that both releases answered; the levels are over all that each did."]


def _bounds(row: Estimate) -> list[str]:
    if row.bound_low is None or row.bound_high is None or row.bound_high - row.bound_low < 0.0005:
        return []
    low, high = plain(100 * row.bound_low, 1, signed=True), points(row.bound_high, 1)
    return [f"Responses are missing: whatever they had been, the change would lie between {low} and {high}."]


def _settled_by(row: Estimate, touching: pl.DataFrame) -> list[Text]:
    """Return what would make an undecided change decidable; a finding on several pairs says it pair by pair."""
    remedies = touching.filter(pl.col("code") == _TOO_WIDE)["remedy"].drop_nulls().to_list()
    if row.verdict != "inconclusive" or not remedies:
        return []
    pair = f"{row.baseline_release} → {row.release}: "
    own = [part.removeprefix(pair) for part in remedies[0].split("; ") if part.startswith(pair)]
    return [Markup("What would settle it: {}.").format(coded((own or remedies)[0].rstrip(".")))]


def _fine(row: Estimate, n_verdicts: int) -> str:
    bits: list[str] = []
    if row.odds_ratio is not None:
        low, high = row.odds_ratio_low, row.odds_ratio_high
        interval = f" ({ratio(low)} to {ratio(high)})" if low is not None and high is not None else ""
        bits.append(f"odds ratio {ratio(row.odds_ratio)}{interval}")
    if row.p_value is not None:
        bits.append(f"p{HARD}{p_value(row.p_value)}")
    if row.p_adjusted is not None:
        bits.append(f"adjusted for {some(n_verdicts, 'comparison')} p{HARD}{p_value(row.p_adjusted)}")
    if row.verdict == "unchanged" and row.p_equivalence is not None:
        bits.append(f"outside the margin p{HARD}{p_value(row.p_equivalence)}")
    counts = ((row.n_scenarios, "scenario"), (row.n_raters, "rater"), (row.n_ratings, "rating"))
    bits += [some(number, noun) for number, noun in counts if number]
    return words.sentence(" · ".join(bits))


def heading(view: View) -> Text:
    """Return the sentence over the verdicts."""
    found = [row.verdict for row in view.verdicts]
    if not any(found):
        return "This study gives no verdict"
    if len(found) == 1:
        return _single(view.verdicts[0])
    counts = {word: found.count(word) for word in _SAID if word in found}
    parts = [f"{in_words(number)} {_SAID[word][number > 1]}" for word, number in counts.items()]
    return f"Of {in_words(len(found))} successors, {listed(parts)}"


_SAID: Final = {
    "regressed": ("regressed", "regressed"),
    "improved": ("improved", "improved"),
    "unchanged": ("is unchanged", "are unchanged"),
    "inconclusive": ("is not settled by the data", "are not settled by the data"),
    None: ("has no verdict", "have no verdict"),
}


def _single(row: Estimate) -> Markup:
    later, earlier = shown(row.release, 40), shown(row.baseline_release, 40)
    texts = {
        "regressed": "{} regressed against {}",
        "improved": "{} improved on {}",
        "unchanged": "{} is unchanged against {}",
        "inconclusive": "Whether {} differs from {} is not settled by the data",
    }
    return Markup(texts[cast(str, row.verdict)]).format(later, earlier)


def first_to_last(view: View) -> list[Markup]:
    """Return the change over all generations of the families that have more than two."""
    lines: list[Markup] = []
    for row in view.contrasts("drift_first_last"):
        if row.known:
            names = Markup("{} → {}").format(shown(row.baseline_release), shown(row.release))
            text = Markup("{}: {} {}").format(names, words.short(row.estimand), words.difference(row))
            lines.append(said(text, row))
    return lines


_TOO_WIDE: Final = "cannot_be_unchanged"
"""Code of the finding that says what would narrow an interval."""
_NO_VERDICT: Final = ("no_families", "one_release", "judges_only", "panels_differ", "nothing_shared")
"""Codes of the findings that say why there is no verdict."""


def why_none(view: View, findings: pl.DataFrame) -> list[Text]:
    """Return why there is no verdict at all, from the findings where they say it."""
    if not view.releases:
        return ["No release was rated in a way that an estimate could be made of."]
    said = findings.filter(pl.col("code").is_in(_NO_VERDICT))["sentence"].to_list()
    if said:
        return [coded(sentence) for sentence in said]
    if all(len(members) < 2 for family, members in view.families.items() if family is not None):
        return ["A verdict compares a release with its predecessor, and no family with two releases is declared."]
    return ["The estimates hold no comparison that the protocol declares primary."]
