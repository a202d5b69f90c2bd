"""Where: the change by harm category and technique, partially pooled; what fell and what rose."""

from collections.abc import Sequence

from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Key, Pane, Section, Text, said
from driftgauge.report.figures.heat import ALL, MOST_COLUMNS, Map, heat
from driftgauge.report.names import cut, shown
from driftgauge.report.numbers import in_words, listed, places_for, points
from driftgauge.report.select import Estimate, View

_NAME, _LABEL = "where", "Where"
_KINDS = ("harm_category", "technique")
_KEY = (Key("fell", "fell"), Key("rose", "rose"), Key("flagged", "direction fairly sure"), Key("hatched", "no evidence"))

DRAWN = 12
"""Pairs that have a map, the largest changes first; the table has them all."""

Pair = tuple[str | None, str | None]


def section(view: View) -> Section:
    """Return the section on kinds of risk."""
    pairs = _pairs(view)
    if not pairs:
        lead = ["This needs two releases of a family, and harm categories or techniques in the ratings, at least two of one."]
        return Section(_NAME, _LABEL, "Where the changes lie cannot be told", lead=lead)
    lead = [sentence for rows in pairs.values() for sentence in _moved(rows)]
    return Section(_NAME, _LABEL, _heading(pairs), lead=lead, figures=[_figure(view, pairs)])


def _pairs(view: View) -> dict[Pair, list[Estimate]]:
    found: dict[Pair, list[Estimate]] = {}
    for row in view.further:
        if row.contrast == "profile_drift" and row.known and (row.harm_category or row.technique):
            found.setdefault((row.baseline_release, row.release), []).append(row)
    return found


def _margin(rows: Sequence[Estimate]) -> list[Estimate]:
    """Return the rows of one kind alone: harm categories, or techniques where there are none."""
    alone = [[row for row in rows if row.harm_category and not row.technique], [row for row in rows if not row.harm_category]]
    return alone[0] or alone[1]


def _name(row: Estimate) -> str:
    return (row.harm_category or row.technique or "").replace("_", " ")


def _heading(pairs: dict[Pair, list[Estimate]]) -> Text:
    margins = [_margin(rows) for rows in pairs.values()]
    apart = [rows for rows in margins if {1, -1} <= {_way(row) for row in rows}]
    if apart:
        many = f"{in_words(len(apart))} of {in_words(len(margins))} changes" if len(margins) > 1 else "the change"
        return f"Beneath {many} some kinds of risk rose while others fell"
    moved = [row for rows in margins for row in rows if _way(row)]
    if not moved:
        return "No kind of risk is clear of chance by itself"
    ends = [max((row for row in moved if _way(row) == way), key=lambda row: abs(row.value), default=None) for way in (1, -1)]
    most = sorted((row for row in ends if row is not None), key=lambda row: -abs(row.value))
    names = [words.sentence(_name(most[0])), *map(_name, most[1:])]
    return said(Markup(", and ").join(map(_most, names, most)), *most)


def _most(name: str, row: Estimate) -> Markup:
    """Return which kind of risk went furthest in its direction, and between which releases."""
    return Markup("{} {} most from {} to {}: by {}").format(
        shown(name, 40), "rose" if row.value > 0 else "fell", shown(row.baseline_release, 40),
        shown(row.release, 40), points(abs(row.value), places_for(row.conf_low, row.conf_high), signed=False),
    )  # fmt: skip


def _way(row: Estimate) -> int:
    """Return the sign of a change that is flagged and whose printed interval is clear of 0, else 0."""
    if not row.flagged or round(100 * row.low, 2) <= 0 <= round(100 * row.high, 2):
        return 0
    return 1 if row.value > 0 else -1


def _moved(rows: Sequence[Estimate]) -> list[Text]:
    """Return in a sentence what fell and what rose between two releases."""
    margin = sorted(_margin(rows), key=lambda row: -abs(row.value))
    if not margin:
        return []
    names = Markup("{} → {}").format(shown(margin[0].baseline_release, 40), shown(margin[0].release, 40))
    parts: list[str] = []
    told: list[Estimate] = []
    for way, verb in ((-1, "fell"), (1, "rose")):
        mine = [row for row in margin if _way(row) == way]
        if mine:
            more = [f"{len(mine) - 3} more"] if len(mine) > 3 else []
            parts.append(f"{verb}: {listed([f'{cut(_name(row), 40)} {words.difference(row)}' for row in mine[:3]] + more)}")
            told += mine[:3]
    if not parts:
        return [said(Markup("{}: no kind of risk is clear of chance by itself.").format(names))]
    return [said(Markup("{}: {}.").format(names, "; ".join(parts)), *told)]


def _figure(view: View, pairs: dict[Pair, list[Estimate]]) -> Figure:
    most = sorted(pairs, key=lambda pair: -max(abs(row.value) for row in pairs[pair]))[:DRAWN]
    drawn = {pair: rows for pair, rows in pairs.items() if pair in most}
    maps = [_map(rows) for rows in drawn.values()]
    pictures = heat(maps, prefix=_NAME)
    rows = [row for mine in pairs.values() for row in mine]
    what = words.quantity(rows[0].estimand)
    panes = [
        Pane(Markup("{} → {}").format(shown(a, 30), shown(b, 30)), svg, series=view.series(mine[0].family), wide=_wide(maps))
        for ((a, b), mine), svg in zip(drawn.items(), pictures, strict=True)
    ]
    left = max(len(_values(mine, "technique")) for mine in pairs.values()) - MOST_COLUMNS + 1
    return Figure(
        name=_NAME,
        question=f"In which kinds of risk did {what} move?",
        panes=panes,
        population=words.population(rows, view, what=f"change in {what}, in points, partially pooled"),
        table=tables.numbers(rows, caption=f"Change in {what} by harm category and technique, partially pooled"),
        key=_KEY,
        notes=[
            "Pooled estimates are drawn towards cells of the same category and technique: exploratory, without verdict. "
            "Framed are the cells to look at first: their directions together are wrong at most one time in twenty.",
            *([f"The {in_words(DRAWN)} pairs with the largest changes are drawn; the table has all {len(pairs)}."]
              if len(pairs) > DRAWN else []),
            *([f"The techniques with the fewest scenarios, {in_words(left)}, are in the table only."] if left > 0 else []),
        ],
    )  # fmt: skip


def _wide(maps: Sequence[Map]) -> bool:
    return max(len(each.columns) for each in maps) > 3


def _values(rows: Sequence[Estimate], kind: str) -> list[str]:
    """Return the values of a kind of risk, those with most scenarios first."""
    most: dict[str, int] = {}
    for row in rows:
        name = getattr(row, kind)
        if name is not None:
            most[name] = max(most.get(name, 0), row.n_scenarios or 0)
    return sorted(most, key=lambda name: (-most[name], name))


def _map(rows: Sequence[Estimate]) -> Map:
    cells = {(row.harm_category, row.technique): row for row in rows}
    categories = _values(rows, "harm_category")
    techniques = _values(rows, "technique")[: MOST_COLUMNS - 1]
    # A margin stands beside its cells; alone it is all that there is.
    down: list[str | None] = [*categories, *([None] if techniques else [])]
    over = [*([None] if categories else []), *techniques]
    grid = tuple(tuple(cells.get((c, t)) for t in over) for c in down)
    names = tuple(ALL if c is None else c for c in down)
    heads = tuple(ALL if t is None else t for t in over)
    first = rows[0]
    title = f"{cut(first.baseline_release or '', 60)} to {cut(first.release or '', 60)}: change by kind of risk"
    return Map(names, heads, grid, title, _told(rows))


def _told(rows: Sequence[Estimate]) -> str:
    told = [f"{cut(_kind(row), 60)} {words.with_limits(row, signed=True)} points" for row in rows]
    return f"{'; '.join(told[:60])}{' and more' if len(told) > 60 else ''}."


def _kind(row: Estimate) -> str:
    return ", ".join(name.replace("_", " ") for name in (row.harm_category, row.technique) if name)
