"""The decision of a gate as a page of Markdown, for somebody who has only that: a summary of a pull request."""

from collections.abc import Iterator, Mapping
from typing import Final, cast

import polars as pl

from driftgauge.records import Check, Decision, Manifest
from driftgauge.report import words
from driftgauge.report.gate.markdown import code, table, text
from driftgauge.report.numbers import in_words, listed, percent, places_for, plain, points, some
from driftgauge.report.select import view

_POINTS: Final = ("max_asr_drift", "no_regression_in")
_PLAIN: Final = ("min_alpha",)
_RULES: Final = {
    "max_asr": "attack success (ASR) of each release",
    "max_asr_drift": "change of attack success (ASR) from each release to the next",
    "max_conditional_asr": "attack success of each release, among responses that were not refused",
    "max_over_refusal": "refusals of benign prompts",
    "min_alpha": "agreement of the raters about harm (ordinal α)",
    "min_power": "chance that this study would have found a change as large as the protocol's margin",
    "no_regression_in": "change within a harm category, against the protocol's margin",
}
_ORDER: Final = ("failed", "undecided", "passed")
_WORDS: Final = {
    "passed": "The gate passed: every rule holds on the whole of its interval.",
    "failed": "The gate failed: at least one rule is broken by the whole of an interval.",
    "undecided": "The gate is undecided, which is not a pass: no rule is shown to be broken, and not all are shown to hold.",
}
_MOST: Final = 60
"""Checks of one outcome that are listed; a summary of a pull request has a limit, and a reader too."""
_NAMED: Final = 8


def summary(
    decision: Decision, *, estimates: pl.DataFrame, findings: pl.DataFrame, manifest: Manifest, protocol: Mapping[str, object]
) -> str:
    """Return the decision as Markdown.

    Parameters
    ----------
    decision
        Of the gate.
    estimates, findings, manifest, protocol
        Of the analysis that it was decided on.

    Returns
    -------
    str
        What was decided, on which analysis, whose ratings, every check (of very many, the first of each outcome), what
        undecided means and what would settle it. Names that came with the data are shown as code and do nothing else.
    """
    parts = [
        _head(decision),
        _about(decision, estimates, manifest=manifest, protocol=protocol),
        _checks(decision),
        _undecided(decision),
        _beside(findings),
        _how_to_read(decision, protocol),
    ]
    return "\n\n".join("\n".join(lines).strip() for part in parts if (lines := list(part))) + "\n"


def _head(decision: Decision) -> Iterator[str]:
    yield f"## driftgauge: the gate {_is(decision.gate.outcome)}"
    yield ""
    if decision.simulated:
        yield "> **Simulated data.** A program made these ratings: they decide about no real model, and pass nothing."
        yield ""
    yield _WORDS[decision.gate.outcome] + " " + _counted(decision.gate.checks)


def _is(outcome: str) -> str:
    return "is **undecided**" if outcome == "undecided" else f"**{outcome}**"


def _counted(checks: tuple[Check, ...]) -> str:
    outcomes = [check.outcome for check in checks]
    said = [f"{in_words(outcomes.count(outcome))} {outcome}" for outcome in _ORDER if outcome in outcomes]
    return f"Of {some(len(checks), 'check')}: {listed(said)}." if checks else "There was nothing to check."


def _about(decision: Decision, estimates: pl.DataFrame, *, manifest: Manifest, protocol: Mapping[str, object]) -> Iterator[str]:
    chosen = view(estimates, protocol=protocol)
    rows = list(chosen.levels(chosen.estimand).values()) if chosen.estimand else []
    what = words.quantity(chosen.estimand, threshold=chosen.threshold)
    whose = words.population(rows, chosen, what=what) if rows else "The analysis holds no estimate."
    if chosen.kind == "judge" and rows:
        whose += " No person's rating is among them, and a rule that names no judge is about people's."
    yield f"- **Analysis** `{decision.analysis_id}` of {manifest.created_at[:10]}, of {text(manifest.source)}"
    yield f"- **Ratings**: {text(whose)}"
    by_judges = any(", by " in check.about for check in decision.gate.checks)
    if by_judges:
        yield "- Where a check says by whom, it was decided on the ratings of that judge, which is a model."
    yield (
        f"- **Rules** `{decision.rules_hash}`, **protocol** `{manifest.protocol_hash}`: hashes, to compare with what was "
        "agreed before the data"
    )


def _checks(decision: Decision) -> Iterator[str]:
    for outcome in _ORDER:
        found = [check for check in decision.gate.checks if check.outcome == outcome]
        if not found:
            continue
        yield from (f"### {outcome.capitalize()} ({len(found)})", "")
        headings = ["rule", "about", "limit", "estimate (interval)"]
        yield from (*table(headings, [_row(check) for check in found[:_MOST]]), "")
        if len(found) > _MOST:
            yield from (f"and {len(found) - _MOST} more, which stand in `gate.json`.", "")


def _row(check: Check) -> list[str]:
    name, _, judge = check.about.partition(", by ")
    about = code(name) + (f", by {code(judge)}" if judge else "")
    return [f"`{check.rule}`", about, _limit(check), _found(check) or text(check.reason)]


def _limit(check: Check) -> str:
    least = "at least" if check.rule.startswith("min_") else "at most"
    places = next((n for n in (0, 1, 2) if abs(100 * check.limit - round(100 * check.limit, n)) < 1e-9), 2)
    return f"{least} {_number(check.rule, check.limit, places)}"


def _number(rule: str, value: float, places: int, *, noun: bool = True) -> str:
    if rule in _PLAIN:
        return plain(value, 2)
    return points(value, places, noun=noun) if rule in _POINTS else percent(value, places)


def _found(check: Check) -> str:
    """Return the estimate with its interval, in digits that keep its ends on their side of the limit."""
    low, high = check.conf_low, check.conf_high
    if check.estimate is None or low is None or high is None:
        return ""
    places = places_for(low, high, apart_from=(0.0, check.limit))
    ends = f"{_number(check.rule, low, places, noun=False)} to {_number(check.rule, high, places, noun=False)}"
    beside = check.reason.partition("; ")[2] or ("" if check.reason.startswith(f"{check.estimate:.4f}") else check.reason)
    return f"{_number(check.rule, check.estimate, places)} ({ends})" + (f"; {text(beside)}" if beside else "")


def _undecided(decision: Decision) -> Iterator[str]:
    found = [check for check in decision.gate.checks if check.outcome == "undecided"]
    if not found:
        return
    yield "### What undecided means, and what would settle it"
    yield ""
    none = ", there is no interval, or the ratings are simulated" if decision.simulated else ", or there is no interval"
    yield (
        f"The data do not say whether the rule holds: its limit lies inside the interval{none}. That "
        "is a statement about the study, not about the model. It does not mean that nothing changed."
    )
    yield ""
    reasons = dict.fromkeys(check.settled_by or "see the reason" for check in found)
    for what in list(reasons)[:_MOST]:
        names = [f"`{each.rule}` {code(each.about)}" for each in found if (each.settled_by or "see the reason") == what]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"- {', '.join(names[:_NAMED])}{more}: {text(what)}"


def _beside(findings: pl.DataFrame) -> Iterator[str]:
    critical = findings.filter(pl.col("level") == "critical", pl.col("code") != "simulated")
    if not len(critical):
        return
    yield "### What forbids a conclusion, whatever the gate says"
    yield ""
    for sentence, remedy in critical.select("sentence", "remedy").iter_rows():
        yield f"- {text(sentence)}" + (f" What would help: {text(remedy)}" if remedy else "")


def _how_to_read(decision: Decision, protocol: Mapping[str, object]) -> Iterator[str]:
    level = cast(float, protocol.get("level") or 0.95)
    yield "<details><summary>How to read this</summary>"
    yield ""
    yield (
        f"Each rule is decided on a {_share(level)} interval, not on the estimate: passed if the whole interval keeps to the "
        "limit, failed if the whole interval breaks it, else undecided. A release without an estimate is undecided. The "
        "intervals are not adjusted for the number of checks: the more there are, the likelier one of them fails by chance. "
        f"The whole gate passes though a rule is broken in at most {_share((1 - level) / 2)} of studies, because every check "
        "has to pass."
    )
    yield ""
    used = {check.rule for check in decision.gate.checks}
    yield from (f"- `{rule}`: {meaning}" for rule, meaning in _RULES.items() if rule in used)
    yield ""
    yield "</details>"


def _share(value: float) -> str:
    return percent(value, 0 if abs(100 * value - round(100 * value)) < 1e-9 else 1)
