"""A report of 40 releases with long names and 30 harm categories is one light file, and no estimate is left out of it.

The same through the whole process (60 scenarios, three raters, 50 replicates) was 6.1 MB before names were shortened in tables,
Vega was packed and drawings were made lean, and is 2.96 MB since.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from driftgauge import frames
from driftgauge.records import content_id
from driftgauge.report.document import compose
from driftgauge.report.sections import explore
from driftgauge.report.select import view

RELEASES = [f"{f'Release {n} of a maker who likes long names, ' * 5}"[:196] + f" {n:03d}" for n in range(40)]
CATEGORIES = [f"category {n} of thirty" for n in range(30)]
CHURN = ("newly_vulnerable", "fixed", "net_churn", "gross_churn", "noise_floor")
NO_INTERVAL = {"conf_low": None, "conf_high": None}
OF_REPLICATES = NO_INTERVAL | {"reason_null": "it is a share of replicates, and std_error is its Monte Carlo error"}


@pytest.fixture(scope="module")
def large(build: Callable[..., Any]) -> Any:
    """Ten families of four, with all that a measurement adds: levels and drifts by category, ranks, churn, severity."""
    families = {
        f"Family {f}": {name: (0.3 + 0.02 * f, 0.2 + 0.05 * g, 0.01) for g, name in enumerate(RELEASES[4 * f : 4 * f + 4])}
        for f in range(10)
    }
    small = build(families)
    whole = {row["release"]: row for row in small.estimates.to_dicts() if _is_plain(row) and not row["contrast"]}
    drifts = [row for row in small.estimates.to_dicts() if row["contrast"] == "drift" and _is_plain(row)]
    added = [row | {"harm_category": name} for row in whole.values() for name in CATEGORIES]
    added += [
        row | {"estimand": "rank_probability", "rank": rank, **OF_REPLICATES} for row in whole.values() for rank in range(1, 41)
    ]
    added += [
        row | {"estimand": "harm_at_least", "outcome": "harm", "threshold": k} for row in whole.values() for k in range(2, 6)
    ]
    pooled = {"contrast": "profile_drift", "method": "partially pooled", "primary": False, "verdict": None}
    added += [row | pooled | {"harm_category": name} for row in drifts for name in CATEGORIES]
    added += [
        row | {"contrast": name, "method": "majority churn, scenario t", "primary": False} for row in drifts for name in CHURN
    ]
    rows = [row | {"estimate_id": content_id("large", n)} for n, row in enumerate(added)]
    more = frames.conform(pl.DataFrame(rows, infer_schema_length=None), frames.ESTIMATES)
    return replace(small, estimates=pl.concat([small.estimates, more]))


def _is_plain(row: dict[str, Any]) -> bool:
    ours = {"estimand": "asr", "modality": None, "scope": "raters", "method": "linearised two-way t"}
    return all(row[name] == value for name, value in ours.items())


def _specifications(study: Any) -> pl.DataFrame:
    verdicts = study.estimates.filter("primary").to_dicts()
    rows = [
        {name: value for name, value in row.items() if name in frames.SPECIFICATIONS}
        | {"specification_id": content_id(row["estimate_id"], n), "unit": "rating", "unrated": "refusal", "coding": "as_marked"}
        | {"declared": n == 0, "agrees": n % 7 > 0 or n == 0, "without_category": CATEGORIES[n % 30] if n else None}
        for row in verdicts
        for n in range(34)
    ]
    return frames.conform(pl.DataFrame(rows, infer_schema_length=None), frames.SPECIFICATIONS)


def test_a_report_of_forty_releases_with_long_names_is_light_and_whole(large: Any) -> None:
    assert {len(name) for name in RELEASES} == {200}
    tables = {"protocol": large.protocol, "specifications": _specifications(large)}
    document = compose(large.estimates, large.findings, large.manifest, **tables)
    page = document.html()
    assert len(page.encode()) <= 3_000_000
    printed = set(re.findall(r"<code>([0-9a-f]{16})</code>", page))
    figures = [figure for section in document.sections for figure in section.figures]
    assert len(figures) == 14
    for figure in figures:
        assert len(figure.table.rows) == page.count("<tr>", *_span(page, f'id="figure-{figure.name}"', "</figure>")) - 1
        assert figure.name == "robust" or set(figure.table.ids) <= printed, figure.name
    chosen = view(large.estimates, protocol=large.protocol)
    assert {row.estimate_id for row in explore.chosen(chosen)} <= printed
    held = Counter(row.release for row in explore.chosen(chosen))
    assert len(held) == len(chosen.releases)
    assert max(held.values()) - min(held.values()) <= 1
    assert set(RELEASES) <= set(re.findall(r'<th scope="row"><bdi>(.*?)</bdi>', page))
    drawn = "".join(re.findall(r"<text.*?</text>", page))
    assert all(f"{name[-3:]}<" in drawn for name in RELEASES)


def _span(page: str, start: str, end: str) -> tuple[int, int]:
    first = page.index(start)
    return first, page.index(end, first)
