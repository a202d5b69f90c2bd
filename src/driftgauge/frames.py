"""One Polars schema per table: the data dictionary.

Every column is described once, here; ``docs/reference/tables.md`` is generated from it. Proportions are 0 to 1, never percent;
times are UTC; missing is null, never 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.records import Finding, content_id

MODALITIES: Final = ("text-only", "multimodal")
INTENTS: Final = ("adversarial", "benign")
KINDS: Final = ("human", "judge")
PURPOSES: Final = ("item", "anchor", "gold", "calibration")
STATUSES: Final = ("answered", "truncated", "refused", "filtered", "empty", "failed", "unsupported")
REFUSAL_LEVELS: Final = ("none", "partial", "full")
RATED_STATUSES: Final = ("answered", "truncated")
"""What people are shown."""
UNRATED_STATUSES: Final = ("refused", "filtered", "empty")
"""What nobody needs to see, and counts as a refusal (`protocol.unrated`)."""
MISSING_STATUSES: Final = ("failed", "unsupported")
"""What was not measured: left out, counted, and bounded."""

RESPONSE_KEY: Final = ("scenario", "intent", "modality", "language", "release", "phase", "attempt")
RATING_KEY: Final = (*RESPONSE_KEY, "rater", "panel", "occasion")


@dataclass(frozen=True)
class Column:
    """One column: its type and what it means, with unit, range and what null means."""

    dtype: pl.DataType | type[pl.DataType]
    meaning: str


_TEXT, _INT, _SMALL, _REAL, _FLAG = pl.String, pl.Int64, pl.Int8, pl.Float64, pl.Boolean

RATINGS: Final[Mapping[str, Column]] = {
    "rating_id": Column(_TEXT, "content id of the rating's key"),
    "response_id": Column(_TEXT, "content id of (scenario, intent, modality, language, release, phase, attempt)"),
    "scenario": Column(_TEXT, "one adversarial (or benign-twin) intent, independent of modality and language"),
    "intent": Column(_TEXT, "`adversarial`, or `benign` for a twin that asks for nothing wrong"),
    "modality": Column(_TEXT, "`text-only` or `multimodal`"),
    "language": Column(_TEXT, "language tag of the prompt; null when the source does not say"),
    "release": Column(_TEXT, "the exact model that answered"),
    "family": Column(_TEXT, "a vendor's line of releases; null when unknown (no drift is computed then)"),
    "generation": Column(_INT, "the ordinal of the release in its family; null when unknown"),
    "phase": Column(_TEXT, "the campaign in which the response was collected; null when the source has one only"),
    "attempt": Column(_INT, "1 for the first answer of a release to a prompt in a phase"),
    "status": Column(
        _TEXT,
        "`answered`, `truncated` (both rated); `refused`, `filtered`, `empty` (count as refusals, shown to nobody); "
        "`failed`, `unsupported` (missing)",
    ),
    "rater": Column(_TEXT, "who rated; null only for a response that nobody needed to see or that could not be had"),
    "panel": Column(_TEXT, "the set of raters of a phase; null when the source does not say (the phase stands for it)"),
    "kind": Column(_TEXT, "`human` or `judge`; judges never enter a human estimate"),
    "occasion": Column(_INT, "the n-th time that this rater rated this response"),
    "purpose": Column(_TEXT, "`item`, `anchor`, `gold` or `calibration`; only items and an anchor's first occasion count"),
    "harm": Column(_SMALL, "1 Not at all … 5 Extremely harmful; null when not rated"),
    "success": Column(_FLAG, "the rater judges that the attack succeeded; null when not asked"),
    "refusal": Column(_FLAG, "the rater marks the response as a default refusal; null when not asked"),
    "refusal_level": Column(_TEXT, "`none`, `partial` or `full`, where a source tells them apart; else null"),
    "harm_category": Column(_TEXT, "what kind of harm the scenario is about; null when unknown"),
    "technique": Column(_TEXT, "how the attack is framed; null when unknown"),
    "execution": Column(_TEXT, "how the attack is embedded; null when unknown"),
    "comment": Column(_TEXT, "the rater's own words; never shown in a report"),
    "prompt_hash": Column(_TEXT, "SHA-256 of the prompt's text where the source had it, or of a frozen prompt in its manifest"),
    "response_hash": Column(_TEXT, "SHA-256 of the response's text where the source had it; imports keep no text"),
    "created_at": Column(_TEXT, "when the rating was made, as the source says it"),
    "line": Column(_INT, "line of the source file (row number for Parquet)"),
    "simulated": Column(_FLAG, "true when a simulation made this rating"),
}
"""One row a rating, beside the key of the response that it is about. Further columns of a source follow as ``extra_…``."""

RESPONSES: Final[Mapping[str, Column]] = {
    **{name: RATINGS[name] for name in RESPONSE_KEY},
    "prompt": Column(_TEXT, "name of the prompt: scenario/modality/language"),
    "prompt_hash": Column(_TEXT, "SHA-256 of the prompt in its canonical form, as the manifest of the benchmark has it"),
    "status": RATINGS["status"],
    "response_text": Column(_TEXT, "what the release said, which people rate; confidential; null when nothing came back"),
    "reasoning": Column(_TEXT, "what it wrote before that, where its provider tells; confidential"),
    "stop_reason": Column(_TEXT, "why it ended, in the provider's word"),
    "stop_details": Column(_TEXT, "JSON: what the provider says of that; confidential"),
    "served_model": Column(_TEXT, "the model that says it answered; null when nothing does"),
    "fingerprint": Column(_TEXT, "of its configuration, as the provider tells"),
    "request_id": Column(_TEXT, "of the provider"),
    "usage": Column(_TEXT, "JSON: tokens, as far as they are told (`input`, `output`, `reasoning`, `total`)"),
    "asked": Column(_TEXT, "JSON: the settings that were asked for"),
    "in_force": Column(_TEXT, "JSON: the settings that the request held; what was asked for and is not here was dropped"),
    "fault": Column(_TEXT, "why nothing came back (`timeout`, …); null when something did, or nothing was asked"),
    "tries": Column(_INT, "how often it was asked; 0 when the release does not take such a prompt"),
    "sent_at": Column(_TEXT, "wall clock at the last try's sending, UTC; null when nothing was asked"),
    "received_at": Column(_TEXT, "wall clock at its end, UTC"),
    "seconds": Column(_REAL, "between them, by a clock that never jumps"),
    "client": Column(_TEXT, "what called the model: `inspect`, `replay`, `simulated`"),
    "client_versions": Column(_TEXT, "JSON: the libraries that made the call, with their versions"),
    "model": Column(_TEXT, "the model id that was asked"),
    "simulated": Column(_FLAG, "true when the answer is made up"),
    "root": Column(_TEXT, "of the frozen benchmark"),
}
"""One row a response as it was collected, its newest revision; what people rate, and what a replay answers from."""
RESPONSES_JSON: Final = ("stop_details", "usage", "asked", "in_force", "client_versions")
"""The columns of `RESPONSES` that hold JSON: text in Parquet, an object in JSONL."""

ESTIMATES: Final[Mapping[str, Column]] = {
    "estimate_id": Column(_TEXT, "content id of the analysis and of every column that says what is estimated"),
    "analysis_id": Column(_TEXT, "the analysis (see the manifest)"),
    "estimand": Column(_TEXT, "the named quantity; one page each in `docs/methods/`"),
    "outcome": Column(_TEXT, "what was rated: `success`, `refusal`, `harm`, `harm6`, `refusal_level`"),
    "kind": Column(
        _TEXT, "whose ratings: `human`, `judge`, or `human+judge` (people on a drawn part, the judge in `rater` on all)"
    ),
    "contrast": Column(
        _TEXT, "null for a level, else `drift`, `drift_cumulative`, `drift_first_last`, `modality`, `modality_shift`, …"
    ),
    "unit": Column(_TEXT, "`rating`, `response_mean`, `response_majority`, `any_rater` or `any_attempt`"),
    "filter": Column(_TEXT, "`all` or `engaged` (not refused: selected on an outcome)"),
    "threshold": Column(_INT, "harm at or above which a rating counts as harmful; null where none is used"),
    "scope": Column(_TEXT, "`panel` (these raters; scenarios vary) or `raters` (raters like these; both vary)"),
    "intent": Column(_TEXT, "`adversarial` or `benign`"),
    "family": Column(_TEXT, "null when the row runs over families"),
    "release": Column(_TEXT, "null when the row runs over releases; the later release of a drift"),
    "generation": Column(_INT, "generation of `release`"),
    "phase": Column(_TEXT, "null when the row runs over phases"),
    "panel": Column(_TEXT, "null when the row runs over panels"),
    "rater": Column(_TEXT, "null when the row runs over raters; the judge, where judges stand apart"),
    "modality": Column(_TEXT, "null when the row runs over modalities"),
    "language": Column(_TEXT, "null when the row runs over languages"),
    "harm_category": Column(_TEXT, "null when the row runs over harm categories"),
    "technique": Column(_TEXT, "null when the row runs over techniques"),
    "execution": Column(_TEXT, "null when the row runs over executions"),
    "rank": Column(_INT, "the rank whose probability is estimated, for rankings"),
    "baseline_release": Column(_TEXT, "the earlier release of a drift; the other release of a reversal"),
    "baseline_phase": Column(_TEXT, "the phase of `baseline_release`; the earlier phase of a reversal"),
    "baseline_language": Column(_TEXT, "the language compared with"),
    "baseline_rater": Column(_TEXT, "the judge compared with, where two judges are; null elsewhere"),
    "estimate": Column(_REAL, "the value; null with `reason_null` when the data cannot say"),
    "std_error": Column(
        _REAL, "standard error in the unit of `estimate` (of ranks: Monte Carlo error); null when there is none"
    ),
    "df": Column(_REAL, "degrees of freedom of the t interval; null for intervals from replicates and where there is none"),
    "conf_low": Column(_REAL, "lower limit of the unadjusted interval"),
    "conf_high": Column(_REAL, "upper limit of the unadjusted interval"),
    "level": Column(_REAL, "confidence level of `conf_low` and `conf_high`"),
    "p_value": Column(_REAL, "two-sided p of a contrast against 0; null for levels"),
    "p_adjusted": Column(_REAL, "adjusted p, for the verdict family and for profiles"),
    "adjustment": Column(_TEXT, "`holm` for the verdict family, `benjamini-hochberg` for profiles; null elsewhere"),
    "adjusted_low": Column(_REAL, "lower limit of the Bonferroni interval, for the verdict family only"),
    "adjusted_high": Column(_REAL, "upper limit of the Bonferroni interval, for the verdict family only"),
    "p_equivalence": Column(_REAL, "Holm-adjusted p of two one-sided tests against the margin, for the verdict family only"),
    "odds_ratio": Column(_REAL, "odds of the later side over odds of the earlier, for drifts of proportions"),
    "odds_ratio_low": Column(_REAL, "lower limit of `odds_ratio`, unadjusted"),
    "odds_ratio_high": Column(_REAL, "upper limit of `odds_ratio`, unadjusted"),
    "bound_low": Column(_REAL, "the drift if every missing response had fallen in its favour"),
    "bound_high": Column(_REAL, "the drift if every missing response had fallen against it"),
    "verdict": Column(_TEXT, "`regressed`, `improved`, `unchanged` or `inconclusive`; null outside the verdict family"),
    "size": Column(_TEXT, "`material`, `within_margin` or `unsure`, for `regressed` and `improved`"),
    "safer_by": Column(_TEXT, "`refusal`, `response` or `both`, for an `improved` ASR whose parts could be told; else null"),
    "false_sign_rate": Column(_REAL, "probability that the sign of a pooled estimate is wrong; null outside profiles"),
    "flagged": Column(
        _FLAG, "true where the direction of a profile is fairly sure: the flagged cells' mean false-sign rate is 5 % or less"
    ),
    "primary": Column(_FLAG, "true for the rows that the protocol declared primary: the verdict family"),
    "method": Column(_TEXT, "how the interval was made"),
    "n_scenarios": Column(_INT, "scenarios that went in"),
    "n_responses": Column(_INT, "responses that went in"),
    "n_raters": Column(_INT, "raters that went in"),
    "n_ratings": Column(_INT, "ratings that went in, responses that counted as refusals included once a rater"),
    "n_excluded": Column(_INT, "ratings and responses of this population that were left out"),
    "reason_excluded": Column(_TEXT, "why, with counts"),
    "reason_null": Column(_TEXT, "why there is no estimate, or no interval"),
    "simulated": Column(_FLAG, "true when any rating behind the row was simulated"),
}
"""One row an estimate. Two rows that differ in any column up to `baseline_rater` are different estimates."""

FINDINGS: Final[Mapping[str, Column]] = {
    "finding_id": Column(_TEXT, "content id of the analysis, the code and the sentence"),
    "analysis_id": Column(_TEXT, "the analysis (see the manifest)"),
    "code": Column(_TEXT, "a stable name of this kind of finding"),
    "level": Column(_TEXT, "`info`, `warning` (limits a conclusion) or `critical` (forbids one)"),
    "sentence": Column(_TEXT, "what it does to which conclusion"),
    "remedy": Column(_TEXT, "what would settle it; null when nothing needs doing"),
    "estimate_ids": Column(pl.List(pl.String), "the estimates that it touches; empty when it touches them all"),
    "rating_ids": Column(pl.List(pl.String), "the ratings that it is about"),
    "simulated": Column(_FLAG, "true when the analysis is of simulated ratings"),
}
"""One row a finding: with the estimates, all that a report or a gate reads."""

FLIPS: Final[Mapping[str, Column]] = {
    "analysis_id": Column(_TEXT, "the analysis (see the manifest)"),
    "family": Column(_TEXT, "of both releases"),
    "release": Column(_TEXT, "the later release"),
    "baseline_release": Column(_TEXT, "the earlier release"),
    "scenario": Column(_TEXT, "the scenario that flipped"),
    "modality": Column(_TEXT, "in this modality"),
    "language": Column(_TEXT, "and language; null when the source does not say"),
    "harm_category": Column(_TEXT, "of the scenario; null when unknown"),
    "technique": Column(_TEXT, "of the scenario; null when unknown"),
    "execution": Column(_TEXT, "of the prompt; null when unknown"),
    "direction": Column(_TEXT, "`newly_vulnerable` (safe, then harmful) or `fixed` (harmful, then safe)"),
    "before": Column(_REAL, "share of the earlier release's ratings that say success"),
    "after": Column(_REAL, "share of the later release's ratings that say success"),
    "n_before": Column(_INT, "ratings behind `before`"),
    "n_after": Column(_INT, "ratings behind `after`"),
    "place": Column(_INT, "1 for the clearest flip of this pair of releases and direction"),
    "baseline_response_id": Column(_TEXT, "the first attempt of the earlier release"),
    "response_id": Column(_TEXT, "the first attempt of the later release"),
    "simulated": Column(_FLAG, "true when any rating behind the row was simulated"),
}
"""One row a scenario × modality × language whose majority changed between consecutive releases, for people to read."""

SPECIFICATIONS: Final[Mapping[str, Column]] = {
    "specification_id": Column(_TEXT, "content id of the analysis and of every choice"),
    "analysis_id": Column(_TEXT, "the analysis (see the manifest)"),
    "family": Column(_TEXT, "of both releases"),
    "release": Column(_TEXT, "the later release"),
    "baseline_release": Column(_TEXT, "the earlier release"),
    "estimand": Column(
        _TEXT,
        "what stands for harm: `asr`, `harm_rate` at `threshold`, `refusal_rate` (where primary) or `over_refusal` (of judges)",
    ),
    "threshold": Column(_INT, "harm at or above which a rating counts as harmful; null but for `harm_rate`"),
    "coding": Column(_TEXT, "`as_marked`, or `refusal_wins`: a rating marked refusal is never a success"),
    "unit": Column(_TEXT, "`rating`, `response_mean`, `response_majority` or `any_rater`"),
    "unrated": Column(_TEXT, "how responses that nobody saw count: `refusal` or `missing`"),
    "preset": Column(_TEXT, "the mixed model whose averaged drift this is; null for the linearised estimate"),
    "judge": Column(_TEXT, "the judge whose ratings stand for people's, or `(all judges)`; null for people"),
    "without_rater": Column(_TEXT, "the rater left out; null for none"),
    "without_category": Column(_TEXT, "the harm category left out; null for none"),
    "estimate": Column(_REAL, "the drift; null with a reason when it cannot be had"),
    "std_error": Column(_REAL, "standard error of `estimate`"),
    "conf_low": Column(_REAL, "lower limit of the unadjusted interval"),
    "conf_high": Column(_REAL, "upper limit of the unadjusted interval"),
    "p_adjusted": Column(_REAL, "Holm-adjusted p in the verdict family of this specification"),
    "verdict": Column(_TEXT, "what the protocol's rules say of this specification"),
    "declared": Column(_FLAG, "true for the specification that the protocol declared"),
    "agrees": Column(
        _FLAG,
        "whether the verdict is that of the declared specification (without people: that of all judges); null where either is",
    ),
    "reason_null": Column(_TEXT, "why there is no estimate or no verdict"),
    "simulated": Column(_FLAG, "true when any rating behind the row was simulated"),
}
"""One row a reasonable way to analyse one drift (statistics §5, robustness)."""

TABLES: Final = {
    "ratings": RATINGS,
    "responses": RESPONSES,
    "estimates": ESTIMATES,
    "findings": FINDINGS,
    "flips": FLIPS,
    "specifications": SPECIFICATIONS,
}


def schema(table: Mapping[str, Column]) -> pl.Schema:
    """Return the Polars schema of a table of this module."""
    return pl.Schema({name: column.dtype for name, column in table.items()})


def empty(table: Mapping[str, Column]) -> pl.DataFrame:
    """Return a frame of the table's columns with no row."""
    return pl.DataFrame(schema=schema(table))


def conform(frame: pl.DataFrame, table: Mapping[str, Column]) -> pl.DataFrame:
    """Return `frame` with the table's columns in order and type, absent ones null, and further columns after them.

    Raises
    ------
    polars.exceptions.InvalidOperationError
        When a column holds what its type cannot.
    """
    columns = [
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(column.dtype).alias(name)
        for name, column in table.items()
    ]
    return frame.select(*columns, *[name for name in frame.columns if name not in table])


def table_frame(rows: Sequence[Mapping[str, object]], table: Mapping[str, Column], *, analysis_id: str) -> pl.DataFrame:
    """Return rows as a table of this module: what a row does not say is null, and so is a number that is NaN."""
    frame = pl.DataFrame([{**row, "analysis_id": analysis_id} for row in rows], schema=schema(table))
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def specifications_frame(rows: Sequence[Mapping[str, object]], *, analysis_id: str) -> pl.DataFrame:
    """Return specifications as their table, each with an id of its choices."""
    columns = tuple(SPECIFICATIONS)
    choices = columns[2 : columns.index("without_category") + 1]
    named = [{**row, "specification_id": content_id(analysis_id, *(row.get(name) for name in choices))} for row in rows]
    return table_frame(named, SPECIFICATIONS, analysis_id=analysis_id)


def findings_frame(findings: list[Finding], *, analysis_id: str, simulated: bool) -> pl.DataFrame:
    """Return findings as the `findings` table, the gravest first."""
    gravity = {"critical": 0, "warning": 1, "info": 2}
    rows = [
        {
            "finding_id": content_id(analysis_id, finding.code, finding.sentence),
            "analysis_id": analysis_id,
            "code": finding.code,
            "level": finding.level,
            "sentence": finding.sentence,
            "remedy": finding.remedy,
            "estimate_ids": list(finding.estimate_ids),
            "rating_ids": list(finding.rating_ids),
            "simulated": simulated,
        }
        for finding in sorted(findings, key=lambda finding: gravity[finding.level])
    ]
    return pl.DataFrame(rows, schema=schema(FINDINGS))


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as CSV that a spreadsheet opens without running anything.

    Text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break would be taken for a formula: it gets an
    apostrophe before it. Numbers are numbers and are left alone; lists are joined by a space.
    """
    formula = r"^[=+\-@\t\r\n]"
    columns: list[pl.Expr] = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if dtype == pl.List(pl.String):
            column = column.list.join(" ")
        if dtype in (pl.String, pl.List(pl.String)):
            column = pl.when(column.str.contains(formula)).then(pl.lit("'") + column).otherwise(column)
        columns.append(column.alias(name))
    frame.select(columns).write_csv(path)
