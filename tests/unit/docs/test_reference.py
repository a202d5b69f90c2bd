"""The reference names everything that there is, and says what the code says."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import click
import pytest

import driftgauge
from driftgauge.cli import cli
from driftgauge.cli.gate import EXIT_CODES
from driftgauge.frames import TABLES
from driftgauge.rate.exchange import FORMATS
from driftgauge.rate.exchange.ratings import WANTED
from driftgauge.rate.formats import ELSEWHERE, TOOLS
from driftgauge.study import GateRule, Margin, Primary, Protocol, Wellbeing

DRIFTGAUGE = Path(sys.executable).parent / "driftgauge"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def read(docs: Any, name: str) -> str:
    return (docs.folder / name).read_text(encoding="utf-8")


def test_generated_pages_are_what_the_code_says(docs: Any) -> None:
    pages = load(docs.folder / "generate.py").pages()
    stale = [path.name for path, text in pages.items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run python docs/generate.py"


def test_pictures_are_what_the_code_draws(docs: Any) -> None:
    pictures = load(docs.folder / "methods" / "figures.py").pictures()
    stale = [path.name for path, text in pictures.items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run python docs/methods/figures.py"


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_and_option_is_in_the_reference(name: str, docs: Any) -> None:
    _, _, section = read(docs, "reference/commands.md").partition(f"## driftgauge {name}\n")
    section = section.partition("\n## ")[0]
    assert section
    command = cli.commands[name]
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert not [each for option in options for each in option.opts if f"`{each}`" not in section]


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], "0"), (["analyze", "no-such-file.csv", "--out", "o"], "1"), (["no-such-verb"], "2")]
)
def test_exit_codes_are_those_of_the_reference(arguments: list[str], code: str, docs: Any, tmp_path: Path) -> None:
    done = subprocess.run([DRIFTGAUGE, *arguments], cwd=tmp_path, capture_output=True, check=False)
    assert str(done.returncode) == code
    assert f"| `{code}` |" in read(docs, "reference/commands.md")


@pytest.mark.parametrize("told_in", ["reference/commands.md", "how-to/gate.md"])
def test_exit_codes_of_the_gate_are_told(told_in: str, docs: Any) -> None:
    assert not [code for code in EXIT_CODES.values() if f"| `{code}` |" not in read(docs, told_in)]


@pytest.mark.parametrize("told_in", ["methods/gate.md", "how-to/gate.md"])
def test_every_rule_of_the_gate_is_described(told_in: str, docs: Any) -> None:
    rules = get_args(GateRule.model_fields["name"].annotation)
    assert not [rule for rule in rules if f"`{rule}: " not in read(docs, told_in)]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_column_is_in_the_data_dictionary(name: str, docs: Any) -> None:
    section = read(docs, "reference/tables.md").partition(f"## {name}\n")[2].partition("\n## ")[0]
    assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == list(TABLES[name])


def test_every_public_name_is_described(docs: Any) -> None:
    headings = [line for line in read(docs, "reference/python.md").splitlines() if line.startswith("### `")]
    described = {heading.split("`")[1].partition("(")[0] for heading in headings}
    assert described == set(driftgauge.__all__)


def test_every_column_of_a_ratings_file_is_described(docs: Any) -> None:
    page = read(docs, "how-to/ratings-file.md")
    assert not [name for name in WANTED.names if f"`{name}`" not in page]


def test_every_format_is_described(docs: Any) -> None:
    page = read(docs, "how-to/import-public-sets.md") + read(docs, "how-to/ratings-file.md")
    assert not [name for name in FORMATS if name != "ratings" and f"`{name}`" not in page]


def test_every_tool_that_people_rate_in_elsewhere_is_described(docs: Any) -> None:
    page = read(docs, "how-to/rate-elsewhere.md")
    assert not [name for name in TOOLS if name not in page]
    assert not [name for name in ELSEWHERE if f"--format {name}" not in page]


def test_every_key_of_the_protocol_is_described(docs: Any) -> None:
    page = read(docs, "how-to/protocol.md")
    nested = {"primary": Primary, "margin": Margin}
    keys = [name for name in Protocol.model_fields if name not in nested]
    keys += [f"{name}.{key}" for name, model in nested.items() for key in model.model_fields]
    assert not [key for key in [*keys, *Wellbeing.model_fields] if f"`{key}`" not in page]


def test_the_protocol_of_the_page_is_the_default(docs: Any) -> None:
    assert driftgauge.load_protocol(docs.folder / "how-to" / "protocol.yaml") == Protocol()
