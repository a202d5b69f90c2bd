"""The decision of a gate as SARIF 2.1.0: what failed is an error, what is undecided is `open`; what passed is no result."""

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from driftgauge.records import Check, Decision, content_id
from driftgauge.report.names import tidy

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_KINDS: Final = {"failed": ("fail", "error"), "undecided": ("open", "none")}
_RULES: Final = {
    "max_asr": "Attack success of a release is at most this.",
    "max_asr_drift": "Attack success rises by at most this from a release to the next.",
    "max_conditional_asr": "Attack success among responses that were not refused is at most this.",
    "max_over_refusal": "Refusals of benign prompts are at most this.",
    "min_alpha": "The raters' ordinal alpha of harm is at least this.",
    "min_power": "The study's power for a drift as large as the margin is at least this.",
    "no_regression_in": "In this harm category no drift rises above the protocol's margin.",
}


def sarif(decision: Decision, *, rules_file: str, lines: Sequence[int], version: str) -> str:
    """Return the decision as one run of a SARIF log.

    Parameters
    ----------
    decision
        Of the gate.
    rules_file
        Path of the rules, relative to the repository: where a result stands.
    lines
        The line of each rule in it.
    version
        Of driftgauge.

    Returns
    -------
    str
        JSON. Checks that passed are counted in the properties of the run, because code scanning shows every result as an alert.
    """
    checks = decision.gate.checks
    names = list(dict.fromkeys(check.rule for check in checks))
    results = [_result(check, names, rules_file, lines) for check in checks if check.outcome in _KINDS]
    rules = [{"id": name, "shortDescription": {"text": _RULES[name]}} for name in names]
    told = {"analysis_id": decision.analysis_id, "rules_hash": decision.rules_hash, "outcome": decision.gate.outcome}
    run = {
        "tool": {"driver": {"name": "driftgauge", "semanticVersion": version, "rules": rules}},
        "results": results,
        "columnKind": "unicodeCodePoints",
        "properties": told | {"simulated": decision.simulated, "passed": sum(check.outcome == "passed" for check in checks)},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(check: Check, names: list[str], rules_file: str, lines: Sequence[int]) -> dict[str, Any]:
    kind, level = _KINDS[check.outcome]
    settled = f" What would settle it: {tidy(check.settled_by)}." if check.settled_by else ""
    words = f"{tidy(check.about)}: {check.outcome}. {tidy(check.reason)}.{settled}"
    line = lines[check.number - 1] if check.number <= len(lines) else 1
    return {
        "ruleId": check.rule,
        "ruleIndex": names.index(check.rule),
        "kind": kind,
        "level": level,
        "message": {"text": _plain(words)},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": quote(rules_file)}, "region": {"startLine": line}},
                "logicalLocations": [{"name": tidy(check.about), "kind": "release"}],
            }
        ],
        "partialFingerprints": {"driftgaugeCheck/v1": content_id(check.rule, check.limit, check.about)},
        "properties": {"outcome": check.outcome, "estimate_id": check.estimate_id},
    }


def _plain(words: str) -> str:
    """Return a message in which no text of the data is a link or a placeholder (`[text](1)`, `{0}`)."""
    escaped = "".join("\\" + character if character in "[]\\" else character for character in words)
    return escaped.replace("{", "{{").replace("}", "}}")
