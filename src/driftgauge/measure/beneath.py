"""What lies beneath a net change: churn, ranks, languages, severity and the profile (statistics §5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.bootstrap import Key
from driftgauge.measure.bounds import Missing
from driftgauge.measure.churn import churn_findings, churn_rows
from driftgauge.measure.flips import flip_rows
from driftgauge.measure.languages import language_questions, language_rows, matched_rows
from driftgauge.measure.populations import Index, Question
from driftgauge.measure.profile import profile_findings, profile_rows
from driftgauge.measure.ranking import ranking_questions, ranking_rows
from driftgauge.measure.rates import Rate
from driftgauge.measure.rows import Row, Setting
from driftgauge.measure.severities import severity_rows
from driftgauge.measure.tipping_points import TippingPoint
from driftgauge.measure.units import Contributions
from driftgauge.records import Finding


@dataclass(frozen=True)
class Answered:
    """One pass in one unit: its rows, and what they were made of.

    Parameters
    ----------
    rows
        Levels, drifts, modality effects.
    found, setting, scopes
        The ratings, and what every row shares.
    rates, contributions
        By name; the contributions are those of the unit.
    missing
        Responses that failed or were unsupported.
    replicates
        By scope, of every rate over every population; nothing without a bootstrap.
    tipping
        Of the drifts with verdicts.
    """

    rows: list[Row]
    found: Index
    setting: Setting
    scopes: tuple[str, ...]
    rates: Mapping[str, Rate]
    contributions: Mapping[str, Contributions]
    missing: Missing
    replicates: Mapping[str, Mapping[Key, FloatArray]]
    tipping: Sequence[TippingPoint] = ()


@dataclass(frozen=True)
class Beneath:
    """Rows of the estimates, rows of the flips, and findings."""

    rows: list[Row] = field(default_factory=list[Row])
    flips: list[Row] = field(default_factory=list[Row])
    findings: list[Finding] = field(default_factory=list[Finding])


def beneath_questions(found: Index, *, rates: Mapping[str, Rate]) -> list[Question]:
    """Return the questions whose populations need replicates beside those of levels, drifts and modality effects."""
    return [*ranking_questions(found, rates=rates), *language_questions(found)]


def look_beneath(one: Answered, *, success: Rate | None) -> Beneath:
    """Return what lies beneath the drifts of a pass.

    Parameters
    ----------
    one
        People's ratings of adversarial prompts in the protocol's unit.
    success
        Attack success, null where it was not rated: then there is no churn.
    """
    profile = profile_rows(
        one.found,
        setting=one.setting,
        rates=one.rates,
        contributions=one.contributions,
        scope=one.scopes[0],
        missing=one.missing,
    )
    severities = severity_rows(one.found, setting=one.setting, rates=one.rates, scopes=one.scopes, missing=one.missing)
    rows = [*_ranks_and_languages(one), *profile, *severities]
    apart = list(profile_findings(profile))
    if success is None:
        return Beneath(rows, findings=apart)
    churn = churn_rows(one.found, setting=one.setting, rate=success)
    flips = flip_rows(one.found, rate=success, simulated=one.setting.simulated)
    return Beneath([*churn, *rows], flips, [*churn_findings(churn), *apart])


def _ranks_and_languages(one: Answered) -> list[Row]:
    found, setting, rates, missing = one.found, one.setting, one.rates, one.missing
    parts = {name: one.contributions[name] for name in rates}
    return [
        *ranking_rows(found, setting=setting, rates=rates, replicates=one.replicates, missing=missing),
        *language_rows(
            found,
            setting=setting,
            rates=rates,
            contributions=parts,
            scopes=one.scopes,
            missing=missing,
            replicates=one.replicates,
        ),
        *matched_rows(found, setting=setting, rates=rates, scopes=one.scopes, missing=missing),
    ]
