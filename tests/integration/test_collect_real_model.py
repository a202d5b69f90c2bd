"""A real model collected by ``driftgauge collect``, over each protocol, and watched: English prompts of the demo benchmark.

A few scenarios; all 48 with ``REAL_MODEL_SCENARIOS=48`` in the environment (minutes).
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from driftgauge.benchmark.drafts import Draft
from driftgauge.pipeline.authoring.trying import Try, try_prompt
from driftgauge.pipeline.monitor.state import read_state
from driftgauge.pipeline.opened import open_study
from driftgauge.store import journal
from tests.authoring_studies import join_as
from tests.commands import Ended, run, start
from tests.faulty_studies import kept
from tests.models import MODEL, LanguageModel
from tests.rating_studies import Clock, serve

PATIENCE = 1500.0
ROUTES = {"Smol 1": f"openai-api/smollm/{MODEL}", "Smol 2": f"anthropic/{MODEL}"}
SETTINGS = {"max_tokens": 12, "temperature": 0.0}
IN_FORCE = {"Smol 1": SETTINGS, "Smol 2": {"max_tokens": 12}}
"""Inspect sends no temperature on Anthropic's route; that it was asked for and is not in force is kept."""
SCENARIOS = int(os.environ.get("REAL_MODEL_SCENARIOS", "6"))
REPEATED = 2
"""Prompts that are put to each release in a second study."""


@dataclass(frozen=True)
class Collected:
    """A study and what it has, what a second one of the same prompts has, and what the commands said."""

    study: Path
    rows: pl.DataFrame
    again: pl.DataFrame
    ended: Ended
    plan: Ended
    looks: list[Ended]

    def texts(self) -> pl.DataFrame:
        return self.rows.filter(modality="text-only")


@pytest.fixture(scope="module")
def found(smollm: LanguageModel, tmp_path_factory: pytest.TempPathFactory) -> Collected:
    base = tmp_path_factory.mktemp("real")
    english_half(base / "benchmark")
    keys = dict.fromkeys(("SMOLLM_API_KEY", "ANTHROPIC_API_KEY"), "none is needed")
    env = keys | {"SMOLLM_BASE_URL": smollm.openai, "ANTHROPIC_BASE_URL": smollm.anthropic}
    one, other = (a_study(base, name) for name in ("one", "other"))
    plan = run("collect", one, "--dry-run", "--json", env=env)
    ended = start("collect", one, env=env, anew=True).ended(PATIENCE)
    again = start("collect", other, "--limit", str(REPEATED * len(ROUTES)), env=env).ended(PATIENCE)
    assert again.code == 0, again.said
    rows = kept(one)
    looks = [run("monitor", one, "--release", "Smol 1", "--baseline", "1", "--block", "3", env=env) for _ in range(2)]
    return Collected(one, rows, kept(other), ended, plan, looks)


def english_half(folder: Path) -> None:
    """Make the demo benchmark, leave the English prompts of some scenarios, and freeze that."""
    assert run("benchmark", "demo", folder).code == 0
    path = folder / "scenarios.jsonl"
    scenarios = [json.loads(line) for line in path.read_text().splitlines()][:SCENARIOS]
    for each in scenarios:
        each["prompts"] = [prompt for prompt in each["prompts"] if prompt["language"] == "en"]
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in scenarios))
    shown = json.dumps(scenarios)
    for picture in (folder / "media").iterdir():
        if picture.name not in shown:
            picture.unlink()
    frozen = run("benchmark", "freeze", folder)
    assert f"{SCENARIOS} scenarios, {2 * SCENARIOS} prompts" in frozen.out, frozen.said


def a_study(base: Path, name: str) -> Path:
    folder = base / name
    shutil.copytree(base / "benchmark", folder / "benchmark")
    releases = [
        {"release": release, "model": model, "settings": SETTINGS, "takes": ["text"], "limits": {"connections": 2}}
        for release, model in ROUTES.items()
    ]
    said = {"study": "smol", "benchmark": "benchmark/", "families": {"Smol": releases}, "phases": [{"phase": 1}]}
    (folder / "study.yaml").write_text(json.dumps(said))
    return folder


def test_the_plan_says_before_what_is_asked_and_what_is_not(found: Collected) -> None:
    counts = json.loads(found.plan.out)["counts"]
    told = [(row["release"], row["modality"], row["to_ask"], row["unsupported"]) for row in counts]
    assert told == [
        ("Smol 1", "multimodal", 0, SCENARIOS),
        ("Smol 1", "text-only", SCENARIOS, 0),
        ("Smol 2", "multimodal", 0, SCENARIOS),
        ("Smol 2", "text-only", SCENARIOS, 0),
    ]


def test_every_prompt_of_text_is_answered_and_every_picture_ends_as_unsupported(found: Collected) -> None:
    assert found.ended.code == 0, found.ended.said
    assert dict(found.rows.group_by("release").len().iter_rows()) == dict.fromkeys(ROUTES, 2 * SCENARIOS)
    assert found.texts().height == 2 * SCENARIOS
    assert set(found.texts()["status"]) <= {"answered", "truncated"}
    assert found.texts()["text"].str.len_chars().min() > 0
    pictures = found.rows.filter(modality="multimodal")
    assert set(pictures["status"]) == {"unsupported"}
    assert pictures.select("text", "sent_at", "seconds", "served_model", "fault").null_count().row(0) == (2 * SCENARIOS,) * 5
    assert pictures["tries"].sum() == 0


def test_what_came_with_each_answer_is_kept(found: Collected) -> None:
    for row in found.texts().iter_rows(named=True):
        usage = json.loads(row["usage"])
        assert usage["input"] > 10
        assert 0 < usage["output"] <= 12
        assert (row["status"] == "truncated") == (row["stop_reason"] in {"length", "max_tokens"})
        assert json.loads(row["asked"]) == SETTINGS
        assert json.loads(row["in_force"]) == IN_FORCE[row["release"]]
        assert (row["served_model"], row["model"], row["tries"]) == (MODEL, ROUTES[row["release"]], 1)
        assert row["sent_at"] < row["received_at"]
        assert row["seconds"] > 0
        assert row["request_id"]
        assert not row["clock_jumped"]
        assert not row["model_changed"]
    assert found.texts()["request_id"].n_unique() == 2 * SCENARIOS
    assert "truncated" in set(found.texts()["status"])


def test_the_same_prompt_gets_the_same_text_in_another_study(found: Collected) -> None:
    both = found.again.filter(modality="text-only").join(found.rows, on="response_id", suffix="_before")
    assert dict(both.group_by("release").len().iter_rows()) == dict.fromkeys(ROUTES, REPEATED)
    assert both["text"].to_list() == both["text_before"].to_list()
    assert both["request_id"].to_list() != both["request_id_before"].to_list()


def test_no_answer_is_shown(found: Collected) -> None:
    shown = found.ended.said
    assert [row for row in found.texts()["text"] if row.strip()[:40] in shown] == []


def test_a_red_teamer_tries_a_prompt_against_it(smollm: LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMOLLM_API_KEY", "none is needed")
    monkeypatch.setenv("SMOLLM_BASE_URL", smollm.openai)
    release = {"release": "Smol 1", "model": ROUTES["Smol 1"], "settings": SETTINGS}
    said = {"study": "smol", "families": {"Smol": [release]}, "authoring": {"try": ["Smol 1"]}}
    (tmp_path / "study.yaml").write_text(json.dumps(said))
    open_study(tmp_path, create=True)
    with serve(tmp_path, Clock()) as town:
        ana = join_as(town, "ana")
        draft = ana.save(Draft(text="Say hello to the goat.")).draft
        tried = try_prompt(town, ana.who, Try(draft, "text-only", "Smol 1"))
        with town.store.reading() as connection:
            ended = journal.entries(connection)[-1]
    assert (tried.ended in {"answered", "truncated"}, tried.text.strip() != "") == (True, True)
    assert (ended.verb, ended.detail["outcome"], ended.counts["tokens"] > 12) == ("tried", tried.ended, True)


def test_looked_at_twice_it_has_not_drifted(found: Collected) -> None:
    assert [each.code for each in found.looks] == [0, 0], found.looks[0].said
    looks = read_state(found.study / "monitor" / "Smol-1.json").looks
    assert [(each.served, each.missing, set(each.low)) for each in looks] == [((MODEL,), 0, {0.0})] * 2
