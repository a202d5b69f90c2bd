"""Power: the chance of finding a true drift, over its size; computed as lines, simulated as marks with their error."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final, Literal, cast

import altair as alt
import vl_convert

from driftgauge.report.figures import theme
from driftgauge.report.names import cut

WIDTH: Final = 520
HEIGHT: Final = 300
_STROKES: Final = ([1, 0], [5, 3], [2, 2], [8, 3, 2, 3])
"""Of lines whose colour is the same in print, beside their colours."""
_CONFIG: Final = {
    "font": theme.FONT,
    "background": theme.PAPER.light,
    "view": {"stroke": None},
    "axis": {"domain": False, "ticks": False, "labelColor": theme.MUTED.light, "gridColor": theme.GRID.light},
}


@dataclass(frozen=True)
class Curve:
    """One drift: its name, the computed chance at each size, and the simulated one where there is any.

    Parameters
    ----------
    name
        The two releases.
    computed
        (size, chance) pairs, sizes 0 to 1.
    simulated
        (size, chance, studies) triples.
    """

    name: str
    computed: tuple[tuple[float, float], ...]
    simulated: tuple[tuple[float, float, int], ...] = ()


def power_curve(curves: Sequence[Curve], *, wanted: float, title: str, form: Literal["svg", "png"]) -> bytes:
    """Return the picture of some curves as a file.

    Parameters
    ----------
    curves
        One a drift.
    wanted
        The chance that is wanted: a rule across the picture.
    title
        What the study is.
    form
        Of the file.
    """
    spec = _chart(curves, wanted=wanted, title=title).to_dict() | {"config": _CONFIG}
    if form == "svg":
        return vl_convert.vegalite_to_svg(spec, vl_version="6.1", allowed_base_urls=[]).encode()
    return vl_convert.vegalite_to_png(spec, vl_version="6.1", scale=2, allowed_base_urls=[])


def _chart(curves: Sequence[Curve], *, wanted: float, title: str) -> alt.LayerChart:
    names = [cut(curve.name, 44) for curve in curves]
    colours = [theme.colour(number) for number in range(len(curves))]
    legend = alt.Legend(title=None, orient="bottom", direction="vertical", labelLimit=WIDTH, symbolType="stroke")
    paint = alt.Color("name:N", scale=alt.Scale(domain=names, range=colours), legend=legend)
    dashes = [_STROKES[number % len(_STROKES)] for number in range(len(curves))]
    dash = alt.StrokeDash("name:N", scale=alt.Scale(domain=names, range=dashes), legend=legend)
    x = alt.X("drift:Q", title="true drift, points", scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=8))
    y = alt.Y("chance:Q", title="chance that it is found", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%"))
    computed = alt.Chart(alt.Data(values=_computed(curves, names)))
    simulated = alt.Chart(alt.Data(values=_simulated(curves, names)))
    rule = alt.Chart(alt.Data(values=[{"chance": wanted}])).mark_rule(color=theme.RULE.light, strokeWidth=1.5).encode(y=y)
    drawn = "lines: computed; marks: simulated, two Monte Carlo errors" if any(c.simulated for c in curves) else "computed"
    layers = alt.layer(
        rule,
        computed.mark_line(strokeWidth=2.25, clip=True).encode(x=x, y=y, color=paint, strokeDash=dash),
        simulated.mark_rule(strokeWidth=1.5).encode(
            x=x, y=alt.Y("low:Q", title="chance that it is found"), y2="high:Q", color=paint
        ),
        simulated.mark_point(filled=True, size=70, opacity=1).encode(x=x, y=y, color=paint),
        width=WIDTH,
        height=HEIGHT,
        title=alt.Title(cut(title, 80), subtitle=drawn),
    )
    return cast(alt.LayerChart, layers)


def _computed(curves: Sequence[Curve], names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "drift": 100 * drift, "chance": chance}
        for name, curve in zip(names, curves, strict=True)
        for drift, chance in curve.computed
    ]


def _simulated(curves: Sequence[Curve], names: Sequence[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, curve in zip(names, curves, strict=True):
        for drift, chance, studies in curve.simulated:
            error = 2 * sqrt(chance * (1 - chance) / studies)
            low, high = max(0.0, chance - error), min(1.0, chance + error)
            rows.append({"name": name, "drift": 100 * drift, "chance": chance, "low": low, "high": high})
    return rows
