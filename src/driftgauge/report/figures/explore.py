"""The figure with filters: its specification and rows as JSON, and the script that draws it in the browser."""

import base64
import gzip
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
    """The script of a page, Vega packed, the hashes that the content security policy lets run, and the data.

    Parameters
    ----------
    text
        Our own script.
    vega
        Vega, Vega-Lite and Vega-Embed as one script: gzip, base64. Ours unpacks it and lets it run as it was.
    hashes
        Of ours and of Vega's unpacked.
    data
        JSON.
    """

    text: Markup
    vega: Markup
    hashes: tuple[str, str]
    data: Markup


@dataclass(frozen=True)
class Level:
    """One release in one choice of the filters, and what a tooltip says behind its name."""

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
    names = list(dict.fromkeys(level.release for level in levels))
    told = {"spec": _spec(), "releases": names, "rows": [_row(level, names) for level in levels]}
    data = json.dumps(told, ensure_ascii=False, separators=(",", ":")).translate(_JSON)
    own = resources.files("driftgauge.report").joinpath("templates/report.js").read_text(encoding="utf-8")
    packed, vega = _vega()
    return Script(Markup(own), Markup(packed), (_hash(own), vega), Markup(data))


@cache
def _vega() -> tuple[str, str]:
    """Return Vega, Vega-Lite and Vega-Embed packed, and the hash of the text; two seconds, so once a process."""
    bundle: str = vl_convert.javascript_bundle("globalThis.vegaEmbed = vegaEmbed;", vl_version=VERSION)
    text = f"(() => {{{bundle}}})();"
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(), _hash(text)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _row(level: Level, names: list[str]) -> dict[str, Any]:
    """Return a row; a release by its place among the names, and no word of what is null."""
    row = {
        "release": names.index(level.release), "paint": f"series-{level.series % len(theme.SERIES)}",
        "quantity": level.quantity, "modality": level.modality, "language": level.language, "category": level.category,
        "value": round(level.value, 4), "low": round(level.low, 4), "high": round(level.high, 4), "said": level.said,
    }  # fmt: skip
    return {name: part for name, part in row.items() if part is not None}


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
