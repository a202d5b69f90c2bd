"""The decision of a gate as JUnit XML: failed is a failure, undecided is an error, because it is not a pass."""

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from driftgauge.records import Check, Decision
from driftgauge.report.names import cut, tidy

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST: Final = 300


def junit(decision: Decision) -> str:
    """Return a test suite with a test case for each check.

    Parameters
    ----------
    decision
        Of the gate.

    Returns
    -------
    str
        XML. A gate without any check is one error.
    """
    checks = decision.gate.checks or (Check("gate", 0.0, "the study", "undecided", "there is no check", None),)
    counts = {
        "tests": str(len(checks)),
        "failures": str(sum(check.outcome == "failed" for check in checks)),
        "errors": str(sum(check.outcome == "undecided" for check in checks)),
    }
    suites = Element("testsuites", {"name": "driftgauge gate", **counts})
    suite = SubElement(suites, "testsuite", {"name": f"gate of analysis {decision.analysis_id}", **counts})
    properties = SubElement(suite, "properties")
    told = {
        "analysis_id": decision.analysis_id,
        "rules_hash": decision.rules_hash,
        "simulated": str(decision.simulated).lower(),
    }
    for name, value in (told | {"outcome": decision.gate.outcome}).items():
        SubElement(properties, "property", {"name": name, "value": value})
    for check in checks:
        _case(suite, check)
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _case(suite: Element, check: Check) -> None:
    name = _xml(cut(check.about, _LONGEST))
    case = SubElement(suite, "testcase", {"classname": f"gate.{check.rule}", "name": f"{check.rule}: {name}", "time": "0"})
    if check.outcome == "passed":
        SubElement(case, "system-out").text = _xml(check.reason)
        return
    kind = "failure" if check.outcome == "failed" else "error"
    found = SubElement(case, kind, {"type": check.outcome, "message": _xml(check.reason)})
    settled = f"; what would settle it: {check.settled_by}" if check.settled_by else ""
    found.text = _xml(f"{check.outcome}: {check.reason}{settled}; estimate {check.estimate_id or 'none'}")


def _xml(words: str) -> str:
    return _NOT_XML.sub("", tidy(words))
