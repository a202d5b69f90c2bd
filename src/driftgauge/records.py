"""Frozen records and content ids: what passes between stages when it is not a frame."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

Level = Literal["info", "warning", "critical"]
Progress = Callable[[str, int, int], None]
"""``progress(stage, done, total)``; who shows it, and how, is the caller's matter."""

ID_LENGTH = 16


def content_id(*parts: object) -> str:
    """Return a short id that is the same for the same content, on every machine.

    Parameters
    ----------
    *parts
        Values that JSON can hold; their order matters.

    Returns
    -------
    str
        The first 16 hexadecimal digits of the SHA-256 of the canonical JSON of `parts`.

    Examples
    --------
    >>> content_id("s001", "text-only", 1) == content_id("s001", "text-only", 1)
    True
    """
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:ID_LENGTH]


@dataclass(frozen=True)
class Lineage:
    """Which release follows which: family name to its releases, in order of generation."""

    families: dict[str, tuple[str, ...]]

    @property
    def releases(self) -> tuple[str, ...]:
        """All releases, family by family."""
        return tuple(release for releases in self.families.values() for release in releases)


@dataclass(frozen=True)
class Finding:
    """One sentence that a reader needs before believing a number.

    Parameters
    ----------
    code
        A stable name for this kind of finding (``"unlinked_panels"``).
    level
        ``info`` (good to know), ``warning`` (limits a conclusion), ``critical`` (forbids one).
    sentence
        What it does to which conclusion, in plain words.
    remedy
        What would settle it, or null when nothing needs doing.
    estimate_ids
        The estimates that it touches; empty when it touches them all.
    rating_ids
        The ratings that it is about (all of them, for people to look at).
    """

    code: str
    level: Level
    sentence: str
    remedy: str | None = None
    estimate_ids: Sequence[str] = ()
    rating_ids: Sequence[str] = ()


@dataclass(frozen=True)
class Manifest:
    """What an analysis was made of: enough to make it again, and to know whether it is the same."""

    analysis_id: str
    created_at: str
    command: str
    source: str
    data_hash: str
    protocol_hash: str
    lineage_hash: str | None
    code_version: str
    libraries: dict[str, str]
    seed: int
    bootstrap: int
    settings: dict[str, object]
    counts: dict[str, int]
    simulated: bool
    files: dict[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> str:
        """Return the manifest as indented JSON with a stable order of keys."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Return the manifest that `to_json` wrote.

        Raises
        ------
        ValueError
            When the text is not one.
        """
        try:
            return cls(**json.loads(text))
        except TypeError as error:
            raise ValueError("not a manifest of this version") from error
