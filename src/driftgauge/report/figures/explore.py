"""The figure with filters: its specification and rows as JSON, and the one script that draws it in the browser."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.panel import VERSION

_JSON = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@dataclass(frozen=True)
class Script:
    """The script of a page, the hash that its content security policy lets run, and the data that it reads."""

    text: Markup
    hash: str
    data: Markup


@dataclass(frozen=True)
class Level:
    """One release in one choice of the filters, and how a tooltip says it."""

    release: str
    series: int
    quantity: str
    modality: str | None
    language: str | None
    category: str | None
    value: float
    low: float
    high: float
    said: str


def script(levels: Sequence[Level]) -> Script:
    """Return the script of a page with its rows; any text in them is data, whatever it is."""
    told = {"spec": _spec(), "rows": [_row(level) for level in levels]}
    data = json.dumps(told, ensure_ascii=False, separators=(",", ":")).translate(_JSON)
    text = _bundle()
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(Markup(text), f"sha256-{digest}", Markup(data))


@cache
def _bundle() -> str:
    """Return our script with Vega, Vega-Lite and Vega-Embed in one text; two seconds, so once a process."""
    own = resources.files("driftgauge.report").joinpath("templates/report.js").read_text(encoding="utf-8")
    text: str = vl_convert.javascript_bundle(own, vl_version=VERSION)
    if "</script" in text.lower() or "<!--" in text:
        raise AssertionError("the bundle holds what would end its own element")
    return text


def _row(level: Level) -> dict[str, Any]:
    return {
        "release": level.release, "paint": f"series-{level.series % len(theme.SERIES)}", "quantity": level.quantity,
        "modality": level.modality, "language": level.language, "category": level.category,
        "value": round(level.value, 4), "low": round(level.low, 4), "high": round(level.high, 4), "said": level.said,
    }  # fmt: skip


def _spec() -> dict[str, Any]:
    y = alt.Y("release:N", sort=None, title=None, axis=alt.Axis(labelLimit=180))
    stroke, fill = alt.Stroke("paint:N", scale=None), alt.Fill("paint:N", scale=None)
    axis = alt.Axis(format="%", title="share of ratings", tickCount=5)
    scale = alt.Scale(zero=True, nice=True)
    base = alt.Chart(alt.NamedData("rows"))
    rules = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", axis=axis, scale=scale), x2="high:Q", y=y, stroke=stroke, tooltip="said:N"
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=alt.X("value:Q", scale=scale), y=y, fill=fill, tooltip="said:N"
    )
    made: dict[str, Any] = alt.layer(rules, points, height=alt.Step(26)).to_dict()
    schema = f"https://vega.github.io/schema/vega-lite/v{VERSION}.0.json"
    return {"$schema": schema, "height": made["height"], "layer": [_without_data(layer) for layer in made["layer"]]}


def _without_data(layer: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in layer.items() if name != "data"}
