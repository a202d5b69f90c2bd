"""Every quantity that a measurement gives, and every finding, has its place on the methods pages."""

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.frames import MODALITIES
from driftgauge.measure.agreement import COEFFICIENTS
from driftgauge.measure.analysis import measure
from driftgauge.measure.decompose import PARTS
from driftgauge.measure.models import Model
from driftgauge.measure.ppi_rows import ProbabilitySample
from driftgauge.study import Protocol

PARAGRAPHS = ("## Assumption", "## How it fails", "## Source", "## By hand")
OVERVIEWS = (
    "index.md",
    "findings.md",
    "coverage.md",
    "coverage-table.md",
    "coverage-models-table.md",
    "sbc.md",
    "validation.md",
    "validation-table.md",
    "sbc-table.md",
    "refusal-detector-table.md",
    "monitoring-table.md",
    "ppi-table.md",
    "judge-calibration-table.md",
)


@pytest.fixture(scope="module")
def everything(ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame]) -> pl.DataFrame:
    """The estimates of a study asked everything: families, languages, modalities, attempts, risks, twins, judges."""
    keys = product(
        ("s1", "s2", "s3"),
        ("adversarial", "benign"),
        MODALITIES,
        ("Elm 1", "Elm 2", "Elm 3", "Elm 4", "Fir 1", "Fir 2"),
        (1, 2),
        ("ann", "bob", "cat"),
        ("en", "es"),
    )
    rows = [
        {
            "scenario": scenario,
            "intent": intent,
            "modality": modality,
            "release": release,
            "family": release[:3],
            "language": language,
            "generation": int(release[-1]),
            "attempt": attempt,
            "rater": rater,
            "harm": 1 + number % 5,
            "success": number % 3 == 0,
            "refusal": number % 4 == 0,
            "refusal_level": ("none", "partial", "full")[number % 3],
            "harm_category": "fraud" if scenario == "s1" else "privacy",
            "technique": "role_play" if scenario == "s2" else "fiction",
            "created_at": f"2026-03-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z",
        }
        for number, (scenario, intent, modality, release, attempt, rater, language) in enumerate(keys)
        if (intent == "adversarial" or attempt == 1)
        and (release != "Fir 2" or attempt == 1)
        and (language == "en" or (intent == "adversarial" and scenario != "s3"))
    ]
    rows += [{**row, "rater": f"{row['rater']} too"} for row in rows if row["release"] == "Fir 2"]
    rows += [{**row, "occasion": 2, "purpose": "anchor"} for row in rows[:3]]
    judged = [{**row, "kind": "judge", "rater": "judge"} for row in rows if row["rater"] == "ann"]
    others = [{**row, "rater": "another judge"} for row in judged if row["release"] == "Elm 1" and row["attempt"] == 1]
    ratings = ratings_of([*rows, *judged, *others])
    drawn = pl.DataFrame({"scenario": ["s1", "s2", "s3"], "inclusion": [2 / 3] * 3, "drawn": [True, True, False]})
    return measure(
        ratings,
        protocol=Protocol(),
        rng=np.random.default_rng(1),
        bootstrap=50,
        model=Model("design"),
        sampled=ProbabilitySample(drawn),
    ).estimates


@pytest.mark.parametrize("column", ["estimand", "contrast", "unit"])
def test_everything_that_is_estimated_has_a_page(column: str, everything: pl.DataFrame, docs: Any) -> None:
    given = set(everything[column].drop_nulls().unique().to_list())
    assert given <= docs.declared(f"{column}s")


def test_every_method_has_a_page(everything: pl.DataFrame, docs: Any) -> None:
    given = {method.partition("; ")[0] for method in everything["method"].unique().to_list()}
    assert given == docs.declared("methods")


def test_pages_declare_nothing_that_is_not_there(everything: pl.DataFrame, docs: Any) -> None:
    assert docs.declared("estimands") == set(everything["estimand"].unique().to_list()) | set(COEFFICIENTS)
    assert docs.declared("contrasts") == set(everything["contrast"].drop_nulls().unique().to_list()) | set(PARTS)


def test_a_page_of_methods_has_its_paragraphs(docs: Any) -> None:
    pages = [page for page in docs.pages("methods") if page.name not in OVERVIEWS]
    lacking = {page.name: [part for part in PARAGRAPHS if part not in page.read_text(encoding="utf-8")] for page in pages}
    # What nobody rated comes from no publication.
    assert {name: parts for name, parts in lacking.items() if parts} == {}


def test_a_page_of_methods_is_checked_by_its_example(docs: Any) -> None:
    pages = [page for page in docs.pages("methods") if page.name not in OVERVIEWS]
    assert [page.name for page in pages if not docs.examples(page)] == []


def test_every_finding_is_explained(docs: Any) -> None:
    sources = (docs.root / "src" / "driftgauge").rglob("*.py")
    pattern = r'(?:Finding|Contradiction)\(\s*(?:code=)?"([a-z_]+)"|^\s*code="([a-z_]+)"'
    codes = {
        one or other
        for path in sources
        for one, other in re.findall(pattern, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    page = (docs.folder / "methods" / "findings.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### `([a-z_]+)`$", page, flags=re.MULTILINE)) == codes
