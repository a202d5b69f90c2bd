"""What Vega draws, in as few bytes as draw the same: a report of many releases holds thousands of marks."""

import re
from collections import Counter
from typing import Final
from xml.etree import ElementTree as ET

_NOISE: Final = ("class", "role", "aria-roledescription", "aria-hidden", "pointer-events", "font-family")
_INHERITED: Final = (
    "fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-linejoin", "stroke-dasharray", "font-size",
    "font-weight", "text-anchor",
)  # fmt: skip
_DEFAULTS: Final = {("opacity", "1"), ("x2", "0"), ("y2", "0"), ("transform", "translate(0,0)")}
_PLACES: Final = {"transform", "d", "x2", "y2", "x", "y", "width", "height"}
_NUMBER: Final = re.compile(r"-?\d+\.\d+(?![\de])")
_PLACE: Final = re.compile(r"translate\(([^,]+),([^)]+)\)")
_CIRCLE: Final = re.compile(r"M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0Z?")


def lean(node: ET.Element) -> None:
    """Make a drawing small in place: the same marks, in the same order, with the same paint and the same words.

    What Vega writes for its own renderer goes, and so do roles that would be read aloud inside the image; a mark's label
    becomes ``data-tip``, which the page's script shows. What all marks of a group share stands on the group.
    """
    _tidy(node)
    for child in list(node):
        lean(child)
        if _draws_nothing(child):
            node.remove(child)
    _share(node)
    node[:] = [inner for child in node for inner in (child if child.tag == "g" and not child.attrib else (child,))]


def _tidy(node: ET.Element) -> None:
    for attribute in _NOISE:
        node.attrib.pop(attribute, None)
    if "aria-label" in node.attrib:
        node.set("data-tip", node.attrib.pop("aria-label"))
    for attribute in _PLACES & set(node.attrib):
        node.set(attribute, _NUMBER.sub(lambda number: _short(float(number[0])), node.attrib[attribute]))
    for attribute, _ in _DEFAULTS & set(node.attrib.items()):
        del node.attrib[attribute]
    circle, place = _CIRCLE.fullmatch(node.get("d", "")), _PLACE.fullmatch(node.get("transform", ""))
    if circle:
        node.tag = "circle"
        node.set("r", circle[1])
        del node.attrib["d"]
    names = {"circle": ("cx", "cy"), "text": ("x", "y")}.get(node.tag)
    if place and names and not len(node):
        del node.attrib["transform"]
        node.attrib |= {name: at for name, at in zip(names, place.groups(), strict=True) if at != "0"}


def _short(number: float) -> str:
    return f"{round(number, 2) + 0.0:.2f}".rstrip("0").rstrip(".")  # and never "-0"


def _draws_nothing(node: ET.Element) -> bool:
    if node.tag == "g":
        return not len(node)
    unpainted = node.tag in {"path", "circle"} and not {"fill", "stroke"} & set(node.attrib)
    return node.get("display") == "none" or unpainted


def _share(node: ET.Element) -> None:
    """Move what is most common among the children to the group, where every child says it for itself."""
    for attribute in _INHERITED if node.tag == "g" and len(node) > 1 else ():
        values = [child.get(attribute) for child in node]
        if attribute in node.attrib or None in values:
            continue
        common, _ = Counter(values).most_common(1)[0]
        node.set(attribute, str(common))
        for child in node:
            if child.get(attribute) == common:
                del child.attrib[attribute]
