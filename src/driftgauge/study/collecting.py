"""How releases are asked: what each takes, how fast, at what price, by which client, and when to give up."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, cast, get_args

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from driftgauge.study.protocol import Declared
from driftgauge.study.words import Amount, Count, Seconds

PartKind = Literal["text", "image", "audio"]
"""The kinds of parts that a prompt can have."""
ClientName = Literal["inspect", "replay", "simulated"]
"""What calls a model: a provider through Inspect, recorded answers, or made-up ones."""
PART_KINDS: Final[tuple[PartKind, ...]] = get_args(PartKind)


def _takes(value: object) -> object:
    kinds = list(cast(list[object], value)) if isinstance(value, (list, tuple)) else []
    if not kinds or any(kind not in PART_KINDS for kind in kinds) or len(set(map(str, kinds))) < len(kinds):
        raise PydanticCustomError("takes", "a list of text, image and audio, each at most once")
    return kinds


Takes = Annotated[tuple[PartKind, ...], BeforeValidator(_takes)]


_SECRET: Final = re.compile(r"(?:^|[_-])(?:api-?key|key|secret|password|passwd|token|authorization)$", re.IGNORECASE)


def _settings(value: object) -> object:
    secret = next(_secrets(value), None)
    if secret:
        expected = "no secret in a study file: the environment has it (OPENAI_API_KEY)"
        raise PydanticCustomError("secret", expected, {"what": "has a key that names a secret"})
    return value


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        mapping = cast(Mapping[object, object], value)
        yield from (key for key in mapping if isinstance(key, str) and _SECRET.search(key))
        value = list(mapping.values())
    for each in cast(list[object], value) if isinstance(value, list) else []:
        yield from _secrets(each)


Settings = Annotated[dict[str, Any], BeforeValidator(_settings)]
"""Of a model; no key among them."""


class Limits(Declared):
    """How fast a release may be asked.

    Examples
    --------
    >>> Limits().connections, Limits().requests_per_minute
    (10, None)
    """

    connections: Count = Field(default=10, description="how many calls may be on their way at once")
    requests_per_minute: Count | None = Field(default=None, description="calls in any minute; if absent, no limit")
    tokens_per_minute: Count | None = Field(
        default=None, description="tokens in any minute, of prompts and answers; if absent, no limit"
    )


class Price(Declared):
    """What a release costs, in US dollars a million tokens; for the estimate alone."""

    input: Amount = Field(description="of what is sent, in US dollars a million tokens")
    output: Amount = Field(description="of what comes back, reasoning included, in US dollars a million tokens")


class Collect(Declared):
    """When a call, and a release, are given up in a run. What failed is asked again in the next run.

    Examples
    --------
    >>> Collect().tries, Collect().timeout_seconds
    (5, 600.0)
    """

    tries: Count = Field(default=5, description="how often a call is made at most, while what stops it may pass")
    timeout_seconds: Seconds = Field(
        default=600.0, description="how long one try may take; too short, and long answers are what is missing"
    )
    faults_in_a_row: Count = Field(
        default=10,
        description="after so many faults in a row a release rests, and after three probes it is left for the next run",
    )
