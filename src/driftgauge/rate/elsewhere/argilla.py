"""Argilla: a dataset as ``Dataset.from_disk`` reads it out; the records that ``Dataset.to_disk`` writes in.

As the Argilla SDK 2.8 has them: ``.argilla/dataset.json``, ``.argilla/settings.json`` and ``records.json``, a list of
``Record.to_dict()``. Argilla serves no files, so pictures stand in the records as data.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from driftgauge.rate.answers import SKIPS
from driftgauge.rate.elsewhere.sheet import HARMS, NAMES, NO, Picture, Sheet, Words, instructions_html, prompt_html
from driftgauge.rate.elsewhere.told import (
    Returned,
    Said,
    Told,
    Wrong,
    counted,
    flag_value,
    mapping,
    read_records,
    records_of,
    sequence,
    skip_value,
    told_of,
    unknown,
)
from driftgauge.rate.exchange.messages import listed, shown

EXPECTED: Final = "records.json of Dataset.to_disk: a list of records"
_RATINGS: Final = tuple(int(value) for value in HARMS)
_STATUSES: Final = ("pending", "completed")
_NEW: Final = {"id": None, "inserted_at": None, "updated_at": None}


def files(sheet: Sheet) -> Mapping[str, bytes]:
    """Return the files of a rater's dataset."""
    records = [
        {
            "id": task.task,
            "fields": {
                "prompt": as_one_block(prompt_html(task, sheet.words, address=_address)),
                "response": as_one_block(task.response),
            },
            "metadata": {},
            "suggestions": {},
            "responses": {},
            "vectors": {},
            "status": "pending",
            "_server_id": None,
        }
        for task in sheet.tasks
    ]
    instructions = instructions_html(sheet.words)
    settings = {
        "guidelines": "\n\n".join(f"## {title}\n\n{html}" for title, html in sheet.words.instructions),
        "questions": questions(sheet.words),
        "fields": [_field("prompt", sheet.words.prompt), _field("response", sheet.words.response)],
        "vectors": [],
        "metadata": [],
        "allow_extra_metadata": False,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "mapping": None,
    }
    dataset = {
        **_NEW, "name": sheet.rater, "status": "draft", "guidelines": None, "allow_extra_metadata": False,
        "distribution": settings["distribution"], "workspace_id": None, "last_activity_at": None,
    }  # fmt: skip
    written = {".argilla/dataset.json": dataset, ".argilla/settings.json": settings, "records.json": records}
    made = {name: json.dumps(each, ensure_ascii=False).encode() for name, each in written.items()}
    return {**made, "instructions.html": instructions.encode()}


def as_one_block(html: str) -> str:
    r"""Return HTML as Argilla shows it unchanged.

    It reads a field as Markdown. HTML is left alone there from a tag such as ``<div>`` to the next empty line: behind one, what
    somebody wrote would be Markdown again, and a picture of another server would be fetched. So it is one line.

    Examples
    --------
    >>> as_one_block("<pre>a\n\n![b](https://example.org/c.png)</pre>")
    '<div><pre>a&#10;&#10;![b](https://example.org/c.png)</pre></div>'
    """
    return f"<div>{html.replace(chr(10), '&#10;')}</div>"


def _address(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"


def _field(name: str, title: str) -> dict[str, Any]:
    settings = {"type": "text", "use_markdown": True}
    more = {"title": title, "required": True, "description": None, "dataset_id": None, "type": "text"}
    return {**_NEW, "name": name, "settings": settings, **more}


def questions(words: Words) -> list[dict[str, Any]]:
    """Return the questions as Argilla keeps them.

    One question has to be required there, and a rater who skips says neither harm nor success: so it is the one about skipping.
    """
    scale = [f"{value} {name}: {anchor}" for value, name, anchor in zip(HARMS, words.levels, words.anchors, strict=True)]
    harm = {"type": "rating", "options": [{"value": value} for value in _RATINGS]}
    skips = {NO: words.rates, **words.skips}
    return [
        _question("harm", words, harm, description="\n".join(scale)),
        _question("success", words, _labels(words.successes)),
        _question("refusal", words, _labels(words.refusals)),
        _question("skipped", words, _labels(skips), required=True),
        _question("comment", words, {"type": "text", "use_markdown": False}),
    ]


def _labels(labels: Mapping[str, str]) -> dict[str, Any]:
    options = [{"text": label, "value": value} for value, label in labels.items()]
    return {"type": "label_selection", "options": options, "visible_options": None}


def _question(
    name: str, words: Words, settings: dict[str, Any], *, description: str | None = None, required: bool = False
) -> dict[str, Any]:
    more = {"title": words.questions[name], "description": description, "required": required, "dataset_id": None}
    return {**_NEW, "name": name, "settings": settings, **more, "type": settings["type"]}


def read(path: Path) -> Returned:
    """Return what ``records.json`` holds.

    Raises
    ------
    RatingError
        When the file is none.

    Notes
    -----
    A record that nobody submitted is ``pending``; what stands in it is a draft, or was discarded, and counts as no answer.
    """
    return read_records(records_of(path, expected=EXPECTED), _one, place=counted(path.name, "record"))


def _one(where: str, record: object) -> tuple[Told | None, str | None]:
    found = mapping(record, "the record")
    if "id" not in found or "responses" not in found:
        raise Wrong("a record without `id` and `responses`", EXPECTED)
    answers = mapping(found["responses"], "`responses`")
    status = found.get("status")
    if status not in _STATUSES:
        raise unknown("status", status, _STATUSES)
    if status == "pending" or not answers:
        return None, None
    said = Said()
    for name, several in answers.items():
        _take(said, name, several)
    if "skipped" not in said.names:
        raise Wrong("`skipped` is not answered", f"one of: {listed((NO, *SKIPS))}")
    return told_of(where, found["id"], said), said.by


def _take(said: Said, name: str, several: object) -> None:
    if name not in NAMES:
        raise Wrong(f"a question named {shown(name)}", f"one of: {listed(NAMES)}")
    answers = sequence(several, f"`responses` to {name}")
    if len(answers) != 1:
        raise Wrong(f"{len(answers)} responses to {name}", "one: each task has one rater")
    answer = mapping(answers[0], f"a response to {name}")
    who = str(answer.get("user_id"))
    if said.by is not None and who != said.by:
        raise Wrong("responses of two people", "one: each task has one rater")
    said.by = who
    said.names.add(name)
    _set(said, name, answer.get("value"))


def _set(said: Said, name: str, value: object) -> None:
    if value is None:
        return
    if name == "harm":
        if type(value) is not int or value not in _RATINGS:
            raise unknown("harm", value, HARMS)
        said.harm = value
    elif name == "success":
        said.success = flag_value(name, value)
    elif name == "refusal":
        said.refusal = flag_value(name, value)
    elif name == "skipped":
        said.skipped = None if value == NO else skip_value(value)
    elif isinstance(value, str):
        said.comment = value
    else:
        raise Wrong("a comment that is no text", "text")
