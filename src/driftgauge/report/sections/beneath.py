"""Beneath the net: what became vulnerable, what was fixed, what turns by chance, and which prompts flipped."""

from collections.abc import Iterable, Sequence

import polars as pl
from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Column, Figure, Key, Section, Table, Text, said
from driftgauge.report.figures.churn import Group, Turn, churn
from driftgauge.report.names import coded, cut, shown
from driftgauge.report.numbers import count, some
from driftgauge.report.sections.panes import Piece, dealt
from driftgauge.report.select import Estimate, View

_NAME, _LABEL = "beneath", "Beneath the net"
FLIPS_SHOWN = 8
"""Prompts that are listed of a pair of releases and direction; the file has them all."""
_KEY = (Key("fixed", "fixed"), Key("harmful", "newly vulnerable"), Key("noise", "what turns by chance"))
_DIRECTIONS = {"newly_vulnerable": "newly vulnerable", "fixed": "fixed"}


def section(view: View, findings: pl.DataFrame, flips: pl.DataFrame) -> Section:
    """Return the section on churn and on the prompts that flipped."""
    turns = _turns(view)
    if not turns:
        lead = ["This needs two releases of a family, rated for attack success on the same prompts."]
        return Section(_NAME, _LABEL, "What turned beneath the changes cannot be told", lead=lead)
    told = findings.filter(pl.col("code") == "churn_beneath")
    lead: list[Text] = [coded(sentence) for sentence in told["sentence"]]
    lists = [_flipped(flips, turn) for turn in turns]
    return Section(
        _NAME,
        _LABEL,
        _heading(turns),
        lead=lead,
        figures=[_figure(view, turns)],
        folded=[table for table in lists if table is not None],
        closing=["Prompts are listed by scenario, modality and category. Their texts are for those who may read them."]
        if any(lists)
        else [],
    )


def _turns(view: View) -> list[Turn]:
    rows = [row for row in view.further if row.modality is None and row.known]
    noise = {row.release: row for row in rows if row.contrast == "noise_floor"}
    by_pair: dict[tuple[str | None, str | None], dict[str | None, Estimate]] = {}
    for row in rows:
        by_pair.setdefault((row.baseline_release, row.release), {})[row.contrast] = row
    return [
        Turn(earlier or "", later or "", of["fixed"], of["newly_vulnerable"], _floor(noise.get(earlier), noise.get(later)))
        for (earlier, later), of in by_pair.items()
        if {"fixed", "newly_vulnerable"} <= set(of)
    ]


def _floor(*rows: Estimate | None) -> Estimate | None:
    """Return the larger of two noise floors: what turns beneath it in either release may be chance."""
    known = [row for row in rows if row is not None]
    return max(known, key=lambda row: row.value, default=None)


def _heading(turns: Sequence[Turn]) -> Text:
    most = max(turns, key=lambda turn: turn.newly.value)
    text = Markup("{} of prompts became vulnerable from {} to {}, and {} were fixed").format(
        words.value(most.newly), shown(most.earlier, 40), shown(most.later, 40), words.value(most.fixed)
    )
    return said(text, most.newly, most.fixed)


def _figure(view: View, turns: Sequence[Turn]) -> Figure:
    families: dict[str | None, list[Turn]] = {}
    for turn in turns:
        families.setdefault(turn.newly.family, []).append(turn)
    pieces = [Piece(name, view.series(name), tuple(part)) for name, mine in families.items() for part in dealt(mine)]
    groups = [Group(each.rows, f"{each.name}: what turned beneath the change", _told(each.rows)) for each in pieces]
    pictures = churn(groups, prefix=_NAME)
    rows = [row for turn in turns for row in (turn.newly, turn.fixed, turn.noise) if row is not None]
    return Figure(
        name=_NAME,
        question="How many prompts turned harmful, and how many were fixed, beneath each net change?",
        panes=[each.pane(svg) for each, svg in zip(pieces, pictures, strict=True)],
        population=_population(rows, view),
        table=tables.numbers(list(dict.fromkeys(rows)), caption="Newly vulnerable, fixed, and what turns by chance"),
        key=_KEY,
        notes=[
            "A prompt turns when the majority of a common number of raters does. The band is what turns although nothing "
            "changed, half of it each way: of the two releases, the noisier one’s.",
            *(["With one response a prompt, chance is that between halves of a panel; the model’s own is not in it."]
              if _by_halves(turns) else []),
        ],
    )  # fmt: skip


def _by_halves(turns: Iterable[Turn]) -> bool:
    return any(turn.noise is not None and "half-panels" in (turn.noise.method or "") for turn in turns)


def _population(rows: Sequence[Estimate], view: View) -> str:
    raters = max((row.n_raters or 0 for row in rows), default=0)
    scenarios = max((row.n_scenarios or 0 for row in rows), default=0)
    who = ("judge", "judges") if view.kind == "judge" else ("person", "people")
    rated = f"rated by up to {some(raters, *who)} a pair of releases" if raters else "rated"
    return f"Share of prompts, {rated}, {some(scenarios, 'scenario')}; {words.level_of(rows)} intervals for these raters only."


def _told(turns: Sequence[Turn]) -> str:
    return " ".join(
        f"{cut(turn.earlier, 60)} to {cut(turn.later, 60)}: newly vulnerable {words.with_limits(turn.newly)}, "
        f"fixed {words.with_limits(turn.fixed)}, by chance {words.with_limits(turn.noise) if turn.noise else 'not known'}."
        for turn in turns
    )


def _flipped(flips: pl.DataFrame, turn: Turn) -> Table | None:
    """Return the clearest flips of a pair: names and categories, no text and no other number."""
    mine = flips.filter(pl.col("baseline_release") == turn.earlier, pl.col("release") == turn.later)
    few = mine.filter(pl.col("place") <= FLIPS_SHOWN).sort(pl.col("direction") == "fixed", "place")
    if not len(few):
        return None
    columns = [Column("Scenario"), Column("Turned"), Column("Modality"), Column("Harm category")]
    lines = [
        (shown(row["scenario"], 80), _DIRECTIONS[row["direction"]], row["modality"], shown(row["harm_category"], 80))
        for row in few.iter_rows(named=True)
    ]
    caption = Markup("Prompts that flipped from {} to {}: {} of {} (in {}), the clearest first (all are in flips.csv)").format(
        shown(turn.earlier, 40), shown(turn.later, 40), count(len(few)), count(len(mine)),
        some(mine["scenario"].n_unique(), "scenario"),
    )  # fmt: skip
    return Table(caption, columns, lines)
