"""Standing: which release is the safest, how sure that is, and which order turned between phases."""

from collections.abc import Sequence

from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Figure, Pane, Section, Text, said
from driftgauge.report.figures.ranks import Course, Phase, Standing, bump, ranks
from driftgauge.report.names import cut, shown
from driftgauge.report.numbers import in_words, percent
from driftgauge.report.select import Estimate, View

_NAME, _LABEL = "standing", "Standing"
_TURNED, _OPEN = 0.95, 0.05
"""Shares of replicates from which an order is called turned, and up to which it is called kept."""
MOST = 20
"""Releases of a phase that a picture of ranks holds; the table has them all."""


def section(view: View) -> Section:
    """Return the section on ranks and reversals."""
    phases = _phases(view)
    if not phases:
        lead = ["Ranks need two releases of one phase that answered the same prompts, and bootstrap replicates."]
        return Section(_NAME, _LABEL, "Which release stands where cannot be told", lead=lead)
    reversals = [row for row in view.further if row.estimand == "reversal_probability" and row.known]
    figures = [_figure(view, phases), _bump(view, phases, reversals)]
    return Section(
        _NAME,
        _LABEL,
        _heading(phases),
        lead=_orders(reversals),
        figures=[figure for figure in figures if figure is not None],
    )


def _phases(view: View) -> dict[str | None, list[Standing]]:
    found: dict[str | None, dict[str, dict[int, Estimate]]] = {}
    for row in view.further:
        if row.estimand == "rank_probability" and row.known and row.release and row.rank:
            found.setdefault(row.phase, {}).setdefault(row.release, {})[row.rank] = row
    series = {release.name: release.series for release in view.releases}
    standings = {phase: [Standing(name, series.get(name, 0), of) for name, of in by.items()] for phase, by in found.items()}
    return {phase: sorted(mine, key=lambda one: one.expected) for phase, mine in sorted(standings.items(), key=_order)}


def _order(pair: tuple[str | None, object]) -> str:
    return pair[0] or ""


def _heading(phases: dict[str | None, list[Standing]]) -> Text:
    last = list(phases.values())[-1]
    first = last[0].ranks.get(1)
    where = f" of phase {cut(list(phases)[-1] or '', 20)}" if len(phases) > 1 else ""
    if first is None or first.value < _TURNED:
        best = max((row for one in last for row in (one.ranks.get(1),) if row), key=lambda row: row.value, default=None)
        if best is None:
            return "Which release stands where"
        text = Markup("No release is clearly the safest{}; {} is it in {} of replicates").format(
            where, shown(best.release, 40), percent(best.value)
        )
        return said(text, best)
    return said(Markup("{} is the safest{}").format(shown(first.release, 40), where), first)


def _orders(reversals: Sequence[Estimate]) -> list[Text]:
    turned = [row for row in reversals if row.value >= _TURNED]
    unsure = [row for row in reversals if _OPEN < row.value < _TURNED]
    lines: list[Text] = []
    for row in turned[:6]:
        text = Markup("The order of the families of {} and {} turned between phases, in {} of replicates.")
        lines.append(said(text.format(shown(row.release, 40), shown(row.baseline_release, 40), percent(row.value)), row))
    if unsure:
        lines.append(f"Whether the order turned is open for {in_words(len(unsure))} of {in_words(len(reversals))} pairs.")
    return lines


def _figure(view: View, phases: dict[str | None, list[Standing]]) -> Figure:
    drawn = {phase: standings[:MOST] for phase, standings in phases.items()}
    pictures = ranks(
        [Phase(tuple(mine), f"Probability of each rank{_of(phase)}", _told(mine)) for phase, mine in drawn.items()],
        prefix=_NAME,
    )
    panes = [
        Pane(f"Phase {cut(phase, 30)}" if phase else "", svg, wide=len(mine) > 4)
        for (phase, mine), svg in zip(drawn.items(), pictures, strict=True)
    ]
    rows = [row for mine in phases.values() for one in mine for row in one.ranks.values()]
    most = max(len(mine) for mine in phases.values())
    return Figure(
        name=_NAME,
        question="How sure is the order, from the safest (1) on?",
        panes=panes,
        population=_population(rows, view),
        table=tables.numbers(rows, caption="Probability of each rank, by release and phase"),
        notes=[
            "The area of a square is the share of replicates in which a release has that rank; a square alone in its row is "
            "all of them. Releases are ranked on the prompts that all of their phase answered.",
            *(
                [f"The picture stops after {in_words(MOST)} releases of a phase; the table has them all."]
                if most > MOST
                else []
            ),
        ],
    )


def _population(rows: Sequence[Estimate], view: View) -> str:
    told = words.population(rows, view, what="share of bootstrap replicates")
    whose = "raters like these" if view.scope == "raters" else "these raters only"
    return told.split("; ", maxsplit=1)[0] + f"; replicates for {whose}, which are the uncertainty themselves."


def _of(phase: str | None) -> str:
    return f", phase {cut(phase, 40)}" if phase else ""


def _told(standings: Sequence[Standing]) -> str:
    return " ".join(
        f"{cut(one.release, 60)}: "
        + ", ".join(f"rank {rank} {percent(row.value)}" for rank, row in sorted(one.ranks.items()) if row.value >= 0.005)
        + "."
        for one in standings
    )


def _bump(view: View, phases: dict[str | None, list[Standing]], reversals: Sequence[Estimate]) -> Figure | None:
    """Return the mean ranks of families from phase to phase; nothing with one phase or without families."""
    families = {release.name: release.family for release in view.releases}
    courses: dict[str, dict[str | None, tuple[str, float]]] = {}
    for phase, standings in phases.items():
        for one in standings:
            family = families.get(one.release)
            if family is not None:
                courses.setdefault(family, {})[phase] = (one.release, one.expected)
    moving = {family: course for family, course in courses.items() if len(course) > 1}
    if len(phases) < 2 or not moving:
        return None
    names = list(phases)
    lines = [Course(view.series(family), tuple(course.get(phase) for phase in names)) for family, course in moving.items()]
    heads = [f"Phase {cut(name or '', 20)}" for name in names]
    told = " ".join(_course_told(family, course) for family, course in moving.items())
    svg = bump(lines, heads, title="Mean rank of each family from phase to phase", description=told)
    rows = [row for mine in phases.values() for one in mine for row in one.ranks.values()]
    return Figure(
        name="bump",
        question="Which families changed places from phase to phase?",
        panes=[Pane("", svg, wide=True)],
        population=_population(rows, view),
        table=tables.numbers(reversals, caption="Probability that the order of two families turned"),
        notes=["The height is the mean of a release’s ranks over replicates, the safest on top."],
    )


def _course_told(family: str, course: dict[str | None, tuple[str, float]]) -> str:
    return f"{cut(family, 40)}: " + ", then ".join(f"{cut(name, 40)} {rank:.1f}" for name, rank in course.values()) + "."
