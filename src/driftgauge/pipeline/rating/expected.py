"""How sure a declared design is expected to be of each drift, before anybody rates: as ``driftgauge power`` has it."""

from dataclasses import dataclass

import numpy as np

from driftgauge.errors import StudyError
from driftgauge.measure.precision import precision
from driftgauge.measure.student import quantile
from driftgauge.pipeline.planned import declared_shape, plans_of
from driftgauge.study import Study


@dataclass(frozen=True)
class ExpectedDrift:
    """What is expected of one drift, in points from 0 to 1.

    Parameters
    ----------
    baseline_release, release
        Of one family, one after the other.
    std_error
        Of the drift in ASR.
    half_width
        Of its interval at the level of the protocol.
    """

    baseline_release: str
    release: str
    std_error: float
    half_width: float


@dataclass(frozen=True)
class Expected:
    """The drifts of a study with what is expected of them, and why nothing can be said where there is none."""

    drifts: tuple[ExpectedDrift, ...] = ()
    unsaid: str | None = None


def expected(study: Study, phases: tuple[str, ...]) -> Expected:
    """Return what is expected of the drifts that the ratings of some phases go into.

    Parameters
    ----------
    study
        Families, phases with panels, attempts, benchmark.
    phases
        That are rated.

    Notes
    -----
    Rates and spreads are the defaults of ``driftgauge power``; all phases count as they are declared, also those to come.
    """
    try:
        shape = declared_shape(study, scenarios=None)
    except StudyError as error:
        return Expected(unsaid=error.message)
    names = {name for each in study.phases if each.phase in phases for name in (each.releases or study.releases)}
    found: list[ExpectedDrift] = []
    for plan in plans_of(shape):
        if {plan.baseline_release, plan.release} & names and min(plan.design.raters) > 1:
            sure = precision(plan.components_at(0.0), plan.design)
            t = float(quantile(0.5 + study.protocol.level / 2, np.array([max(sure.df, 1.0)]))[0])
            found.append(ExpectedDrift(plan.baseline_release, plan.release, sure.std_error, t * sure.std_error))
    return Expected(tuple(found), None if found else "no two releases of one family with two raters on each side")
