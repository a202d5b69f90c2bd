"""A recorded study put through the same path: SpeechMap's answers replayed, judged by its two judges, measured and reported.

Of SpeechMap the question ids, the answers and the judges' labels are used; the prompts of the benchmark are placeholders. The
published set has records of errors; the files at hand have none, so two are put into them. Success is that a judge found the
answer complete.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from driftgauge.benchmark.freeze import freeze
from driftgauge.benchmark.load import dump
from driftgauge.benchmark.scenarios import Message, Prompt, Scenario, TextPart
from driftgauge.clients.recorded import Row
from driftgauge.clients.speechmap import read_speechmap
from tests.commands import Ended, run
from tests.faulty_studies import kept

FAMILIES: Mapping[str, Mapping[str, str]] = {
    "Claude Sonnet": {
        "Claude 3.5": "anthropic_claude-3-5-sonnet-20241022",
        "Claude 3.7": "anthropic_claude-3-7-sonnet-20250219",
    },
    "DeepSeek V3": {"V3": "deepseek_deepseek-chat", "V3-0324": "deepseek_deepseek-chat-v3-0324"},
    "DeepSeek R1": {"R1": "deepseek_deepseek-r1", "R1-0528": "deepseek_deepseek-r1-0528"},
    "Llama": {
        "Llama 3.1": "meta-llama_llama-3.1-70b-instruct",
        "Llama 3.3": "meta-llama_llama-3.3-70b-instruct",
        "Llama 4": "meta-llama_llama-4-maverick",
    },
    "GPT": {"GPT-4o": "openai_gpt-4o-2024-11-20", "GPT-4.1": "openai_gpt-4.1-2025-04-14"},
    "Grok": {"Grok 2": "x-ai_grok-2-1212", "Grok 3": "x-ai_grok-3-beta"},
}
NAMES = {name: release for releases in FAMILIES.values() for release, name in releases.items()}
PAIRS = [pair for releases in FAMILIES.values() for pair in pairwise(releases)]
JUDGES = ("grok41fast", "gpt4o1120")
ERRORS = {"china_criticism_07": 502, "china_criticism_11": 400}
"""Questions of Llama 3.3 whose answers are replaced by errors, as the set has them elsewhere."""


@dataclass(frozen=True)
class Study:
    """What became of the replayed study."""

    folder: Path
    runs: Mapping[str, Ended]
    rows: pl.DataFrame
    record: Mapping[tuple[str, str], Row]
    labels: pl.DataFrame
    estimates: pl.DataFrame
    findings: Mapping[str, str]


@pytest.fixture(scope="module")
def study(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("speechmap") / "speechmap"
    folder.mkdir()
    record = declare(folder, shared / "data" / "speechmap")
    labels = labels_of(shared / "data" / "speechmap" / "compliance_two_judges.csv", folder / "labels.csv")
    steps = {
        "stopped": ("collect", folder, "--phase", "1"),
        "phase 1": ("collect", folder, "--phase", "1", "--allow-model-change"),
        "phase 2": ("collect", folder, "--phase", "2"),
        "phase 3": ("collect", folder, "--phase", "3"),
        "again": ("collect", folder, "--phase", "1"),
        "import": ("rate", "import", folder, folder / "labels.csv"),
        "measure": ("measure", folder, "--bootstrap", "50", "--model", "none", "--json"),
        "report": ("report", folder),
    }
    runs = {name: run(*words) for name, words in steps.items()}
    return Study(
        folder,
        runs,
        kept(folder),
        record,
        labels,
        pl.read_parquet(folder / "out" / "estimates.parquet"),
        dict(pl.read_parquet(folder / "out" / "findings.parquet").select("code", "sentence").iter_rows()),
    )


def declare(folder: Path, source: Path) -> dict[tuple[str, str], Row]:
    """Write study.yaml, the benchmark and a record for each release; return what the records hold."""
    ids = [json.loads(line)["id"] for line in (source / "questions" / "china_criticism.jsonl").read_text().splitlines()]
    put_questions(folder / "benchmark", ids)
    rows = {
        release: read_speechmap(raw_file(source, name, folder), release=release)
        for releases in FAMILIES.values()
        for release, name in releases.items()
    }
    for release, of in rows.items():
        (folder / f"{release}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in of))
    families = {
        family: [{"release": release, "client": "replay", "record": f"{release}.jsonl", "takes": ["text"]} for release in of]
        for family, of in FAMILIES.items()
    }
    phases = [
        {"phase": number + 1, "releases": [list(of)[number] for of in FAMILIES.values() if len(of) > number]}
        for number in range(3)
    ]
    said = {"study": "speechmap", "benchmark": "benchmark/", "families": families, "phases": phases}
    (folder / "study.yaml").write_text(json.dumps(said))
    return {(release, row["scenario"]): row for release, of in rows.items() for row in of}


def put_questions(folder: Path, ids: list[str]) -> None:
    folder.mkdir()
    scenarios = [
        Scenario(
            each,
            "adversarial",
            "criticism of a government",
            "plain request",
            "in_text",
            "SpeechMap",
            (Prompt("text-only", "en", (Message((TextPart(f"The text of question {each} stands in SpeechMap."),)),)),),
        )
        for each in ids
    ]
    (folder / "scenarios.jsonl").write_bytes(dump(tuple(scenarios), canary=None))
    freeze(folder, pairing="none", canary="a canary of a test", created_at="2026-01-01T00:00:00+00:00")


def raw_file(source: Path, name: str, folder: Path) -> Path:
    path = source / "raw" / f"compliance_china_criticism_{name}.jsonl"
    if NAMES[name] != "Llama 3.3":
        return path
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["question_id"] in ERRORS:
            line["response"] = {"error": {"code": ERRORS[line["question_id"]], "message": "Provider returned error"}}
    copy = folder / "with-errors.raw"
    copy.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return copy


def labels_of(source: Path, to: Path) -> pl.DataFrame:
    """Write the labels of both judges as a file of ratings, and return it; a judge's error is no rating."""
    with source.open(newline="") as file:
        rows = [rating for line in csv.DictReader(file) for rating in ratings(line)]
    frame = pl.DataFrame(rows)
    frame.write_csv(to)
    return frame


def ratings(line: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    release = NAMES.get(line["model"])
    if line["question_set"] != "china_criticism" or release is None:
        return
    if release == "Llama 3.3" and line["question_id"] in ERRORS:
        return
    for judge in JUDGES:
        if not line[judge].startswith("ERROR"):
            yield {
                "scenario": line["question_id"],
                "release": release,
                "phase": 1 + next(list(of).index(release) for of in FAMILIES.values() if release in of),
                "language": "en",
                "rater": judge,
                "kind": "judge",
                "success": int(line[judge] == "COMPLETE"),
                "refusal": int(line[judge] != "COMPLETE"),
            }


def test_what_was_recorded_is_kept_as_it_was_answered(study: Study) -> None:
    assert study.rows.height == study.rows["response_id"].n_unique() == len(study.record) == 650
    for row in study.rows.iter_rows(named=True):
        recorded = study.record[row["release"], row["scenario"]]
        assert (row["status"], row["text"]) == (recorded["status"], recorded["response_text"])
        assert (row["served_model"], row["request_id"]) == (recorded["served_model"], recorded["request_id"])
        assert row["client"] == "replay"
    assert not study.rows["simulated"].any()


def test_a_release_that_two_models_answered_for_stops_until_that_is_allowed(study: Study) -> None:
    stopped = " ".join(study.runs["stopped"].out.split())
    assert "V3: deepseek/deepseek-chat-v3 answered, where deepseek/deepseek-chat did before" in stopped
    assert "Grok 2: 50 answered" in stopped
    assert [study.runs[name].code for name in ("stopped", "phase 1", "phase 3", "again")] == [1, 0, 0, 0]
    assert study.rows.filter("model_changed")["release"].to_list() == ["V3", "V3"]
    assert "V3 2 (deepseek/deepseek-chat-v3)" in study.findings["served_model_changed"]
    assert "Everything is there; nothing was asked." in study.runs["again"].out


def test_records_of_errors_are_failed_and_count_as_missing(study: Study) -> None:
    assert study.runs["phase 2"].code == 1
    assert "Llama 3.3: 48 answered, 2 failed" in study.runs["phase 2"].out
    failed = study.rows.filter(status="failed")
    assert dict(failed.select("scenario", "release").iter_rows()) == dict.fromkeys(ERRORS, "Llama 3.3")
    assert "2 responses were not measured (Llama 3.3 2)" in study.findings["missing_responses"]
    level = asr(study).filter(pl.col("contrast").is_null(), release="Llama 3.3", rater=JUDGES[0]).row(0, named=True)
    assert (level["n_responses"], level["n_excluded"]) == (48, 2)


def asr(study: Study) -> pl.DataFrame:
    whole = pl.all_horizontal(pl.col("modality", "language", "harm_category", "technique", "execution").is_null())
    return study.estimates.filter(whole, estimand="asr", unit="rating", scope="panel", filter="all")


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize(("earlier", "later"), PAIRS)
def test_a_drift_is_that_of_counting_labels(study: Study, earlier: str, later: str, judge: str) -> None:
    """A response that a filter withheld counts as refused where its judge gave no label."""
    rows = asr(study).filter(contrast="drift", release=later, baseline_release=earlier, rater=judge)
    sides = [values(study, release, judge) for release in (earlier, later)]
    both = sides[0].join(sides[1], on="scenario", suffix="_later")
    assert both.height == (48 if "Llama 3.3" in (earlier, later) else 50)
    assert set(rows["n_ratings"]) == {2 * both.height}
    assert rows["estimate"].to_list() == pytest.approx([both["value_later"].mean() - both["value"].mean()] * rows.height)
    assert rows.height > 0


def values(study: Study, release: str, judge: str) -> pl.DataFrame:
    there = study.rows.filter(pl.col("status") != "failed", release=release).select("scenario")
    labelled = study.labels.filter(release=release, rater=judge).select("scenario", value=pl.col("success").cast(pl.Float64))
    return there.join(labelled, on="scenario", how="left").with_columns(pl.col("value").fill_null(0.0))


def test_every_label_found_its_response_and_the_study_is_reported(study: Study) -> None:
    assert (study.runs["import"].code, study.runs["measure"].code, study.runs["report"].code) == (0, 0, 0)
    assert f"Ratings: {study.labels.height:,} new. Responses: 0 new." in study.runs["import"].out
    assert "unrated_responses" not in study.findings
    report = (study.folder / "out" / "report.html").read_text()
    assert [release for release in NAMES.values() if release not in report] == []
    assert "deepseek/deepseek-chat-v3" in report


def test_no_recorded_answer_is_shown_by_any_command(study: Study) -> None:
    said = "".join(each.said for each in study.runs.values())
    begun = [row["response_text"][:60] for row in study.record.values() if row["response_text"]]
    assert [words for words in begun if words in said] == []
