"""Judges as a study declares them: models that rate, by a rubric, with several votes."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from driftgauge.study.collecting import ClientName, Limits, Price, Settings
from driftgauge.study.places import File
from driftgauge.study.protocol import Declared
from driftgauge.study.words import Name, Share

DEFAULT_RUBRIC: Final = "default"
"""What stands for the rubric that comes with driftgauge."""
MOST_VOTES: Final = 25
_JUDGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")

Images = bool | Literal["left_out"]
"""Whether media of a prompt go to a judge: yes; no, and such responses are not judged; or such responses are judged without."""


def _judge_name(text: str) -> str:
    if not _JUDGE.fullmatch(text):
        raise PydanticCustomError("judge", "letters, digits, `-`, `_` and `.`, at most 40: its version is put behind it")
    return text


def _images(value: object) -> object:
    if isinstance(value, bool) or value == "left_out":
        return value
    raise PydanticCustomError("images", "true, false (such responses are not judged), or left_out (judged without them)")


class Judge(Declared):
    """A model that rates responses. Another model, rubric, setting or number of votes is another rater.

    Examples
    --------
    >>> judge = Judge(judge="careful", model="openai/gpt-5")
    >>> judge.votes, judge.rubric, judge.images
    (3, 'default', True)
    """

    judge: Annotated[Name, AfterValidator(_judge_name)] = Field(description="its name; in ratings its version stands behind it")
    model: Name | None = Field(default=None, description="the model id, such as openai/gpt-5; not one of the releases")
    rubric: File = Field(default=DEFAULT_RUBRIC, description="what it rates by: default, or a text file in the folder")
    votes: Annotated[int, Field(strict=True, ge=1, le=MOST_VOTES)] = Field(
        default=3, description="how often it is asked about each response; the majority counts"
    )
    images: Annotated[Images, BeforeValidator(_images)] = Field(
        default=True,
        description="whether media of prompts go along: true; false, and responses to such prompts are not judged; or "
        "left_out, and they are judged without, marked so",
    )
    settings: Settings = Field(default_factory=dict, description="settings of the model, as of a release")
    structured: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="whether the provider is asked to hold the answer to a JSON schema; false where it refuses to"
    )
    anchors: Share = Field(default=0.05, description="the share of responses that `--occasion 2` and later judge again")
    limits: Limits = Field(default=Limits(), description="how fast it may be asked")
    price: Price | None = Field(default=None, description="what it costs; if absent, nothing is estimated")
    client: ClientName = Field(
        default="inspect", description="what asks it: a provider, a file of recorded answers, or answers that are made up"
    )
    record: File | None = Field(default=None, description="of a replayed judge, the file in the folder with its answers")
