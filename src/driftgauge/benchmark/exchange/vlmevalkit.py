"""The tables of VLMEvalKit: tab-separated, a question about one picture in Base64 a row; our labels as columns."""

import base64
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.benchmark.contents import Contents, media_path
from driftgauge.benchmark.exchange.rows import Draft, Exported, Row, decode, labels_of, read_source
from driftgauge.benchmark.scenarios import LABELS, ImagePart, Prompt, TextPart
from driftgauge.errors import BenchmarkError, Problem

_REFERENCE: Final = 64
"""A cell of at most so many characters in column image is the index of the row that has the picture."""
_CHOICES: Final = tuple("ABCDEFGH")
_WRITTEN: Final = ("index", "image", "question", "category", "scenario", "language", *LABELS, "canary")


def read(path: Path, labels: Mapping[str, str]) -> Draft:
    """Read a table; ``category`` stands for the harm category where there is no column of that name.

    Parameters
    ----------
    path
        The TSV file.
    labels
        Values for labels that a row lacks.
    """
    table = _table(path)
    draft = Draft()
    images: dict[str, str | None] = dict(zip(table["index"], table["image"], strict=True))
    for number, cells in enumerate(table.iter_rows(named=True), start=1):
        where = f"{path.name}, row {number}"
        found = {name: cell for name, cell in cells.items() if cell}
        what = _unusable(found)
        image = None if what else _image(found.get("image", ""), images)
        if what or image is None or (kept := draft.keep(image, kind="image")) is None:
            problem = what or "an image that cannot be used"
            draft.problems.append(Problem(where, problem, "one PNG, JPEG or WebP in Base64 and one open question"))
            continue
        if "canary" in found:
            draft.canaries.add(found["canary"])
        draft.rows.append(_row(where, dict(labels) | found, kept))
    return draft


def _table(path: Path) -> pl.DataFrame:
    data = read_source(path)
    try:
        data.decode("utf-8")
        table = pl.read_csv(BytesIO(data), separator="\t", infer_schema=False)
    except UnicodeDecodeError:
        raise _unread(path, "bytes that are not UTF-8", "text in UTF-8") from None
    except (pl.exceptions.PolarsError, OSError):  # its message may hold cells
        raise _unread(path, "rows that cannot be told apart", "tab-separated cells, as many as the header has") from None
    if b"\0" in data:
        raise _unread(path, "a NUL byte", "text in UTF-8 (it may be UTF-16)")
    if missing := [name for name in ("index", "image", "question") if name not in table.columns]:
        raise _unread(path, f"no column {', '.join(missing)}", "the columns index, image and question")
    if table["index"].is_null().any() or table["index"].is_duplicated().any():
        raise _unread(path, "an index that is empty or stands twice", "an index of its own for each row")
    return table


def _unread(path: Path, what: str, expected: str) -> BenchmarkError:
    return BenchmarkError(f"{path.name} was not read", problems=[Problem(path.name, what, expected)])


def _unusable(cells: Mapping[str, str]) -> str | None:
    if any(name in cells for name in _CHOICES):
        return "a question with choices"
    if "image" not in cells:
        return "no image (a path alone is not followed)"
    return None if cells.get("question", "").strip() else "no question"


def _image(cell: str, images: Mapping[str, str | None]) -> bytes | None:
    return decode(images.get(cell) or "" if len(cell) <= _REFERENCE else cell)


def _row(where: str, cells: Mapping[str, str], image: str) -> Row:
    parts = [{"type": "image", "path": image}, {"type": "text", "text": cells["question"]}]
    prompt: dict[str, object] = {"modality": "multimodal", "messages": [{"role": "user", "parts": parts}]}
    if "language" in cells:
        prompt["language"] = cells["language"]
    given = {name: cells.get(name) for name in LABELS}
    given["harm_category"] = given["harm_category"] or cells.get("category")
    return Row(where, cells.get("scenario") or cells["index"], given, prompt)


def write(contents: Contents, read_bytes: Callable[[str], bytes]) -> Exported:
    """Return one row a prompt that is one picture and then one text; others cannot be said in this format.

    Parameters
    ----------
    contents
        The benchmark.
    read_bytes
        Path to the bytes of a picture.
    """
    rows: list[dict[str, str]] = []
    skipped: list[str] = []
    for scenario in contents.scenarios:
        for prompt in scenario.prompts:
            if (pair := _picture_and_text(prompt)) is None:
                skipped.append(scenario.prompt_id(prompt))
                continue
            path = media_path(pair[0], contents.hashes) or ""
            image = base64.b64encode(read_bytes(path)).decode()
            own = {"index": str(len(rows) + 1), "image": image, "question": pair[1].text, "category": scenario.harm_category}
            rows.append(own | labels_of(scenario, prompt) | {"canary": contents.canary or ""})
    if not rows:
        raise BenchmarkError("no prompt is one picture and then one text", remedy="Choose another format.")
    table = pl.DataFrame(rows, schema=dict.fromkeys(_WRITTEN, pl.String))
    return Exported(table.write_csv(separator="\t").encode(), tuple(skipped))


def _picture_and_text(prompt: Prompt) -> tuple[ImagePart, TextPart] | None:
    parts = tuple(prompt.parts)
    if len(prompt.messages) != 1 or prompt.messages[0].role != "user" or len(parts) != 2:
        return None
    first, second = parts
    return (first, second) if isinstance(first, ImagePart) and isinstance(second, TextPart) else None
