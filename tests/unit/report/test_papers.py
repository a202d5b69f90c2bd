"""Tables for papers: every printed number is an estimate of the CSV, and names do no harm to LaTeX, Markdown or HTML."""

import html
import re
from collections.abc import Callable
from typing import Any

import markdown_it
import polars as pl
import pytest
from pylatexenc.latexwalker import (
    LatexEnvironmentNode,
    LatexMacroNode,
    LatexSpecialsNode,
    LatexWalker,
    LatexWalkerParseError,
)

from driftgauge.report.papers import WRITERS, PaperTable, latex, markdown, paper_tables
from driftgauge.report.select import view

HOSTILE = (r"\input{/x}", "a & b % c_d #1 $x$ ~^", "<b>|x|</b>", "{[brackets]}", "one\ntwo", "نموذج")
HTML = {"html", "head", "meta", "title", "body", "div", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "span"}


def tables_of(study: Any) -> list[PaperTable]:
    return paper_tables(view(study.estimates, protocol=study.protocol), simulated=True)


def numbers(cell: str) -> list[float]:
    return [float(found.replace("−", "-")) for found in re.findall(r"[−+]?\d+(?:\.\d+)?", cell)]


def cells_of(table: PaperTable, ending: str) -> list[list[str]]:
    """The cells of the rows of a written table, with what LaTeX writes for signs undone."""
    if ending == "html":
        body = WRITERS["html"](table).partition("<tbody")[2].partition("</tbody>")[0]
        rows = re.findall(r"<tr\b.*?>(.*?)</tr>", body, re.DOTALL)
        return [[html.unescape(each) for each in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]
    if ending == "md":
        rendered = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).render(markdown(table))
        body = rendered.partition("<tbody>")[2]
        return [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)]
    written = latex(table).partition(r"\midrule")[2].partition(r"\bottomrule")[0]
    plain = written.replace("$-$", "−").replace(r"\,\%", " %")
    return [re.split(r"(?<!\\) & ", line.removesuffix(r" \\")) for line in plain.strip().splitlines()]


@pytest.mark.parametrize("ending", ["tex", "md", "html"])
def test_every_printed_number_is_that_of_an_estimate_of_its_csv(eight: Any, ending: str) -> None:
    known = {row["estimate_id"]: row for row in eight.estimates.to_dicts()}
    for table in tables_of(eight):
        data = iter(table.data.to_dicts())
        rows = cells_of(table, ending)
        assert len(rows) == len(table.rows) > 0
        for row in rows:
            cells = row[1:] if table.name == "levels" else row[1:2]
            for cell in cells:
                estimate = next(data)
                assert {name: known[estimate["estimate_id"]][name] for name in estimate} == estimate
                scale = 1.0 if estimate["estimand"] == "mean_harm" else 100.0
                places = len(re.findall(r"\d+(?:\.(\d+))?", cell)[0])
                wanted = [scale * estimate[name] for name in ("estimate", "conf_low", "conf_high")]
                assert numbers(cell) == pytest.approx(wanted, abs=0.5001 * 10.0**-places), cell
        assert next(data, None) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text_wherever_they_are_written(build: Callable[..., Any], name: str) -> None:
    for table in tables_of(build({"Elm": {name: (0.5, 0.3, 0.0), "Elm 9": (0.4, 0.3, 0.0)}})):
        assert all(len(row) == len(table.headings) for kind in WRITERS for row in cells_of(table, kind))
        commands = set(re.findall(r"\\([A-Za-z]+)", latex(table)))
        ours = {"begin", "end", "centering", "toprule", "midrule", "bottomrule", "caption", "label", "to", "alpha"}
        assert commands <= ours | {"textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater", "textbar"}
        assert "<b>" not in markdown_it.MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(markdown(table))
        page = WRITERS["html"](table)
        assert set(re.findall(r"<(\w+)", page)) <= HTML
        assert " ".join(name.split()) in " ".join(html.unescape(page).split())


@pytest.mark.parametrize("name", HOSTILE)
def test_latex_is_one_table_of_as_many_columns_as_its_rows_have(build: Callable[..., Any], name: str) -> None:
    for table in tables_of(build({"Elm": {name: (0.5, 0.3, 0.0), "Elm 9": (0.4, 0.3, 0.0)}})):
        nodes, _, _ = LatexWalker(latex(table), tolerant_parsing=False).get_latex_nodes()
        outer = next(node for node in nodes if node.isNodeType(LatexEnvironmentNode))
        inner = next(node for node in outer.nodelist if node.isNodeType(LatexEnvironmentNode))
        assert [outer.environmentname, inner.environmentname] == ["table", "tabular"]
        columns = inner.nodeargd.argnlist[-1].latex_verbatim().strip("{}")
        signs = [node.specials_chars for node in inner.nodelist if node.isNodeType(LatexSpecialsNode)]
        ends = [node.macroname for node in inner.nodelist if node.isNodeType(LatexMacroNode) and node.macroname == "\\"]
        assert len(columns) == len(table.headings)
        assert signs.count("&") == (len(columns) - 1) * len(ends) == (len(columns) - 1) * (len(table.rows) + 1)


def test_latex_that_is_broken_is_found(eight: Any) -> None:
    whole = latex(tables_of(eight)[0])
    for broken in (whole.replace(r"\end{tabular}", ""), whole.replace(r"\caption{", r"\caption{{")):
        with pytest.raises(LatexWalkerParseError):
            LatexWalker(broken, tolerant_parsing=False).get_latex_nodes()


def test_a_table_with_nothing_settled_says_that_this_is_not_no_change(eight: Any) -> None:
    changed = eight.set(verdict=pl.when("primary").then(pl.lit("inconclusive")).otherwise("verdict"))
    assert tables_of(changed)[1].caption.endswith("Inconclusive does not mean no change.")


def test_simulated_data_are_said_to_be_so_in_each_caption(eight: Any) -> None:
    assert all(table.caption.startswith("Simulated data.") for table in tables_of(eight))


def test_a_study_without_families_has_an_empty_table_of_drifts_that_says_so(build: Callable[..., Any]) -> None:
    drifts = tables_of(build(lineage=False))[1]
    assert (list(drifts.rows), "There is no verdict." in drifts.caption) == ([], True)
    assert all(write(drifts) for write in WRITERS.values())
