"""Methods in a paragraph, the protocol, where it all came from."""

from collections.abc import Iterator, Mapping
from typing import cast

from markupsafe import Markup

from driftgauge.records import Manifest
from driftgauge.report import words
from driftgauge.report.blocks import Column, Section, Table, Text
from driftgauge.report.numbers import count, listed
from driftgauge.report.select import View
from driftgauge.report.verdicts import Margin

_UNITS = {
    "rating": "Every rating weighs the same",
    "response_mean": "Every response weighs the same, whatever its number of ratings",
    "response_majority": "Every response counts by the expected majority of a common number of raters",
    "any_rater": "A response counts as soon as any of a common number of raters says so",
    "any_attempt": "A prompt counts by the worst of its attempts",
}


def section(view: View, manifest: Manifest, *, protocol: Mapping[str, object], margin: Margin) -> Section:
    """Return the section on methods, protocol and provenance."""
    declared = Table(
        "Protocol, fixed before the data",
        [Column("Setting"), Column("Value")],
        [(name, value) for name, value in _flat(protocol)],
    )
    return Section(
        "methods",
        "Methods",
        "How this was done, and from what",
        lead=list(_method(view, margin)),
        tables=[declared, _provenance(manifest)],
        closing=[
            "Beside this file: every estimate with its counts, interval and reason (estimates.csv, estimates.parquet), the "
            "findings, the ratings and the manifest. The id of a number here is its estimate_id there."
        ],
    )


def _method(view: View, margin: Margin) -> Iterator[str]:
    level = words.level_of(view.rows)
    methods = sorted({row.method for row in view.rows if row.method})
    generalise = (
        "They are for raters like these: scenarios and raters both vary."
        if view.scope == "raters"
        else "They are for these raters only: scenarios vary, raters do not."
    )
    yield (
        f"{_UNITS.get(view.unit, view.unit)}. Intervals ({level}) are {listed(methods) or 'not available'}. {generalise} "
        "A change between releases is taken on the prompts that both answered, and computed before rounding: printed levels "
        "need not subtract to the printed change."
    )
    if view.verdicts:
        yield (
            f"Verdicts compare each release with its predecessor, {count(len(view.verdicts))} in all, with p values adjusted "
            "after Holm. Regressed or improved: the adjusted p value of the change is small enough. Unchanged: two one-sided "
            "tests (that is, a narrower interval than the one printed) show that the change is inside "
            f"{margin.words}. Inconclusive: neither; a change that is not clear of chance is never called unchanged for that."
        )
    yield (
        "Responses that the provider refused or filtered, and empty ones, were shown to nobody; unless the protocol says "
        "otherwise they count as refusals. Failed and unsupported ones are missing. Ratings by models never enter an estimate "
        "of people’s ratings."
    )


def _flat(mapping: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in mapping.items():
        path = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _flat(cast(Mapping[str, object], value), f"{path}: ")
        elif value is not None:
            yield path, str(value)


def _provenance(manifest: Manifest) -> Table:
    rows: list[tuple[Text, Text]] = [
        ("Analysis", _code(manifest.analysis_id)),
        ("Made", f"{manifest.created_at}"),
        ("From", manifest.source),
        ("Command", _code(manifest.command)),
        ("Data", _code(manifest.data_hash)),
        ("Protocol", _code(manifest.protocol_hash)),
        ("Families", _code(manifest.lineage_hash) if manifest.lineage_hash else "not declared"),
        ("Code", _code(manifest.code_version)),
        ("Libraries", ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())),
        ("Seed and replicates", f"{manifest.seed}; {count(manifest.bootstrap)}"),
        ("Counts", ", ".join(f"{name.replace('_', ' ')} {count(number)}" for name, number in manifest.counts.items())),
        ("Simulated", "yes" if manifest.simulated else "no"),
    ]
    return Table("Provenance", [Column("What"), Column("Value")], rows)


def _code(text: str) -> Markup:
    return Markup("<code>{}</code>").format(text)
