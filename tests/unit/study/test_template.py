"""The study.yaml that init writes: valid, with every default spelled out and examples that work; or the published study."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftgauge.study import (
    TEMPLATES,
    Protocol,
    Study,
    load_gate,
    load_lineage,
    load_protocol,
    load_study,
    safe_name,
    study_template,
)

EXAMPLES = ("benchmark", "families", "phases", "panels", "gate")


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        yield from _leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]


def _using(text: str, *keys: str) -> str:
    """Delete the # of the examples of these keys, as the first lines of the template say."""
    for key in keys:
        example = re.search(rf"(?m)^#{key}:.*\n(?:#  .*\n)*", text)
        assert example is not None
        text = text.replace(example[0], re.sub(r"(?m)^#", "", example[0]))
    return text


def test_the_template_is_a_study_with_the_default_protocol(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(study_template("town"))
    assert load_study(tmp_path) == Study(study="town").in_folder(tmp_path)


def test_the_template_spells_out_every_default_with_a_comment() -> None:
    text = study_template("town")
    written = set(_leaves(yaml.safe_load(text)["protocol"]))
    assert written | {"margin.odds_ratio"} == set(_leaves(Protocol().model_dump()))
    declared = [line for line in text.splitlines() if line and not line.startswith(("#", "protocol:"))]
    assert [line for line in declared if "  # " not in line] == []


@pytest.mark.parametrize("keys", [keys for size in range(6) for keys in combinations(EXAMPLES, size)], ids="+".join)
def test_any_of_the_examples_can_be_used(tmp_path: Path, keys: tuple[str, ...]) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(_using(study_template("town"), *keys))
    study = load_study(path)
    assert [key for key in EXAMPLES if getattr(study, key)] == list(keys)


def test_with_its_examples_every_reader_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(_using(study_template("town"), *EXAMPLES))
    study = load_study(path)
    assert (load_lineage(path), load_gate(path), load_protocol(path)) == (study.lineage, study.gate, study.protocol)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", ["town", "2026", "1.10", "no", "2025-05-01", "1e3", "0x10", "a.b_c-d", "_", "x" * 80])
def test_a_name_stays_what_it_is(tmp_path: Path, name: str, template: str) -> None:
    (tmp_path / "study.yaml").write_text(study_template(name, template=template))
    assert load_study(tmp_path).study == name


@pytest.fixture
def published(tmp_path: Path) -> Study:
    (tmp_path / "study.yaml").write_text(study_template("town", template="eight-releases"))
    return load_study(tmp_path)


def test_the_published_study_has_its_releases_phases_and_panels(published: Study) -> None:
    assert {family: [each.release for each in releases] for family, releases in published.families.items()} == {
        "GPT": ["GPT-4o", "GPT-5"],
        "Claude Sonnet": ["Claude Sonnet 3.5", "Claude Sonnet 4.5"],
        "Pixtral": ["Pixtral 12B", "Pixtral Large"],
        "Qwen": ["Qwen VL Plus", "Qwen Omni"],
    }
    generations = [
        [published.declared_releases[name].generation for name in phase.releases or ()] for phase in published.phases
    ]
    assert generations == [[1, 1, 1, 1], [2, 2, 2, 2]]
    assert [published.panels[str(phase.panel)].raters for phase in published.phases] == [17, 12]
    assert published.protocol == Protocol()


def test_every_published_release_can_be_asked_with_the_libraries_of_the_extra(published: Study) -> None:
    models = {name: each.model or "" for name, each in published.declared_releases.items()}
    assert {name: model.partition("/")[0] for name, model in models.items() if model} == {
        "GPT-4o": "openai",
        "GPT-5": "openai",
        "Claude Sonnet 3.5": "anthropic",
        "Claude Sonnet 4.5": "anthropic",
        **dict.fromkeys(("Pixtral 12B", "Pixtral Large", "Qwen VL Plus", "Qwen Omni"), "openai-api"),
    }
    assert all("max_tokens" in each.settings for each in published.declared_releases.values())


def test_every_published_release_has_a_note_on_whether_it_can_be_had() -> None:
    lines = study_template("town", template="eight-releases").splitlines()
    above = [lines[number - 1] for number, line in enumerate(lines) if line.startswith("    - release:")]
    assert len(above) == 8
    assert all(line.startswith("    # ") for line in above)


@pytest.mark.parametrize("text", ["", "..", "-x", "Été 2026", "a/b", "x" * 300, "\n", "日本"])
def test_any_folder_has_a_name_for_a_study(text: str) -> None:
    assert Study(study=safe_name(text)).study
