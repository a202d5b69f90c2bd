"""Write the generated pages of the reference, or, with ``--check``, fail when a committed one is not what would be written.

Run from anywhere: ``python docs/generate.py``.
"""

import argparse
import ast
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import click
import polars as pl
from pydantic import BaseModel

import driftgauge
from driftgauge import frames
from driftgauge.cli import cli
from driftgauge.study import (
    Authoring,
    Calibration,
    Collect,
    Gold,
    Judge,
    Limits,
    Margin,
    Overlap,
    Panel,
    Phase,
    Price,
    Primary,
    Protocol,
    Question,
    Release,
    SignIn,
    Study,
    Unit,
    Wellbeing,
)

REFERENCE: Final = Path(__file__).resolve().parent / "reference"
NOTICE: Final = "<!-- Written by docs/generate.py; change the code and run it again. -->\n"

DTYPES: Final[Mapping[type[pl.DataType], str]] = {
    pl.String: "text",
    pl.Int64: "integer",
    pl.Int8: "integer",
    pl.Float64: "real",
    pl.Boolean: "true or false",
    pl.List: "list of texts",
}
ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "ratings.intent": frames.INTENTS,
    "ratings.modality": frames.MODALITIES,
    "ratings.status": frames.STATUSES,
    "ratings.kind": frames.KINDS,
    "ratings.purpose": frames.PURPOSES,
    "ratings.refusal_level": frames.REFUSAL_LEVELS,
    "responses.intent": frames.INTENTS,
    "responses.modality": frames.MODALITIES,
    "responses.status": frames.STATUSES,
    "estimates.intent": frames.INTENTS,
    "estimates.modality": frames.MODALITIES,
    "estimates.kind": frames.KINDS,
    "estimates.unit": get_args(Unit),
    "estimates.scope": ("raters", "panel"),
    "estimates.filter": ("all", "engaged"),
    "estimates.verdict": ("regressed", "improved", "unchanged", "inconclusive"),
    "estimates.size": ("material", "within_margin", "unsure"),
    "estimates.safer_by": ("refusal", "response", "both"),
    "flips.modality": frames.MODALITIES,
    "flips.direction": ("newly_vulnerable", "fixed"),
    "specifications.unit": get_args(Unit),
    "specifications.coding": ("as_marked", "refusal_wins"),
    "specifications.unrated": ("refusal", "missing"),
    "specifications.verdict": ("regressed", "improved", "unchanged", "inconclusive"),
    "findings.level": ("info", "warning", "critical"),
}
"""The values that a column of words can have; the others hold any text."""
RANGES: Final[Mapping[str, str]] = {
    "ratings.harm": "1 to 5",
    "ratings.attempt": "1 or more",
    "ratings.occasion": "1 or more",
    "responses.attempt": "1 or more",
    "responses.tries": "0 or more",
    "responses.seconds": "0 or more",
    "estimates.threshold": "2 to 5",
    "estimates.level": "0.5 to 1",
    "estimates.p_value": "0 to 1",
    "estimates.p_adjusted": "0 to 1",
    "estimates.p_equivalence": "0 to 1",
}
ONE_ROW: Final[Mapping[str, str]] = {
    "ratings": "One row a rating, with the key of its response. Further columns of a source follow as `extra_…`.",
    "responses": "One row a response as it was collected, in its newest revision: the file that goes out of a study. Columns "
    "of JSON are text in Parquet and objects in JSONL.",
    "estimates": "One row an estimate. Two rows that differ in any column up to `baseline_rater` are different estimates.",
    "findings": "One row a finding. Findings and estimates are all that a report reads.",
    "flips": "One row a prompt whose majority changed between consecutive releases, for people to read.",
    "specifications": "One row a reasonable way to analyse one drift; all choices crossed with `--robustness`.",
}
EXIT_CODES: Final = (
    ("0", "done; also when the same results were there already; of `gate`: passed; of `monitor`: no alarm"),
    (
        "1",
        "an error in the files, the folder or the data; the message says what was seen, what was expected and what to do",
    ),
    ("2", "a mistake in the command line: an unknown command or option, or a value that an option cannot take"),
    ("100", "`gate`: failed; `monitor`: an alarm, or another model answered for the first time"),
    ("101", '`gate`: undecided, which is not a pass; `monitor`: no measurement, which is not "no change"'),
)


def main() -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a committed page is stale")
    arguments = parser.parse_args()
    stale = [path for path, text in pages().items() if not _is(path, text)]
    if arguments.check:
        if stale:
            names = ", ".join(f"docs/reference/{path.name}" for path in stale)
            print(f"Not what the code says: {names}. Run python docs/generate.py", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(pages()[path], encoding="utf-8")
        print(f"written: docs/reference/{path.name}")
    return 0


def pages() -> dict[Path, str]:
    """Return every generated page with its text."""
    writers: Mapping[str, Callable[[], Iterator[str]]] = {
        "tables.md": _tables,
        "commands.md": _commands,
        "findings.md": _findings,
        "study.md": _study,
    }
    return {REFERENCE / name: NOTICE + "\n" + "\n".join(write()) + "\n" for name, write in writers.items()}


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _table(*headings: str) -> Iterator[str]:
    yield _row(*headings)
    yield _row(*("---" for _ in headings))


def _tables() -> Iterator[str]:
    yield "# Tables\n"
    yield (
        "The data dictionary: every column of every table that driftgauge writes, as `driftgauge.frames` declares it.\n\n"
        "Proportions are 0 to 1, never percent. Times are UTC. Missing is null, never 0; a null estimate has its reason in "
        "`reason_null`. An analysis folder holds each table but `responses` as Parquet, and all but the "
        "ratings as CSV too.\n"
    )
    for name, columns in frames.TABLES.items():
        yield f"## {name}\n"
        yield ONE_ROW[name] + "\n"
        yield from _table("column", "type", "allowed values", "meaning")
        for column, declared in columns.items():
            yield _row(f"`{column}`", _type(declared.dtype), _allowed(f"{name}.{column}"), declared.meaning)
        yield ""


def _type(dtype: pl.DataType | type[pl.DataType]) -> str:
    return DTYPES[dtype.base_type()]


def _allowed(column: str) -> str:
    words = ALLOWED.get(column, ())
    return ", ".join(f"`{word}`" for word in words) or RANGES.get(column, "")


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "```text"
    yield from _usage(cli, "driftgauge").splitlines()
    yield "```\n"
    yield from (_paragraphs(cli.help), "")
    yield from _options(cli)
    yield "## Exit codes\n"
    yield from _table("code", "meaning")
    yield from (_row(f"`{code}`", meaning) for code, meaning in EXIT_CODES)
    yield ""
    for name, command in _every(cli.commands):
        yield f"## driftgauge {name}\n"
        yield "```text"
        yield _usage(command, f"driftgauge {name}")
        yield "```\n"
        yield _paragraphs(command.help) + "\n"
        yield from _options(command)


def _every(commands: Mapping[str, click.Command], prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Return every command with its name, the commands of a group after the group."""
    for name, command in sorted(commands.items()):
        yield prefix + name, command
        if isinstance(command, click.Group):
            yield from _every(command.commands, f"{prefix}{name} ")


def _usage(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=path, max_content_width=100, help_option_names=["-h", "--help"])
    return command.get_usage(context)


def _paragraphs(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


def _options(command: click.Command) -> Iterator[str]:
    context = click.Context(command, help_option_names=["-h", "--help"])
    yield from _table("option", "value", "default", "meaning")
    for option in command.get_params(context):
        if isinstance(option, click.Option):
            names = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len))
            yield _row(names, _value(option, context), _default(option), option.help or "")
    yield ""


def _value(option: click.Option, context: click.Context) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return ", ".join(f"`{choice}`" for choice in option.type.choices)
    if isinstance(option.type, click.IntRange):
        return f"integer, {option.type.min} or more"
    return option.make_metavar(context)


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    if isinstance(option.show_default, str):
        return option.show_default  # said in words, because the machine decides
    return f"`{option.default}`" if option.show_default and not option.is_flag else ""


@dataclass(frozen=True, order=True)
class Code:
    """A code of a finding, as the source states it."""

    code: str
    level: str
    module: str


def finding_codes() -> list[Code]:
    """Return the code, level and module of every finding that the source makes."""
    root = Path(driftgauge.__file__).parent
    found = {code for path in sorted(root.rglob("*.py")) for code in _codes_in(path, path.relative_to(root))}
    return sorted(found)


MAKERS: Final = ("Finding", "Contradiction", "_two_texts")
"""Calls that name a code: the finding itself, and what two modules make findings of (both make warnings)."""


def _codes_in(path: Path, name: Path) -> Iterator[Code]:
    module = ".".join(("driftgauge", *name.with_suffix("").parts))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
            code, level = _argument(node, "code", 0), _argument(node, "level", 1)
            if code is not None:
                yield Code(code, level if level and node.func.id == "Finding" else "warning", module)


def _argument(call: ast.Call, name: str, position: int) -> str | None:
    """Return the text given for a parameter, by name or by position; null when it is not a plain text."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    node = (named or [*call.args[position : position + 1], None])[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _findings() -> Iterator[str]:
    yield "# Codes of findings\n"
    yield (
        "The stable names of all findings (column `code`). What each means and what to do about it stands on the "
        "[methods page](../methods/findings.md).\n"
    )
    yield from _table("code", "level", "made in")
    codes = finding_codes()
    for code in dict.fromkeys(each.code for each in codes):
        levels = dict.fromkeys(each.level for each in codes if each.code == code)
        modules = dict.fromkeys(f"`{each.module}`" for each in codes if each.code == code)
        yield _row(f"[`{code}`](../methods/findings.md#{code})", " or ".join(levels), ", ".join(modules))


PARTS: Final[Mapping[str, tuple[str, type[BaseModel]]]] = {
    "The study": ("The keys of the file. Only `study` has to be there.", Study),
    "A release": ("An entry of a family. A name alone is a release, too.", Release),
    "Limits": (
        "The keys of `limits` of a release or a judge. They change how long a run takes, and not what is asked.",
        Limits,
    ),
    "A price": ("The keys of `price` of a release or a judge, for the estimate of a cost alone.", Price),
    "A judge": ("An entry of `judges`. [How a judge is asked](../how-to/judge.md).", Judge),
    "A phase": ("An entry of `phases`.", Phase),
    "A panel": ("What stands behind the name of a panel.", Panel),
    "An overlap": ("The design of a panel in which each response has so many raters.", Overlap),
    "A calibration": ("What raters practise on. [The file](../how-to/assign-responses.md#exercises).", Calibration),
    "Gold": ("Responses with a known answer. [The file](../how-to/assign-responses.md#exercises).", Gold),
    "A question": ("An entry of `demographics` of a panel.", Question),
    "The protocol": ("The keys of `protocol`. [What they change](../how-to/protocol.md).", Protocol),
    "A margin": ("One of the two.", Margin),
    "The primary estimand": ("The keys of `primary`.", Primary),
    "Collecting": ("The keys of `collect`. They stand in the manifest of each run.", Collect),
    "Wellbeing": ("The keys of `wellbeing`.", Wellbeing),
    "Authoring": ("The keys of `authoring`. [How scenarios are written](../how-to/author-prompts.md).", Authoring),
    "Sign-in": ("The keys of `sign_in`. [How people sign in](../how-to/sign-in.md).", SignIn),
}
"""The parts of a study file: what each is, and its model."""
NOT_HERE: Final = {"GateRule": "[rule](../how-to/gate.md)"}
TYPES: Final = {"boolean": "true or false", "string": "text", "integer": "integer", "number": "number", "object": "mapping"}
BOUNDS: Final = (
    ("minimum", "{} or more"),
    ("exclusiveMinimum", "above {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "below {}"),
)


def _study() -> Iterator[str]:
    yield "# The study file\n"
    yield (
        "Every key of `study.yaml`. How to write one: [Declare a study](../how-to/study.md). A key that is not here is a "
        "mistake, and so is one that stands twice in its mapping.\n"
    )
    for heading, (sentence, model) in PARTS.items():
        yield f"## {heading}\n"
        yield sentence + "\n"
        yield from _table("key", "value", "default", "meaning")
        schema = model.model_json_schema()
        for key, field in schema["properties"].items():
            required = "its position" if key == "generation" else "required"
            default = required if key in schema.get("required", ()) else _default_value(field.get("default"))
            yield _row(f"`{key}`", _value_of(field), default, _meaning(field))
        yield ""


def _default_value(value: object) -> str:
    """Return a default as a study file would say it; of a mapping, that its keys have theirs."""
    if isinstance(value, dict):
        stated = {key: each for key, each in value.items() if each is not None}
        return f"`{json.dumps(stated).replace(chr(34), '')}`" if len(stated) == 1 else "its keys' defaults"
    if isinstance(value, list) and value:
        return f"`[{', '.join(map(str, value))}]`"
    said = json.dumps(value) if isinstance(value, bool) else value
    return "" if value in (None, []) else f"`{said}`"


def _value_of(schema: Mapping[str, Any]) -> str:
    """Return in words what a key takes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return NOT_HERE.get(name) or _link(name)
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if choices:
        return ", or ".join(_value_of(each) for each in choices)
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{word}`" for word in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list: {_value_of(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"mapping of a name to {_value_of(schema['additionalProperties'])}"
    word = "day" if schema.get("format") == "date" else TYPES[schema["type"]]
    return ", ".join([word, *(text.format(schema[name]) for name, text in BOUNDS if name in schema)])


def _link(name: str) -> str:
    heading = next(heading for heading, (_, model) in PARTS.items() if model.__name__ == name)
    return f"[{heading.lower()}](#{heading.lower().replace(' ', '-')})"


def _meaning(schema: Mapping[str, Any]) -> str:
    inner = (each.get("description") for each in schema.get("anyOf", ()))
    return schema.get("description") or next(filter(None, inner), "")


if __name__ == "__main__":
    sys.exit(main())
