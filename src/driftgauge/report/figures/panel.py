"""From charts to SVG that can stand in a page: one conversion for all panels of a figure, then cut apart.

A conversion costs about 50 ms whatever is in it, a panel hardly anything; so a figure of twenty families is converted once. Each panel
becomes an SVG of its own, which lets the page arrange panels in as many columns as the screen has room for.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from xml.etree import ElementTree as ET

import altair as alt
import vl_convert
from markupsafe import Markup

from driftgauge.report.figures import theme

_VERSION: Final = "6.1"
_GAP: Final = 40
_NOISE: Final = ("class", "role", "aria-roledescription", "aria-hidden", "aria-label", "pointer-events", "font-family")


@dataclass(frozen=True)
class Margins:
    """Room around the plot in pixels, for axes and labels: the same for all panels of a figure, so that they line up."""

    left: int
    right: int
    top: int
    bottom: int


@dataclass(frozen=True)
class Panel:
    """One chart, with what somebody who cannot see it is told.

    Parameters
    ----------
    chart
        The chart, its plot `width` by `height` pixels.
    title, description
        What it shows, and what is to be seen in it, as plain sentences.
    """

    chart: alt.LayerChart | alt.HConcatChart
    width: int
    height: int
    title: str
    description: str


def draw(panels: Sequence[Panel], margins: Margins, *, prefix: str) -> tuple[Markup, ...]:
    """Return each panel as an SVG element whose ids all begin with `prefix`."""
    if not panels:
        return ()
    tree = ET.fromstring(_convert(panels, margins))
    defs = {node.get("id", ""): node for node in tree.iter("clipPath")}
    groups = _panel_groups(tree)
    return tuple(
        _element(panel, margins, group=groups[number], clips=defs, name=f"{prefix}-{number + 1}") for number, panel in enumerate(panels)
    )


def _convert(panels: Sequence[Panel], margins: Margins) -> str:
    """Return all panels below each other in one SVG.

    The page is put together as a plain specification: Altair's own `vconcat` copies every chart several times, data and all, which
    took most of the time of a report.
    """
    page = {
        "$schema": alt.SCHEMA_URL,
        "config": _CONFIG,
        "spacing": margins.top + margins.bottom + _GAP,
        "bounds": "flush",
        "vconcat": [_specification(panel.chart) for panel in panels],
    }
    svg = vl_convert.vegalite_to_svg(page, vl_version=_VERSION, allowed_base_urls=[])
    return re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg)


def _specification(chart: alt.LayerChart | alt.HConcatChart) -> dict[str, Any]:
    spec = cast(dict[str, Any], chart.to_dict(context={"consolidate_datasets": False}))
    return {name: part for name, part in spec.items() if name not in {"$schema", "config"}}


def inline(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """Return an empty chart of rows, held as one string, which Altair does not take apart and copy cell by cell."""
    return alt.Chart(alt.InlineData(values=json.dumps(rows, ensure_ascii=False), format=alt.JsonDataFormat(type="json")))


_CONFIG: Final[dict[str, Any]] = {
    "aria": False,
    "background": "transparent",
    "font": theme.FONT,
    "view": {"stroke": None},
    "text": {"color": theme.INK.light, "fontSize": theme.SIZE},
    "axis": {
        "labelColor": theme.MUTED.light,
        "labelFontSize": theme.SIZE - 1,
        "labelPadding": 6,
        "titleColor": theme.MUTED.light,
        "titleFontSize": theme.SIZE - 1,
        "titleFontWeight": "normal",
        "gridColor": theme.GRID.light,
        "domain": False,
        "ticks": False,
    },
}


def _panel_groups(tree: ET.Element) -> dict[int, ET.Element]:
    groups: dict[int, ET.Element] = {}
    for node in tree.iter("g"):
        found = re.search(r"\bconcat_(\d+)_group\b", node.get("class", ""))
        if found and int(found[1]) not in groups:
            groups[int(found[1])] = node
    return groups


def _element(panel: Panel, margins: Margins, *, group: ET.Element, clips: dict[str, ET.Element], name: str) -> Markup:
    width, height = panel.width + margins.left + margins.right, panel.height + margins.top + margins.bottom
    svg = ET.Element(
        "svg",
        {"id": name, "role": "img", "aria-labelledby": f"{name}-title {name}-desc", "width": str(width), "height": str(height)},
    )
    svg.set("viewBox", f"{-margins.left} {-margins.top} {width} {height}")
    svg.set("font-family", theme.FONT)
    for tag, text in (("title", panel.title), ("desc", panel.description)):
        ET.SubElement(svg, tag, {"id": f"{name}-{tag}"}).text = text
    body = ET.SubElement(svg, "g", {"fill": "none", "stroke-miterlimit": "10"})
    inner = group[0]
    # The group's own transform is its place on the common page, which it has left.
    inner.set("transform", "translate(0,0)")
    body.append(inner)
    _own_clips(svg, clips, name)
    _prune(body)
    return Markup(ET.tostring(svg, encoding="unicode"))


def _own_clips(svg: ET.Element, clips: dict[str, ET.Element], name: str) -> None:
    """Give the panel its own copy of every clip path that it uses: ids of two SVGs in one page must not collide."""
    used: dict[str, ET.Element] = {}
    for node in svg.iter():
        found = re.fullmatch(r"url\(#(.+)\)", node.get("clip-path", ""))
        if found:
            node.set("clip-path", f"url(#{name}-{found[1]})")
            used[found[1]] = clips[found[1]]
    if used:
        defs = ET.SubElement(svg, "defs")
        for old, clip in used.items():
            ET.SubElement(defs, "clipPath", {"id": f"{name}-{old}"}).extend(clip)


def _prune(node: ET.Element) -> None:
    """Drop what Vega writes for its own renderer: half of the size, and roles that would be read aloud inside the image."""
    for attribute in _NOISE:
        node.attrib.pop(attribute, None)
    if node.get("opacity") == "1":
        del node.attrib["opacity"]
    for child in list(node):
        _prune(child)
        if _draws_nothing(child):
            node.remove(child)


def _draws_nothing(node: ET.Element) -> bool:
    if node.tag == "g":
        return not len(node)
    unpainted = node.tag == "path" and not {"fill", "stroke"} & set(node.attrib)
    return node.get("display") == "none" or unpainted or (node.tag == "text" and not node.text and not len(node))


def texts(svg: Markup) -> Iterator[str]:
    """Yield the texts that are drawn in a panel."""
    for node in ET.fromstring(str(svg)).iter("text"):
        yield "".join(node.itertext())
