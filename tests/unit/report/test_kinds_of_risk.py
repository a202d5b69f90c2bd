"""Where changes lie: which cells are drawn, how they are coloured, and what many of them or none leave to say."""

import re
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from driftgauge import frames
from driftgauge.report.figures import theme
from driftgauge.report.figures.heat import bin_of


def _profile(study: Any, cells: dict[tuple[str | None, str | None], float], *, flagged: bool = True) -> Any:
    """Return a study with pooled changes of GPT by category and technique."""
    drift = study.estimates.filter(primary=True, release="GPT-5").row(0, named=True)
    rows = [
        drift
        | {
            "estimate_id": f"{number:016x}", "contrast": "profile_drift", "method": "partially pooled, normal", "verdict": None,
            "primary": False, "harm_category": category, "technique": technique, "estimate": value, "conf_low": value - 0.03,
            "conf_high": value + 0.03, "flagged": flagged, "false_sign_rate": 0.01, "safer_by": None,
        }
        for number, ((category, technique), value) in enumerate(cells.items())
    ]  # fmt: skip
    whole = study.keep(pl.lit(True))
    more = frames.conform(pl.DataFrame(rows, infer_schema_length=None), frames.ESTIMATES)
    whole.estimates = pl.concat([study.estimates, more], how="vertical_relaxed")
    return whole


def _cells(categories: int, techniques: int) -> dict[tuple[str | None, str | None], float]:
    inner = {(f"kind_{c}", f"way_{t}"): 0.01 * (c - t) for c in range(categories) for t in range(techniques)}
    margins: dict[tuple[str | None, str | None], float] = {(f"kind_{c}", None): 0.01 * (c - 1) for c in range(categories)}
    return {**inner, **margins, **{(None, f"way_{t}"): 0.01 * t for t in range(techniques)}}


def test_what_fell_and_what_rose_is_said_apart(eight: Any, read: Callable[[str], Any]) -> None:
    cells: dict[tuple[str | None, str | None], float] = {("privacy", None): -0.12, ("fraud", None): 0.06}
    page = read(_profile(eight, cells).html())
    assert "GPT-4o → GPT-5: fell: privacy −12 points (−15 to −9); rose: fraud +6 points (+3 to +9)." in page.text("where")
    assert page.text("where-heading") == "Beneath the change some kinds of risk rose while others fell"


def test_what_is_flagged_and_ends_at_0_is_not_said_to_move(eight: Any, read: Callable[[str], Any]) -> None:
    text = read(_profile(eight, {("privacy", None): -0.03, ("fraud", None): -0.06}).html()).text("where")
    assert "fell: fraud −6 points" in text
    assert "privacy −3" not in text.partition("In which kinds of risk")[0]


def test_what_is_not_flagged_is_not_said_to_move(eight: Any, read: Callable[[str], Any]) -> None:
    text = read(_profile(eight, {("privacy", None): -0.12, ("fraud", None): 0.06}, flagged=False).html()).text("where")
    assert "no kind of risk is clear of chance by itself" in text
    assert "rose:" not in text


def test_a_cell_without_evidence_is_hatched(eight: Any) -> None:
    cells = _cells(3, 3)
    whole = _profile(eight, cells).html()
    del cells["kind_1", "way_1"]
    lacking = _profile(eight, cells).html()
    assert 'data-tip="no evidence"' not in whole
    assert lacking.count('data-tip="no evidence"') == 1


def test_thirty_categories_are_all_drawn_and_more_techniques_than_fit_are_in_the_table(
    eight: Any, read: Callable[[str], Any]
) -> None:
    html = _profile(eight, _cells(30, 12)).html()
    drawn = "".join(re.findall(r"<text.*?</text>", html))
    assert all(f">kind {number}<" in drawn for number in range(30))
    text = read(html).text("where")
    assert "The techniques with the fewest scenarios, five, are in the table only." in text
    assert "way 11" in text


@pytest.mark.parametrize(
    ("value", "paint"),
    [(0.0, theme.LEVEL), (0.3, theme.ROSE[2]), (-0.3, theme.FELL[2]), (0.1, theme.ROSE[0]), (-0.17, theme.FELL[1])],
)
def test_the_same_change_has_the_same_colour_on_every_map(value: float, paint: theme.Paint) -> None:
    assert bin_of(value, 0.3) == paint


def test_no_data_leaves_a_sentence(eight: Any, read: Callable[[str], Any]) -> None:
    assert "Where the changes lie cannot be told" in read(eight.html()).text("where")
