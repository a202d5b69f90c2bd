"""Tables for papers: levels and drifts as LaTeX (booktabs), Markdown, HTML and CSV."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Final

import polars as pl

from driftgauge.report import words
from driftgauge.report.gate.markdown import table as markdown_table
from driftgauge.report.gate.markdown import text
from driftgauge.report.names import tidy
from driftgauge.report.numbers import HARD, MINUS, NONE, THIN, p_value
from driftgauge.report.select import Estimate, View

_LEVELS: Final = ("asr", "conditional_asr", "harm_rate", "refusal_rate", "over_refusal", "mean_harm")
_COLUMNS: Final = (
    "estimate_id", "estimand", "contrast", "family", "baseline_release", "release", "phase", "scope", "estimate", "conf_low",
    "conf_high", "level", "p_value", "p_adjusted", "verdict", "size", "n_scenarios", "n_raters", "n_ratings", "reason_null",
)  # fmt: skip


@dataclass(frozen=True)
class PaperTable:
    """A table as it is printed, and the estimates that are in it.

    Parameters
    ----------
    name
        Of its files.
    caption
        What it is of: whose ratings, over which scenarios, what the intervals are for.
    headings, rows
        Cells of plain text, the first column of names.
    data
        One row an estimate, as in the estimates table.
    """

    name: str
    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    data: pl.DataFrame


def paper_tables(chosen: View, *, simulated: bool) -> list[PaperTable]:
    """Return the levels of all releases, and the drifts of the verdict family.

    Parameters
    ----------
    chosen
        The rows that a report shows.
    simulated
        Whether the captions have to say that a program made the ratings.
    """
    before = "Simulated data. " if simulated else ""
    return [_levels(chosen, before), _drifts(chosen, before)]


def _levels(chosen: View, before: str) -> PaperTable:
    columns = {name: found for name in _LEVELS if (found := _of(name, chosen))}
    headings = ["Release", *(words.sentence(words.quantity(name, threshold=chosen.threshold)) for name in columns)]
    names = [release.name for release in chosen.releases]
    rows = [[name, *(_cell(found.get(name)) for found in columns.values())] for name in names]
    used = [found[name] for name in names for found in columns.values() if name in found]
    whose = words.population(used, chosen, what="levels") if used else "There is no level."
    return PaperTable("levels", before + whose, headings, rows, _data(used))


def _of(name: str, chosen: View) -> dict[str, Estimate]:
    intent = "benign" if name == "over_refusal" else None
    outcome = "harm" if name == "mean_harm" else None  # and not harm6, in which a refusal is a level
    return chosen.levels(name, engaged=name == "conditional_asr", intent=intent, outcome=outcome)


def _drifts(chosen: View, before: str) -> PaperTable:
    headings = ["Releases", "Change, points", "p", "p, Holm", "Verdict"]
    rows = [
        [
            f"{tidy(row.baseline_release or '')} → {tidy(row.release or '')}",
            _cell(row),
            *("" if p is None else p_value(p).removeprefix("= ") for p in (row.p_value, row.p_adjusted)),
            row.verdict or "no verdict",
        ]
        for row in chosen.verdicts
    ]
    what = f"change of {words.quantity(chosen.estimand, threshold=chosen.threshold)}"
    whose = words.population(chosen.verdicts, chosen, what=what) if chosen.verdicts else "There is no verdict."
    note = " Inconclusive does not mean no change." if any(row.verdict == "inconclusive" for row in chosen.verdicts) else ""
    return PaperTable("drifts", before + whose + note, headings, rows, _data(chosen.verdicts))


def _cell(row: Estimate | None) -> str:
    return NONE if row is None else words.with_limits(row, signed=row.contrast is not None)


def _data(rows: Sequence[Estimate]) -> pl.DataFrame:
    told = [{name: value for name, value in asdict(row).items() if name in _COLUMNS} for row in rows]
    return pl.DataFrame(told, infer_schema_length=None).select([name for name in _COLUMNS if told])


_LATEX: Final[Mapping[str, str]] = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    THIN: r"\,", HARD: "~", MINUS: "$-$", NONE: "--", "→": r"$\to$", "α": r"$\alpha$", "[": "{[}", "]": "{]}",
}  # fmt: skip


def latex(table: PaperTable) -> str:
    r"""Return a table for the package booktabs.

    Names of other scripts are left as they are: they need XeLaTeX or LuaLaTeX, and a font that has them.

    Examples
    --------
    >>> print(latex(PaperTable("t", "50 % of them.", ["Release"], [["a_b & c"]], pl.DataFrame())).splitlines()[6])
    a\_b \& c \\
    """
    columns = "l" + "r" * (len(table.headings) - 1)
    lines = [r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{{columns}}}", r"\toprule"]
    lines += [_row(table.headings), r"\midrule", *map(_row, table.rows), r"\bottomrule", r"\end{tabular}"]
    lines += [rf"\caption{{{_escaped(table.caption)}}}", rf"\label{{tab:driftgauge-{table.name}}}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return " & ".join(map(_escaped, cells)) + r" \\"


def _escaped(cell: str) -> str:
    kept = tidy(cell.replace(THIN, "\ue000").replace(HARD, "\ue001")) if cell else ""  # tidy would make them plain spaces
    return "".join(_LATEX.get(each, each) for each in kept.replace("\ue000", THIN).replace("\ue001", HARD))


def markdown(table: PaperTable) -> str:
    """Return a table as Markdown, its caption under it; names stay text."""
    rows = [[text(cell) if cell else "" for cell in row] for row in table.rows]
    return "\n".join([*markdown_table(list(table.headings), rows), "", text(table.caption)]) + "\n"


def html(table: PaperTable) -> str:
    """Return a page with a table that keeps its looks where it is pasted: every style stands in its element.

    Cells are text, whatever they hold. Needs great-tables, of extra `[tables]`.
    """
    from great_tables import GT  # noqa: PLC0415 - of an extra

    first, *others = table.headings
    frame = pl.DataFrame([*table.rows], schema=dict.fromkeys(table.headings, pl.String), orient="row")
    made: Any = GT(frame, rowname_col=first, id=f"driftgauge-{table.name}").tab_stubhead(first).tab_source_note(table.caption)
    made = made.cols_align("right", columns=others) if others else made
    head = f'<head><meta charset="utf-8"><title>{escape(table.caption)}</title></head>'
    return f'<!DOCTYPE html>\n<html lang="en">\n{head}\n<body>\n{made.as_raw_html(inline_css=True)}\n</body>\n</html>\n'


WRITERS: Final[Mapping[str, Callable[[PaperTable], str]]] = {"tex": latex, "md": markdown, "html": html}
"""By the ending of the file; CSV is written from the data."""
