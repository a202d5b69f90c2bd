"""The verb: open what is compared, draw a block, look, and keep what came of it, failures included."""

import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from re import sub
from typing import Any, Final, Literal

import numpy as np

from driftgauge.clients.calls import Client
from driftgauge.errors import BenchmarkError, CollectError, DriftgaugeError, StoreError
from driftgauge.measure.sequence import Monitoring
from driftgauge.pipeline.collection import Collection, open_collection
from driftgauge.pipeline.monitor.baseline import Baseline, read_baseline
from driftgauge.pipeline.monitor.failed import LookFailedError, LookInterruptedError, Why
from driftgauge.pipeline.monitor.judging import judge_of
from driftgauge.pipeline.monitor.look import Asking, Seen, cost_of, see
from driftgauge.pipeline.monitor.same import (
    see_that_it_is_asked_alike,
    see_that_it_is_the_same,
    see_that_the_judge_is_the_same,
    see_that_the_rule_is_the_same,
)
from driftgauge.pipeline.monitor.state import Begun, Draw, Entry, Outcome, State, alone, read_state, write_state
from driftgauge.study import Study, load_study

BLOCK: Final = 20
_TIME: Final = "%Y-%m-%d %H:%M:%S"
MARGIN: Final = 0.05
"""Where neither the command nor the protocol says one in points."""


@dataclass(frozen=True)
class Wanted:
    """What is to be watched, and how. What is null is as the sequence began, or as by default.

    Parameters
    ----------
    release, phase
        Whose endpoint is asked, and the phase whose responses are the baseline.
    judge, outcome
        Who judges, and what of it is compared.
    block, margin, level
        Scenarios a look; the rule.
    state
        The file; null for ``monitor/RELEASE.json`` in the folder of the study.
    seed
        Of the draws; null for the system's own chance.
    max_cost
        What a look may cost at most; null for no limit.
    allow_unknown_cost
        Whether it may cost what nobody declared.
    reset
        Whether a new sequence begins. The old file is kept, under a name with the time.
    """

    release: str
    phase: str | None = None
    judge: str | None = None
    outcome: Outcome | None = None
    block: int | None = None
    margin: float | None = None
    level: float | None = None
    state: Path | None = None
    seed: int | None = None
    max_cost: float | None = None
    allow_unknown_cost: bool = False
    reset: bool = False

    def rule(self, begun: Begun) -> dict[str, Any]:
        """Return what is given of the rule of a sequence; null where nothing is said."""
        return {
            "release": self.release,
            "phase": self.phase,
            "block": self.block and min(self.block, begun.scenarios),
            "margin": self.margin,
            "level": self.level,
        }


@dataclass(frozen=True)
class Watched:
    """A sequence after a look.

    Parameters
    ----------
    path, state
        Where it is kept, and what is in it.
    """

    path: Path
    state: State

    @property
    def verdict(self) -> Literal["within", "alarm", "identity", "failed", "none"]:
        """What the last look says, the gravest first.

        ``alarm``: this look or one before it. ``identity``: another model answered for the first time. ``failed``: it is no
        measurement. ``none``: there was no look.
        """
        last = self.state.looks[-1] if self.state.looks else None
        if last and last.kind == "failed":
            return "failed"
        if self.state.alarm:
            return "alarm"
        if last and last.new:
            return "identity"
        return "within" if last else "none"


def state_path(folder: Path, wanted: Wanted) -> Path:
    """Return where the state of a release is."""
    return wanted.state or folder / "monitor" / f"{sub(r'[^A-Za-z0-9._-]+', '-', wanted.release)}.json"


def shown(folder: Path, wanted: Wanted) -> Watched:
    """Return a sequence as it stands; nothing is asked.

    Raises
    ------
    LookFailedError
        ``state``: it cannot be read, or is not as it was written.
    """
    path = state_path(folder, wanted)
    return Watched(path, read_state(path))


def monitor(
    folder: Path,
    wanted: Wanted,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    client: Client | None = None,
    interrupted: Callable[[], None] = lambda: None,
) -> Watched:
    """Make one look.

    Parameters
    ----------
    folder
        Of the study.
    wanted
        What is watched.
    now
        The wall clock.
    client
        What calls the model; null for the one that the study declares.
    interrupted
        Called when the first Ctrl-C has been heard.

    Returns
    -------
    Watched
        After a look that was a measurement.

    Raises
    ------
    DriftgaugeError
        When it was none. Where a sequence has begun, the failure is in its state, and its evidence is as it was.
    """
    path = state_path(folder, wanted)
    with alone(path):
        if wanted.reset and path.exists():
            path.rename(_kept_as(path, now()))
        state = read_state(path) if path.exists() else None
        run = _Run(folder, wanted, path, now, client, interrupted)
        if state is None:
            return run.begun(*run.opened(None))
        with run.failing():
            return run.next(state)


def _kept_as(path: Path, at: datetime) -> Path:
    """Return a name that no earlier sequence has."""
    ends = chain([""], (f"-{number}" for number in count(2)))
    names = (path.with_name(f"{path.stem}.until-{at:%Y%m%dT%H%M%SZ}{end}{path.suffix}") for end in ends)
    return next(name for name in names if not name.exists())


@dataclass(frozen=True)
class _Run:
    """One run of the command."""

    folder: Path
    wanted: Wanted
    path: Path
    now: Callable[[], datetime]
    client: Client | None
    interrupted: Callable[[], None]

    def next(self, state: State) -> Watched:
        """Make the next look of a sequence."""
        see_that_the_rule_is_the_same(state.begun, self.wanted.rule(state.begun))
        time = self.now()
        if time < state.latest:
            raise LookFailedError(
                "clock",
                f"the clock says {time:{_TIME}}, and something was measured at {state.latest:{_TIME}} already",
                remedy="Set the clock of this machine. If the earlier time was the wrong one, begin anew: --reset",
            )
        asking, study = self.opened(state.begun)
        see_that_it_is_the_same(state.begun, asking, study)
        return self.look(state, asking)

    def opened(self, begun: Begun | None) -> tuple[Asking, Study]:
        """Open what is compared."""
        study = load_study(self.folder)
        wanted = self.wanted
        phase = wanted.phase or (begun.phase if begun else None)
        if phase is None:
            raise LookFailedError(
                "baseline", "no baseline is named", remedy="Name the phase of its responses: --baseline PHASE"
            )
        name, outcome = (wanted.judge, wanted.outcome) if begun is None else (begun.judge, begun.outcome)
        judge = judge_of(study, wanted.judge or name, wanted.outcome or outcome)
        if begun:
            see_that_the_judge_is_the_same(begun, judge)
        collection = _collection(self.folder, phase)
        if wanted.release not in collection.releases:
            names = ", ".join(collection.releases)
            raise LookFailedError("baseline", f"phase {phase} has no {wanted.release}", remedy=f"Its releases are: {names}.")
        baseline = read_baseline(collection, release=wanted.release, judge=judge)
        return Asking(collection, wanted.release, baseline, judge), study

    def begun(self, asking: Asking, study: Study) -> Watched:
        """Begin a sequence, and make its first look."""
        see_that_it_is_asked_alike(asking)
        declared, baseline, wanted = study.protocol, asking.baseline, self.wanted
        begun = Begun(
            study=study.study,
            release=asking.release,
            phase=asking.collection.phase.phase,
            root=asking.collection.benchmark.known.root,
            baseline=baseline.identifier,
            judge=asking.judge.name,
            rater=asking.judge.rater,
            outcome=asking.judge.outcome,
            margin=wanted.margin or declared.margin.points or MARGIN,
            level=wanted.level or declared.level,
            block=min(wanted.block or BLOCK, len(baseline.scenarios)),
            scenarios=len(baseline.scenarios),
            mean=baseline.mean,
            luck=baseline.luck,
            served=baseline.served,
            fingerprints=baseline.fingerprints,
            at=self.now().isoformat(timespec="seconds"),
            simulated=baseline.simulated,
        )
        state = State(begun=begun)
        write_state(state, self.path)
        with self.failing():
            return self.look(state, asking)

    def look(self, state: State, asking: Asking) -> Watched:
        """Draw a block, or take the one that was drawn and never seen; ask it; keep what came of it."""
        drawn = state.drawn or _draw(state, asking.baseline, seed=self.wanted.seed, at=self.now())
        self._check_cost(asking, drawn)
        write_state(state.model_copy(update={"drawn": drawn}), self.path)
        seen = see(asking, drawn, client=self.client, interrupted=self.interrupted)
        entry = _entry(state, drawn, seen, at=self.now())
        after = state.with_look(entry)
        write_state(after, self.path)
        return Watched(self.path, after)

    def _check_cost(self, asking: Asking, drawn: Draw) -> None:
        most = self.wanted.max_cost
        if most is None:
            return
        found = cost_of(asking, drawn)
        if found.cost is None and not self.wanted.allow_unknown_cost:
            raise LookFailedError(
                "cost", f"what a look costs is not known: {found.cost_reason}", remedy="Declare it, or give --yes."
            )
        if found.cost is not None and found.cost > most:
            raise LookFailedError(
                "cost", f"a look costs about {found.cost:,.2f}, allowed are {most:,.2f}", remedy="Raise --max-cost."
            )

    @contextmanager
    def failing(self) -> Generator[None]:
        """Keep in the state that a look failed; what was measured before stays as it was."""
        try:
            yield
        except LookInterruptedError:
            raise
        except DriftgaugeError as error:
            why = _why(error)
            if why != "rule":  # a slip in the command is no look
                self._keep_failure(why, error.message)
            raise

    def _keep_failure(self, why: Why, said: str) -> None:
        state = read_state(self.path)
        at = self.now().isoformat(timespec="seconds")
        write_state(state.with_look(Entry(number=len(state.looks) + 1, at=at, kind="failed", why=why, said=said)), self.path)


def _why(error: DriftgaugeError) -> Why:
    if isinstance(error, LookFailedError):
        return error.why
    for kind, why in _WHY.items():
        if isinstance(error, kind):
            return why
    return "study"


_WHY: Final[dict[type[DriftgaugeError], Why]] = {BenchmarkError: "benchmark", CollectError: "endpoint", StoreError: "baseline"}


def _collection(folder: Path, phase: str) -> Collection:
    try:
        return open_collection(folder, phase, create=False)
    except CollectError as error:  # the phase was collected with another benchmark
        raise LookFailedError("benchmark", error.message, remedy=error.remedy or "Put the benchmark back.") from None


def _draw(state: State, baseline: Baseline, *, seed: int | None, at: datetime) -> Draw:
    """Draw a block at random: of a given seed another one at each look."""
    number = len(state.looks) + 1
    mine = secrets.randbits(48) if seed is None else seed
    rng = np.random.default_rng([mine, number])  # noqa: TID251 - the edge
    chosen = rng.permutation(len(baseline.scenarios))[: state.begun.block]
    scenarios = tuple(name for place, name in enumerate(sorted(baseline.scenarios)) if place in chosen)
    return Draw(number=number, at=at.isoformat(timespec="seconds"), seed=mine, scenarios=scenarios)


def _entry(state: State, drawn: Draw, seen: Seen, *, at: datetime) -> Entry:
    known = {*state.begun.served, *(name for each in state.seen for name in each.served)}
    bare = Entry(
        number=drawn.number,
        at=at.isoformat(timespec="seconds"),
        kind="seen",
        seed=drawn.seed,
        scenarios=drawn.scenarios,
        low=seen.low,
        high=seen.high,
        asked=seen.asked,
        missing=seen.missing,
        served=seen.served,
        fingerprints=seen.fingerprints,
        new=tuple(name for name in seen.served if name not in known) if known else (),
        responses=seen.responses,
    )
    sequence = Monitoring(state.begun.rule)
    for each in (*state.seen, bare):
        sequence.take(each.look)
    found = sequence.standing()
    return bare.model_copy(
        update={
            "conf_low": found.low,
            "conf_high": found.high,
            "evidence_above": found.evidence_above,
            "evidence_below": found.evidence_below,
            "alarm": found.alarm,
        }
    )
