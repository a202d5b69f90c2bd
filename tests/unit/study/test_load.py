"""A study is read whole, or refused with every mistake, its line and what was expected."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from driftgauge.errors import Problem, StudyError
from driftgauge.study import GateRule, Overlap, Panel, Phase, Protocol, Release, Study, load_gate, load_study

Write = Callable[[str | bytes], Path]
Refused = Callable[[str | bytes], tuple[Problem, ...]]

WHOLE = """
study: eight-releases
benchmark: benchmark/
store: sqlite:///db/driftgauge.db
media: s3://bucket/media
families:
  GPT:
    - {release: GPT-4o, model: openai/gpt-4o-2024-11-20, generation: 1}
    - {release: GPT-5, model: openai/gpt-5, generation: 3, settings: {max_tokens: 2048}}
  Pixtral: [Pixtral 12B, Pixtral Large]
phases:
  - {phase: 1, releases: [GPT-4o, Pixtral 12B], panel: en-US-2025, from: 2025-05-01, to: 2025-06-30}
  - {phase: autumn, panel: en-US-2026}
panels:
  en-US-2025: {language: en-US, raters: 17, design: full, anchors: 0.05}
  en-US-2026: {design: {overlap: 3}}
protocol:
  harmful_at: 4
gate:
  - {max_asr_drift: 0.05}
  - {no_regression_in: [disinformation]}
"""

TEN_MISTAKES = """# ten mistakes
study: my study
benchmark: ../elsewhere
store: postgresql+psycopg://me:hunter2@host/db
families:
  GPT:
    - {release: GPT-4o, generation: 2}
    - {release: GPT-5, generation: 1}
    - {release: GPT-4o, generation: 3}
phases:
  - phase: 1
    releases: [GPT-4o, GPT5]
    panel: en-US-2205
  - {phase: 2, from: 2025-02-30}
panels:
  en-US-2025: {raters: many}
protocl: {harmful_at: 4}
"""


@pytest.mark.parametrize("name", [".", "study.yaml"])
def test_a_study_is_read_from_its_folder_or_its_file(write: Write, name: str) -> None:
    study = load_study(write(WHOLE) / name)
    assert study.study == "eight-releases"
    assert study.families["GPT"][1] == Release(
        release="GPT-5", model="openai/gpt-5", generation=3, settings={"max_tokens": 2048}
    )
    assert [release.generation for release in study.families["Pixtral"]] == [1, 2]
    assert study.phases[0].first_day == date(2025, 5, 1)
    assert [phase.phase for phase in study.phases] == ["1", "autumn"]
    assert study.panels["en-US-2026"] == Panel(design=Overlap(overlap=3))
    assert study.protocol == Protocol(harmful_at=4)
    assert study.gate == (
        GateRule(name="max_asr_drift", limit=0.05),
        GateRule(name="no_regression_in", categories=("disinformation",)),
    )


def test_the_gate_of_a_study_is_what_the_gate_reads(write: Write) -> None:
    folder = write(WHOLE)
    assert load_study(folder).gate == load_gate(folder / "study.yaml")


def test_a_name_is_enough_for_a_study(write: Write) -> None:
    study = load_study(write("study: x\nfamilies:\nphases:\nprotocol:\n"))
    assert study == Study(study="x").in_folder(study.folder)
    assert (study.benchmark, study.lineage, study.protocol.hash) == (None, None, Protocol().hash)


def test_places_are_in_the_folder_of_the_study(write: Write, tmp_path: Path) -> None:
    study = load_study(write(WHOLE))
    assert study.folder == study.folder.absolute() == tmp_path
    assert study.store_url == f"sqlite:///{tmp_path}/db/driftgauge.db"
    assert study.benchmark_folder == tmp_path / "benchmark"
    assert study.media_url == "s3://bucket/media"
    assert load_study(write("study: x")).media_url == str(tmp_path / "media")


def test_the_folder_is_no_part_of_what_is_declared(write: Write) -> None:
    study = load_study(write(WHOLE))
    assert Study.model_validate(study.written()) == study.in_folder(Path())
    assert "folder" not in str(study.written())


def test_ten_mistakes_are_ten_messages_with_their_lines(problems_of: Refused) -> None:
    problems = problems_of(TEN_MISTAKES)
    assert [problem.where for problem in problems] == [
        f"study.yaml, line {line}" for line in (2, 3, 4, 8, 9, 12, 13, 14, 16, 17)
    ]
    assert [problem.what for problem in problems] == [
        "study is 'my study'",
        "benchmark is '../elsewhere'",
        "store has a password in it",
        "release 'GPT-5' is generation 1",
        "release 'GPT-4o' stands twice",
        "release 'GPT5' is in no family",
        "panel 'en-US-2205' is not declared",
        "phases.from is '2025-02-30'",
        "panels.en-US-2025.raters is 'many'",
        "there is no key 'protocl'",
    ]


def test_a_close_name_is_offered(problems_of: Refused) -> None:
    expected = [problem.expected for problem in problems_of(TEN_MISTAKES)]
    assert expected[5] == "perhaps 'GPT-5'; one of: GPT-4o, GPT-5"
    assert expected[6] == "perhaps 'en-US-2025'; one of: en-US-2025"
    assert expected[9].startswith("perhaps 'protocol'; one of: study, benchmark,")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("study: x\nstudy: y\n", 2, "the key 'study' stands twice"),
        ("study: x\nprotocol:\n  level: 0.9\n  level: 0.8\n", 4, "the key 'level' stands twice"),
        ("store: sqlite:///a.db\n", 1, "study is missing"),
        ("study: 1.10\n", 1, "study is 1.1"),
        ("study: x\npanels:\n  p: {language: no}\n", 3, "panels.p.language is False"),
        ("study: x\npanels:\n  p: {raters: yes}\n", 3, "panels.p.raters is True"),
        ("study: x\npanels:\n  p: {raters: 2, design: {overlap: 3}}\n", 3, "3 raters for each response, of a panel of 2"),
        ("study: x\npanels:\n  p: {anchors: .nan}\n", 3, "panels.p.anchors is nan"),
        ("study: x\npanels:\n  p: {design: {overlap: 0}}\n", 3, "panels.p.design is {'overlap': 0}"),
        ("study: x\nfamilies:\n  A: []\n", 3, "families.A is []"),
        ("study: x\nfamilies: {A: [a], B: [a]}\n", 2, "release 'a' stands twice"),
        ("study: x\nfamilies:\n  A:\n    - {release: a, generation: 0}\n", 4, "families.A.generation is 0"),
        ("study: x\nfamilies:\n  A:\n    - {release: a, generation: 3}\n    - b\n", 5, "release 'b' is generation 2"),
        ("study: x\nfamilies:\n  A:\n    - {generation: 1}\n", 4, "families.A.release is missing"),
        ("study: x\nphases:\n  - {phase: 1}\n  - {phase: '1'}\n", 4, "phase '1' stands twice"),
        ("study: x\nphases:\n  - {phase: 1, from: 2025}\n", 3, "phases.from is 2025"),
        (
            "study: x\nphases:\n  - phase: 1\n    from: 2025-02-01\n    to: 2025-01-01\n",
            5,
            "a phase from 2025-02-01 to 2025-01-01",
        ),
        ("study: x\nphases:\n  - {phase: 1, releases: [a, a]}\n", 3, "release 'a' stands twice"),
        ("study: x\nprotocol:\n  margin:\n    points: 2\n", 4, "protocol.margin.points is 2"),
        ("study: x\ngate:\n  - {max_asr: 0.1}\n  - {max_asr: high}\n", 4, "gate has {'max_asr': 'high'}"),
        ("study: x\nbenchmark: media\n", 1, "media is in the benchmark, which holds nothing else"),
    ],
)
def test_a_mistake_has_its_line(problems_of: Refused, text: str, line: int, what: str) -> None:
    [problem] = problems_of(text)
    assert (problem.where, problem.what) == (f"study.yaml, line {line}", what)


def test_parts_that_are_not_what_they_should_be_are_told_together(problems_of: Refused) -> None:
    problems = problems_of("study: [x]\nfamilies: [a]\nphases: {a: 1}\npanels: 3\nprotocol: []\ngate: 1\n")
    assert [problem.where for problem in problems] == [f"study.yaml, line {line}" for line in range(1, 7)]
    assert [problem.expected for problem in problems[1:]] == ["a mapping", "a list", "a mapping", "a mapping", "a list"]


def test_a_release_of_a_phase_is_free_where_no_family_is_declared(write: Write) -> None:
    assert load_study(write("study: x\nphases: [{phase: 1, releases: [any], panel: any}]\n")).phases[0].releases == ("any",)


def test_very_many_mistakes_end_soon(problems_of: Refused) -> None:
    problems = problems_of("study: x\n" + "".join(f"key{number}: 1\n" for number in range(9000)))
    assert len(problems) == 201
    assert problems[-1].what == "more mistakes"


def test_a_value_is_cut_and_its_control_characters_are_escaped(problems_of: Refused) -> None:
    [problem] = problems_of('study: "\\e[31m' + "x" * 100 + '"\n')
    assert problem.what == "study is '\\x1b[31m" + "x" * 30 + "…"


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"has no study.yaml\nNext: driftgauge init "):
        load_study(tmp_path)
    with pytest.raises(StudyError, match="No such file"):
        load_study(tmp_path / "elsewhere" / "study.yaml")


def test_what_is_made_in_python_keeps_the_same_rules() -> None:
    with pytest.raises(ValidationError, match="release 'b' is in no family"):
        Study.model_validate({"study": "x", "families": {"A": ["a"]}, "phases": [{"phase": "1", "releases": ["b"]}]})
    with pytest.raises(ValidationError, match="frozen"):
        Study(study="x").study = "y"  # pyright: ignore[reportAttributeAccessIssue]


def test_studies_say_which_release_follows_which(write: Write) -> None:
    lineage = load_study(write(WHOLE)).lineage
    assert lineage is not None
    assert lineage.families == {"GPT": ("GPT-4o", "GPT-5"), "Pixtral": ("Pixtral 12B", "Pixtral Large")}
    numbers = [[lineage.generation(release) for release in releases] for releases in lineage.families.values()]
    assert numbers == [[1, 3], [1, 2]]
    assert all(earlier < later for line in numbers for earlier, later in pairwise(line))


@pytest.mark.parametrize("name", ["api_key", "OPENAI-API-KEY", "token", "password"])
def test_a_secret_among_settings_is_a_mistake_and_not_repeated(problems_of: Refused, name: str) -> None:
    [problem] = problems_of(f"study: x\nfamilies: {{A: [{{release: a, settings: {{extra: [{{{name}: hunter2}}]}}}}]}}\n")
    assert problem.what == "families.A.settings has a key that names a secret"
    assert "hunter2" not in str(problem)


def test_keys_of_a_phase_are_those_of_the_file() -> None:
    declared: dict[str, Any] = {"phase": "1", "from": "2025-05-01"}
    assert Phase.model_validate(declared).model_dump(mode="json", by_alias=True)["from"] == "2025-05-01"
