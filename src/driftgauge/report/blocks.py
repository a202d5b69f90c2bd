"""What a section is made of: plain data that the template prints. Text is escaped there unless it is `Markup`."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from driftgauge.report.select import Estimate

Text = str | Markup


class Said(Markup):
    """A sentence with the ids of the estimates that its numbers are of: the ledger lists both."""

    ids: tuple[str, ...] = ()


def said(text: Text, *rows: Estimate | None) -> Said:
    """Return a sentence that names the estimates behind it.

    Parameters
    ----------
    text
        Escaped here unless it is `Markup`.
    rows
        What its numbers are of; null ones are left out.
    """
    sentence = Said(escape(text))
    sentence.ids = tuple(dict.fromkeys(row.estimate_id for row in rows if row is not None))
    return sentence


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, and whether numbers stand in it."""

    name: str
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows, and the ids of the estimates in it."""

    caption: Text
    columns: Sequence[Column]
    rows: Sequence[Sequence[Text]]
    ids: Sequence[str] = ()


@dataclass(frozen=True)
class Pane:
    """One panel of a figure under its own heading, in the colour of a family where it has one."""

    heading: Text
    svg: Markup
    series: int | None = None
    wide: bool = False


@dataclass(frozen=True)
class Key:
    """One entry of a legend: a mark (a class of the style sheet) and its words."""

    mark: str
    words: str


@dataclass(frozen=True)
class Figure:
    """A picture with its population line and its numbers.

    Parameters
    ----------
    name
        Begins every id in it.
    question
        The one question that it answers.
    population
        What the numbers are of, and what the intervals are for.
    notes
        What is missing from it and why, and how to read it.
    """

    name: str
    question: str
    panes: Sequence[Pane]
    population: Text
    table: Table
    key: Sequence[Key] = ()
    notes: Sequence[Text] = ()


@dataclass(frozen=True)
class Section:
    """One section of the report.

    Parameters
    ----------
    name
        Its id.
    label
        A word or two for the navigation.
    heading
        A sentence that says the finding.
    lead
        Paragraphs before the figures.
    """

    name: str
    label: str
    heading: Text
    lead: Sequence[Text] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    folded: Sequence[Table] = ()
    closing: Sequence[Text] = ()
