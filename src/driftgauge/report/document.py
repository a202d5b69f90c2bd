"""The report as one file: static pictures, one script that they can do without, nothing that a browser would fetch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
import polars as pl
from markupsafe import Markup

from driftgauge.frames import FLIPS, SPECIFICATIONS, empty
from driftgauge.records import Manifest
from driftgauge.report import ledger, verdicts, words
from driftgauge.report.blocks import Section
from driftgauge.report.figures import theme
from driftgauge.report.figures.explore import script
from driftgauge.report.judged import judged, together
from driftgauge.report.names import coded, cut
from driftgauge.report.numbers import count, listed, some
from driftgauge.report.sections import (
    beneath,
    deployment,
    drift,
    explore,
    judges,
    levels,
    methods,
    modality,
    model,
    outcomes,
    people,
    robust,
    severity,
    standing,
    tradeoff,
    where,
)
from driftgauge.report.select import View, view

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("driftgauge.report", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Note:
    """One finding as the page shows it."""

    finding_id: str
    level: str
    sentence: Markup
    remedy: Markup | None


@dataclass(frozen=True)
class Document:
    """A report before it is printed: what the template reads, and the sections with their figures."""

    page: Mapping[str, Any]
    sections: Sequence[Section]

    def html(self) -> str:
        """Return it as one self-contained HTML document; every text that came with the data is escaped."""
        return _ENVIRONMENT.get_template("report.html.j2").render(self.page)


def compose(
    estimates: pl.DataFrame,
    findings: pl.DataFrame,
    manifest: Manifest,
    *,
    protocol: Mapping[str, object],
    flips: pl.DataFrame | None = None,
    specifications: pl.DataFrame | None = None,
    static: bool = False,
) -> Document:
    """Return the report of an analysis.

    Parameters
    ----------
    estimates, findings
        The `estimates` and `findings` tables of one analysis.
    manifest
        Its manifest.
    protocol
        The protocol as a plain mapping (`Protocol.model_dump()`).
    flips, specifications
        The tables of these names; null where the analysis has none.
    static
        Leave the script out; the page says the same without it.

    """
    chosen = view(estimates, protocol=protocol)
    margin = verdicts.margin_of(protocol)
    notes = _notes(findings)
    beside = judged(estimates, scope=str(protocol.get("scope") or "raters"))
    of_judges = judges.section(beside, findings, together(estimates))
    sections = [
        drift.section(chosen),
        outcomes.section(chosen),
        tradeoff.section(chosen),
        beneath.section(chosen, findings, empty(FLIPS) if flips is None else flips),
        where.section(chosen),
        modality.section(chosen),
        standing.section(chosen),
        severity.section(chosen),
        people.section(chosen, findings),
        *([of_judges] if of_judges is not None else []),
        robust.section(chosen, empty(SPECIFICATIONS) if specifications is None else specifications),
        model.section(chosen, findings),
        deployment.section(chosen, margin=margin),
        levels.section(chosen),
        explore.section(chosen),
        methods.section(chosen, manifest, protocol=protocol, margin=margin),
    ]
    simulated = manifest.simulated or bool(estimates["simulated"].any()) or "simulated" in findings["code"].to_list()
    entries, between = verdicts.entries(chosen, findings, margin=margin), verdicts.first_to_last(chosen)
    sections.append(ledger.section(entries, sections, findings=findings, more=between))
    page: dict[str, Any] = {
        "manifest": manifest,
        "view": chosen,
        "simulated": _simulated(findings) if simulated else None,
        "summary": _summary(chosen, manifest),
        "subject": _subject(chosen),
        "verdicts": entries,
        "verdict_heading": verdicts.heading(chosen),
        "first_to_last": between,
        "why_no_verdict": verdicts.why_none(chosen, findings) if not chosen.verdicts else [],
        "limits": [note for note in notes if note.level != "info"],
        "good_to_know": [note for note in notes if note.level == "info"],
        "numbers": {note.finding_id: number for number, note in enumerate((n for n in notes if n.level != "info"), start=1)},
        "limits_heading": _limits_heading(notes),
        "sections": sections,
        "script": None if static else script(explore.levels(chosen)),
        "paints": theme.PAINTS,
        "series_count": len(theme.SERIES),
    }
    return Document(page, sections)


def render(
    estimates: pl.DataFrame,
    findings: pl.DataFrame,
    manifest: Manifest,
    *,
    protocol: Mapping[str, object],
    flips: pl.DataFrame | None = None,
    specifications: pl.DataFrame | None = None,
    static: bool = False,
) -> str:
    """Return the report of an analysis as one self-contained HTML document; parameters as of `compose`."""
    return compose(
        estimates, findings, manifest, protocol=protocol, flips=flips, specifications=specifications, static=static
    ).html()


def _notes(findings: pl.DataFrame) -> list[Note]:
    """Return the findings in the frame's order; that the data are simulated stands in the banner instead."""
    wanted = findings.filter(pl.col("code") != "simulated").select("finding_id", "level", "sentence", "remedy")
    return [
        Note(name, level, coded(sentence), coded(remedy) if remedy else None)
        for name, level, sentence, remedy in wanted.iter_rows()
    ]


def _limits_heading(notes: list[Note]) -> str:
    critical = sum(note.level == "critical" for note in notes)
    warnings = sum(note.level == "warning" for note in notes)
    if not critical and not warnings:
        return "The design checks found nothing that limits these conclusions"
    said = [
        f"{some(critical, 'finding')} forbid{'s' if critical == 1 else ''} a conclusion" if critical else "",
        f"{some(warnings, 'finding')} limit{'s' if warnings == 1 else ''} what can be concluded" if warnings else "",
    ]
    return listed([text for text in said if text])


def _simulated(findings: pl.DataFrame) -> str:
    said = findings.filter(pl.col("code") == "simulated")["sentence"].to_list()
    return said[0] if said else "A simulation made these ratings. Nothing here is about a real model."


def _subject(chosen: View) -> str:
    families = [family for family in chosen.families if family is not None]
    releases = some(len(chosen.releases), "release")
    if not families:
        return f"Alignment in {releases}"
    return f"Alignment drift in {releases} of {some(len(families), 'family', 'families')}"


def _summary(chosen: View, manifest: Manifest) -> list[tuple[str, str | Markup]]:
    """Return what was done, as terms and their values."""
    rows = [row for row in chosen.rows if row.contrast is None]
    ratings = manifest.counts.get("ratings")
    phases = list(dict.fromkeys(release.phase for release in chosen.releases if release.phase))
    scenarios = manifest.counts.get("scenarios") or max((row.n_scenarios or 0 for row in rows), default=0)
    raters = manifest.counts.get("raters") or max((row.n_raters or 0 for row in rows), default=0)
    who = ("judge", "judges") if chosen.kind == "judge" else ("person", "people")
    return [
        ("Ratings", f"{count(ratings)} by {some(raters, *who)}" if ratings else f"by {some(raters, *who)} or more"),
        ("Scenarios", ", ".join([count(scenarios), *([listed(list(chosen.modalities))] if chosen.modalities else [])])),
        ("Phases", listed([cut(phase, 30) for phase in phases[:6]]) if phases else "one"),
        ("Question", f"{_question(chosen)}, by {chosen.unit.replace('_', ' ')}, for {_whose(chosen)}"),
        ("Protocol", Markup("<code>{}</code>").format(manifest.protocol_hash)),
        ("Analysis", Markup("<code>{}</code>, {}").format(manifest.analysis_id, manifest.created_at[:10])),
    ]


def _question(chosen: View) -> str:
    return words.quantity(chosen.estimand, threshold=chosen.threshold) if chosen.estimand else "nothing could be estimated"


def _whose(chosen: View) -> str:
    who = "judges" if chosen.kind == "judge" else "raters"
    return f"{who} like these" if chosen.scope == "raters" else f"these {who} only"
