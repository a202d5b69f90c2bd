"""What the verdict section says."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from driftgauge.report.select import view
from driftgauge.report.verdicts import entries, margin_of

GOLDEN = Path(__file__).parents[2] / "golden" / "verdicts.txt"


def _said(study: Any) -> str:
    """Return all that the entries of a study say, thin and hard spaces as spaces."""
    margin = margin_of(study.protocol)
    found = entries(view(study.estimates, protocol=study.protocol), study.findings, margin=margin)
    text = " ".join(str(part) for entry in found for part in (entry.line.striptags(), *entry.details, entry.fine))
    return text.replace("\u202f", " ").replace("\xa0", " ")


def _lines(page: Any) -> list[str]:
    """Return the quotable sentence of each verdict."""
    text = page.text("verdicts")
    return re.findall(r"\S[^.]*? → [^.]*?: (?:regressed|improved|unchanged|inconclusive|no verdict).*?\)?\.(?= |$)", text)


def test_the_section_reads_as_it_did(report: str, read: Callable[[str], Any]) -> None:
    """After a wanted change: ``DRIFTGAUGE_GOLDEN=write pytest tests/unit/report/test_verdicts.py``, and read the difference."""
    page = read(report)
    heading = page.text("verdicts-heading")
    text = page.text("verdicts").replace(f"{heading} ", f"{heading}\n").replace(" Odds ratio", "\n  Odds ratio")
    text = re.sub(r"([0-9a-f]{16})( · see finding \d+)? ?", r"\1\2\n", text)
    if os.environ.get("DRIFTGAUGE_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_every_number_of_a_verdict_is_in_the_frame(eight: Any, report: str, read: Callable[[str], Any]) -> None:
    text = read(report).text("verdicts").replace("−", "-")
    levels = eight.estimates.filter(
        pl.col("estimand") == "asr", pl.col("contrast").is_null(), pl.col("modality").is_null(), pl.col("scope") == "raters"
    )
    for row in eight.estimates.filter("primary", pl.col("method").str.starts_with("linearised")).to_dicts():
        pair = re.escape(f"{row['baseline_release']} → {row['release']}")
        number = r"([+-]?[\d.]+)"
        found = re.search(rf"{pair}: (\w+), ASR {number} % → {number} % \({number} points?, {number} to {number}\)", text)
        assert found, row["release"]
        before, after = (levels.filter(release=row[name])["estimate"][0] for name in ("baseline_release", "release"))
        exact = [100 * value for value in (before, after, row["estimate"], row["conf_low"], row["conf_high"])]
        assert found[1] == row["verdict"]
        for printed, value in zip(found.groups()[1:], exact, strict=True):
            places = len(printed.partition(".")[2])
            assert float(printed) == pytest.approx(value, abs=0.5001 * 10**-places)
        assert row["estimate_id"] in text


def test_inconclusive_is_never_written_as_no_change(report: str, read: Callable[[str], Any]) -> None:
    text = read(report).text("verdicts")
    (line,) = [part for part in text.split("adjusted for") if ": inconclusive" in part]
    assert "The data do not settle it: every change from" in line
    for wrong in ("no change", "unchanged", "stayed", "not significant", "no difference"):
        assert wrong not in line.partition(": inconclusive")[2].lower()


def test_inconclusive_says_what_would_settle_it(report: str, read: Callable[[str], Any]) -> None:
    assert "What would settle it: about 9 more raters like these." in read(report).text("verdicts")


def test_a_verdict_leads_to_the_findings_that_name_it(report: str, read: Callable[[str], Any]) -> None:
    page = read(report)
    targets = [own["href"] for tag, own in page.elements if tag == "a" and str(own.get("href")).startswith("#finding-")]
    assert targets
    assert {target[1:] for target in targets} <= set(page.ids)


def test_differences_are_points_and_levels_are_percent(report: str, read: Callable[[str], Any]) -> None:
    for line in _lines(read(report)):
        assert re.search(r"ASR [\d.]+ % → [\d.]+ % \([+−]?[\d.]+ points?, ", line)


def test_two_thirds_are_claimed_only_where_the_frame_says_by_what(eight: Any) -> None:
    assert "At least two thirds of the fall is more refusal (−8 of −11 points)." in _said(eight)
    both = _said(eight.set(safer_by=pl.lit("both")))
    assert "At least two thirds" not in both
    assert "neither is shown to be the main one" in both


def test_a_part_larger_than_the_whole_is_not_given_as_a_part_of_it(eight: Any) -> None:
    value = pl.when(contrast="refusal_part").then(-0.15).when(contrast="response_part").then(0.04).otherwise("estimate")
    said = _said(eight.set(estimate=value))
    assert (
        "More refusal alone accounts for the whole fall (−15 points; harm among what was engaged moved the other way, +4)."
        in said
    )
    assert "two thirds" not in said


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("material", "The change is larger than the margin of 5 points."),
        ("within_margin", "There is a change, and it is smaller than the margin of 5 points."),
        ("unsure", "Whether the change is larger than the margin of 5 points is not settled."),
    ],
)
def test_size_is_said_against_the_margin(eight: Any, size: str, words: str) -> None:
    changed = eight.set(verdict=pl.when("primary").then(pl.lit("improved")), size=pl.lit(size))
    assert _said(changed).count(words) == 4


def test_a_margin_as_odds_ratio_is_named_as_one(eight: Any) -> None:
    protocol = {**eight.protocol, "margin": {"points": None, "odds_ratio": 1.5}}
    assert "the margin (an odds ratio of 1.50)" in _said(replace(eight, protocol=protocol))


def test_missing_responses_bring_their_bounds(eight: Any) -> None:
    bounded = eight.set(bound_low=pl.lit(-0.131), bound_high=pl.lit(-0.087))
    assert "the change would lie between −13.1 and −8.7 points" in _said(bounded)


def test_no_verdict_comes_with_its_reason(eight: Any, read: Callable[[str], Any]) -> None:
    none = eight.set(verdict=pl.lit(None), reason_null=pl.lit("one rater: nothing can be said about raters like this one"))
    text = read(none.html()).text("verdicts")
    assert text.startswith("This study gives no verdict")
    assert "No verdict: one rater" in text


def test_first_to_last_is_shown_without_a_verdict(build: Callable[..., Any], read: Callable[[str], Any]) -> None:
    three = build({"GPT": {"GPT-3": (0.8, 0.5, 0.0), "GPT-4": (0.6, 0.4, 0.0), "GPT-5": (0.3, 0.2, 0.0)}})
    text = read(three.html()).text("verdicts")
    assert "From the first generation to the last, without verdict: GPT-3 → GPT-5: ASR −34 points" in text


def test_the_heading_of_drift_does_not_call_the_undecided_unchanged(eight: Any, read: Callable[[str], Any]) -> None:
    undecided = eight.set(verdict=pl.when("primary").then(pl.lit("inconclusive")))
    assert (
        read(undecided.html()).text("drift-heading")
        == "Whether attack success changed is not settled for four of four successors"
    )


def test_an_undecided_change_whose_own_interval_is_clear_of_0_says_why(eight: Any) -> None:
    clear = eight.set(
        conf_low=pl.when(pl.col("verdict") == "inconclusive").then(pl.lit(-0.07)).otherwise(pl.col("conf_low")),
        conf_high=pl.when(pl.col("verdict") == "inconclusive").then(pl.lit(-0.01)).otherwise(pl.col("conf_high")),
    )
    assert "Alone this interval is clear of 0" in _said(clear)
    assert "Alone this interval" not in _said(eight)
