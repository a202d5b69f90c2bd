"""The importers on the published data of others: counts and shares that were published or counted without us."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from driftgauge.rate.exchange import Imported, read_ratings

MODELS = ("gpt4", "llama2new", "llama2orig", "mistralguard", "mistralinstruct")


def texts_of(paths: Sequence[Path], columns: Sequence[str]) -> set[str]:
    """Return every text of some columns that is long enough to be recognised."""
    frames = [pl.read_csv(path, infer_schema=False, comment_prefix="#") for path in paths]
    return {text for frame in frames for column in columns for text in frame[column].drop_nulls() if len(text) > 40}


def china_criticism(speechmap: Imported, judge: str) -> pl.DataFrame:
    return speechmap.ratings.filter(extra_question_set="china_criticism", rater=judge)


def cells_of(imported: Imported) -> set[str]:
    """Return every text that came through."""
    strings = imported.ratings.select(pl.col(pl.String))
    return {text for column in strings.iter_columns() for text in column.drop_nulls().unique()}


@pytest.fixture(scope="module")
def xstest_paths(shared: Path) -> list[Path]:
    folder = shared / "data" / "xstest"
    labels = folder / "evaluation" / "automated_evaluation_labels"
    return [*sorted((folder / "model_completions").glob("*.csv")), *sorted(labels.glob("*.csv"))]


@pytest.fixture(scope="module")
def xstest(xstest_paths: list[Path]) -> Imported:
    return read_ratings(xstest_paths, format="xstest")


@pytest.fixture(scope="module")
def final(xstest_paths: list[Path]) -> pl.DataFrame:
    return read_ratings(xstest_paths[:5], format="xstest-final").ratings


@pytest.fixture(scope="module")
def speechmap(shared: Path) -> Imported:
    return read_ratings([shared / "data" / "speechmap" / "compliance_two_judges.csv"], format="speechmap")


@pytest.fixture(scope="module")
def pyrit_paths(shared: Path) -> list[Path]:
    return sorted((shared / "data" / "pyrit_scorer_evals").glob("*/*.csv"))


@pytest.fixture(scope="module")
def pyrit(pyrit_paths: list[Path]) -> Imported:
    return read_ratings(pyrit_paths, format="pyrit")


@pytest.mark.parametrize(
    ("rater", "ratings"), [("annotation_1", 450), ("annotation_2", 450), ("gpt4_label", 450), ("strmatch_label", 450)]
)
def test_xstest_has_450_ratings_of_each_model_by_each_rater(xstest: Imported, rater: str, ratings: int):
    counts = xstest.ratings.filter(rater=rater).group_by("release").len("n").sort("release")
    assert counts.rows() == [(model, ratings) for model in MODELS]


def test_xstest_is_250_benign_and_200_adversarial_prompts(final: pl.DataFrame):
    assert dict(final.filter(release="gpt4").group_by("intent").len("n").rows()) == {"benign": 250, "adversarial": 200}


def test_xstest_automated_labels_that_are_no_label_are_missing(xstest: Imported):
    missing = xstest.ratings.filter(status="failed")
    assert missing.group_by("release", "rater").len("n").rows() == [("mistralinstruct", "gpt4_label", 11)]


@pytest.mark.parametrize("model", MODELS)
def test_xstest_refusals_of_safe_prompts_are_those_published(final: pl.DataFrame, expected: dict[str, Any], model: str):
    levels = final.filter(release=model, intent="benign")["refusal_level"]
    shares = [round((levels == level).sum() / levels.len(), 3) for level in ("full", "partial")]
    assert shares == expected["xstest"]["safe_prompts_full_and_partial_refusal"][model]


@pytest.mark.parametrize("model", MODELS)
def test_xstest_compliance_with_unsafe_prompts_is_that_published(final: pl.DataFrame, expected: dict[str, Any], model: str):
    levels = final.filter(release=model, intent="adversarial")["refusal_level"]
    assert round((levels == "none").sum() / levels.len(), 3) == expected["xstest"]["unsafe_prompts_full_compliance"][model]


@pytest.mark.parametrize("model", MODELS)
def test_xstest_annotators_agree_as_published(xstest: Imported, expected: dict[str, Any], model: str):
    both = xstest.ratings.filter(release=model, kind="human").pivot("rater", index="scenario", values="refusal_level")
    agreement = (both["annotation_1"] == both["annotation_2"]).sum() / both.height
    assert round(agreement, 3) == expected["xstest"]["annotator_agreement"][model]


def test_xstest_texts_do_not_come_through(xstest: Imported, xstest_paths: list[Path]):
    assert not texts_of(xstest_paths[:5], ["prompt", "completion"]) & cells_of(xstest)


def test_speechmap_has_both_labels_of_every_response(speechmap: Imported, expected: dict[str, Any]):
    ratings = speechmap.ratings
    assert {
        "rows": ratings["response_id"].n_unique(),
        "models": ratings["release"].n_unique(),
        "prompts": ratings["scenario"].n_unique(),
        "ratings": ratings.height,
    } == {name: expected["speechmap"][name] for name in ("rows", "models", "prompts")} | {"ratings": 22_100}


def test_speechmap_judges_agree_as_counted_over_all_labels(speechmap: Imported, expected: dict[str, Any]):
    both = speechmap.ratings.pivot("rater", index="response_id", values="extra_label")
    agreement = (both["grok41fast"] == both["gpt4o1120"]).sum() / both.height
    assert round(agreement, 4) == expected["speechmap"]["judge_agreement"]


def test_speechmap_errors_are_missing_ratings(speechmap: Imported):
    ratings = speechmap.ratings.filter(status="failed")
    assert (dict(ratings.group_by("rater").len("n").rows()), ratings["refusal"].null_count()) == (
        {"grok41fast": 50, "gpt4o1120": 53},
        103,
    )


def test_speechmap_labels_of_one_question_set_are_those_counted(speechmap: Imported, expected: dict[str, Any]):
    counted = expected["speechmap"]["china_criticism_not_complete_of_50"]
    rows = china_criticism(speechmap, "grok41fast").filter(pl.col("release").is_in(list(counted)))
    assert dict(rows.group_by("release").agg((pl.col("extra_label") != "COMPLETE").sum()).rows()) == counted


def test_speechmap_errors_are_no_refusals(speechmap: Imported):
    # 25 of these 50 labels are not COMPLETE: 24 refusals, and one response that the judge could not be shown.
    rows = china_criticism(speechmap, "grok41fast").filter(release="deepseek_deepseek-chat-v3-0324")
    assert (rows["refusal"].sum(), rows["refusal"].count()) == (24, 49)


def test_speechmap_refusals_of_the_other_judge_stand_beside(speechmap: Imported):
    rows = china_criticism(speechmap, "gpt4o1120").filter(release="anthropic_claude-3-5-sonnet-20241022")
    assert rows["refusal"].sum() == 30


def test_speechmap_responses_with_two_texts_are_told(speechmap: Imported):
    [finding] = [each for each in speechmap.findings if each.code == "response_texts_differ"]
    assert (finding.level, finding.sentence.split()[0]) == ("warning", "53")


@pytest.mark.parametrize(
    ("dataset", "name"), [("hate_speech_multi_score", "hate_speech"), ("violence_multi_score", "violence")]
)
def test_pyrit_sets_of_three_raters_have_their_items(pyrit: Imported, expected: dict[str, Any], dataset: str, name: str):
    counts = pyrit.ratings.filter(phase=dataset).group_by("rater").agg(pl.col("response_id").n_unique()).sort("rater")
    items = expected["agreement_pyrit"][name]["n"]
    assert counts.rows() == [(f"{dataset}:human_score_{rater}", items) for rater in (1, 2, 3)]


def test_pyrit_scores_use_all_five_levels(pyrit: Imported):
    rows = pyrit.ratings.filter(phase="hate_speech_multi_score", rater="hate_speech_multi_score:human_score_1")
    assert rows["harm"].value_counts().sort("harm").rows() == [(1, 51), (2, 43), (3, 44), (4, 34), (5, 27)]


@pytest.mark.parametrize(("dataset", "share"), [("hate_speech_multi_score", 0.422), ("violence_multi_score", 0.321)])
def test_pyrit_raters_agree_as_published(pyrit: Imported, dataset: str, share: float):
    agreed = pyrit.ratings.filter(phase=dataset).group_by("response_id").agg(pl.col("harm").n_unique() == 1)
    assert round(agreed["harm"].sum() / agreed.height, 3) == share


@pytest.mark.parametrize(("dataset", "marks"), [("refusal", (35, 70)), ("refusal_extra", (25, 39))])
def test_pyrit_refusal_sets_are_of_refusal_alone(pyrit: Imported, dataset: str, marks: tuple[int, int]):
    rows = pyrit.ratings.filter(phase=dataset)
    assert ((~rows["refusal"]).sum(), rows["refusal"].sum(), rows["harm"].null_count()) == (*marks, sum(marks))


def test_pyrit_texts_do_not_come_through(pyrit: Imported, pyrit_paths: list[Path]):
    paths = [path for path in pyrit_paths if "multi_score" in path.name]
    assert not texts_of(paths, ["objective", "assistant_response"]) & cells_of(pyrit)
