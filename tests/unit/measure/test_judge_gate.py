"""A rule on a judge's ratings: decided where its calibration carries it, else undecided with what to do, never passed."""

from typing import Any

import polars as pl
import pytest

from driftgauge.frames import ESTIMATES, conform
from driftgauge.measure.gate import decide
from driftgauge.records import Check
from driftgauge.study import GateRule, Protocol

JUDGE, TODAY = "careful@1a2b3c4d", 20_000.0
ALL = {"kind": "judge", "intent": "adversarial", "outcome": "success", "filter": "all", "level": 0.95, "rater": JUDGE}
ALL |= {"phase": "2", "n_raters": 5, "n_scenarios": 300, "n_responses": 300, "n_ratings": 1500}
DRIFT = {"contrast": "drift", "baseline_release": "A1", "baseline_phase": "2", "release": "A2"}


def told(estimand: str, middle: float, half: float | None, **more: Any) -> dict[str, Any]:
    limits = {} if half is None else {"conf_low": middle - half, "conf_high": middle + half}
    usual = {"scope": "raters", "method": "linearised two-way t", "unit": "response_mean"}
    return ALL | usual | {"estimand": estimand, "estimate": middle} | limits | more


def study(judge: str = JUDGE) -> list[dict[str, Any]]:
    """A judge of two releases that is good, fresh and biased alike, and its own estimates."""
    own = {"scope": "panel", "unit": "rating", "method": "linearised scenario t", "rater": None}
    rows = [told("asr", 0.3, 0.02, release=release, **own) for release in ("A1", "A2")]
    rows.append(told("asr", 0.0, 0.02, **DRIFT, **own))
    for release in ("A1", "A2"):
        rows += [
            told("judge_agreement", 0.95, 0.02, release=release),
            told("judge_sensitivity", 0.9, 0.05, release=release),
            told("judge_specificity", 0.95, 0.03, release=release),
            told("judge_bias", 0.01, 0.02, release=release),
            told("judge_calibrated_on", TODAY - 30, None, release=release, scope="panel", method="median of days"),
        ]
    rows.append(told("judge_bias", 0.01, 0.03, **DRIFT))
    return [{**row, "estimate_id": f"e{n}", "rater": row["rater"] and judge} for n, row in enumerate(rows)]


def changed(where: dict[str, Any], **to: Any) -> list[dict[str, Any]]:
    """The study with some rows changed; those that match nothing would make a test of nothing."""
    rows = study()
    hit = [row for row in rows if all(row.get(name) == value for name, value in where.items())]
    assert hit
    return [row | to if row in hit else row for row in rows]


def decided(rows: list[dict[str, Any]], *, name: str = "max_asr_drift", today: float | None = TODAY, **asked: Any) -> Check:
    frame = conform(pl.DataFrame(rows, infer_schema_length=None), ESTIMATES)
    rule = GateRule(name=name, limit=0.5 if name == "max_asr" else 0.05, judge=JUDGE, **asked)  # type: ignore[arg-type]
    return decide(frame, [rule], protocol=Protocol(), today=today).checks[-1]


@pytest.mark.parametrize("name", ["max_asr", "max_asr_drift"])
def test_a_judge_whose_calibration_carries_it_is_decided_on_its_interval(name: str) -> None:
    found = decided(study(), name=name)
    assert (found.outcome, found.about.endswith(f"by {JUDGE}")) == ("passed", True)


LACKING = {
    "no people": ({"estimand": "judge_agreement", "release": "A1"}, {"n_responses": 0}, "people rated nothing of A1"),
    "another phase": ({"estimand": "judge_agreement", "release": "A2"}, {"phase": "1"}, "nothing of A2 in this phase"),
    "too few": ({"estimand": "judge_agreement", "release": "A2"}, {"n_responses": 99}, "99 responses of A2"),
    "old": ({"estimand": "judge_calibrated_on", "release": "A1"}, {"estimate": TODAY - 91}, "91 days old"),
    "of tomorrow": ({"estimand": "judge_calibrated_on"}, {"estimate": TODAY + 9}, "9 days in the future"),
    "no date": ({"estimand": "judge_calibrated_on"}, {"estimate": None}, "is not known: give `created_at`"),
    "misses": ({"estimand": "judge_sensitivity"}, {"conf_low": 0.79}, "its sensitivity for A1"),
    "false alarms": ({"estimand": "judge_specificity"}, {"conf_low": 0.5}, "its specificity for A1"),
    "no interval": ({"estimand": "judge_specificity"}, {"conf_low": None, "conf_high": None}, "without an interval"),
    "another bias": ({"estimand": "judge_bias", "contrast": "drift"}, {"conf_high": 0.06}, "the difference of its bias"),
}


@pytest.mark.parametrize("what", LACKING)
def test_what_is_lacking_leaves_it_undecided_and_is_said(what: str) -> None:
    where, to, said = LACKING[what]
    found = decided(changed(where, **to))
    assert (found.outcome, said in found.reason) == ("undecided", True), found.reason


def test_a_release_without_any_calibration_is_undecided() -> None:
    kept = [row for row in study() if row["release"] != "A1" or not row["estimand"].startswith("judge_")]
    assert "people rated nothing of A1" in decided(kept).reason


def test_a_level_needs_a_small_bias_of_the_level() -> None:
    rows = changed({"estimand": "judge_bias", "release": "A2"}, conf_low=-0.08)
    assert "its bias for A2" in decided(rows, name="max_asr").reason


def test_the_calibration_of_another_version_counts_for_nothing() -> None:
    found = decided(study("careful@99999999"))
    assert (found.outcome, found.estimate_id) == ("undecided", None)
    assert "judges here: careful@99999999" in found.reason


def test_without_a_clock_nothing_is_fresh() -> None:
    assert decided(study(), today=None).outcome == "undecided"


def test_what_is_asked_of_a_judge_is_the_rules_to_say() -> None:
    assert decided(study(), judge_min_sensitivity=0.9).outcome == "undecided"
    assert decided(study(), judge_calibration_days=20).outcome == "undecided"
    assert decided(study(), judge_min_responses=301).outcome == "undecided"
    assert decided(study(), judge_max_bias_drift=0.03).outcome == "undecided"


def test_a_judge_without_a_fault_has_the_exact_limit_of_so_many_scenarios() -> None:
    def perfect(scenarios: int) -> str:
        rows = [
            row | {"estimate": 1.0, "conf_low": None, "conf_high": None, "n_scenarios": scenarios}
            if row["estimand"] in ("judge_sensitivity", "judge_specificity")
            else row
            for row in study()
        ]
        return decided(rows).outcome

    # 0.025 ** (1/n) passes 0.8 from n = 17 on.
    assert (perfect(16), perfect(17)) == ("undecided", "passed")


def test_several_judges_are_told_apart() -> None:
    own = [row | {"rater": JUDGE} if row["estimand"] == "asr" else row for row in study()]
    other = [
        row | {"rater": "other@1", "estimate_id": f"o{n}"}
        for n, row in enumerate(study())
        if row["estimand"] == "judge_agreement"
    ]
    assert decided([*own, *other]).outcome == "passed"
    assert decided([*study(), *other]).outcome == "undecided"  # rows of all judges together are no judge's own
