"""``driftgauge power``: what a planned or a running study can detect, and what a target needs (statistics §10)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError, StoreError, StudyError, needing
from driftgauge.measure.analysis import primary_estimand
from driftgauge.measure.outcomes import counted, sample
from driftgauge.measure.pilot import Pilot, pilots
from driftgauge.measure.populations import index
from driftgauge.measure.power import (
    Needed,
    Power,
    Test,
    can_be_unchanged,
    detectable,
    margin_in_points,
    needed,
    power_at,
)
from driftgauge.measure.precision import Precision, precision
from driftgauge.measure.rates import rates
from driftgauge.measure.simulate import Shape
from driftgauge.measure.simulated_drifts import pairs
from driftgauge.measure.student import quantile
from driftgauge.measure.truth import Components
from driftgauge.pipeline.loaded import is_study
from driftgauge.pipeline.planned import Plan, declared_shape, plans_of
from driftgauge.pipeline.power_simulated import SimulatedPower, Wanted, simulated_power
from driftgauge.pipeline.spec import load_spec
from driftgauge.rate.exchange import read_ratings
from driftgauge.records import Progress
from driftgauge.report.figures.power import Curve, power_curve
from driftgauge.study import Protocol, Study, load_lineage, load_protocol, load_study

CURVE: Final = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.10, 0.15, 0.20)
"""True drifts, in points from 0 to 1, at which power is told."""


_FORMS: Final[dict[str, Literal["svg", "png"]]] = {".svg": "svg", ".png": "png"}


@dataclass(frozen=True)
class Inputs:
    """What power is asked of.

    Parameters
    ----------
    source
        A spec to simulate, or the folder of a study; null when ratings alone are given.
    ratings
        A pilot. With a `source`, its components are used for that design.
    families, protocol
        YAML files, for ratings and specs; a study brings its own.
    scenarios
        Of a study that has no benchmark yet.
    target, power
        A true drift in points (0 to 1), and the wanted chance of its being detected.
    simulate, seed, jobs
        Studies for each simulated drift (0 for none), their seed, and processes.
    """

    source: Path | None = None
    ratings: Path | None = None
    families: Path | None = None
    protocol: Path | None = None
    scenarios: int | None = None
    target: float = 0.05
    power: float = 0.8
    simulate: int = 0
    seed: int = 1
    jobs: int = 1


@dataclass(frozen=True)
class DriftPower:
    """What a design can say of one drift; drifts in points from 0 to 1."""

    plan: Plan
    test: Test
    precision: Precision
    half_width: float
    detectable: float | None
    can_be_unchanged: bool
    curve: tuple[tuple[float, Power], ...]
    needed: Needed
    needed_unchanged: Needed
    simulated: tuple[SimulatedPower, ...] = ()


@dataclass(frozen=True)
class Planned:
    """The power of a study: what it is made of, what was asked, and each drift; and drifts that nothing can be said of."""

    source: str
    basis: Literal["spec", "defaults", "ratings"]
    inputs: Inputs
    drifts: tuple[DriftPower, ...]
    without: tuple[str, ...]


def plan_power(inputs: Inputs, *, progress: Progress = lambda stage, done, total: None) -> Planned:
    """Return what a study can detect and what a target needs; nothing is written.

    Parameters
    ----------
    inputs
        What is asked of what.
    progress
        Told of each stage.

    Raises
    ------
    StudyError, ImportProblems, EstimationError, StoreError
        When the source cannot be read, or has no drift that anything can be said of.
    """
    progress("reading", 0, 1)
    source, basis, protocol, shape, found = _read(inputs)
    if shape is not None and found is not None:
        plans = _with_components(plans_of(shape), found)
    else:
        plans = plans_of(shape) if shape is not None else [each for pilot in found or () if (each := _of_pilot(pilot))]
    if not plans:
        raise EstimationError(
            f"{source} has no drift whose variance can be told",
            remedy="Two releases of one family are needed, with several raters on each response.",
        )
    if inputs.simulate and (shape is None or found is not None):
        raise EstimationError("a pilot cannot be simulated: it says nothing of logits", remedy="Leave --simulate out.")
    told = {(each.family, each.release) for each in plans}
    without = tuple(
        f"{pilot.baseline_release} → {pilot.release}" for pilot in found or () if (pilot.family, pilot.release) not in told
    )
    done: list[DriftPower] = []
    for plan in plans:
        progress(f"{plan.baseline_release} → {plan.release}", len(done), len(plans))
        test = Test(protocol.level, margin_in_points(protocol.margin, plan.baseline), len(plans))
        done.append(_told(plan, inputs, test))
    if inputs.simulate and shape is not None:
        wanted = [Wanted(pair, each.test, _wanted(each, inputs.target)) for pair, each in zip(pairs(shape), done, strict=True)]
        results = simulated_power(shape, wanted, studies=inputs.simulate, seed=inputs.seed, jobs=inputs.jobs, progress=progress)
        done = [replace(each, simulated=mine) for each, mine in zip(done, results, strict=True)]
    return Planned(source, basis, inputs, tuple(done), without)


def draw_power(found: Planned, path: Path) -> None:
    """Write the curve of power, computed and (where there are any) simulated, as a picture.

    Parameters
    ----------
    found
        Of `plan_power`.
    path
        Ends in .svg or .png; what is there is replaced.

    Raises
    ------
    StoreError
        When there is no such kind of picture, or it cannot be written.
    """
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        raise StoreError(f"{path.name} is no picture that can be drawn", remedy="Give a name that ends in .svg or .png.")
    curves = [
        Curve(
            f"{each.plan.baseline_release} → {each.plan.release}",
            tuple((at, power.detect) for at, power in each.curve),
            tuple((one.drift, one.detect, one.studies) for one in each.simulated),
        )
        for each in found.drifts
    ]
    picture = power_curve(curves, wanted=found.inputs.power, title=found.source, form=form)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}", remedy="Check the path and its rights."
        ) from None


def _wanted(told: DriftPower, target: float) -> tuple[float, ...]:
    """Return the drifts to simulate: none, the target, and the smallest that should be detected."""
    found = [0.0, target] if told.detectable is None else [0.0, target, told.detectable]
    return tuple(sorted(set(found)))


_Basis = Literal["spec", "defaults", "ratings"]


def _read(inputs: Inputs) -> tuple[str, _Basis, Protocol, Shape | None, list[Pilot] | None]:
    """Return the name of the source, what its components come from, its protocol, its shape and the drifts of its ratings."""
    protocol = load_protocol(inputs.protocol) if inputs.protocol else Protocol()
    shape, study, basis = None, None, "spec"
    if inputs.source is not None and is_study(inputs.source):
        study = load_study(inputs.source)
        protocol = study.protocol
    found = _pilot_file(inputs, protocol) if inputs.ratings else _rated(study, protocol) if study else None
    if inputs.source is not None and study is None:
        shape = load_spec(inputs.source).shape()
    elif study is not None and (inputs.ratings or not found):
        shape, basis = declared_shape(study, scenarios=inputs.scenarios), "defaults"
    if shape is None and found is None:
        raise StudyError("there is nothing to plan with", remedy="Give a spec, a study, or ratings with --in.")
    names = [str(path) for path in (inputs.source, inputs.ratings) if path is not None]
    return " with ".join(names), "ratings" if found else basis, protocol, shape, found or None


def _pilot_file(inputs: Inputs, protocol: Protocol) -> list[Pilot]:
    lineage = load_lineage(inputs.families) if inputs.families else None
    ratings = read_ratings([inputs.ratings] if inputs.ratings else [], lineage=lineage).ratings
    return _pilots(ratings, protocol)


def _rated(study: Study, protocol: Protocol) -> list[Pilot]:
    """Return the drifts of the ratings that a study has; none where there is no store yet, or nothing in it."""
    local = study.store_url.removeprefix("sqlite:///")
    if local != study.store_url and not Path(local).exists():
        return []
    with needing("store"):
        from driftgauge.pipeline.opened import open_declared  # noqa: PLC0415 - the core has no store
        from driftgauge.pipeline.rated import latest, rated_until  # noqa: PLC0415
        from driftgauge.store import read  # noqa: PLC0415

        with open_declared(study).store.reading() as connection:
            if not read.has_ratings(connection):
                return []
            ratings = rated_until(connection, study, latest(connection)).ratings
    return _pilots(ratings, protocol)


def _pilots(ratings: pl.DataFrame, protocol: Protocol) -> list[Pilot]:
    rows = counted(ratings, protocol).rows.filter(pl.col("kind") == "human", pl.col("intent") == "adversarial")
    if rows.is_empty():
        raise EstimationError("no rating by people of adversarial prompts", remedy="Give ratings of a pilot.")
    found = index(sample(rows, protocol))
    known = rates(found.sample, intent="adversarial")
    estimand = primary_estimand(known, protocol)
    return list(pilots(found, known[estimand].y)) if estimand else []


def _of_pilot(pilot: Pilot) -> Plan | None:
    if pilot.components is None or pilot.design is None:
        return None
    at = partial(_same, pilot.components)
    return Plan(pilot.family, pilot.baseline_release, pilot.release, pilot.baseline, pilot.design, at)


def _same(found: Components, drift: float) -> Components:
    return found


def _with_components(plans: Sequence[Plan], found: Sequence[Pilot]) -> list[Plan]:
    """Return plans with the mean components of a pilot in place of their own."""
    known = [pilot.components for pilot in found if pilot.components is not None]
    if not known:
        return []
    names = tuple(Components.__dataclass_fields__)
    mean = Components(*(float(np.mean([getattr(each, name) for each in known])) for name in names))
    return [replace(plan, components_at=partial(_same, mean)) for plan in plans]


def _told(plan: Plan, inputs: Inputs, test: Test) -> DriftPower:
    design, none = plan.design, plan.components_at(0.0)
    if min(design.raters) < 2 or design.scenarios < 2:
        raise EstimationError(
            f"{plan.baseline_release} → {plan.release} has one rater or one scenario on a side",
            remedy="Plan two raters and two scenarios at least.",
        )
    found = precision(none, design)
    half = float(quantile(0.5 + test.level / 2, np.array([max(found.df, 1.0)]))[0]) * found.std_error
    return DriftPower(
        plan=plan,
        test=test,
        precision=found,
        half_width=half,
        detectable=detectable(plan.components_at, design, test=test, power=inputs.power),
        can_be_unchanged=can_be_unchanged(none, design, test=test),
        curve=tuple((at, power_at(at, plan.components_at(at), design, test=test)) for at in CURVE),
        needed=needed(inputs.target, plan.components_at(inputs.target), design, test=test, power=inputs.power),
        needed_unchanged=needed(0.0, none, design, test=test, power=inputs.power, goal="unchanged"),
    )
