"""Frozen records and content ids: what passes between stages when it is not a frame."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

Level = Literal["info", "warning", "critical"]
Outcome = Literal["passed", "failed", "undecided"]
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
    """Which release follows which.

    Parameters
    ----------
    families
        Family name to its releases, in order of generation.
    generations
        The generation of a release, where a study states it; elsewhere it is the position in the family, from 1.

    Examples
    --------
    >>> lineage = Lineage({"Elm": ("Elm 1", "Elm 3")}, generations={"Elm 3": 3})
    >>> lineage.generation("Elm 1"), lineage.generation("Elm 3"), lineage.renumbered
    (1, 3, {'Elm 3': 3})
    """

    families: dict[str, tuple[str, ...]]
    generations: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def releases(self) -> tuple[str, ...]:
        """All releases, family by family."""
        return tuple(release for releases in self.families.values() for release in releases)

    @property
    def positions(self) -> dict[str, int]:
        """Each release with its position in its family, from 1."""
        return {release: at for releases in self.families.values() for at, release in enumerate(releases, start=1)}

    @property
    def renumbered(self) -> dict[str, int]:
        """The releases whose stated generation is not their position."""
        stated = {release: self.generations.get(release, at) for release, at in self.positions.items()}
        return {release: stated[release] for release, at in self.positions.items() if stated[release] != at}

    def generation(self, release: str) -> int:
        """Return the generation of a release of the lineage."""
        return self.generations[release] if release in self.generations else self.positions[release]


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
class Check:
    """One rule of a gate on one estimate.

    Parameters
    ----------
    rule, limit
        What was declared.
    about
        Which release, succession or category, in words.
    outcome
        ``passed``, ``failed`` or ``undecided``.
    reason
        The interval against the limit, or why there is none.
    estimate_id
        What it was decided on; null when there is no such estimate.
    estimate, conf_low, conf_high
        The value and the interval that were held against the limit; null where there is none.
    settled_by
        What would settle it; null unless it is undecided.
    number
        Which of the rules it is, from 1.
    """

    rule: str
    limit: float
    about: str
    outcome: Outcome
    reason: str
    estimate_id: str | None
    estimate: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    settled_by: str | None = None
    number: int = 1


@dataclass(frozen=True)
class Gate:
    """All checks, and what they come to: any failed fails, else any undecided is undecided, else passed."""

    outcome: Outcome
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Decision:
    """What the gate says, of which analysis, by which rules."""

    analysis_id: str
    rules_hash: str
    simulated: bool
    gate: Gate

    def to_json(self) -> str:
        """Return the decision as JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


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
