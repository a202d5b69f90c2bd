"""Tables of estimates: the numbers behind each picture, each with the id that leads back to its ratings."""

from collections.abc import Iterable, Sequence
from typing import Final

from markupsafe import Markup

from driftgauge.report import words
from driftgauge.report.blocks import Column, Table, Text
from driftgauge.report.names import shown
from driftgauge.report.numbers import NONE, count
from driftgauge.report.select import Estimate, View

FULL: Final = 400
"""Where a table is of names, each is given in full, up to a length that no name has by accident."""
NAMED: Final = 40
"""Of a release in every other table: the table of levels has it in full."""

_COLUMNS: Final = (
    Column("Release"),
    Column("Modality"),
    Column("Quantity"),
    Column("Value", numeric=True),
    Column("Interval", numeric=True),
    Column("Scenarios", numeric=True),
    Column("Raters", numeric=True),
    Column("Ratings", numeric=True),
    Column("Estimate"),
)


def numbers(rows: Iterable[Estimate], *, caption: Text) -> Table:
    """Return one line an estimate, with counts and id; a missing value has its reason in the place of the interval.

    Why values have no interval stands there too, and in the caption where it is the same for all.
    """
    listed = list(rows)
    reasons = {row.reason_null if row.known and not row.bounded else None for row in listed}
    [common] = reasons if len(reasons) == 1 else [None]
    told = Markup("{}; no interval: {}").format(caption, common) if common else caption
    return Table(told, _COLUMNS, [_line(row, told=common) for row in listed], ids=[row.estimate_id for row in listed])


def _line(row: Estimate, *, told: str | None) -> tuple[Text, ...]:
    signed = words.is_difference(row)
    interval = (
        words.limits(row, signed=signed) or ("none" if told else row.reason_null or "none")
        if row.known
        else row.reason_null or "no reason recorded"
    )
    return (
        who(row),
        row.modality or ("both" if row.rater is None else NONE) if row.contrast not in {"modality", "modality_shift"} else NONE,
        what(row),
        words.value(row, signed=signed),
        interval,
        *(NONE if number is None else count(number) for number in (row.n_scenarios, row.n_raters, row.n_ratings)),
        code(row),
    )


def code(row: Estimate) -> Markup:
    """Return the id of an estimate."""
    return Markup("<code>{}</code>").format(row.estimate_id)


def who(row: Estimate) -> Markup:
    """Return the release of a level, or both releases of a change."""
    if row.rater is not None:
        return shown(row.rater, FULL)
    if row.baseline_release is None:
        return shown(row.release or "all releases", NAMED)
    return Markup("{} → {}").format(shown(row.baseline_release, NAMED), shown(row.release, NAMED))


def what(row: Estimate) -> str:
    """Return what an estimate is of, with its contrast and its unit."""
    name = words.short(row.estimand) if row.contrast else words.quantity(row.estimand, threshold=row.threshold)
    if row.filter == "engaged" and row.estimand != "conditional_asr":
        name += ", engaged only"
    if row.rank is not None:
        name += f" {row.rank}" + (f", phase {row.phase}" if row.phase else "")
    kind = [label.replace("_", " ") for label in (row.harm_category, row.technique) if label]
    name += f", {', '.join(kind)}" if kind else ""
    if not row.contrast:
        return name
    unit = ", points" if words.is_difference(row) else ", share of prompts" if row.contrast != "reversal" else ""
    return f"{name}: {words.CONTRASTS.get(row.contrast, row.contrast.replace('_', ' '))}{unit}"


def levels(view: View, estimands: Sequence[tuple[str, dict[str, Estimate]]], *, caption: Text) -> Table:
    """Return a line a release and a column an estimand, each value with its interval beneath it."""
    columns = [Column("Release"), *(Column(name, numeric=True) for name, _ in estimands), Column("Ratings", numeric=True)]
    lines: list[tuple[Text, ...]] = []
    for release in view.releases:
        found = [rows.get(release.name) for _, rows in estimands]
        ratings = max((row.n_ratings or 0 for row in found if row is not None), default=0)
        name = stacked(shown(release.name, FULL), shown(release.family)) if release.family else shown(release.name, FULL)
        lines.append((name, *(cell(row) for row in found), count(ratings)))
    return Table(caption, columns, lines)


def cell(row: Estimate | None) -> Text:
    """Return a value with its interval beneath it."""
    return NONE if row is None or not row.known else stacked(words.value(row), words.limits(row))


def stacked(text: Text, beneath: Text) -> Markup:
    """Return a text with a lesser one beneath it."""
    return Markup('{} <span class="beneath">{}</span>').format(text, beneath)
