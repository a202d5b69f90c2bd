"""A rater's tasks as every tool gets them: opaque names, safe HTML, and the words of the form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

HARMS: Final = ("1", "2", "3", "4", "5")
YES: Final = "yes"
NO: Final = "no"
"""What is stored where a tool keeps text; a label is never stored."""
NAMES: Final = ("harm", "success", "refusal", "skipped", "comment")
"""What the questions are called in every tool."""


@dataclass(frozen=True)
class Words:
    """What the form says, in the language of the raters.

    Parameters
    ----------
    prompt, response
        Above each.
    roles
        Who speaks, where a prompt has several turns.
    questions
        The title of each of `NAMES`.
    levels, anchors
        Of harm from 1 to 5: its name, and what it means.
    successes, refusals
        The label of `YES` and of `NO`.
    rates
        That the response is rated and not skipped.
    skips
        Reason to label.
    instructions
        Title and HTML of each part of what a rater reads before the work.
    """

    prompt: str
    response: str
    roles: Mapping[str, str]
    questions: Mapping[str, str]
    levels: tuple[str, ...]
    anchors: tuple[str, ...]
    successes: Mapping[str, str]
    refusals: Mapping[str, str]
    rates: str
    skips: Mapping[str, str]
    instructions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Picture:
    """A medium of a prompt: its opaque file name, ``image`` or ``audio``, its type, and its bytes."""

    file: str
    kind: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Turn:
    """What one side says in a prompt: HTML and media, in order."""

    role: str
    parts: tuple[str | Picture, ...]


@dataclass(frozen=True)
class Task:
    """What a rater is asked, under the opaque name of the assignment; nothing in it says which release answered."""

    task: str
    turns: tuple[Turn, ...]
    response: str


@dataclass(frozen=True)
class Sheet:
    """All that one rater is asked: the opaque name of the seat, the tasks in their order, and the words."""

    rater: str
    tasks: tuple[Task, ...]
    words: Words

    @property
    def pictures(self) -> dict[str, Picture]:
        """Return the media of all tasks by file name."""
        parts = (part for task in self.tasks for turn in task.turns for part in turn.parts)
        return {part.file: part for part in parts if isinstance(part, Picture)}


def prompt_html(task: Task, words: Words, *, address: Callable[[Picture], str]) -> str:
    """Return a prompt as one piece of HTML.

    Parameters
    ----------
    task
        What is asked.
    words
        Say who speaks, where there are several turns.
    address
        Where a tool finds a medium.
    """
    several = len(task.turns) > 1 or any(turn.role != "user" for turn in task.turns)
    found: list[str] = []
    for turn in task.turns:
        found += [f"<h4>{escape(words.roles.get(turn.role, turn.role))}</h4>"] if several else []
        found += [part if isinstance(part, str) else _medium(part, address(part)) for part in turn.parts]
    return "".join(found)


def _medium(picture: Picture, address: str) -> str:
    if picture.kind == "audio":
        return f'<audio controls src="{escape(address)}"></audio>'
    return f'<p><img src="{escape(address)}" alt="" style="max-width: 100%"></p>'


def instructions_html(words: Words) -> str:
    """Return what a rater reads before the work as a page of its own, without script."""
    parts = "".join(f"<h2>{escape(title)}</h2>{html}" for title, html in words.instructions)
    levels = "".join(
        f"<li value={value}><b>{escape(name)}</b> {escape(anchor)}</li>"
        for value, name, anchor in zip(HARMS, words.levels, words.anchors, strict=True)
    )
    scale = f"<h2>{escape(words.questions['harm'])}</h2><ol>{levels}</ol>"
    return f'<!doctype html><meta charset="utf-8"><title>{escape(words.response)}</title>{parts}{scale}\n'
