"""How a release is asked: what it takes, with which settings, how fast, how patiently and at what price."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Limits:
    """How fast a release is asked.

    Parameters
    ----------
    connections
        Calls that are under way at once.
    requests_per_minute, tokens_per_minute
        What no minute goes above; null where there is no such limit.
    """

    connections: int = 10
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(frozen=True)
class Patience:
    """What is done about faults that may pass.

    Parameters
    ----------
    tries
        How often one item is asked in a run, the first time included.
    retries
        How often a release is asked again in a run, over all items; null for as many times as it has items, but at least 100.
        When they are used up, an item fails at its first fault.
    backoff, longest_backoff
        Seconds: a try waits a random part of `backoff`, of twice that before the next, and so on up to `longest_backoff`.
    longest_pause
        Seconds that a provider may ask to wait (Retry-After); a release that is asked to wait longer stops.
    timeout
        Seconds that one call may take.
    faults_in_a_row
        After so many (and at least twice as many as there are connections, for what is under way together fails together) the
        release is left alone for a while.
    rest
        Seconds of that while; then one call goes out alone as a probe. The time doubles with each probe that fails.
    probes
        After so many probes that failed, the release stops.
    """

    tries: int = 5
    retries: int | None = None
    backoff: float = 1.0
    longest_backoff: float = 60.0
    longest_pause: float = 900.0
    timeout: float = 600.0
    faults_in_a_row: int = 10
    rest: float = 30.0
    probes: int = 3


@dataclass(frozen=True)
class Price:
    """What a million tokens cost, in the currency of whoever wrote it down."""

    input: float
    output: float


@dataclass(frozen=True)
class AskedRelease:
    """A release as it is asked in a collection.

    Parameters
    ----------
    name
        Its name in the study.
    takes
        The kinds of parts that it takes: ``text``, ``image``, ``audio``.
    settings
        The generation settings that are asked for.
    limits, patience
        How fast, and what is done about faults.
    price
        Null where nobody declared one.
    """

    name: str
    takes: frozenset[str]
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    limits: Limits = Limits()
    patience: Patience = Patience()
    price: Price | None = None
