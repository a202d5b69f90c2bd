"""Release cards: every number is one of the estimates, names do no harm, and the whole fits on a sheet of paper."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import polars as pl
import pytest

from driftgauge.report.cards.card import Card, card
from driftgauge.report.cards.files import file_names
from driftgauge.report.cards.page import card_page
from driftgauge.report.select import view

HOSTILE = (
    "<script>alert(1)</script>", "../../etc/passwd", "a/b\\c", "CON", "nul.txt", "", ".", "..", "Elm 1", "elm-1", "Elm-1",
    "x" * 500, "x" * 501, "نموذج", "\u202eevil", "name\nwith lines", "a?b", "a*b", "-rf", "trailing.",
)  # fmt: skip


def cards_of(study: Any) -> list[Card]:
    chosen = view(study.estimates, protocol=study.protocol)
    return [
        card(each.name, chosen, estimates=study.estimates, findings=study.findings, manifest=study.manifest)
        for each in chosen.releases
    ]


class Lines(HTMLParser):
    """The printed lines of a card: id of the estimate to its cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lines: dict[str, list[str]] = {}
        self.current: list[str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            found = dict(attrs).get("data-estimate")
            self.current = self.lines.setdefault(found, []) if found else None
        elif tag in {"td", "th"} and self.current is not None:
            self.current.append("")

    def handle_endtag(self, tag: str) -> None:
        self.current = None if tag == "tr" else self.current

    def handle_data(self, data: str) -> None:
        if self.current:
            self.current[-1] += data


def numbers(text: str) -> list[float]:
    return [float(found.replace("−", "-")) for found in re.findall(r"[−+]?\d+(?:\.\d+)?", text)]


def test_every_printed_number_is_that_of_its_estimate(eight: Any) -> None:
    rows = {row["estimate_id"]: row for row in eight.estimates.to_dicts()}
    printed = 0
    for each in cards_of(eight):
        lines = Lines(card_page(each)).lines
        assert set(lines) == {number.estimate_id for number in each.numbers}
        for estimate_id, (_, value, ends, _, named) in lines.items():
            row = rows[estimate_id]
            scale = 1.0 if row["estimand"] == "mean_harm" else 100.0
            shown = [*numbers(value), *numbers(ends)]
            wanted = [scale * row[name] for name in ("estimate", "conf_low", "conf_high")]
            places = [len(part.partition(".")[2]) for part in re.findall(r"\d+(?:\.\d+)?", f"{value} {ends}")]
            assert shown == pytest.approx(wanted, abs=0.5001 * 10.0 ** -min(places)), (estimate_id, value, ends)
            assert named.strip() == estimate_id
            printed += 1
    assert printed > 60


def test_the_json_of_a_card_holds_the_estimates_as_they_are(eight: Any) -> None:
    rows = {row["estimate_id"]: row for row in eight.estimates.to_dicts()}
    for each in cards_of(eight):
        plain = json.loads(json.dumps(each.plain()))
        found = [*plain["levels"], *plain["by_modality"], *plain["parts"], *([plain["drift"]] if plain["drift"] else [])]
        assert found
        for number in found:
            assert {name: rows[number["estimate_id"]][name] for name in number} == number


def test_the_first_of_a_family_has_no_drift_and_the_next_has_its_verdict(eight: Any) -> None:
    by_name = {each.release: each for each in cards_of(eight)}
    assert by_name["GPT-4o"].drift is None
    verdict = eight.estimates.filter(pl.col("primary"), pl.col("release") == "GPT-5")["verdict"][0]
    found = by_name["GPT-5"].drift
    assert found is not None
    assert (found.verdict, found.baseline_release) == (verdict, "GPT-4o")


@pytest.mark.parametrize("verdict", ["regressed", "improved", "unchanged", "inconclusive", None])
def test_inconclusive_is_never_no_change(eight: Any, verdict: str | None) -> None:
    changed = eight.set(verdict=pl.when("primary").then(pl.lit(verdict, dtype=pl.String)).otherwise("verdict"))
    page = card_page(next(each for each in cards_of(changed) if each.release == "GPT-5"))
    [heading] = re.findall(r'<h2>Against .*?<span class="word \w+">(.*?)</span>', page)
    assert heading.startswith(verdict or "no verdict")
    assert ("not the same as no change" in heading) == (verdict == "inconclusive")


@pytest.mark.parametrize("name", [each for each in HOSTILE if each])
def test_names_stay_text_on_a_card(build: Callable[..., Any], name: str) -> None:
    study = build({"Elm": {name: (0.5, 0.3, 0.0), "Elm 9": (0.4, 0.3, 0.0)}})
    for each in cards_of(study):
        page = card_page(each)
        assert "<script" not in page
        assert not re.search(r'(?:src|href)="', page)


def test_names_of_files_are_safe_and_no_two_are_one_file() -> None:
    found = file_names(HOSTILE)
    assert len({each.casefold() for each in found.values()}) == len(HOSTILE)
    for each in found.values():
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}", each)
        assert each.partition(".")[0].casefold() not in {"con", "nul"}


def test_without_intervals_or_estimates_a_card_says_why(eight: Any) -> None:
    none = eight.set(
        estimate=pl.lit(None, dtype=pl.Float64),
        conf_low=pl.lit(None, dtype=pl.Float64),
        conf_high=pl.lit(None, dtype=pl.Float64),
        reason_null=pl.lit("one rater"),
    )
    for each in cards_of(none):
        assert all(cells[1:3] == ["–", "one rater"] for cells in Lines(card_page(each)).lines.values())


def test_simulated_data_and_judges_are_said_first(build: Callable[..., Any]) -> None:
    page = card_page(cards_of(build(kind="judge"))[0])
    assert page.index("Simulated data:") < page.index("Judges only:") < page.index("<main")


def test_mean_harm_is_on_the_scale_of_five_levels_and_not_the_one_with_refusal_as_a_level(eight: Any) -> None:
    sixth = eight.estimates.filter(pl.col("estimand") == "mean_harm").with_columns(
        outcome=pl.lit("harm6"), estimate=pl.lit(0.5), estimate_id=pl.col("estimate_id") + "6"
    )
    five = eight.set(outcome=pl.when(pl.col("estimand") == "mean_harm").then(pl.lit("harm")).otherwise("outcome"))
    both = replace(five, estimates=pl.concat([five.estimates, sixth]))
    found = [number for each in cards_of(both) for number in each.levels if number.estimand == "mean_harm"]
    assert {number.outcome for number in found} == {"harm"}
