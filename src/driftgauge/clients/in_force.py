"""Which settings a request held as it was sent, by our names."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

_SAID: Final = frozenset(
    {"messages", "input", "contents", "system", "tools", "extra_headers", "system_instruction", "toolConfig"}
)
"""What of a request is no setting."""
_NAMES: Final[Mapping[str, str]] = {
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_new_tokens": "max_tokens",
    "num_predict": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "random_seed": "seed",
    "stop": "stop_seqs",
    "stop_sequences": "stop_seqs",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "logit_bias": "logit_bias",
    "n": "num_choices",
    "candidate_count": "num_choices",
    "logprobs": "logprobs",
    "top_logprobs": "top_logprobs",
    "reasoning_effort": "reasoning_effort",
    "reasoning.effort": "reasoning_effort",
    "reasoning.summary": "reasoning_summary",
    "reasoning.mode": "reasoning_mode",
    "text.verbosity": "verbosity",
    "verbosity": "verbosity",
    "thinking.budget_tokens": "reasoning_tokens",
    "thinking_config.thinking_budget": "reasoning_tokens",
    "thinking_config.thinking_level": "reasoning_effort",
    "output_config.effort": "effort",
    "response_format": "response_schema",
    "text.format": "response_schema",
    "response_schema": "response_schema",
    "extra_body": "extra_body",
}
"""What providers call a setting, with the name of what it stands in where that matters, to what we call it."""
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def in_force(request: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings in a request.

    Parameters
    ----------
    request
        The body as it was sent, in a provider's own names.
    asked
        The settings that were asked for, by our names: they say whether an effort is one of reasoning.

    Returns
    -------
    dict
        By our names, with the values that were sent. A setting that was asked for and is not here was dropped on the way; one
        that is here without being asked for was put there by the library.

    Examples
    --------
    >>> in_force({"model": "m", "max_completion_tokens": 5, "messages": []}, {"max_tokens": 5, "temperature": 0})
    {'max_tokens': 5}
    """
    found = dict(_found(request))
    if "effort" in found and "effort" not in asked and "reasoning_effort" in asked:
        found["reasoning_effort"] = found.pop("effort")
    return found


def _found(value: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    for key, each in value.items():
        name = _HUMP.sub("_", str(key)).lower()
        if each is None or str(key) in _SAID:
            continue
        ours = _NAMES.get(f"{within}.{name}") or _NAMES.get(name)
        if ours is not None:
            yield ours, each
        elif isinstance(each, Mapping):
            yield from _found(cast(Mapping[str, Any], each), name)
