"""What a plan will take: calls, bytes, tokens, money and time, before the first call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from driftgauge.collect.plan import Plan
from driftgauge.collect.releases import AskedRelease
from driftgauge.collect.tokens import ANSWER_TOKENS, CHARACTERS_A_TOKEN, MEDIA_TOKENS, answer_tokens, prompt_tokens

ASSUMED_SECONDS: Final = 10.0
"""How long an answer takes where nobody has seen one."""
RECKONED: Final = (
    f"Tokens in are reckoned as one for {CHARACTERS_A_TOKEN} characters of text and {MEDIA_TOKENS:,} for a prompt with media; "
    f"tokens out as all that max_tokens allows, or {ANSWER_TOKENS} where it is not set. Where there are answers already, their "
    f"means stand for both, and for the time of a call, which else is taken for {ASSUMED_SECONDS:.0f} s. "
    "What has to be asked again is not in it."
)
"""How it is reckoned, for people."""


@dataclass(frozen=True)
class Observed:
    """Means of the answers that a release has given before; null where there is nothing to take a mean of."""

    seconds: float | None = None
    tokens_in: float | None = None
    tokens_out: float | None = None


@dataclass(frozen=True)
class ReleaseEstimate:
    """What asking one release takes.

    Parameters
    ----------
    release
        Its name.
    calls, media_bytes
        Of the plan.
    tokens_in, tokens_out
        As `RECKONED` says.
    cost
        In the currency of the declared price; null where none is declared.
    seconds
        The longest of what its connections, its requests and its tokens per minute make it.
    held_by
        Which of them that is: ``connections``, ``requests_per_minute``, ``tokens_per_minute``.
    """

    release: str
    calls: int
    media_bytes: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    seconds: float
    held_by: str


@dataclass(frozen=True)
class Estimate:
    """What a plan takes.

    Parameters
    ----------
    releases
        Each of them.
    cost
        Of all; null where the price of a release that is asked is not known.
    cost_reason
        Why it is null.
    """

    releases: tuple[ReleaseEstimate, ...]
    cost: float | None
    cost_reason: str | None

    @property
    def calls(self) -> int:
        """Calls of all releases."""
        return sum(each.calls for each in self.releases)

    @property
    def media_bytes(self) -> int:
        """Bytes of media that go out."""
        return sum(each.media_bytes for each in self.releases)

    @property
    def tokens_in(self) -> int:
        """Tokens of all prompts."""
        return sum(each.tokens_in for each in self.releases)

    @property
    def tokens_out(self) -> int:
        """Tokens of all answers."""
        return sum(each.tokens_out for each in self.releases)

    @property
    def seconds(self) -> float:
        """How long it takes: as long as the slowest release, for they are asked side by side."""
        return max((each.seconds for each in self.releases), default=0.0)

    @property
    def words(self) -> str:
        """The estimate in one line for people.

        Examples
        --------
        >>> Estimate((ReleaseEstimate("A", 20, 0, 900, 10_000, 0.25, 90.0, "connections"),), 0.25, None).words
        '20 calls, about 900 tokens in and 10,000 out; cost about 0.25; about 2 minutes (connections of A)'
        """
        media = f", {self.media_bytes / 1e6:,.1f} MB of media" if self.media_bytes else ""
        tokens = f"about {self.tokens_in:,} tokens in and {self.tokens_out:,} out"
        cost = f"cost not known ({self.cost_reason})" if self.cost is None else f"cost about {self.cost:,.2f}"
        return f"{self.calls:,} calls{media}, {tokens}; {cost}; {self._time()}"

    def _time(self) -> str:
        slowest = max(self.releases, key=lambda each: each.seconds, default=None)
        if slowest is None or not self.calls:
            return "no time"
        return f"about {_time(slowest.seconds)} ({slowest.held_by.replace('_', ' ')} of {slowest.release})"


def estimate(plan: Plan, *, observed: Mapping[str, Observed] | None = None) -> Estimate:
    """Return what a plan takes.

    Parameters
    ----------
    plan
        What is asked.
    observed
        By release, what its answers took so far.
    """
    seen = observed or {}
    releases = tuple(_of_release(plan, release, seen.get(release.name, Observed())) for release in plan.releases)
    without = [each.release for each in releases if each.cost is None and each.calls]
    reason = f"no price is declared for {', '.join(without)}" if without else None
    cost = None if without else sum(each.cost or 0.0 for each in releases)
    return Estimate(releases, cost=cost, cost_reason=reason)


def _of_release(plan: Plan, release: AskedRelease, seen: Observed) -> ReleaseEstimate:
    rows = plan.to_ask.filter(release=release.name)
    calls = rows.height
    tokens_in = round(calls * seen.tokens_in) if seen.tokens_in is not None else _prompt_tokens(rows)
    each_out = answer_tokens(release.settings) if seen.tokens_out is None else seen.tokens_out
    tokens_out = round(calls * each_out)
    seconds = _seconds(release, calls=calls, tokens=tokens_in + tokens_out, each=seen.seconds or ASSUMED_SECONDS)
    held_by = max(seconds, key=lambda name: seconds[name])
    price = release.price
    return ReleaseEstimate(
        release.name,
        calls=calls,
        media_bytes=int(rows["media_bytes"].sum()),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=(tokens_in * price.input + tokens_out * price.output) / 1e6 if price else None,
        seconds=seconds[held_by],
        held_by=held_by,
    )


def _prompt_tokens(rows: pl.DataFrame) -> int:
    pairs = rows.select("characters", pl.col("media_bytes") > 0).iter_rows()
    return sum(prompt_tokens(characters, has_media=has_media) for characters, has_media in pairs)


def _seconds(release: AskedRelease, *, calls: int, tokens: int, each: float) -> dict[str, float]:
    limits = release.limits
    rounds = -(-calls // limits.connections)
    seconds = {"connections": rounds * each}
    if limits.requests_per_minute:
        seconds["requests_per_minute"] = 60.0 * calls / limits.requests_per_minute
    if limits.tokens_per_minute:
        seconds["tokens_per_minute"] = 60.0 * tokens / limits.tokens_per_minute
    return seconds


def _time(seconds: float) -> str:
    """Return a time in words, in the unit that people would say it in."""
    for unit, size in (("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"
