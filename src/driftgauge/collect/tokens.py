"""How many tokens a call is likely to take, before anybody has counted them.

A token is reckoned as four characters of text, as in English; a prompt with media takes 1,000 more; an answer takes what the
setting ``max_tokens`` allows, or 500 where there is none. The first answers of a release correct that.
"""

from collections.abc import Mapping
from typing import Any, Final

from driftgauge.collect.records import Item

CHARACTERS_A_TOKEN: Final = 4
MEDIA_TOKENS: Final = 1000
ANSWER_TOKENS: Final = 500


def prompt_tokens(characters: int, *, has_media: bool) -> int:
    """Return the tokens that a prompt is reckoned to have.

    Examples
    --------
    >>> prompt_tokens(402, has_media=False), prompt_tokens(402, has_media=True)
    (101, 1101)
    """
    return -(-characters // CHARACTERS_A_TOKEN) + MEDIA_TOKENS * has_media


def answer_tokens(settings: Mapping[str, Any]) -> int:
    """Return the tokens that an answer is reckoned to have at most."""
    allowed = settings.get("max_tokens")
    return allowed if isinstance(allowed, int) and allowed > 0 else ANSWER_TOKENS


def used(usage: Mapping[str, int]) -> int | None:
    """Return all tokens of a call as a provider tells them, or null when it does not."""
    if "total" in usage:
        return usage["total"]
    return usage["input"] + usage["output"] if {"input", "output"} <= usage.keys() else None


class Reckoning:
    """The tokens that the next call of a release is expected to take, from those that the last ones took."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._beyond_prompt = float(answer_tokens(settings))
        self._answers = 0

    def expected(self, item: Item) -> float:
        """Return the tokens of prompt and answer."""
        return max(1.0, _prompt(item) + self._beyond_prompt)

    def learn(self, item: Item, *, tokens: int) -> None:
        """Take in what a call took in the end: the mean of what goes beyond the reckoned prompts."""
        self._answers += 1
        seen = tokens - _prompt(item)
        self._beyond_prompt += (seen - self._beyond_prompt) / self._answers


def _prompt(item: Item) -> int:
    return prompt_tokens(item.characters, has_media=item.media_bytes > 0)
