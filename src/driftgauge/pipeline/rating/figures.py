"""The figures of the desk, out of frames: progress, agreement as it stands, severity, speed, and what stands out."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

import polars as pl

from driftgauge.measure.agreement.standing import Standing, standing
from driftgauge.pipeline.rating.noted import (
    ANCHOR_DRIFT,
    ANCHORS,
    FAST_S,
    FAST_SHARE,
    GOLD,
    GOLD_SHARE,
    LINED,
    LINED_SHARE,
    SHARED,
    TIMED,
)
from driftgauge.pipeline.rating.rows import PanelRow, RaterRow
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.store import desk as kept
from driftgauge.store.pauses import paused_since


@dataclass(frozen=True)
class _Known:
    """What is looked up by rater."""

    counts: Mapping[str, Mapping[tuple[str, str], int]]
    severity: Mapping[str, float]
    speed: Mapping[str, tuple[float, int]]
    lined: Mapping[str, tuple[float, int]]
    gold: Mapping[str, tuple[int, int]]
    drift: Mapping[str, tuple[float, int]]
    sat: Mapping[str, list[tuple[str, int]]]


def figures(serving: Serving, *, panel: str | None) -> tuple[tuple[PanelRow, ...], tuple[RaterRow, ...]]:
    """Return a row for each panel and each rater, the panels in the order of their names."""
    with serving.store.reading() as connection:
        seats = [each for each in kept.seats_of(connection) if panel in (None, each.panel)]
        states = kept.states_frame(connection)
        answers = kept.answers_frame(connection)
        control = kept.control_frame(connection)
        sittings = kept.sittings_frame(connection)
        scenarios = kept.scenarios_frame(connection)
        paused = paused_since(connection)
    panels = pl.DataFrame(
        [(each.rater, each.panel) for each in seats], schema={"rater": pl.String, "panel": pl.String}, orient="row"
    )
    within = answers.join(panels, on="rater", how="inner", maintain_order="left")
    level = serving.study.protocol.level
    known = _known(states, within, control, sittings)
    usual = dict(within.group_by("panel").agg(pl.col("active_s").median()).iter_rows())
    rows = tuple(_rater(serving, seat, known, usual=usual.get(seat.panel)) for seat in seats)
    names = sorted({each.panel for each in seats})
    agreed = {name: agreement(within.filter(pl.col("panel") == name), scenarios, level=level) for name in names}
    stands = [
        _panel(name, rows, within, states=known.counts, agreed=agreed[name], paused_since=paused.get(name)) for name in names
    ]
    return tuple(stands), rows


def _known(states: pl.DataFrame, answers: pl.DataFrame, control: pl.DataFrame, sittings: pl.DataFrame) -> _Known:
    counts: dict[str, dict[tuple[str, str], int]] = {}
    for rater, purpose, state, count in states.iter_rows():
        counts.setdefault(rater, {})[purpose, state] = count
    sat: dict[str, list[tuple[str, int]]] = {}
    for rater, last_at, items in sittings.iter_rows():
        sat.setdefault(rater, []).append((last_at, items))
    timed = answers.drop_nulls("active_s").group_by("rater").agg(pl.col("active_s").median(), n=pl.len())
    right = control.group_by("rater").agg(pl.col("correct").sum().cast(pl.Int64), n=pl.len())
    pairs = {"speed": timed, "lined": _lined(answers), "gold": right, "drift": _drift(answers)}
    looked = {name: {row[0]: (row[1], row[2]) for row in frame.iter_rows()} for name, frame in pairs.items()}
    return _Known(counts, dict(_severity(answers).iter_rows()), sat=sat, **looked)


def _severity(answers: pl.DataFrame) -> pl.DataFrame:
    """Return, by rater, the mean of their harm less the mean of the others' on the same response of the same panel."""
    first = answers.filter(pl.col("harm").is_not_null(), pl.col("occasion") == 1)
    harm, where = pl.col("harm").cast(pl.Float64), ["panel", "response"]
    summed = first.with_columns(total=harm.sum().over(where), n=pl.len().over(where)).filter(pl.col("n") > 1)
    apart = harm - (pl.col("total") - harm) / (pl.col("n") - 1)
    return summed.group_by("rater").agg(apart.mean().alias("severity"), n=pl.len()).filter(pl.col("n") >= SHARED).drop("n")


def _lined(answers: pl.DataFrame) -> pl.DataFrame:
    """Return, by rater, the share of the answer that they give most, and how many they gave."""
    rated = answers.filter(pl.col("harm").is_not_null())
    each = rated.group_by("rater", "harm", "success", "refusal").agg(n=pl.len())
    return each.group_by("rater").agg(share=pl.col("n").max() / pl.col("n").sum(), n=pl.col("n").sum())


def _drift(answers: pl.DataFrame) -> pl.DataFrame:
    """Return, by rater, the mean change of harm from the first to the second time, and over how many anchors."""
    harm = answers.filter(pl.col("harm").is_not_null()).select("rater", "response", "occasion", pl.col("harm").cast(pl.Float64))
    first, second = (harm.filter(pl.col("occasion") == n).drop("occasion") for n in (1, 2))
    both = second.join(first, on=["rater", "response"], suffix="_first")
    return both.group_by("rater").agg((pl.col("harm") - pl.col("harm_first")).mean(), n=pl.len())


def _rater(serving: Serving, seat: kept.Sat, known: _Known, *, usual: float | None) -> RaterRow:
    counts = known.counts.get(seat.rater, {})
    drift, right = known.drift.get(seat.rater), known.gold.get(seat.rater, (0, 0))
    sat = _Days.of(known.sat.get(seat.rater, []), serving.caps_of(seat.panel).zone)
    return RaterRow(
        rater=seat.rater,
        panel=seat.panel,
        assigned=sum(count for (purpose, state), count in counts.items() if purpose != "calibration" and state != "erased"),
        rated=_count(counts, "rated"),
        skipped=_count(counts, "skipped"),
        severity=known.severity.get(seat.rater),
        median_s=known.speed.get(seat.rater, (None, 0))[0],
        gold_right=right[0],
        gold=right[1],
        anchor_drift=drift[0] if drift else None,
        today=sat.newest_items,
        last_at=sat.last_at,
        breaks=sat.breaks,
        left_out=len(json.loads(seat.preferences or "{}").get("left_out", ())),
        has_account=seat.has_account,
        calibrated=seat.calibrated or not _practises(counts),
        is_closed=seat.is_closed,
        withdrawal=seat.withdrawal,
        missing=_missing(seat, counts),
        anomalies=tuple(_anomalies(seat, known, counts, usual=usual)),
    )


def _count(counts: Mapping[tuple[str, str], int], state: str) -> int:
    return sum(count for (purpose, each), count in counts.items() if purpose != "calibration" and each == state)


def _missing(seat: kept.Sat, counts: Mapping[tuple[str, str], int]) -> int:
    if not seat.is_closed:
        return 0
    return _count(counts, "open") + (_count(counts, "erased") if seat.is_erased else 0)


def _practises(counts: Mapping[tuple[str, str], int]) -> bool:
    return any(purpose == "calibration" for purpose, _ in counts)


@dataclass(frozen=True)
class _Days:
    """When a rater was there: first answers of the newest day, when they sent something last, and the breaks they took."""

    newest_items: int = 0
    last_at: str | None = None
    breaks: int = 0

    @classmethod
    def of(cls, sat: list[tuple[str, int]], zone: ZoneInfo) -> Self:
        """Return it of sittings, in days of a time zone; a sitting after another of the same day comes after a break."""
        if not sat:
            return cls()
        days = [datetime.fromisoformat(at).astimezone(zone).date() for at, _ in sat]
        newest = sum(items for day, (_, items) in zip(days, sat, strict=True) if day == max(days))
        return cls(newest, max(at for at, _ in sat), len(sat) - len(set(days)))


def _anomalies(seat: kept.Sat, known: _Known, counts: Mapping[tuple[str, str], int], *, usual: float | None) -> Iterator[str]:
    seconds, timed = known.speed.get(seat.rater, (math.inf, 0))
    if timed >= TIMED and seconds < max(FAST_S, FAST_SHARE * (usual or 0)):
        yield "too_fast"
    share, rated = known.lined.get(seat.rater, (0.0, 0))
    if rated >= LINED and share >= LINED_SHARE:
        yield "straight_lining"
    right, gold = known.gold.get(seat.rater, (0, 0))
    if gold >= GOLD and right < GOLD_SHARE * gold:
        yield "gold"
    drift, anchors = known.drift.get(seat.rater, (0.0, 0))
    if anchors >= ANCHORS and abs(drift) >= ANCHOR_DRIFT:
        yield "anchor_drift"
    if seat.has_account and not seat.calibrated and _practises(counts) and not counts.get(("calibration", "open")):
        yield "not_admitted"


def _panel(
    name: str,
    raters: tuple[RaterRow, ...],
    answers: pl.DataFrame,
    *,
    states: Mapping[str, Mapping[tuple[str, str], int]],
    agreed: Standing,
    paused_since: str | None,
) -> PanelRow:
    mine = [each for each in raters if each.panel == name]
    of_panel = answers.filter(pl.col("panel") == name)
    usual: Any = of_panel["active_s"].median()
    going = [each for each in mine if not each.is_closed]
    left = [_count(states.get(each.rater, {}), "open") * (each.median_s or usual or 0.0) for each in going]
    skips = of_panel.drop_nulls("skipped").group_by("skipped").agg(n=pl.len()).sort("skipped")
    return PanelRow(
        panel=name,
        seats=len(mine),
        accounts=sum(each.has_account for each in mine),
        assigned=sum(each.assigned for each in mine),
        rated=sum(each.rated for each in mine),
        skipped=sum(each.skipped for each in mine),
        missing=sum(each.missing for each in mine),
        alpha=agreed.alpha.estimate,
        alpha_low=agreed.alpha.low,
        alpha_high=agreed.alpha.high,
        ac2=agreed.ac2.estimate,
        ac2_low=agreed.ac2.low,
        ac2_high=agreed.ac2.high,
        paired=agreed.paired,
        seconds_left=float(sum(left)) if usual is not None else None,
        skips=dict(skips.iter_rows()),
        paused_since=paused_since,
    )


def agreement(answers: pl.DataFrame, scenarios: pl.DataFrame, *, level: float) -> Standing:
    """Return agreement on harm over the first answers of raters, with intervals; null where it cannot be told."""
    first = answers.filter(pl.col("harm").is_not_null(), pl.col("occasion") == 1)
    placed = first.join(scenarios, on="response", how="left", maintain_order="left")
    scenario = placed["scenario"].rank("dense").cast(pl.Int64).to_numpy() - 1
    return standing(placed["response"].to_numpy(), scenario, harm=placed["harm"].cast(pl.Int64).to_numpy(), level=level)
