"""What figures are made with: scales, label places, paint, the SVG of a panel."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from driftgauge.report.figures import theme
from driftgauge.report.figures.labels import Box, Label, place
from driftgauge.report.figures.marks import across, data, from_top, layered
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import axis, spread


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


SEES = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""What is seen without one kind of cone: matrices on linear RGB of Machado, Oliveira and Fernandes (2009), severity 1."""


def _lab(colour: str, eye: str | None) -> np.ndarray:
    """CIELAB (D65) of a colour as an eye sees it."""
    parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(SEES[eye]) @ linear, 0, 1) if eye else linear
    to_xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
    ratio = to_xyz @ linear / [0.95047, 1.0, 1.08883]
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def _apart(one: str, other: str, eye: str | None) -> float:
    return float(np.linalg.norm(_lab(one, eye) - _lab(other, eye)))


@pytest.mark.parametrize("paint", [*theme.SERIES, theme.HARMFUL, theme.RULE], ids=lambda paint: paint.role)
def test_what_carries_meaning_has_contrast_3_on_both_papers(paint: theme.Paint) -> None:
    assert _contrast(paint.light, theme.PAPER.light) >= 3
    assert _contrast(paint.dark, theme.PAPER.dark) >= 3


@pytest.mark.parametrize("paint", [theme.INK, theme.MUTED, theme.HARMFUL], ids=lambda paint: paint.role)
def test_text_has_contrast_4_5_on_both_papers(paint: theme.Paint) -> None:
    assert _contrast(paint.light, theme.PAPER.light) >= 4.5
    assert _contrast(paint.dark, theme.PAPER.dark) >= 4.5


def test_numbers_are_legible_in_the_segments_of_a_bar() -> None:
    for paint in (theme.REFUSED, theme.SAFE):
        assert _contrast(theme.INK.light, paint.light) >= 4.5
        assert _contrast(theme.INK.dark, paint.dark) >= 4.5


def test_the_three_outcomes_differ_in_grey() -> None:
    for tone in ("light", "dark"):
        shades = [getattr(paint, tone) for paint in (theme.REFUSED, theme.SAFE, theme.HARMFUL)]
        assert all(_contrast(a, b) > 1.5 for a in shades for b in shades if a != b)


def test_neighbouring_families_differ_in_grey() -> None:
    shades = [paint.light for paint in theme.SERIES[:5]]
    assert all(_contrast(a, b) > 1.4 for a, b in pairwise(shades))


@pytest.mark.parametrize("tone", ["light", "dark"])
@pytest.mark.parametrize("eye", [None, *SEES])
def test_colours_of_one_picture_are_told_apart_whatever_the_eye(eye: str | None, tone: str) -> None:
    """A ΔE (CIE 1976) of 2.3 is just noticed; levels of one scale are 9 apart, families 6."""
    together = [(theme.REFUSED, theme.SAFE, theme.HARMFUL), (*theme.FELL, theme.LEVEL, *theme.ROSE), theme.HARM]
    for colours, least in [*((each, 9) for each in together), (theme.SERIES, 6)]:
        apart = {(a.role, b.role): _apart(getattr(a, tone), getattr(b, tone), eye) for a, b in combinations(colours, 2)}
        assert {pair: found for pair, found in apart.items() if found < least} == {}


def test_the_eyes_of_the_test_see_less() -> None:
    assert _apart("#ff0000", "#ff0000", "deutan") == 0
    assert _apart("#d55e00", "#b97800", None) > 20 > 2 > _apart("#d55e00", "#b97800", "deutan")
    assert _apart("#ffffff", "#000000", "protan") == pytest.approx(100, abs=0.1)


def test_every_role_has_a_light_value_of_its_own_to_be_repainted_by() -> None:
    lights = [paint.light for paint in theme.PAINTS]
    assert len(set(lights)) == len(lights)


def test_modalities_are_told_apart_without_colour() -> None:
    assert theme.MARKERS["text-only"] != theme.MARKERS["multimodal"]
    assert theme.DASHES["text-only"] != theme.DASHES["multimodal"]


def test_an_axis_holds_zero_and_every_value() -> None:
    found = axis([-0.031, 0.12])
    assert found.low <= -0.031
    assert found.high >= 0.12
    assert 0.0 in found.ticks


def test_an_axis_of_zeros_still_has_a_length() -> None:
    assert axis([0.0, 0.0]).high > 0


def test_labels_that_would_touch_are_moved_apart_and_others_stay() -> None:
    assert spread([10, 12, 80], apart=14, low=0, high=100) == [4, 18, 80]


def test_labels_at_an_edge_stay_inside() -> None:
    assert spread([98, 99], apart=14, low=0, high=100) == [86, 100]


def test_a_label_avoids_what_is_drawn_beside_its_dot() -> None:
    right_of_it = Box(50, 40, 200, 60)
    (label,) = place([Label("name", 45, 50)], obstacles=[right_of_it], room=Box(0, 0, 300, 100))
    assert label["align"] != "left"


def test_labels_of_the_same_place_do_not_cover_each_other() -> None:
    placed = place([Label("one", 50, 50), Label("two", 50, 50)], obstacles=[], room=Box(0, 0, 200, 100))
    assert (placed[0]["x"], placed[0]["y"]) != (placed[1]["x"], placed[1]["y"])


def _drawn(n_panels: int, *, title: str = "title") -> tuple[str, ...]:
    chart = layered(data("rows").mark_point().encode(x=across("x", axis([1.0])), y=from_top()), width=100)
    panels = [Panel({"rows": [{"x": 0.5, "y": 10}]}, 20 + 10 * number, title, "description") for number in range(n_panels)]
    return draw(chart, panels, Frame(100, left=10, right=10, top=5, bottom=20), prefix="figure")


def test_each_panel_is_an_image_of_its_own_size() -> None:
    first, second = _drawn(2)
    assert 'viewBox="-10 -5 120 45"' in first
    assert 'viewBox="-10 -5 120 55"' in second


def test_a_panel_is_an_image_with_a_name_and_nothing_else_to_read() -> None:
    (svg,) = _drawn(1)
    assert 'role="img" aria-labelledby="figure-1-title figure-1-desc"' in svg
    assert svg.count("role=") == 1


def test_titles_of_panels_are_escaped() -> None:
    assert "<script>" not in _drawn(1, title="<script>")[0]


def test_no_panel_is_no_picture() -> None:
    assert _drawn(0) == ()
