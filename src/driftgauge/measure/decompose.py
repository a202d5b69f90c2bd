"""What a drift in ASR is made of: less engagement, or safer responses (statistics §5; Kitagawa 1955, symmetric form).

On ratings with both marks, ASR = E·H + I with E = 1 − refusal rate, H = mean(success and not refusal)/E and
I = mean(success and refusal). Then ΔASR = ΔE·(H₀+H₁)/2 + ΔH·(E₀+E₁)/2 + ΔI exactly.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.outcomes import Sample
from driftgauge.measure.rates import Rate

PARTS: Final = ("refusal_part", "response_part", "inconsistent_part")
COMPONENTS: Final = ("part_engaged", "part_harm", "part_inconsistent")
"""E, H and I as rates; building blocks of the parts, not estimands of their own."""


@dataclass(frozen=True)
class Components:
    """E, H and I of one side; scalars, or one entry a replicate."""

    engaged: FloatArray
    harm: FloatArray
    inconsistent: FloatArray


def component_rates(sample: Sample) -> dict[str, Rate]:
    """Return E, H and I as rates over the ratings that have both marks."""
    success, refusal = sample.outcomes["success"], sample.outcomes["refusal"]
    both = np.where(np.isnan(success + refusal), np.nan, 1.0)
    engaged = 1 - refusal
    units = ("rating", "response_mean")
    return {
        "part_engaged": Rate("engaged", "refusal", "all", engaged * both, both, units),
        "part_harm": Rate("conditional_asr", "success", "engaged", success * engaged, engaged * both, units),
        "part_inconsistent": Rate("inconsistent", "success", "all", success * refusal, both, units),
    }


def parts(before: Components, after: Components) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the refusal part, the response part and the inconsistent part of ΔASR.

    Examples
    --------
    E 0.8 → 0.5 and H 0.5 → 0.4: ASR 0.40 → 0.20, of which −0.3·0.45 by refusal and −0.1·0.65 by response.

    >>> before = Components(np.array(0.8), np.array(0.5), np.array(0.0))
    >>> after = Components(np.array(0.5), np.array(0.4), np.array(0.0))
    >>> [round(float(part), 4) for part in parts(before, after)]
    [-0.135, -0.065, 0.0]
    """
    return (
        (after.engaged - before.engaged) * (before.harm + after.harm) / 2,
        (after.harm - before.harm) * (before.engaged + after.engaged) / 2,
        after.inconsistent - before.inconsistent,
    )


def linearised_parts(before: Components, after: Components, *, z_before: FloatArray, z_after: FloatArray) -> FloatArray:
    """Return (3, cells): the linearisation of each part, by the delta method.

    Parameters
    ----------
    before, after
        Scalars.
    z_before, z_after
        (3, cells): the linearised E, H and I of each side.
    """
    mean_harm, mean_engaged = (before.harm + after.harm) / 2, (before.engaged + after.engaged) / 2
    d_engaged, d_harm = after.engaged - before.engaged, after.harm - before.harm
    refusal = mean_harm * (z_after[0] - z_before[0]) + d_engaged / 2 * (z_after[1] + z_before[1])
    response = mean_engaged * (z_after[1] - z_before[1]) + d_harm / 2 * (z_after[0] + z_before[0])
    return np.stack([refusal, response, z_after[2] - z_before[2]])


def safer_by(*, upper: tuple[float, float], part: tuple[FloatArray, FloatArray], drift: FloatArray) -> str:
    """Return what made an improved release safer: ``refusal``, ``response`` or ``both``.

    Parameters
    ----------
    upper
        Upper limits of the refusal part and of the response part.
    part
        Replicates of the two parts.
    drift
        Replicates of ΔASR, the same draws.

    Notes
    -----
    One part is named only if its upper limit is below 0 and it is at least two thirds of ΔASR in at least 95 % of replicates.
    """
    for name, limit, replicates in zip(("refusal", "response"), upper, part, strict=True):
        defined = ~np.isnan(replicates + drift)
        most = (drift < 0) & (replicates <= 2 / 3 * drift)
        share = np.mean(most[defined]) if defined.any() else 0.0
        if limit < 0 and share >= 0.95:
            return name
    return "both"
