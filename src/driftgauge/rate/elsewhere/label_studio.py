"""Label Studio: a list of tasks and a labelling configuration out; its JSON export in.

Written and read by Label Studio 1.23. Values are kept through ``alias``, so that a label can be changed. The pictures are local
files: their address is below the folder that holds the folders of all raters.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from driftgauge.rate.elsewhere.sheet import HARMS, NAMES, YES, Picture, Sheet, Words, instructions_html, prompt_html
from driftgauge.rate.elsewhere.told import (
    Returned,
    Said,
    Told,
    Wrong,
    counted,
    flag_value,
    harm_value,
    mapping,
    moment,
    read_records,
    records_of,
    sequence,
    skip_value,
    told_of,
)
from driftgauge.rate.exchange.messages import listed, shown

EXPECTED: Final = "the export named JSON (not JSON-MIN, not CSV): a list of tasks with their annotations"
_LONGEST: Final = 7 * 86_400
"""Seconds with a task open that are believed."""


def files(sheet: Sheet) -> Mapping[str, bytes]:
    """Return the files of a rater's project, the pictures among them."""
    tasks = [
        {
            "data": {
                "task": task.task,
                "prompt": prompt_html(task, sheet.words, address=partial(_address, sheet.rater)),
                "response": task.response,
            }
        }
        for task in sheet.tasks
    ]
    return {
        "tasks.json": json.dumps(tasks, ensure_ascii=False, indent=1).encode(),
        "labels.xml": labels(sheet.words).encode(),
        "instructions.html": instructions_html(sheet.words).encode(),
        **{f"pictures/{name}": picture.data for name, picture in sheet.pictures.items()},
    }


def _address(rater: str, picture: Picture) -> str:
    return f"/data/local-files/?d={quote(f'{rater}/pictures/{picture.file}')}"


def labels(words: Words) -> str:
    """Return the labelling configuration; a skip is the button of the tool, with a reason chosen before or none."""
    levels = zip(HARMS, words.levels, words.anchors, strict=True)
    harm = [_choice(name, value, key=value, hint=anchor) for value, name, anchor in levels]
    keys = {YES: "s", "no": "f"}
    success = [_choice(label, value, key=keys[value]) for value, label in words.successes.items()]
    skips = [_choice(label, reason) for reason, label in words.skips.items()]
    lines = [
        "<View>",
        f"  <Header value={quoteattr(words.prompt)}/>",
        '  <HyperText name="prompt" value="$prompt"/>',
        f"  <Header value={quoteattr(words.response)}/>",
        '  <HyperText name="response" value="$response"/>',
        *_choices("harm", words, harm, required=True),
        *_choices("success", words, success, required=True),
        *_choices("refusal", words, [_choice(words.refusals[YES], YES, key="r")], many=True),
        f"  <Header value={quoteattr(words.questions['comment'])}/>",
        '  <TextArea name="comment" toName="response" maxSubmissions="1" editable="true" rows="2"/>',
        *_choices("skipped", words, skips),
        "</View>",
    ]
    return "\n".join(lines) + "\n"


def _choice(label: str, value: str, *, key: str | None = None, hint: str | None = None) -> str:
    more = "".join(f" {name}={quoteattr(each)}" for name, each in (("hotkey", key), ("hint", hint)) if each)
    return f"    <Choice value={quoteattr(label)} alias={quoteattr(value)}{more}/>"


def _choices(name: str, words: Words, choices: list[str], *, required: bool = False, many: bool = False) -> list[str]:
    how = f'choice="{"multiple" if many else "single"}" showInline="true"' + (' required="true"' if required else "")
    return [
        f"  <Header value={quoteattr(words.questions[name])}/>",
        f'  <Choices name="{name}" toName="response" {how}>',
        *choices,
        "  </Choices>",
    ]


def read(path: Path) -> Returned:
    """Return what the JSON export of a project holds.

    Raises
    ------
    RatingError
        When the file is no such export.
    """
    return read_records(records_of(path, expected=EXPECTED), _one, place=counted(path.name, "record"))


def _one(where: str, record: object) -> tuple[Told | None, str | None]:
    task = mapping(record, "the record")
    if "annotations" not in task or "data" not in task:
        raise Wrong("a record without `data` and `annotations`", EXPECTED)
    name = mapping(task["data"], "`data`").get("task")
    done = sequence(task["annotations"], "`annotations`")
    if not done:
        return None, None
    if len(done) > 1:
        raise Wrong(f"{len(done)} annotations of task {shown(name)}", "one: each task has one rater")
    annotation = mapping(done[0], "the annotation")
    said = _said(annotation)
    return told_of(where, name, said), said.by


def _said(annotation: dict[str, Any]) -> Said:
    said = Said(at=moment(annotation.get("updated_at")) or moment(annotation.get("created_at")))
    for item in sequence(annotation.get("result", []), "`result`"):
        _take(said, mapping(item, "an item of `result`"))
    who = annotation.get("completed_by")
    said.by = None if who is None else str(cast(dict[str, Any], who).get("id") if isinstance(who, dict) else who)
    spent = annotation.get("lead_time")
    if said.at and isinstance(spent, int | float) and not isinstance(spent, bool) and 0 <= spent <= _LONGEST:
        said.began_at = said.at - timedelta(seconds=float(spent))
    if annotation.get("was_cancelled"):
        said.skipped, said.harm, said.success, said.refusal = said.skipped or "other", None, None, None
    return said


def _take(said: Said, item: dict[str, Any]) -> None:
    name = item.get("from_name")
    if not isinstance(name, str) or name not in NAMES:
        raise Wrong(f"a label named {shown(name)}", f"one of: {listed(NAMES)}")
    if name in said.names:
        raise Wrong(f"{name} stands there twice", "each label once")
    said.names.add(name)
    value = mapping(item.get("value"), "`value`")
    if name == "comment":
        said.comment = "\n".join(_texts(value.get("text")))
        return
    chosen = sequence(value.get("choices"), f"`choices` of {name}")
    if len(chosen) != 1:
        raise Wrong(f"{name} has {len(chosen)} choices", "one")
    setattr(said, name, _READ[name](chosen[0]))


def _texts(value: object) -> list[str]:
    found = cast(list[object], value) if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in found):
        raise Wrong("a comment that is no text", "text")
    return cast(list[str], found)


_READ: Final[Mapping[str, Callable[[object], object]]] = {
    "harm": harm_value,
    "success": partial(flag_value, "success"),
    "refusal": partial(flag_value, "refusal"),
    "skipped": skip_value,
}
