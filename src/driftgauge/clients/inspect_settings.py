"""The generation settings that may be asked for, checked before the first call."""

from collections.abc import Mapping
from typing import Any, Final

from inspect_ai.model import GenerateConfig
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

_REMEDY: Final = "Correct `settings` of the release."


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
