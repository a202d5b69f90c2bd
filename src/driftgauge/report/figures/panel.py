"""From one chart and the rows of its panels to SVG elements that can stand in a page.

The panels of a figure differ in their rows and their height only. So Altair makes the chart once (0.1 to 0.2 s, whatever is
in it), each panel is that specification with its own rows, all are converted together (50 ms, whatever is in them), and the
result is cut apart: each panel is an SVG of its own, which the page sets in as many columns as fit the screen.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from xml.etree import ElementTree as ET

import altair as alt
import vl_convert
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.lean import lean
from driftgauge.report.figures.marks import ANY_HEIGHT

Rows = Sequence[Mapping[str, Any]]
Chart = alt.LayerChart | alt.HConcatChart
Spec = dict[str, Any]

VERSION: Final = "6.1"
"""Of Vega-Lite."""
_GAP: Final = 40


@dataclass(frozen=True)
class Frame:
    """Width of the plot and the room around it in pixels: the same for all panels of a figure, so that they line up."""

    width: int
    left: int
    right: int
    top: int
    bottom: int


@dataclass(frozen=True)
class Panel:
    """The rows of one panel, and what somebody who cannot see it is told.

    Parameters
    ----------
    rows
        The rows of each layer, by the name that the layer's data have (`marks.data`).
    height
        Of the plot, in pixels.
    title, description
        What it shows, and what is to be seen in it, as plain sentences.
    """

    rows: Mapping[str, Rows]
    height: int
    title: str
    description: str


def draw(chart: Chart, panels: Sequence[Panel], frame: Frame, *, prefix: str) -> tuple[Markup, ...]:
    """Return each panel as an SVG element whose ids all begin with `prefix`."""
    if not panels:
        return ()
    template = chart.to_dict()
    tree = ET.fromstring(_convert(template, panels, frame))
    groups = _panel_groups(tree)
    return tuple(
        _element(panel, frame, group=groups[number], name=f"{prefix}-{number + 1}") for number, panel in enumerate(panels)
    )


def _convert(template: Spec, panels: Sequence[Panel], frame: Frame) -> str:
    """Return all panels below each other in one SVG."""
    page = {
        "$schema": template["$schema"],
        "config": _CONFIG,
        "spacing": frame.top + frame.bottom + _GAP,
        "bounds": "flush",
        "vconcat": [_filled(template, panel) for panel in panels],
    }
    svg = vl_convert.vegalite_to_svg(page, vl_version=VERSION, allowed_base_urls=[])
    return re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg)


def _filled(spec: Spec, panel: Panel) -> Spec:
    """Return a specification with the rows and the height of a panel."""
    filled = {name: part for name, part in spec.items() if name not in {"$schema", "config"}}
    for arrangement in {"layer", "hconcat"} & set(spec):
        filled[arrangement] = [_filled(part, panel) for part in cast(list[Spec], spec[arrangement])]
    if "data" in spec:
        filled["data"] = {"values": list(panel.rows[spec["data"]["name"]])}
    if spec.get("height") == ANY_HEIGHT:
        filled["height"] = panel.height
    return filled


_CONFIG: Final[Spec] = {
    "aria": False,
    "background": "transparent",
    "font": theme.FONT,
    "view": {"stroke": None},
    "text": {"color": theme.INK.light, "fontSize": theme.SIZE, "baseline": "middle", "lineHeight": theme.LINE},
    "axis": {
        "labelColor": theme.MUTED.light,
        "labelFontSize": theme.SIZE - 1,
        "labelPadding": 6,
        "titleColor": theme.MUTED.light,
        "titleFontSize": theme.SIZE - 1,
        "titleFontWeight": "normal",
        "titlePadding": 6,
        "gridColor": theme.GRID.light,
        "domain": False,
        "ticks": False,
    },
}


def _panel_groups(tree: ET.Element) -> dict[int, ET.Element]:
    groups: dict[int, ET.Element] = {}
    for node in tree.iter("g"):
        found = re.search(r"\bconcat_(\d+)_group\b", node.get("class", ""))
        if found:
            groups.setdefault(int(found[1]), node)
    return groups


def _element(panel: Panel, frame: Frame, *, group: ET.Element, name: str) -> Markup:
    width, height = frame.width + frame.left + frame.right, panel.height + frame.top + frame.bottom
    svg = ET.Element("svg", {"id": name, "role": "img", "aria-labelledby": f"{name}-title {name}-desc"})
    svg.attrib |= {"width": str(width), "height": str(height), "viewBox": f"{-frame.left} {-frame.top} {width} {height}"}
    svg.set("font-family", theme.FONT)
    for tag, text in (("title", panel.title), ("desc", panel.description)):
        ET.SubElement(svg, tag, {"id": f"{name}-{tag}"}).text = text
    body = ET.SubElement(svg, "g", {"fill": "none", "stroke-miterlimit": "10"})
    inner = group[0]
    # Its transform is its place on the common page, which it has left.
    del inner.attrib["transform"]
    body.append(inner)
    lean(body)
    return Markup(ET.tostring(svg, encoding="unicode").replace(" />", "/>"))
