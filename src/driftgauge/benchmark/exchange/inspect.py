"""Samples of Inspect as JSONL: ``input`` a text or chat messages, ``id``, and our labels in ``metadata``."""

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from driftgauge.benchmark.contents import Contents, media_path
from driftgauge.benchmark.exchange.rows import Draft, Exported, Row, decode, labels_of, read_source
from driftgauge.benchmark.folder import list_files, read_file
from driftgauge.benchmark.load import Unreadable, parse_line, read_lines
from driftgauge.benchmark.messages import place
from driftgauge.benchmark.scenarios import LABELS, Message, Part, TextPart
from driftgauge.errors import Problem
from driftgauge.media import LIMITS

_LONGEST: Final = 128 << 20
_FORMATS: Final = {"audio/wav": "wav", "audio/mpeg": "mp3"}
_SENT_TOO: Final = ("choices", "files", "sandbox", "setup")
"""Fields of a sample that change what a model is given, and that no prompt of ours has."""


_TAKEN: Final[Mapping[str, tuple[str, str]]] = {
    "image": ("an image", "PNG, JPEG or WebP"),
    "audio": ("audio", "WAV or MP3"),
}
"""Each kind of part beside text: as messages call it, and what it may be."""


def read(path: Path, labels: Mapping[str, str]) -> Draft:
    """Read samples; pictures and recordings are data URIs, or files below the folder of `path`. Nothing is fetched.

    Parameters
    ----------
    path
        The JSONL file.
    labels
        Values for labels that a sample lacks.
    """
    draft = Draft()
    for number, line in read_lines(read_source(path)):
        where = place(path.name, line=number)
        try:
            draft.rows.append(_row(parse_line(line, longest=_LONGEST), where, labels, draft, path.parent))
        except Unreadable as error:
            draft.problems.append(Problem(where, error.what, error.expected))
    return draft


def _row(value: object, where: str, labels: Mapping[str, str], draft: Draft, folder: Path) -> Row:
    sample = _object(value, "a sample")
    if used := [name for name in _SENT_TOO if sample.get(name)]:
        raise Unreadable(f"a sample with {', '.join(used)}", "input alone: the rest would change what a model is asked")
    metadata: dict[str, object] = {**labels, **{key: each for key, each in _metadata(sample).items() if each is not None}}
    if isinstance(canary := metadata.get("canary"), str):
        draft.canaries.add(canary)
    messages = _messages(sample.get("input"), draft, folder)
    has_media = any(part["type"] != "text" for message in messages for part in message["parts"])
    modality = "multimodal" if has_media else "text-only"
    language = {"language": metadata["language"]} if "language" in metadata else {}
    scenario = metadata.get("scenario", sample.get("id"))
    given = {name: metadata.get(name) for name in LABELS}
    prompt = {"modality": modality, **language, "messages": messages}
    return Row(where, str(scenario) if isinstance(scenario, int) else scenario, given, prompt)


def _metadata(sample: dict[str, Any]) -> dict[str, Any]:
    metadata: object = sample.get("metadata")
    if isinstance(metadata, str):
        metadata = parse_line(metadata.encode("utf-8"))
    return _object({} if metadata is None else metadata, "metadata")


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{what} that is no object", "a JSON object")
    return cast(dict[str, Any], value)


def _messages(value: object, draft: Draft, folder: Path) -> list[dict[str, Any]]:
    if isinstance(value, str):
        return [{"role": "user", "parts": [{"type": "text", "text": value}]}]
    if not isinstance(value, list):
        raise Unreadable("no `input`", "a text, or a list of chat messages")
    return [_message(_object(each, "a message"), draft, folder) for each in cast(list[object], value)]


def _message(message: dict[str, Any], draft: Draft, folder: Path) -> dict[str, Any]:
    if message.get("role") not in ("system", "user", "assistant") or message.get("tool_calls"):
        raise Unreadable("a message of a tool, or of no role", "role system, user or assistant")
    content = message.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise Unreadable("a message without `content`", "a text, or a list of parts")
    parts = [_part(_object(each, "a part"), draft, folder) for each in cast(list[object], content)]
    return {"role": message["role"], "parts": parts}


def _part(part: dict[str, Any], draft: Draft, folder: Path) -> dict[str, Any]:
    if part.get("type") == "text":
        return {"type": "text", "text": part.get("text")}
    kind = str(part.get("type"))
    if kind not in _TAKEN or not isinstance(part.get(kind), str) or part.get("detail") not in (None, "auto"):
        raise Unreadable("a part that is neither text nor a plain image or audio", "type text, image or audio, detail auto")
    source = cast(str, part[kind])
    data = _from_uri(source) if source.startswith("data:") else _from_file(source, folder)
    if data is None or (path := draft.keep(data, kind=kind)) is None:
        what, types = _TAKEN[kind]
        raise Unreadable(f"{what} that cannot be used", f"{types} as a data URI, or the path of a file beside this one")
    return {"type": kind, "path": path}


def _from_uri(uri: str) -> bytes | None:
    head, comma, data = uri.partition(",")
    return decode(data) if comma and head.endswith(";base64") else None


def _from_file(name: str, folder: Path) -> bytes | None:
    """Return the bytes of a file that really is below `folder`; no link is followed and no address opened."""
    name = name.removeprefix("./")
    return read_file(folder, name, most=LIMITS.bytes) if name in list_files(folder).files else None


def write(contents: Contents, read_bytes: Callable[[str], bytes]) -> Exported:
    """Return one sample a prompt, media as data URIs so that the file stands alone.

    Parameters
    ----------
    contents
        The benchmark.
    read_bytes
        Path to the bytes of a picture or recording.
    """
    lines = [
        {
            "id": scenario.prompt_id(prompt),
            "input": [_chat(message, contents, read_bytes) for message in prompt.messages],
            "metadata": labels_of(scenario, prompt) | ({"canary": contents.canary} if contents.canary else {}),
        }
        for scenario in contents.scenarios
        for prompt in scenario.prompts
    ]
    return Exported(b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines), ())


def _chat(message: Message, contents: Contents, read_bytes: Callable[[str], bytes]) -> dict[str, object]:
    return {"role": message.role, "content": [_content(part, contents, read_bytes) for part in message.parts]}


def _content(part: Part, contents: Contents, read_bytes: Callable[[str], bytes]) -> dict[str, str]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    path = media_path(part, contents.hashes) or ""
    kind = contents.media[path].type
    uri = f"data:{kind};base64,{base64.b64encode(read_bytes(path)).decode()}"
    if part.type == "audio":
        return {"type": "audio", "audio": uri, "format": _FORMATS[kind]}
    return {"type": "image", "image": uri}
