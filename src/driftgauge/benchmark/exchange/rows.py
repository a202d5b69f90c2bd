"""What every format comes down to: rows, each a prompt with the labels of its scenario, and the pictures that they show."""

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from driftgauge.benchmark.canonical import sha256
from driftgauge.benchmark.contents import Contents, examine_all
from driftgauge.benchmark.folder import MEDIA, cannot
from driftgauge.benchmark.load import Placed
from driftgauge.benchmark.messages import field_name
from driftgauge.benchmark.scenarios import LABELS, Prompt, Scenario, read_scenario
from driftgauge.errors import BenchmarkError, Problem
from driftgauge.media import LIMITS, type_of

_SUFFIX: Final = {
    "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "audio/wav": ".wav", "audio/mpeg": ".mp3"
}  # fmt: skip
_LARGEST: Final = 1 << 30


class Row(NamedTuple):
    """One prompt as JSON, its scenario, and what the source says of that scenario."""

    where: str
    scenario: object
    labels: Mapping[str, object]
    prompt: Mapping[str, Any]


@dataclass
class Draft:
    """What a reader gathers from a source."""

    rows: list[Row] = field(default_factory=list[Row])
    blobs: dict[str, bytes] = field(default_factory=dict[str, bytes])
    problems: list[Problem] = field(default_factory=list[Problem])
    canaries: set[str] = field(default_factory=set[str])

    def keep(self, data: bytes, *, kind: str) -> str | None:
        """Keep the bytes of an ``image`` or of ``audio`` under their hash; return their path, or null when they are none."""
        found = type_of(data)
        if found is None or not found.startswith(f"{kind}/"):
            return None
        path = f"{MEDIA}{sha256(data)[:16]}{_SUFFIX[found]}"
        self.blobs[path] = data
        return path


class Assembled(NamedTuple):
    """A benchmark that came in, and the bytes of its pictures."""

    contents: Contents
    blobs: Mapping[str, bytes]


class Exported(NamedTuple):
    """A file that goes out, and the prompts that its format cannot hold."""

    data: bytes
    skipped: tuple[str, ...]


def assemble(draft: Draft) -> Assembled:
    """Return the scenarios of the rows: rows of one scenario are its prompts, and have to agree on its labels."""
    problems = list(draft.problems)
    groups: dict[str, list[Row]] = {}
    for row in draft.rows:
        groups.setdefault(str(row.scenario), []).append(row)
    placed: list[Placed] = []
    for rows in groups.values():
        problems += _contradictions(rows)
        scenario, mistakes = read_scenario(_as_json(rows), where=rows[0].where)
        problems += mistakes
        if scenario is not None:
            placed.append(Placed(rows[0].where, scenario))
    if not draft.rows and not problems:
        problems.append(Problem("the source", "no prompt", "at least one"))
    if len(draft.canaries) > 1:
        problems.append(Problem("the source", f"{len(draft.canaries)} canaries", "one benchmark"))
    found = examine_all(draft.blobs.items())
    canary = next(iter(draft.canaries), None)
    contents = Contents(tuple(placed), canary, found.media, found.refused, (*problems, *found.problems))
    return Assembled(contents, draft.blobs)


def _contradictions(rows: list[Row]) -> list[Problem]:
    first = rows[0]
    return [
        Problem(row.where, f"{field_name(name)} is not what {first.where} says of the same scenario", "the same labels")
        for row in rows[1:]
        for name in LABELS
        if row.labels.get(name) != first.labels.get(name)
    ]


def _as_json(rows: list[Row]) -> dict[str, object]:
    labels = {name: value for name, value in rows[0].labels.items() if value is not None}
    return {"scenario": rows[0].scenario, **labels, "prompts": [row.prompt for row in rows]}


def labels_of(scenario: Scenario, prompt: Prompt) -> dict[str, str]:
    """Return what goes out with a prompt: the labels of its scenario, and its own."""
    own = {name: getattr(scenario, name) for name in LABELS if getattr(scenario, name) is not None}
    return {"scenario": scenario.scenario, "modality": prompt.modality, "language": prompt.language, **own}


def decode(text: str) -> bytes | None:
    """Return the bytes of Base64, or null when it is none, or more than a picture may have."""
    if len(text) > LIMITS.bytes * 4 // 3 + 4:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def read_source(path: Path) -> bytes:
    """Return the bytes of a file that is imported.

    Raises
    ------
    BenchmarkError
        When it is no plain file, is too large, or cannot be read.
    """
    try:
        facts = os.stat(path)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > _LARGEST:
            what = "larger than 1 GiB" if stat.S_ISREG(facts.st_mode) else "no file"
            raise BenchmarkError(f"{path} is {what}", remedy="Give one file; archives are unpacked first.")
        return path.read_bytes()
    except OSError as error:
        raise cannot("read", path, error) from None
