"""How a run ended, release by release, and why a release stopped before it was through."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from driftgauge.clients.calls import Fault
from driftgauge.errors import shown_name

StopCode = Literal["not_allowed", "not_found", "out_of_reach", "asked_to_wait", "model_changed"]


@dataclass(frozen=True)
class Stopped:
    """Why a release stopped.

    Parameters
    ----------
    code
        A stable name: ``not_allowed``, ``not_found``, ``out_of_reach`` (the breaker gave up), ``asked_to_wait`` (longer than
        the patience allows), ``model_changed``.
    sentence
        What happened.
    remedy
        The next step.
    """

    code: StopCode
    sentence: str
    remedy: str


@dataclass(frozen=True)
class ReleaseOutcome:
    """What became of one release in a run.

    Parameters
    ----------
    release
        Its name.
    planned
        Items of the plan, those that end without a call included.
    counts
        Items that were kept, by status.
    tries
        Calls that went out.
    faults
        Calls that brought a fault, by kind.
    tokens
        What the answers took, as far as the provider told: ``input``, ``output``, ``reasoning``, ``total``.
    served_model
        The model that this phase is held to; null when no answer named one.
    otherwise_served
        Answers of another model.
    budget_spent
        Whether there were no retries left, so that items failed at their first fault.
    stopped
        Why it stopped before it was through; null when nothing of its own stopped it.
    """

    release: str
    planned: int
    counts: Mapping[str, int]
    tries: int
    faults: Mapping[str, int]
    tokens: Mapping[str, int]
    served_model: str | None
    otherwise_served: int
    budget_spent: bool
    stopped: Stopped | None

    @property
    def unasked(self) -> int:
        """Items of the plan that nothing was kept of."""
        return self.planned - sum(self.counts.values())


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    Parameters
    ----------
    releases
        Those of the plan, in its order.
    interrupted
        Whether it was told to stop.
    seconds
        How long it took, by the steady clock.
    """

    releases: tuple[ReleaseOutcome, ...]
    interrupted: bool
    seconds: float

    @property
    def is_complete(self) -> bool:
        """Whether something was kept of every item."""
        return not any(each.unasked for each in self.releases)


def stopped_by_fault(release: str, fault: Fault) -> Stopped:
    """Return why a release stops at a fault that all its calls would have."""
    said = f" ({_said(fault)})" if _said(fault) else ""
    if fault.kind == "not_found":
        return Stopped("not_found", f"{release}: there is no such model{said}", "Correct its model in study.yaml.")
    return Stopped("not_allowed", f"{release}: the provider does not let us in{said}", "Check the key and what it may use.")


def out_of_reach(release: str, fault: Fault, *, probes: int) -> Stopped:
    """Return why a release stops when its breaker gives up."""
    said = f"the last one was {fault.kind}" + (f" ({_said(fault)})" if _said(fault) else "")
    return Stopped(
        "out_of_reach",
        f"{release}: faults in a row, and {probes} probes after them failed too; {said}",
        "See whether the service is up: driftgauge doctor.",
    )


def asked_to_wait(release: str, *, seconds: float, longest: float) -> Stopped:
    """Return why a release stops when its provider asks for too much patience."""
    return Stopped(
        "asked_to_wait",
        f"{release}: the provider asks to wait {seconds:,.0f} s, allowed are {longest:,.0f} s",
        "Wait, or raise the quota.",
    )


def model_changed(release: str, *, before: str, now: str) -> Stopped:
    """Return why a release stops when another model answers."""
    return Stopped(
        "model_changed",
        f"{release}: {shown_name(now)} answered, where {shown_name(before)} did before",
        "Ask for a model by its exact version, or mark such answers and go on: --allow-model-change",
    )


def _said(fault: Fault) -> str:
    return ", ".join(filter(None, (str(fault.code or ""), shown_name(fault.detail))))
