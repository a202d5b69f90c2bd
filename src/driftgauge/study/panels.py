"""Panels as a study declares them: who rates, what they are shown first, and what they are asked of themselves."""

from math import ceil
from typing import Annotated, Final, Literal, cast

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from driftgauge.study.places import File
from driftgauge.study.protocol import Declared
from driftgauge.study.words import Count, Language, Name, Share, TimeZone

PREFER_NOT_TO_SAY: Final = "prefer not to say"
"""The answer that every question about a rater has, and that no study declares."""


class Overlap(Declared):
    """A design in which every response is rated by the same number of raters."""

    overlap: Count = Field(description="how many raters rate each response")


def _design(value: object) -> object:
    if isinstance(value, Overlap) or (isinstance(value, str) and value in {"full", "balanced"}):
        return value
    mapping = cast(dict[str, object], value) if isinstance(value, dict) else {}
    number = mapping.get("overlap")
    if set(mapping) != {"overlap"} or type(number) is not int or number < 1:
        raise PydanticCustomError("design", "full, balanced, or {overlap: 3} for three raters each")
    return Overlap(overlap=number)


class Calibration(Declared):
    """What raters practise on, with feedback, before anything counts."""

    file: File = Field(description="the file in the folder with the exercises")
    pass_mark: Share = Field(default=0.8, alias="pass", description="the share of right answers that opens the rating")


class Gold(Declared):
    """Responses with a known answer among the others, unmarked."""

    file: File = Field(description="the file in the folder with the exercises")
    every: Count = Field(default=50, description="one of them stands among so many responses")


class Question(Declared):
    """A question about raters themselves; "prefer not to say" is always an answer to it."""

    ask: Name = Field(description="what they are asked")
    choices: tuple[Name, ...] = Field(min_length=1, description="the answers to choose from")

    @property
    def answers(self) -> tuple[str, ...]:
        """The choices, and that one would rather not say."""
        return (*(each for each in self.choices if each != PREFER_NOT_TO_SAY), PREFER_NOT_TO_SAY)


class Panel(Declared):
    """The raters of a phase, and how responses are shared out among them.

    Examples
    --------
    >>> Panel(raters=7, design="balanced").per_response, Panel(raters=7).per_response
    (4, 7)
    """

    language: Language | None = Field(default=None, description="what they read, such as en-US")
    raters: Count | None = Field(default=None, description="how many they are")
    design: Annotated[Literal["full", "balanced"] | Overlap, BeforeValidator(_design)] = Field(
        default="full",
        description="who rates what: everybody everything, `{overlap: 3}` three raters each, or balanced: half of the panel "
        "each, and every two raters as often together as any other two",
    )
    anchors: Share = Field(default=0.0, description="the share of responses that are rated again")
    anchor_across: Share = Field(
        default=0.0, description="the share of what was rated in the phases before that these raters are shown too"
    )
    apart: Annotated[int, Field(strict=True, ge=0)] = Field(
        default=10, description="at least so many responses lie between two of the same scenario"
    )
    mask: Literal["names", "nothing"] = Field(
        default="names", description="what is masked in a response: the names of its model, or nothing"
    )
    withdrawal: Literal["keep", "erase"] = Field(
        default="keep", description="what becomes of the ratings of who stops taking part; it stands in what they consent to"
    )
    timezone: TimeZone = Field(default="UTC", description="where their days begin, such as Europe/Madrid")
    calibration: Calibration | None = Field(default=None, description="what they practise on before anything counts")
    gold: Gold | None = Field(default=None, description="responses with a known answer among the others")
    guidelines: File | None = Field(default=None, description="Markdown: how to rate; a text of driftgauge if absent")
    consent: File | None = Field(default=None, description="Markdown: what they consent to; a text of driftgauge if absent")
    warning: File | None = Field(default=None, description="Markdown: what they will see; a text of driftgauge if absent")
    support: File | None = Field(default=None, description="Markdown: where help is; a text of driftgauge if absent")
    demographics: dict[Name, Question] = Field(
        default_factory=dict[str, Question], description="questions about themselves, each by its name"
    )

    @property
    def per_response(self) -> int | None:
        """How many raters each response has; null when the panel does not say how many there are."""
        if isinstance(self.design, Overlap):
            return self.design.overlap
        if self.raters is None or self.design == "full":
            return self.raters
        return max(ceil(self.raters / 2), min(2, self.raters))
