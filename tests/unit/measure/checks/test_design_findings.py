"""What the design lets one conclude: coverage, what is missing, precision, authors, panels."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import Measured, measure
from driftgauge.measure.checks.authors import design_effect
from driftgauge.measure.checks.coverage import share_difference
from driftgauge.measure.checks.precision import detectable
from driftgauge.records import Finding
from driftgauge.study import Margin, Protocol

Make = Callable[[list[dict[str, Any]]], pl.DataFrame]


def study(
    *, scenarios: int = 30, raters: int = 5, after: float = 0.5, seed: int = 1, of_panel: bool = False
) -> list[dict[str, Any]]:
    """Two releases in both modalities; half of what the first does succeeds, a share `after` of what the second does."""
    rng = np.random.default_rng(seed)
    rows = []
    for s, g, m, r in product(range(scenarios), (1, 2), ("text-only", "multimodal"), range(raters)):
        place = {"scenario": f"s{s:02}", "release": f"G{g}", "family": "F", "generation": g, "modality": m}
        rater = f"g{g}r{r}" if of_panel else f"r{r}"
        success = bool(rng.random() < (0.5 if g == 1 else after))
        rows.append(place | {"phase": str(g), "rater": rater, "success": success, "refusal": False})
    return rows


def run(frame: pl.DataFrame, **protocol: Any) -> Measured:
    return measure(frame, protocol=Protocol(**protocol), rng=np.random.default_rng(1), bootstrap=0, units=["rating"])


def codes(found: Measured) -> set[str]:
    return {finding.code for finding in found.findings}


def one(found: Measured, code: str) -> Finding:
    (finding,) = [finding for finding in found.findings if finding.code == code]
    return finding


def failed(scenario: str, generation: int, modality: str) -> dict[str, Any]:
    place = {"scenario": scenario, "release": f"G{generation}", "family": "F", "generation": generation}
    return place | {"modality": modality, "phase": str(generation), "status": "failed"}


def without(rows: list[dict[str, Any]], gone: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = {(row["scenario"], row["release"], row["modality"]) for row in gone}
    return [row for row in rows if (row["scenario"], row["release"], row["modality"]) not in keys] + gone


# panels


def test_unlinked_panels_say_how_much_stricter_the_new_one_would_have_to_be(ratings_of: Make) -> None:
    finding = one(run(ratings_of(study(of_panel=True, after=0.3))), "unlinked_panels")
    assert finding.level == "critical"
    assert "A new panel stricter by " in finding.sentence
    assert "logits would explain the whole drift of G1 → G2 (its verdict changes with one stricter by " in finding.sentence
    assert "the raters of this study spread by " in finding.sentence


def test_a_rise_would_be_explained_by_a_more_lenient_panel(ratings_of: Make) -> None:
    finding = one(run(ratings_of(study(of_panel=True, after=0.8))), "unlinked_panels")
    assert "A new panel more lenient by " in finding.sentence


def test_a_drift_within_one_spread_of_the_raters_is_said_plainly(ratings_of: Make) -> None:
    rows = study(of_panel=True, scenarios=40)
    strict = [row | {"success": row["success"] and int(row["rater"][-1]) % 2 == 0} for row in rows]
    assert (
        "Less than one such spread would explain the whole drift of G1 → G2"
        in one(run(ratings_of(strict)), "unlinked_panels").sentence
    )


def test_where_no_tipping_point_can_be_had_the_sentence_says_why(ratings_of: Make) -> None:
    rows = [row | {"success": row["success"] and row["release"] == "G1"} for row in study(of_panel=True)]
    sentence = one(run(ratings_of(rows)), "unlinked_panels").sentence
    assert "cannot be told (a side is 0 or 100 %" in sentence


def test_refusal_is_not_called_strict(ratings_of: Make) -> None:
    rows = [row | {"refusal": row["success"], "success": None} for row in study(of_panel=True, after=0.3)]
    sentence = one(run(ratings_of(rows)), "unlinked_panels").sentence
    assert "A new panel slower to mark refusal by " in sentence


def test_linked_panels_say_who_links_them_and_where_they_met(ratings_of: Make) -> None:
    rows = [row for row in study(raters=6) if row["release"] == "G1" or row["rater"] != "r0" or row["scenario"] < "s05"]
    rows += [row | {"rater": "new"} for row in study(raters=1) if row["release"] == "G2"]
    finding = one(run(ratings_of(rows)), "linked_panels")
    assert finding.level == "info"
    assert finding.sentence.startswith("6 raters rated both releases of G1 → G2; the others rated one of them. 60 responses")


# coverage


def test_prompts_that_a_release_lacks_are_counted_by_modality(ratings_of: Make) -> None:
    rows = [row for row in study() if row["release"] == "G1" or row["scenario"] >= "s02" or row["modality"] == "text-only"]
    finding = one(run(ratings_of(rows)), "uneven_coverage")
    assert finding.level == "warning"
    assert finding.sentence.startswith("Of 60 prompts, G2 lacks 2 multimodal.")


def test_a_full_design_says_nothing_of_coverage_or_missing(ratings_of: Make) -> None:
    assert not codes(run(ratings_of(study()))) & {"uneven_coverage", "missing_differs", "missing_could_decide"}


def test_a_response_that_failed_was_put_to_the_release(ratings_of: Make) -> None:
    gone = [failed("s00", 2, "text-only")]
    assert "uneven_coverage" not in codes(run(ratings_of(without(study(), gone))))


# missing


def test_shares_of_missing_by_hand() -> None:
    # z = (1, 1, −1, −1)/8, V = 4/3·4/64 = 1/12, t = ½·√12 = √3 on 3 degrees of freedom.
    found = share_difference(np.zeros(4), np.ones(4), np.array([1.0, 1.0, 0.0, 0.0]), np.ones(4))
    assert (found.before, found.after) == (0.0, 0.5)
    assert found.p_value == pytest.approx(0.18169, abs=1e-5)


def test_shares_that_cannot_be_compared_have_no_p() -> None:
    assert np.isnan(share_difference(np.zeros(1), np.ones(1), np.ones(1), np.ones(1)).p_value)
    assert np.isnan(share_difference(np.zeros(3), np.ones(3), np.zeros(3), np.ones(3)).p_value)
    assert np.isnan(share_difference(np.zeros(3), np.zeros(3), np.zeros(3), np.ones(3)).before)


def test_more_missing_from_one_side_than_from_the_other_is_said_with_its_bounds(ratings_of: Make) -> None:
    gone = [failed(f"s{s:02}", 2, "multimodal") for s in range(12)]
    found = run(ratings_of(without(study(), gone)))
    finding = one(found, "missing_differs")
    assert "0.0 % of G1 and 20.0 % of G2; multimodal: 0.0 % of G1 and 40.0 % of G2" in finding.sentence
    assert "whatever was missing" in finding.sentence
    assert list(finding.estimate_ids) == found.estimates.filter("primary")["estimate_id"].to_list()


def test_as_much_missing_from_both_sides_is_not_a_difference(ratings_of: Make) -> None:
    gone = [failed(f"s{s:02}", generation, "multimodal") for s in range(12) for generation in (1, 2)]
    assert "missing_differs" not in codes(run(ratings_of(without(study(), gone))))


def test_what_is_missing_could_turn_the_sign(ratings_of: Make) -> None:
    gone = [failed(f"s{s:02}", 2, "multimodal") for s in range(12)]
    found = run(ratings_of(without(study(after=0.45), gone)))
    row = found.estimates.filter("primary").to_dicts()[0]
    assert row["bound_low"] < 0 < row["bound_high"]
    assert "turn its sign" in one(found, "missing_could_decide").sentence


def test_what_is_missing_cannot_decide_a_large_drift(ratings_of: Make) -> None:
    found = run(ratings_of(without(study(after=0.1), [failed("s00", 2, "multimodal")])))
    assert "missing_could_decide" not in codes(found)


# precision


def test_the_smallest_drift_that_is_found_by_hand() -> None:
    # (2.228139 + 0.879058)·0.02 with ten degrees of freedom.
    assert detectable(0.02, 10.0, level=0.95) == pytest.approx(0.02 * (2.228139 + 0.879058), abs=1e-7)
    assert np.isnan(detectable(0.02, None, level=0.95))


def test_power_is_said_beside_the_margin(ratings_of: Make) -> None:
    finding = one(run(ratings_of(study())), "power_for_margin")
    assert finding.level == "info"
    assert "in 80 % of studies, each tested alone at 5 %" in finding.sentence
    assert "A drift as large as the margin of 5 points would be found less often in G1 → G2." in finding.sentence
    narrow = one(run(ratings_of(study()), margin=Margin(points=0.5)), "power_for_margin")
    assert "less often" not in narrow.sentence
    assert narrow.remedy is None


def test_a_test_of_that_power_finds_that_drift_in_as_many_studies() -> None:
    rng = np.random.default_rng(2)
    drift = detectable(1.0, 19.0, level=0.95)
    samples = rng.normal(drift, 20**0.5, size=(20_000, 20))
    t = samples.mean(axis=1) / (samples.std(axis=1, ddof=1) / 20**0.5)
    assert np.mean(np.abs(t) > 2.093024) == pytest.approx(0.8, abs=0.01)


def test_that_unchanged_is_out_of_reach_is_said_of_a_drift_that_is_clear(ratings_of: Make) -> None:
    found = run(ratings_of(study(after=0.1)))
    assert found.estimates.filter("primary")["verdict"].to_list() == ["improved"]
    finding = one(found, "cannot_be_unchanged")
    assert "could not have returned `unchanged`" in finding.sentence
    assert "the 90 % interval that decides it" in finding.sentence
    assert finding.level == "info"


def test_that_unchanged_is_out_of_reach_is_said_of_a_margin_in_odds(ratings_of: Make) -> None:
    finding = one(run(ratings_of(study()), margin=Margin(odds_ratio=1.05)), "cannot_be_unchanged")
    assert "G1 → G2 (odds times or over " in finding.sentence
    assert "the margin of an odds ratio of 1.05" in finding.sentence
    assert (finding.level, "cannot return `unchanged`" in finding.sentence) == ("warning", True)
    assert "cannot_be_unchanged" not in codes(run(ratings_of(study()), margin=Margin(odds_ratio=30.0)))


def test_without_an_odds_ratio_a_margin_in_odds_can_show_nothing(ratings_of: Make) -> None:
    rows = [row | {"success": row["success"] and row["release"] == "G1"} for row in study()]
    finding = one(run(ratings_of(rows), margin=Margin(odds_ratio=30.0)), "cannot_be_unchanged")
    assert "(no odds ratio)" in finding.sentence


# authors


def by_author(rows: list[dict[str, Any]], authors: int) -> list[dict[str, Any]]:
    return [row | {"author": f"a{int(row['scenario'][1:]) % authors}"} for row in rows]


def with_author(ratings_of: Make, rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = {row["scenario"]: row.get("author") for row in rows}
    bare = [{key: value for key, value in row.items() if key != "author"} for row in rows]
    return ratings_of(bare).with_columns(extra_author=pl.col("scenario").replace_strict(names, return_dtype=pl.String))


def test_the_design_effect_by_hand() -> None:
    # V_S = 4/3·4; two authors with 2 and −2: V_A = 2·8.
    assert design_effect(np.array([1.0, 1.0, -1.0, -1.0]), np.array([0, 0, 1, 1])) == pytest.approx(3.0)
    assert design_effect(np.array([1.0, -1.0, 1.0, -1.0]), np.array([0, 0, 1, 1])) == 0.0
    assert design_effect(np.array([1.0, -1.0]), np.array([0, 1])) == pytest.approx(1.0)
    assert np.isnan(design_effect(np.zeros(3), np.array([0, 1, 1])))


def test_scenarios_that_move_with_their_author_widen_the_interval(ratings_of: Make) -> None:
    rows = [
        row | {"success": bool((int(row["scenario"][1:]) % 6 < 3) == (row["release"] == "G1"))} for row in study(scenarios=36)
    ]
    finding = one(run(with_author(ratings_of, by_author(rows, 6))), "clustered_authors")
    assert finding.level == "warning"
    assert "Clustered by their 6 authors" in finding.sentence


def test_authors_who_make_no_difference_are_not_mentioned(ratings_of: Make) -> None:
    rows = by_author(study(scenarios=30), 30)
    assert "clustered_authors" not in codes(run(with_author(ratings_of, rows)))


def test_one_author_is_said(ratings_of: Make) -> None:
    assert (
        "One author wrote every scenario"
        in one(run(with_author(ratings_of, by_author(study(), 1))), "clustered_authors").sentence
    )


def test_scenarios_of_unknown_authors_are_on_their_own(ratings_of: Make) -> None:
    rows = study(scenarios=10)
    assert "clustered_authors" not in codes(run(with_author(ratings_of, rows)))
