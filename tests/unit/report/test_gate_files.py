"""The files of a gate: each says what was decided, whatever releases are called, and none tells of a pass that is none."""

import json
import re
from typing import Any
from xml.etree import ElementTree

import markdown_it
import polars as pl
import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from driftgauge.frames import ESTIMATES, FINDINGS, conform, empty
from driftgauge.records import Check, Decision, Gate, Manifest
from driftgauge.report.gate.junit import junit
from driftgauge.report.gate.markdown import code, text
from driftgauge.report.gate.sarif import sarif
from driftgauge.report.gate.summary import summary
from driftgauge.study import Protocol

HOSTILE = (
    "<script>alert(1)</script>",
    "a|b`c``d",
    "@everyone #12 GH-7",
    "[click](https://example.org)",
    "\u202eevil\u0007\ufffe",
    "name\n## heading\n- item",
    "![](https://example.org/x.png)",
    "{0} $x$ www.example.org",
    "x" * 5_000,
    "نموذج",
)
PASSED = Check("max_asr", 0.2, "Elm 1", "passed", "0.1000 (0.0500 to 0.1500) against 0.2", "e1", 0.1, 0.05, 0.15)
FAILED = Check("max_asr_drift", 0.05, "Elm 1 → Elm 2", "failed", "0.2000 (0.1000 to 0.3000) against 0.05", "e2", 0.2, 0.1, 0.3)
OPEN = Check(
    "min_power",
    0.8,
    "Elm 1 → Elm 2",
    "undecided",
    "0.7000 (0.4000 to 0.9000) against 0.8",
    "e2",
    0.7,
    0.4,
    0.9,
    "more raters",
    3,
)
NO_ROW = Check(
    "max_over_refusal", 0.1, "Elm 2", "undecided", "it has no such estimate, and others have", None, settled_by="benign prompts"
)
OUTCOMES = {"passed": (PASSED,), "failed": (PASSED, FAILED, OPEN), "undecided": (PASSED, OPEN, NO_ROW)}


def decided(*checks: Check, simulated: bool = False) -> Decision:
    found = {check.outcome for check in checks}
    outcome = "failed" if "failed" in found else "undecided" if "undecided" in found or not checks else "passed"
    return Decision("0123456789abcdef", "fedcba9876543210", simulated, Gate(outcome, checks))


MANIFEST = Manifest(
    "0123456789abcdef", "2026-03-01T00:00:00+00:00", "analyze", "r.csv", "d", "p", None, "0.1.0", {}, 1, 0, {}, {}, False
)
LEVEL = {
    "estimate_id": "e1", "estimand": "asr", "outcome": "success", "kind": "human", "unit": "rating", "filter": "all",
    "scope": "raters", "intent": "adversarial", "release": "Elm 1", "phase": "1", "method": "linearised two-way t",
    "estimate": 0.1, "conf_low": 0.05, "conf_high": 0.15, "level": 0.95, "n_scenarios": 40, "n_raters": 7, "n_ratings": 280,
}  # fmt: skip


def page(decision: Decision, *, findings: pl.DataFrame | None = None, estimates: pl.DataFrame | None = None) -> str:
    rows = conform(pl.DataFrame([LEVEL]), ESTIMATES) if estimates is None else estimates
    found = empty(FINDINGS) if findings is None else findings
    return summary(decision, estimates=rows, findings=found, manifest=MANIFEST, protocol=Protocol().model_dump(mode="json"))


def html(text: str) -> str:
    return markdown_it.MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(text)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_file_says_the_outcome_and_no_other(outcome: str) -> None:
    decision = decided(*OUTCOMES[outcome])
    suite = ElementTree.fromstring(junit(decision))
    good = (suite.get("failures"), suite.get("errors")) == ("0", "0")
    assert good == (outcome == "passed")
    assert re.search(rf"the gate (?:is )?\*\*{outcome}\*\*", page(decision))
    log = json.loads(sarif(decision, rules_file="gate.yaml", lines=[1, 2, 3], version="0.1.0"))
    assert log["runs"][0]["properties"]["outcome"] == outcome
    assert (log["runs"][0]["results"] == []) == (outcome == "passed")


def test_undecided_is_an_error_in_junit_because_skipped_would_look_like_a_pass() -> None:
    suite = ElementTree.fromstring(junit(decided(*OUTCOMES["undecided"])))
    cases = suite.findall(".//testcase")
    assert [len(case.findall("error")) for case in cases] == [0, 1, 1]
    assert suite.findall(".//skipped") == []


def test_a_gate_without_a_check_is_no_success_anywhere() -> None:
    assert ElementTree.fromstring(junit(decided())).get("errors") == "1"
    assert "nothing to check" in page(decided())
    Sarif.model_validate_json(sarif(decided(), rules_file="gate.yaml", lines=[], version="0.1.0"))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_sarif_keeps_to_its_schema(outcome: str) -> None:
    text = sarif(decided(*OUTCOMES[outcome]), rules_file="rules/my gate.yaml", lines=[1, 2, 3], version="0.1.0")
    Sarif.model_validate_json(text)
    for result in json.loads(text)["runs"][0]["results"]:
        assert result["level"] == ("error" if result["kind"] == "fail" else "none")  # §3.27.10: none unless it failed
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "rules/my%20gate.yaml"


def test_sarif_points_to_the_line_of_the_rule() -> None:
    [result] = json.loads(sarif(decided(OPEN), rules_file="g.yaml", lines=[2, 5, 9], version="0.1.0"))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 9
    assert result["kind"] == "open"


@pytest.mark.parametrize("name", HOSTILE, ids=[str(n) for n in range(len(HOSTILE))])
def test_names_stay_text_in_every_file(name: str) -> None:
    check = Check("max_asr", 0.2, name, "undecided", f"there is none; known: {name}", None, settled_by=f"rate {name}")
    decision = decided(check)
    ElementTree.fromstring(junit(decision))
    Sarif.model_validate_json(sarif(decision, rules_file="g.yaml", lines=[1], version="0.1.0"))
    rendered = html(page(decision))
    assert not re.search(r"<(?:script|img|a)\b", rendered)
    assert rendered.count("<h2>") == 1
    assert rendered.count("<td>") == rendered.count("<th>") == 4  # one row of four cells: no cell was broken up
    outside_code = re.sub(r"<code>.*?</code>", "", rendered)
    assert not re.search(r"@\w|#\d|GH-\d|://\w|www\.\w", outside_code)


@pytest.mark.parametrize("name", HOSTILE[:4])
def test_a_cell_of_code_shows_the_name_and_is_one_cell(name: str) -> None:
    [cell] = re.findall(r"<td>(.*?)</td>", html(f"| a |\n| --- |\n| {code(name)} |\n"))
    assert cell.startswith("<code>")
    assert text(name)


def test_numbers_of_the_page_are_those_of_the_checks_and_stay_on_their_side_of_the_limit() -> None:
    near = Check(
        "max_asr_drift", 0.05, "Elm 1 → Elm 2", "failed", "0.1000 (0.0503 to 0.2000) against 0.05", "e", 0.1, 0.0503, 0.2
    )
    [row] = [line for line in page(decided(near)).splitlines() if line.startswith("| `max_asr_drift`")]
    numbers = [float(found.replace("−", "-")) for found in re.findall(r"[+−]\d+(?:\.\d+)?", row)]
    assert numbers == pytest.approx([5, 10, 5.03, 20], abs=0.006)
    assert numbers[2] > 5


def test_somebody_who_has_only_the_page_knows_what_it_is_of_and_what_to_do() -> None:
    said = page(decided(*OUTCOMES["undecided"]))
    for part in (
        "which is not a pass",
        "`0123456789abcdef` of 2026-03-01",
        "rated by 7",
        "40",
        "intervals for raters like these",
        "does not mean that nothing changed",
        "`min_power` `Elm 1 → Elm 2`: more raters",
        "benign prompts",
        "2.5",
    ):
        assert part in said


def test_what_forbids_a_conclusion_stands_beside_a_pass() -> None:
    told: dict[str, Any] = {
        "code": "unlinked_panels",
        "level": "critical",
        "sentence": "No rater links them.",
        "remedy": "Link them.",
    }
    said = page(decided(PASSED), findings=conform(pl.DataFrame([told]), FINDINGS))
    assert "No rater links them." in said
    assert "Link them." in said


def test_simulated_data_are_said_to_be_so_first() -> None:
    said = page(decided(PASSED, simulated=True))
    assert said.index("Simulated data") < said.index("Analysis")


def test_an_analysis_without_an_estimate_is_told_as_such() -> None:
    assert "The analysis holds no estimate." in page(decided(NO_ROW), estimates=empty(ESTIMATES))


def test_a_summary_of_very_many_checks_stays_readable() -> None:
    many = [Check("max_asr", 0.2, f"R{n}", "undecided", "there is none", None, settled_by="ratings") for n in range(500)]
    said = page(decided(*many))
    assert len(said) < 20_000
    assert "and 440 more" in said
