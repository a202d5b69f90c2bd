"""Potato: a task folder with its configuration out; the state of its annotator, or its JSON lines, in.

Written and read by Potato 2.12: ``annotation_output/NAME/user_state.json``, or what its exporter ``jsonl`` writes. Neither says
when a task was done.
"""

import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

import yaml

from driftgauge.rate.elsewhere.sheet import HARMS, NAMES, NO, YES, Picture, Sheet, Task, Words, instructions_html, prompt_html
from driftgauge.rate.elsewhere.told import (
    Returned,
    Said,
    Told,
    Wrong,
    counted,
    flag_value,
    harm_value,
    json_of,
    mapping,
    read_records,
    sequence,
    skip_value,
    text_of,
    told_of,
)
from driftgauge.rate.exchange.messages import listed, shown, unreadable

_TAG: Final = re.compile(r"(<[^>]*>)")
EXPECTED: Final = "user_state.json of one annotator, or the lines of Potato's exporter jsonl"


def files(sheet: Sheet) -> Mapping[str, bytes]:
    """Return the files of a rater's task folder, the pictures among them."""
    lines = [json.dumps({"task": task.task, "text": _text(task, sheet.words)}, ensure_ascii=False) for task in sheet.tasks]
    settings = yaml.safe_dump(configuration(sheet.words), sort_keys=False, allow_unicode=True, width=120)
    return {
        "tasks.jsonl": ("\n".join(lines) + "\n").encode(),
        "potato.yaml": settings.encode(),
        "instructions.html": instructions_html(sheet.words).encode(),
        **{f"media/{name}": picture.data for name, picture in sheet.pictures.items()},
    }


def _text(task: Task, words: Words) -> str:
    prompt = prompt_html(task, words, address=_address)
    return whole(f"<h3>{escape(words.prompt)}</h3>{prompt}<hr><h3>{escape(words.response)}</h3>{task.response}")


def whole(html: str) -> str:
    """Return HTML of which Potato shows every letter.

    It takes ``data:``, ``javascript:``, ``vbscript:`` and ``expression(`` out of any text. Written as their numbers, the marks
    behind these words are read as before, and the words stay.

    Examples
    --------
    >>> whole('<p dir="auto">the data: 12</p>')
    '<p dir="auto">the data&#58; 12</p>'
    """
    return "".join(
        part if part.startswith("<") else part.replace(":", "&#58;").replace("(", "&#40;") for part in _TAG.split(html)
    )


def _address(picture: Picture) -> str:
    return f"/media/{quote(picture.file)}"


def configuration(words: Words) -> dict[str, Any]:
    """Return what Potato is configured with: the tasks in the order of the file.

    A reason to skip is a box, and no radio button, because who chose one by mistake has to be able to take it back.
    """
    keys = {YES: "s", NO: "f"}
    harm = [
        {"name": value, "displayed_label": f"{value} {name}", "tooltip": anchor, "key_value": value}
        for value, name, anchor in zip(HARMS, words.levels, words.anchors, strict=True)
    ]
    success = [{"name": value, "displayed_label": label, "key_value": keys[value]} for value, label in words.successes.items()]
    refusal = [{"name": YES, "displayed_label": words.refusals[YES], "key_value": "r"}]
    skips = [{"name": reason, "displayed_label": label} for reason, label in words.skips.items()]
    return {
        "annotation_task_name": words.response,
        "task_dir": ".",
        "output_annotation_dir": "annotation_output",
        "export_annotation_format": "jsonl",
        "data_files": ["tasks.jsonl"],
        "item_properties": {"id_key": "task", "text_key": "text"},
        "assignment_strategy": "fixed_order",
        "media_directory": "media",
        "annotation_schemes": [
            _scheme("radio", "harm", words, labels=harm),
            _scheme("radio", "success", words, labels=success),
            _scheme("multiselect", "refusal", words, labels=refusal),
            _scheme("multiselect", "skipped", words, labels=skips),
            _scheme("text", "comment", words, multiline=True),
        ],
    }


def _scheme(kind: str, name: str, words: Words, **more: Any) -> dict[str, Any]:
    return {"annotation_type": kind, "name": name, "description": words.questions[name], **more}


def read(path: Path) -> Returned:
    """Return what the state of an annotator, or the exported lines, hold.

    Raises
    ------
    RatingError
        When the file is neither.
    """
    text = text_of(path)
    if path.suffix == ".jsonl":
        lines = [line for line in text.split("\n") if line.strip()]
        if not lines:
            raise unreadable(path.name, "no records", EXPECTED)
        records = [json_of(line, name=path.name, line=number) for number, line in enumerate(lines, start=1)]
        return read_records(records, _line, place=counted(path.name, "line"))
    return _state(path.name, json_of(text, name=path.name))


def _state(name: str, state: object) -> Returned:
    found = cast(dict[str, Any], state) if isinstance(state, dict) else {}
    order, said = found.get("instance_id_ordering"), found.get("instance_id_to_label_to_value")
    if not isinstance(order, list) or not isinstance(said, dict):
        raise unreadable(name, "no state of an annotator", EXPECTED)
    answers = cast(dict[str, Any], said)
    asked = list(dict.fromkeys([*(str(each) for each in cast(list[object], order)), *answers]))
    return read_records([(task, answers.get(task, [])) for task in asked], _kept, place=counted(name, "task"))


def _kept(where: str, record: object) -> tuple[Told | None, str | None]:
    task, pairs = cast(tuple[str, object], record)
    labels: dict[str, dict[str, Any]] = {}
    for each in sequence(pairs, "the labels of a task"):
        pair = sequence(each, "a label")
        label = mapping(pair[0], "a label") if len(pair) == 2 else {}
        schema, name = label.get("schema"), label.get("name")
        if not isinstance(schema, str) or not isinstance(name, str):
            raise Wrong("a label without `schema` and `name`", EXPECTED)
        labels.setdefault(schema, {})[name] = pair[1]
    return _told(where, task, labels), None


def _line(where: str, record: object) -> tuple[Told | None, str | None]:
    found = mapping(record, "the line")
    if "instance_id" not in found or "labels" not in found:
        raise Wrong("a line without `instance_id` and `labels`", EXPECTED)
    labels = {name: mapping(each, name) for name, each in mapping(found["labels"], "`labels`").items()}
    return _told(where, found["instance_id"], labels), str(found.get("user_id"))


def _told(where: str, task: object, labels: Mapping[str, Mapping[str, Any]]) -> Told | None:
    said = Said()
    for name, values in labels.items():
        if name not in NAMES:
            raise Wrong(f"a label named {shown(name)}", f"one of: {listed(NAMES)}")
        chosen = {label: value for label, value in values.items() if value not in (None, "", False)}
        if chosen:
            said.names.add(name)
            _set(said, name, chosen)
    return told_of(where, task, said) if said.names else None


def _set(said: Said, name: str, chosen: Mapping[str, Any]) -> None:
    if name == "comment":
        if set(chosen) != {"text_box"} or not isinstance(chosen["text_box"], str):
            raise Wrong("a comment that is no text", "text")
        said.comment = chosen["text_box"]
        return
    if len(chosen) != 1:
        raise Wrong(f"{name} has {len(chosen)} labels", "one")
    ((label, _),) = chosen.items()
    if name == "harm":
        said.harm = harm_value(label)
    elif name == "skipped":
        said.skipped = skip_value(label)
    elif name == "success":
        said.success = flag_value(name, label)
    else:
        said.refusal = flag_value(name, label)
