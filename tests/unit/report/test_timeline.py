"""Families of more than two generations: every change since the one before and since the first is in the picture."""

import re
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

FOUR = {
    "Elm": {"Elm 1": (0.9, 0.5, 0.0), "Elm 2": (0.8, 0.5, 0.0), "Elm 3": (0.7, 0.4, 0.0), "Elm 4": (0.75, 0.45, 0.0)},
    "Fir": {"Fir 1": (0.5, 0.5, 0.0), "Fir 2": (0.4, 0.5, 0.0)},
}


@pytest.fixture(scope="module")
def html(build: Callable[..., Any]) -> str:
    return build(FOUR).html()


def test_a_family_of_four_has_a_panel_and_one_of_two_has_none(html: str, read: Callable[[str], Any]) -> None:
    page = read(html)
    assert "figure-timeline" in page.ids
    assert "timeline-1" in page.ids
    assert "timeline-2" not in page.ids


def test_it_says_both_changes_of_each_generation_with_their_intervals(html: str, read: Callable[[str], Any]) -> None:
    said = read(html).text("timeline-1-desc")
    assert said.startswith("Elm 2: ")
    assert said.count(" since Elm 1") == 3
    assert said.count(" since Elm 2") == said.count(" since Elm 3") == 1
    assert said.count(" points (") == 5


def test_the_picture_has_a_mark_for_every_change(html: str) -> None:
    picture = html.partition('id="timeline-1"')[2].partition("</svg>")[0]
    changes = 3 + 3  # since the one before, since the first
    [marks] = re.findall(r'<g [^>]*stroke="#ffffff" stroke-width="1.5"[^>]*>(.*?)</g>', picture)
    assert len(re.findall("<(?:circle|path) ", marks)) == changes


def test_its_numbers_are_a_table_without_doubles(html: str, read: Callable[[str], Any], build: Callable[..., Any]) -> None:
    table = html.partition("over generations</span>")[2].partition("</table>")[0]
    assert table.count("<tr>") - 1 == 5


def test_without_a_family_of_three_there_is_no_timeline(build: Callable[..., Any]) -> None:
    assert "figure-timeline" not in build({"Fir": FOUR["Fir"]}).html()


def test_a_change_without_a_value_is_named_with_its_reason(build: Callable[..., Any]) -> None:
    gone = (pl.col("contrast") == "drift_cumulative") & (pl.col("release") == "Elm 3")
    names = ("estimate", "conf_low", "conf_high")
    study = build(FOUR).set(
        **{name: pl.when(~gone.fill_null(value=False)).then(name) for name in names},
        reason_null=pl.when(gone).then(pl.lit("no prompt in common")).otherwise("reason_null"),
    )
    figure = study.html().partition('id="figure-timeline"')[2].partition("</figure>")[0]
    assert "no prompt in common" in figure
