"""The study.yaml that init writes: valid, with every default spelled out and examples that work."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftgauge.study import Protocol, Study, load_gate, load_lineage, load_protocol, load_study, safe_name, study_template

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


@pytest.mark.parametrize("name", ["town", "2026", "1.10", "no", "2025-05-01", "1e3", "0x10", "a.b_c-d", "_", "x" * 80])
def test_a_name_stays_what_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "study.yaml").write_text(study_template(name))
    assert load_study(tmp_path).study == name


@pytest.mark.parametrize("text", ["", "..", "-x", "Été 2026", "a/b", "x" * 300, "\n", "日本"])
def test_any_folder_has_a_name_for_a_study(text: str) -> None:
    assert Study(study=safe_name(text)).study
