"""The models of statistics §4, built from a ratings frame without a formula library, with a record of the terms left out.

=========== =====================================================================================================
published   ``~ release * modality + (1|scenario) + (1|rater)``
response    and ``(1|response)``
design      and ``(1|scenario:modality) + (1|scenario:release) + (1|rater:release)``; the default
profile     and harm category, technique and execution, each with its interaction with release; exploratory
=========== =====================================================================================================

With several attempts, ``(1|scenario:modality:release)`` comes beside the response, which is then one attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.frames import MODALITIES
from driftgauge.measure.mixed.coding import TreatmentCoding, levels_of
from driftgauge.measure.mixed.design import Design, Request, complete, make_design, weight_values
from driftgauge.measure.mixed.model import Family

Preset = Literal["published", "response", "design", "profile"]
PRESETS: Final = ("published", "response", "design", "profile")
FEWEST_LEVELS: Final = 5
"""A standard deviation of fewer levels is hardly known."""
REPLICATED: Final = 0.2
"""The share of responses with two ratings from which a response effect can be told from the residual."""

_PUBLISHED: Final = (("scenario",), ("rater",))
_DESIGN: Final = (
    ("scenario",),
    ("scenario", "modality"),
    ("scenario", "release"),
    ("response",),
    ("rater",),
    ("rater", "release"),
)
_PROFILE: Final = tuple((name, *also) for name in ("harm_category", "technique", "execution") for also in ((), ("release",)))
_TERMS: Final = {
    "published": _PUBLISHED,
    "response": (*_PUBLISHED, ("response",)),
    "design": _DESIGN,
    "profile": (*_DESIGN, *_PROFILE),
}
_FAMILIES: Final[dict[str, Family]] = {
    "harm": "cumulative",
    "success": "bernoulli",
    "refusal": "bernoulli",
    "harmful": "bernoulli",
}


@dataclass(frozen=True)
class Terms:
    """Random intercepts that the data can bear, and why others were left out."""

    kept: tuple[tuple[str, ...], ...]
    dropped: tuple[str, ...]


def preset_design(
    ratings: pl.DataFrame,
    preset: Preset = "design",
    *,
    outcome: str = "harm",
    harmful_at: int = 3,
    releases: Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    weights: str | None = None,
) -> Design:
    """Return the design of a preset.

    Parameters
    ----------
    ratings
        Columns scenario, modality, release, rater, response_id and attempt of `driftgauge.frames.RATINGS`, and the outcome; of
        one kind of rater and one intent.
    preset
        Which of the four.
    outcome
        ``harm`` (cumulative), ``success``, ``refusal`` or ``harmful`` (harm at or above `harmful_at`).
    releases
        The releases in order, the reference first; by name otherwise.
    covariates
        Columns of what is known of the raters, each a factor of its own beside releases and modalities.
    weights
        Column of frequency weights.
    """
    if preset not in PRESETS or outcome not in _FAMILIES:
        raise EstimationError(
            f"there is no preset {preset!r} for outcome {outcome!r}",
            remedy=f"Presets are {', '.join(PRESETS)}; outcomes are {', '.join(_FAMILIES)}.",
        )
    frame = ratings.with_columns(harmful=pl.col("harm") >= harmful_at) if outcome == "harmful" else ratings
    frame = frame.rename({"response_id": "response"}) if "response" not in frame.columns else frame
    needed = ["scenario", "modality", "release", "rater", "response", outcome, *covariates, *([weights] if weights else [])]
    used = complete(frame, needed)
    if not len(used):
        raise EstimationError(
            f"no rating has {outcome}, a scenario, a release and a rater", remedy="Look at the nulls in the data."
        )
    terms = random_terms(used, preset)
    fixed = _fixed(used, releases, covariates)
    request = Request(outcome, _FAMILIES[outcome], terms.kept, _formula(outcome, fixed, terms.kept), None, terms.dropped)
    return make_design(
        used,
        request,
        coding=fixed,
        weights=weight_values(used, weights),
        offset=np.zeros(len(used)),
        missing=len(ratings) - len(used),
    )


def random_terms(frame: pl.DataFrame, preset: Preset) -> Terms:
    """Return the random intercepts of a preset that the data can bear.

    A term is left out when it has fewer than five levels; when no level has two ratings; when its levels are those of a term
    before it; the response when under 20 % of responses have two ratings; and the rater when there is one.

    Examples
    --------
    >>> frame = pl.DataFrame({"scenario": list("abcdefabcdef"), "rater": ["x"] * 12, "response": list("abcdefabcdef")})
    >>> random_terms(frame, "response")
    Terms(kept=(('scenario',),), dropped=('(1|rater): one rater', '(1|response): the same levels as scenario'))
    """
    kept: list[tuple[str, ...]] = []
    dropped: list[str] = []
    for term in _wanted(frame, preset):
        reason = _reason(frame, term, kept)
        if reason is None:
            kept.append(term)
        else:
            dropped.append(f"(1|{':'.join(term)}): {reason}")
    return Terms(tuple(kept), tuple(dropped))


def _wanted(frame: pl.DataFrame, preset: Preset) -> list[tuple[str, ...]]:
    terms = list(_TERMS[preset])
    if "attempt" in frame.columns and frame["attempt"].n_unique() > 1 and ("response",) in terms:
        terms.insert(terms.index(("response",)), ("scenario", "modality", "release"))
    return terms


def _reason(frame: pl.DataFrame, term: tuple[str, ...], kept: Sequence[tuple[str, ...]]) -> str | None:
    """Return why a term cannot be had, or None."""
    unknown = [name for name in term if name not in frame.columns or frame[name].null_count()]
    if unknown:
        return f"{', '.join(unknown)} is not known for every rating"
    return _too_few(frame, term) or next((f"the same levels as {':'.join(b)}" for b in kept if _same(frame, term, b)), None)


def _same(frame: pl.DataFrame, term: tuple[str, ...], before: tuple[str, ...]) -> bool:
    """Whether two terms put the same ratings together."""
    both = frame.select(*dict.fromkeys((*term, *before))).n_unique()
    return frame.select(term).n_unique() == frame.select(before).n_unique() == both


def _too_few(frame: pl.DataFrame, term: tuple[str, ...]) -> str | None:
    """Return why the levels of a term are too few, or seen too rarely."""
    counts = frame.group_by(term).len()["len"]
    if term == ("rater",) and len(counts) == 1:
        return "one rater"
    if len(counts) < FEWEST_LEVELS:
        return f"{len(counts)} level{'s' * (len(counts) != 1)}, under {FEWEST_LEVELS}"
    replicated = int((counts > 1).sum()) / len(counts)
    if replicated == 0:
        return "no level has two ratings"
    if term == ("response",) and replicated < REPLICATED:
        return f"{replicated:.0%} of responses have two ratings, under {REPLICATED:.0%}"
    return None


def _fixed(frame: pl.DataFrame, releases: Sequence[str] | None, covariates: Sequence[str]) -> TreatmentCoding:
    """``release * modality`` and each covariate, without a factor that has one level."""
    names = levels_of(frame["release"])
    order = [each for each in releases or names if each in names]
    order += [each for each in names if each not in order]
    modalities = set(levels_of(frame["modality"]))
    known = tuple(each for each in MODALITIES if each in modalities)
    factors = {"release": tuple(order), "modality": (*known, *sorted(modalities - set(known)))}
    varied = tuple(name for name, levels in factors.items() if len(levels) > 1)
    factors |= {name: levels for name in covariates if len(levels := levels_of(frame[name])) > 1}
    beside = ((name,) for name in factors if name in covariates)
    return TreatmentCoding(factors, (*((name,) for name in varied), *([varied] if len(varied) == 2 else []), *beside))


def _formula(outcome: str, coding: TreatmentCoding, terms: Sequence[tuple[str, ...]]) -> str:
    main = [term[0] for term in coding.terms if len(term) == 1]
    crossed = " * ".join(name for name in main if name in ("release", "modality"))
    fixed = " + ".join(filter(None, [crossed, *(name for name in main if name not in ("release", "modality"))])) or "1"
    return " + ".join([f"{outcome} ~ {fixed}", *(f"(1|{':'.join(term)})" for term in terms)])
