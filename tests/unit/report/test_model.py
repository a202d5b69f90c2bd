"""The section on the mixed model: the same change twice, what is of one verdict and what is not, and what has no number."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from driftgauge.report.sections import model
from driftgauge.report.select import view

MODELLED = pl.col("method").str.starts_with("mixed model")


def text_of(study: Any, read: Callable[[str], Any]) -> str:
    return read(study.html()).text("model")


def without_numbers(study: Any, *whose: pl.Expr) -> Any:
    """A model that did not converge: its rows are there, without any number and with the reason."""
    gone = MODELLED & pl.all_horizontal(pl.lit(True), *whose)
    numbers = ("estimate", "std_error", "conf_low", "conf_high", "odds_ratio", "odds_ratio_low", "odds_ratio_high")
    blank = {name: pl.when(gone).then(None).otherwise(name) for name in numbers}
    reason = pl.when(gone).then(pl.lit("the model did not converge: no maximum")).otherwise("reason_null")
    return study.set(reason_null=reason, **blank)


def test_every_pair_has_both_changes_and_its_odds_ratio(eight: Any, read: Callable[[str], Any]) -> None:
    page = read(eight.html())
    told = page.text("model-4-desc")
    assert told.startswith(
        "GPT-4o to GPT-5: primary \u221211 (\u221215 to \u22127), model \u22129 (\u221213 to \u22125). Same verdict."
    )
    assert "Odds ratio within scenario and rater 0.2" in told
    assert page.text("figure-model").count("model, log odds") == 4


def test_disagreement_is_said_in_words_and_linked_from_the_verdict(eight: Any, read: Callable[[str], Any]) -> None:
    page = read(eight.html())
    text = page.text("model")
    assert "The mixed model leads to another verdict for one of four changes" in text
    assert "would be regressed by the mixed model" in text
    assert [page.text(f"model-{n}-desc").count("Another verdict") for n in range(1, 5)].count(1) == 1
    found = model.section(view(eight.estimates, protocol=eight.protocol), eight.findings)
    verdicts = [str(line[6]) for line in found.figures[0].table.rows]
    assert "the same" not in verdicts
    assert len(set(verdicts)) > 1
    number = eight.findings.filter(code="model_disagrees")["finding_id"].item()
    assert f"#finding-{number}" in [own.get("href") for tag, own in page.elements if tag == "a"]


def test_without_disagreement_every_verdict_is_the_same(eight: Any, read: Callable[[str], Any]) -> None:
    quiet = eight.keep(pl.lit(True))
    quiet.findings = quiet.findings.filter(pl.col("code") != "model_disagrees")
    assert "leads to the same verdict for all four changes" in text_of(quiet, read)


def test_a_model_that_did_not_converge_has_no_number_anywhere(eight: Any, read: Callable[[str], Any]) -> None:
    text = text_of(without_numbers(eight), read)
    assert text.startswith("The mixed model gives no number for any of these changes")
    assert not [word for word in text.split() if word.startswith(("\u2212", "+"))]


def test_a_pair_that_the_model_says_nothing_of_has_the_reason(eight: Any, read: Callable[[str], Any]) -> None:
    page = read(without_numbers(eight, pl.col("release") == "GPT-5").html())
    assert "No value for GPT-5: the model did not converge: no maximum." in page.text("figure-model")
    assert "The model gives no number." in page.text("model-4-desc")
    assert "model \u2212" not in page.text("model-4-desc")


@pytest.mark.parametrize(("estimand", "said"), [("asr", "None was fitted"), ("refusal_rate", "not to refusal")])
def test_no_model_is_said(eight: Any, estimand: str, said: str) -> None:
    chosen = view(eight.keep(~MODELLED, pl.col("estimand") == estimand).estimates, protocol=eight.protocol)
    found = model.section(chosen, eight.findings.clear())
    assert found.heading == "No mixed model stands beside these changes"
    assert said in str(found.lead[0])
    assert not found.figures


def test_without_verdicts_the_two_changes_stand_beside_each_other(eight: Any) -> None:
    chosen = view(eight.set(primary=pl.lit(False), verdict=pl.lit(None, pl.String)).estimates, protocol=eight.protocol)
    found = model.section(chosen, eight.findings)
    assert found.heading == "What the mixed model says beside it"
    assert len(found.figures) == 1
