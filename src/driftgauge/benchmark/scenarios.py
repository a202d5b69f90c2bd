"""Scenarios and their prompts, and how one is read from JSON with every mistake named and no text shown."""

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal, cast

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from driftgauge.benchmark.messages import field_name
from driftgauge.errors import Problem

Modality = Literal["text-only", "multimodal"]
Intent = Literal["adversarial", "benign"]
Role = Literal["system", "user", "assistant"]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[^\s\p{C}]([^\p{C}]{0,198}[^\s\p{C}])?$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
_FORBID: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of text in a message."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    text: Annotated[str, StringConstraints(pattern=r"\S")]
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture in a message: the file in ``media/`` of that path, or the one of that hash; with both, both must fit."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    path: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    type: Literal["image"] = "image"


@dataclass(frozen=True, slots=True)
class AudioPart:
    """A recording in a message: the file in ``media/`` of that path, or the one of that hash; with both, both must fit."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    path: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    type: Literal["audio"] = "audio"


MediaPart = ImagePart | AudioPart
Part = TextPart | MediaPart


@dataclass(frozen=True, slots=True)
class Message:
    """What one side says in one turn."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    parts: Annotated[tuple[Annotated[Part, Field(discriminator="type")], ...], Field(min_length=1)]
    role: Role = "user"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A scenario in one modality and language."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    modality: Modality
    language: Language
    messages: Annotated[tuple[Message, ...], Field(min_length=1)]

    @property
    def parts(self) -> Iterator[Part]:
        """The parts of all messages."""
        return (part for message in self.messages for part in message.parts)

    @property
    def media(self) -> tuple[MediaPart, ...]:
        """The pictures and recordings of all messages."""
        return tuple(part for part in self.parts if not isinstance(part, TextPart))


@dataclass(frozen=True, slots=True)
class Scenario:
    """One adversarial intent or its benign twin, with its prompts; one line of ``scenarios.jsonl``."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID
    scenario: Id
    intent: Intent
    harm_category: Label
    technique: Label
    execution: Label
    author: Label
    prompts: Annotated[tuple[Prompt, ...], Field(min_length=1)]
    twin_of: Id | None = None

    def prompt_id(self, prompt: Prompt) -> str:
        """Return the name of a prompt: scenario, modality and language.

        Examples
        --------
        >>> twin = Scenario("s1", "benign", "h", "t", "e", "me", (), twin_of="s0")
        >>> twin.prompt_id(Prompt("text-only", "en", ()))
        's1/text-only/en'
        """
        return f"{self.scenario}/{prompt.modality}/{prompt.language}"


LABELS: Final = ("intent", "harm_category", "technique", "execution", "author", "twin_of")
"""What a scenario says beside its id and its prompts."""
_READER: Final = TypeAdapter(Scenario)
_FIELDS: Final[Mapping[str, Any]] = {
    "": Scenario,
    "prompts": Prompt,
    "messages": Message,
    "text": TextPart,
    "image": ImagePart,
    "audio": AudioPart,
}
_EXPECTED: Final = {
    "scenario": "letters, digits, dots, dashes and underscores, at most 80, the first a letter or digit",
    "twin_of": "the id of another scenario",
    "language": "a language tag such as en or pt-BR",
    "modality": "text-only or multimodal",
    "intent": "adversarial or benign",
    "role": "system, user or assistant",
    "text": "text that is not blank",
    "path": "a path such as media/a.png, at most 200 characters",
    "sha256": "64 hexadecimal digits in lower case",
    "type": "text, image or audio",
    "prompts": "a list with at least one prompt",
    "messages": "a list with at least one message",
    "parts": "a list with at least one part",
}


def read_scenario(value: object, *, where: str) -> tuple[Scenario | None, tuple[Problem, ...]]:
    """Return the scenario that a JSON value is, or everything that keeps it from being one.

    Parameters
    ----------
    value
        What `json` made of a line.
    where
        The line, as messages name it.
    """
    try:
        return _READER.validate_python(value), ()
    except ValidationError as error:
        items = error.errors(include_url=False, include_input=False)
        inside = {item["loc"][:length] for item in items for length in range(len(item["loc"]))}
        own = (item for item in items if item["loc"] not in inside)  # a list is too short where its items are wrong
        return None, tuple(dict.fromkeys(_problem(item["type"], item["loc"], where) for item in own))


def to_json(scenario: Scenario) -> str:
    """Return a scenario as its line of ``scenarios.jsonl``, without what is null."""
    return json.dumps(_without_nulls(dataclasses.asdict(scenario)), ensure_ascii=False)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        items = cast(dict[str, Any], value).items()
        return {key: _without_nulls(each) for key, each in items if each is not None}
    return [_without_nulls(each) for each in cast(Iterable[Any], value)] if isinstance(value, list | tuple) else value


def _problem(kind: str, location: Sequence[str | int], where: str) -> Problem:
    path = _without_tags(location)
    name = path[-1] if path else ""
    inside = _words(path[:-1])
    if kind == "missing":
        return Problem(where, f"no field {field_name(name)}{inside}", _EXPECTED.get(str(name), "one line of text"))
    if kind == "unexpected_keyword_argument":
        known = [field.name for field in dataclasses.fields(_FIELDS[_owner(location[:-1])])]
        return Problem(where, f"an unknown field {field_name(name)}{inside}", f"one of: {', '.join(known)}")
    if kind.startswith("union_tag"):
        return Problem(where, f"a part of no known type{_words(path)}", "type text, image or audio")
    if not path or isinstance(name, int):
        return Problem(where, f"no JSON object{_words(path)}", "an object with named fields")
    return Problem(
        where, f"{field_name(name)} cannot be used{inside}", _EXPECTED.get(str(name), "one line of text, at most 200")
    )


def _without_tags(location: Sequence[str | int]) -> list[str | int]:
    """Return a location without the tag of a part's type, which pydantic puts after the part's number."""
    tags = {at + 2 for at, step in enumerate(location) if step == "parts"}
    return [step for at, step in enumerate(location) if at not in tags]


def _owner(location: Sequence[str | int]) -> str:
    return next((step for step in reversed(location) if isinstance(step, str)), "")


def _words(path: Sequence[str | int]) -> str:
    """Return " in prompt 1, message 2" of ("prompts", 0, "messages", 1)."""
    steps = [f"{path[at - 1]!s}".removesuffix("s") + f" {step + 1}" for at, step in enumerate(path) if isinstance(step, int)]
    return f" in {', '.join(steps)}" if steps else ""
