"""The ledger: every sentence of the report with a number in it, and the estimates that the number is of."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from markupsafe import Markup

from driftgauge.report.blocks import Column, Said, Section, Table, Text
from driftgauge.report.names import coded
from driftgauge.report.numbers import NONE
from driftgauge.report.verdicts import Verdict

_MOST: Final = 8
"""Ids that stand beside one sentence; where there are more, the place says where they all are."""
_NAMES: Final = re.compile(r"<bdi>.*?</bdi>|<code>.*?</code>", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One sentence, the anchor of its place with a word for it, and the ids behind it."""

    anchor: str
    place: str
    sentence: Text
    ids: tuple[str, ...]


def has_number(text: Text) -> bool:
    """Return whether a sentence states a number; names and code do not count.

    Examples
    --------
    >>> has_number(Markup("<bdi>GPT-5</bdi> regressed")), has_number("3 points")
    (False, True)
    """
    return bool(re.search(r"\d", _NAMES.sub("", text)))


def section(
    verdicts: Sequence[Verdict], sections: Sequence[Section], findings: pl.DataFrame, *, more: Iterable[Text]
) -> Section:
    """Return the ledger of a page.

    Parameters
    ----------
    verdicts, sections, findings
        Of the page.
    more
        What else stands under the verdicts.
    """
    entries = [*_of_verdicts(verdicts, more), *_of_findings(findings), *_of_sections(sections)]
    lines = [_line(entry) for entry in entries if has_number(entry.sentence)]
    table = Table("Ledger", [Column("Sentence"), Column("Where"), Column("Estimates")], lines)
    lead = "Numbers of pictures and tables have their ids beside them; those of sentences stand here."
    return Section("ledger", "Ledger", "Every sentence with a number, and the estimate behind it", lead=[lead], tables=[table])


def _line(entry: Entry) -> tuple[Text, ...]:
    ids = Markup(" ").join(Markup("<code>{}</code>").format(name) for name in entry.ids[:_MOST])
    more = Markup(" and {} more").format(len(entry.ids) - _MOST) if len(entry.ids) > _MOST else ""
    return entry.sentence, Markup('<a href="#{}">{}</a>').format(entry.anchor, entry.place), (ids + more) or NONE


def _of_verdicts(verdicts: Sequence[Verdict], more: Iterable[Text]) -> Iterator[Entry]:
    for verdict in verdicts:
        for text in (verdict.line, *verdict.details):
            yield Entry("verdicts", "Verdicts", text, verdict.ids)
    for text in more:
        yield Entry("verdicts", "Verdicts", text, ids_of(text))


def _of_findings(findings: pl.DataFrame) -> Iterator[Entry]:
    """Yield findings with the estimates that they touch; one that touches all of them is its own source."""
    columns = ("finding_id", "code", "sentence", "remedy", "estimate_ids")
    for name, code, sentence, remedy, ids in findings.select(columns).iter_rows():
        if code != "simulated":
            for text in (sentence, remedy):
                if text:
                    yield Entry(f"finding-{name}", "Findings", coded(text), tuple(ids or ()) or (name,))


def _of_sections(sections: Sequence[Section]) -> Iterator[Entry]:
    for each in sections:
        if each.name == "methods":
            continue  # its numbers are the protocol's and the manifest's, which it prints
        whole = tuple(dict.fromkeys(name for table in _tables(each) for name in table.ids))
        for text in (each.heading, *each.lead, *each.closing):
            yield Entry(each.name, each.label, text, ids_of(text) or whole)


def _tables(one: Section) -> list[Table]:
    return [*one.tables, *(figure.table for figure in one.figures), *one.folded]


def ids_of(text: Text) -> tuple[str, ...]:
    """Return the ids that a sentence names."""
    return text.ids if isinstance(text, Said) else ()
