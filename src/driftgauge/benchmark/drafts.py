"""A scenario in writing: what an author fills in, what is still missing, and the scenarios that it becomes. Pure."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from driftgauge.benchmark.scenarios import ImagePart, Intent, Message, Prompt, Scenario, TextPart

LONGEST: Final = 20_000
"""Characters of a text."""
LONGEST_LABEL: Final = 200
LABELS: Final = ("harm_category", "technique", "execution")
TEXTS: Final = ("text", "image_text", "twin_text", "twin_image_text")
PICTURES: Final = ("picture", "twin_picture")
_TWIN: Final = ("twin_text", "twin_image_text", "twin_picture")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class Draft:
    """What an author fills in; whatever is not there yet is empty.

    Parameters
    ----------
    harm_category, technique, execution, language
        Of the scenario and of its twin.
    text
        The text-only prompt.
    picture, image_text
        The multimodal prompt: a picture by its name, and the text that goes with it.
    twin_text, twin_picture, twin_image_text
        The benign twin in both modalities; all empty where there is none.
    """

    harm_category: str = ""
    technique: str = ""
    execution: str = ""
    language: str = ""
    text: str = ""
    picture: str = ""
    image_text: str = ""
    twin_text: str = ""
    twin_picture: str = ""
    twin_image_text: str = ""

    @property
    def has_twin(self) -> bool:
        """Whether anything of a twin is there."""
        return any(getattr(self, name).strip() for name in _TWIN)

    @property
    def pictures(self) -> tuple[str, ...]:
        """The names of its pictures, each once."""
        return tuple(dict.fromkeys(getattr(self, name) for name in PICTURES if getattr(self, name)))

    def as_values(self) -> dict[str, str]:
        """Return it as JSON holds it."""
        return asdict(self)


FIELDS: Final = tuple(field.name for field in fields(Draft))


def draft_of(values: Mapping[str, Any]) -> Draft:
    r"""Return a draft of what a form holds: labels without blanks around them, lines that end in one character.

    Examples
    --------
    >>> draft_of({"technique": " role_play ", "text": "a\r\nb"}).text
    'a\nb'
    """
    texts = {name: str(values.get(name) or "").replace("\r\n", "\n") for name in FIELDS}
    return Draft(**{name: text if name in TEXTS else text.strip() for name, text in texts.items()})


def unstorable(draft: Draft) -> tuple[str, ...]:
    """Return the fields that cannot be kept even unfinished: too long, or with NUL or half a character in them.

    Examples
    --------
    >>> unstorable(Draft(text="a" * 20_001, language="en"))
    ('text',)
    """
    return tuple(
        name
        for name, value in draft.as_values().items()
        if len(value) > (LONGEST if name in TEXTS else LONGEST_LABEL) or _UNSTORABLE.search(value)
    )


def missing(draft: Draft) -> tuple[str, ...]:
    """Return the fields that keep a draft from being a pair of prompts, in the order of the form.

    Examples
    --------
    >>> missing(Draft("h", "t", "in_image", "en", text="one", image_text="two"))
    ('picture',)
    """
    needed = [name for name in FIELDS if name not in _TWIN or draft.has_twin]
    return tuple(name for name in needed if not _is_filled(name, getattr(draft, name)))


def _is_filled(name: str, value: str) -> bool:
    if name == "language":
        return _LANGUAGE.fullmatch(value) is not None
    if name in LABELS:
        return value.strip() != "" and value.isprintable()
    return value.strip() != ""


def scenarios_of(draft: Draft, *, name: str, author: str, paths: Mapping[str, str]) -> tuple[Scenario, ...]:
    """Return the scenario that a draft is, and its benign twin where it has one.

    Parameters
    ----------
    draft
        Of which nothing is `missing`.
    name
        The id of the scenario.
    author
        Who wrote it, as the benchmark says it.
    paths
        The path in ``media/`` of each picture.

    Examples
    --------
    >>> draft = Draft("h", "t", "e", "en", text="one", picture="p", image_text="two")
    >>> [scenario] = scenarios_of(draft, name="s1", author="a", paths={"p": "media/p.png"})
    >>> [scenario.prompt_id(prompt) for prompt in scenario.prompts]
    ['s1/text-only/en', 's1/multimodal/en']
    """
    adversarial = _scenario(draft, "adversarial", name=name, author=author, paths=paths)
    if not draft.has_twin:
        return (adversarial,)
    return (adversarial, _scenario(draft, "benign", name=name, author=author, paths=paths))


def _scenario(draft: Draft, intent: Intent, *, name: str, author: str, paths: Mapping[str, str]) -> Scenario:
    twin = intent == "benign"
    text, beside, picture = (
        (draft.twin_text, draft.twin_image_text, draft.twin_picture) if twin else (draft.text, draft.image_text, draft.picture)
    )
    prompts = (
        Prompt("text-only", draft.language, (Message((TextPart(text),)),)),
        Prompt("multimodal", draft.language, (Message((ImagePart(paths[picture]), TextPart(beside))),)),
    )
    return Scenario(
        scenario=f"{name}-twin" if twin else name,
        intent=intent,
        harm_category=draft.harm_category,
        technique=draft.technique,
        execution=draft.execution,
        author=author,
        prompts=prompts,
        twin_of=name if twin else None,
    )
