"""The state of a monitor: one small file, written whole, with every look chained to the one before. No text is in it."""

import hashlib
import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from driftgauge.measure.sequence import Direction, Look, Rule
from driftgauge.pipeline.monitor.failed import LookFailedError, Why
from driftgauge.pipeline.whole import write_whole

FORMAT: Final = 1
Outcome = Literal["success", "refusal", "harmful"]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Begun(_Kept):
    """What a sequence is about, fixed when it begins.

    Parameters
    ----------
    study, release, phase
        Whose endpoint is watched, and the phase whose responses are the baseline.
    root, baseline
        Of the frozen benchmark; content id of the baseline's outcomes and of the responses that they are of.
    judge, rater, outcome
        The judge as the study names it, with its version, and what of its judgement is compared.
    margin, level
        The rule.
    block, scenarios
        Scenarios a look, and how many there are to draw from.
    mean, luck
        The outcome's mean in the baseline, and the most that its standard error can be if answers vary from one asking to the
        next: an unchanged model may differ from its own baseline by so much.
    served, fingerprints
        The models that say they gave the baseline, and the fingerprints that came with it.
    at
        UTC, ISO 8601.
    simulated
        Whether the baseline is made up.
    """

    study: str
    release: str
    phase: str
    root: str
    baseline: str
    judge: str
    rater: str
    outcome: Outcome
    margin: float
    level: float
    block: int
    scenarios: int
    mean: float
    luck: float
    served: tuple[str, ...]
    fingerprints: tuple[str, ...]
    at: str
    simulated: bool

    @property
    def rule(self) -> Rule:
        """When an alarm is raised."""
        return Rule(margin=self.margin, level=self.level)


class Draw(_Kept):
    """A block that was drawn: kept before anything of it is asked, so that who kills a look gets the same one again."""

    number: int
    at: str
    seed: int
    scenarios: tuple[str, ...]


class Entry(_Kept):
    """One look.

    Parameters
    ----------
    number, at
        From 1, failed ones included; UTC.
    kind
        ``seen`` or ``failed``.
    why, said
        Of a failed look.
    seed, scenarios, low, high
        Of a look that was seen: its draw, and the least and greatest difference of each scenario of it.
    asked, missing
        Prompts that were asked, and those of them that failed or could not be judged.
    served, fingerprints
        What says it answered.
    new
        The models among them that neither the baseline nor an earlier look had.
    responses
        SHA-256 over those of all its responses.
    conf_low, conf_high, evidence_above, evidence_below, alarm
        Where the sequence stood after it.
    hash
        SHA-256 of all of this and of the hash before.
    """

    number: int
    at: str
    kind: Literal["seen", "failed"]
    why: Why | None = None
    said: str | None = None
    seed: int | None = None
    scenarios: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    asked: int = 0
    missing: int = 0
    served: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    responses: str | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    evidence_above: float | None = None
    evidence_below: float | None = None
    alarm: Direction | None = None
    hash: str = ""

    @property
    def look(self) -> Look:
        """Its differences."""
        return Look(np.array(self.low), np.array(self.high))


class State(_Kept):
    """All looks of a sequence, and the block that is drawn and not seen yet."""

    format: Literal[1] = Field(default=FORMAT)
    begun: Begun
    looks: tuple[Entry, ...] = ()
    drawn: Draw | None = None

    @property
    def seen(self) -> tuple[Entry, ...]:
        """The looks that brought a measurement."""
        return tuple(each for each in self.looks if each.kind == "seen")

    @property
    def alarm(self) -> Entry | None:
        """The first look that raised an alarm; it stays, whatever comes after it."""
        return next((each for each in self.seen if each.alarm), None)

    @property
    def latest(self) -> datetime:
        """The latest time that anything was measured or begun."""
        times = [self.begun.at, *(each.at for each in self.seen), *([self.drawn.at] if self.drawn else [])]
        return max(datetime.fromisoformat(each) for each in times)

    def with_look(self, entry: Entry) -> "State":
        """Return the state with one more look, chained to the last, and nothing drawn."""
        chained = entry.model_copy(update={"hash": _hash(entry, before=self.head)})
        return self.model_copy(update={"looks": (*self.looks, chained), "drawn": None})

    @property
    def head(self) -> str:
        """The hash of the last look, or of what was fixed at the beginning."""
        return self.looks[-1].hash if self.looks else _sha256(_written(self.begun))


def _written(model: BaseModel, *, without: str | None = None) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_defaults=True, exclude={without} if without else None)


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()).hexdigest()


def _hash(entry: Entry, *, before: str) -> str:
    return _sha256([before, _written(entry, without="hash")])


def _sealed(state: State) -> str:
    """Return a hash of what the chain does not hold: how many looks there are, and the block that is drawn."""
    return _sha256([state.head, len(state.looks), _written(state.drawn) if state.drawn else None])


def write_state(state: State, path: Path) -> None:
    """Write a state: whole under its name, and on the disk when this returns.

    Raises
    ------
    StoreError
        When it cannot be written; what was there is as it was.
    """
    text = json.dumps({**_written(state), "format": FORMAT, "seal": _sealed(state)}, ensure_ascii=False, allow_nan=False)
    write_whole(path, lambda partial: _write_lasting(partial, text + "\n"))
    if sys.platform != "win32":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # of the name
        finally:
            os.close(folder)


def _write_lasting(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_state(path: Path) -> State:
    """Return the state in a file, each look checked against the one before.

    Raises
    ------
    LookFailedError
        ``state``: it cannot be read, is damaged, or was changed by something else than this command.
    """
    try:
        found: Any = json.loads(path.read_bytes())
        seal = found.pop("seal")
        state = State.model_validate(found)
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError):
        raise _refused(path, "is damaged, or of another version") from None
    before = State(begun=state.begun).head
    for entry in state.looks:
        if entry.hash != _hash(entry, before=before):
            raise _refused(path, f"was changed: look {entry.number} is not what was measured")
        before = entry.hash
    if seal != _sealed(state):
        raise _refused(path, "was changed: looks are missing at its end, or the drawn block is another")
    return state


def _refused(path: Path, what: str) -> LookFailedError:
    remedy = "Restore the file from a copy, or begin a new sequence and keep this file: --reset"
    return LookFailedError("state", f"the state {path.name} {what}; nothing was asked", remedy=remedy)


@contextmanager
def alone(path: Path) -> Generator[None]:
    """Be the one run with a state while the block lasts; what keeps others out ends with the process.

    Raises
    ------
    LookFailedError
        When another run has it.
    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = lock.open("a")
    except OSError as error:
        raise _refused(path, f"cannot be used: {error.strerror}") from None
    with handle:
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415 - not on every system

            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LookFailedError(
                    "state", f"another run is at work with {path.name}; nothing was asked", remedy="Wait for it to end."
                ) from None
        yield
