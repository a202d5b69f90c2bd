"""The generation settings that may be asked for, checked before the first call."""

from collections.abc import Mapping
from typing import Any, Final

from inspect_ai.model import GenerateConfig, ResponseSchema
from inspect_ai.util import JSONSchema
from pydantic import ValidationError

from driftgauge.errors import CollectError, Problem, shown_name

ALLOWED: Final = frozenset(
    {
        "max_tokens", "temperature", "top_p", "top_k", "seed", "stop_seqs", "frequency_penalty", "presence_penalty",
        "logit_bias", "effort", "verbosity", "reasoning_effort", "reasoning_mode", "reasoning_tokens", "reasoning_summary",
        "extra_body",
    }
)  # fmt: skip
"""What shapes an answer. How it is asked for (retries, time limits, connections, caches) is not set here, and headers carry
keys."""

RESPONSE_SCHEMA: Final = "response_schema"
"""The setting of a call that holds the answer to a JSON schema; no study declares it, judges are asked with one."""
_REMEDY: Final = "Correct `settings` of the release or the judge."


def checked(settings: Mapping[str, Any]) -> GenerateConfig:
    """Return settings as Inspect takes them.

    Raises
    ------
    CollectError
        When one is not allowed, or has a value that it cannot have.
    """
    unknown = sorted(set(settings) - ALLOWED)
    if unknown:
        problems = [Problem("settings", f"`{shown_name(name)}`", f"one of {', '.join(sorted(ALLOWED))}") for name in unknown]
        raise CollectError("settings that no model is asked with", problems=problems, remedy=_REMEDY)
    try:
        return GenerateConfig.model_validate(dict(settings), strict=True)
    except ValidationError as error:
        names = sorted({str(item["loc"][0]) for item in error.errors(include_url=False, include_input=False) if item["loc"]})
        problems = [Problem("settings", f"a value of `{name}`", "one that Inspect's GenerateConfig takes") for name in names]
        raise CollectError("settings that cannot be used", problems=problems, remedy=_REMEDY) from None


def held_to(schema: Mapping[str, Any]) -> ResponseSchema:
    """Return what holds an answer to a JSON schema, where the provider has such a thing; elsewhere Inspect leaves it out."""
    return ResponseSchema(name="answer", json_schema=JSONSchema.model_validate(dict(schema)), strict=True)
