"""What the mixed model says beside the primary changes: the same change averaged by a model, and its odds within a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Column, Figure, Key, Section, Table, Text
from driftgauge.report.figures.beside import Block, Group, Side, beside
from driftgauge.report.names import coded, cut, shown
from driftgauge.report.numbers import NONE, count, in_words, ratio
from driftgauge.report.sections.panes import Piece, dealt
from driftgauge.report.select import Estimate, View

_NAME, _LABEL = "model", "Mixed model"
_LATENT = {"asr": "latent_success", "harm_rate": "latent_harm"}
_DISAGREES, _SAID = "model_disagrees", ("model_disagrees", "model_set_aside", "model_not_fitted")


@dataclass(frozen=True)
class _Pair:
    """A primary change, and what the model says of it: averaged like it, and on the latent scale."""

    primary: Estimate
    averaged: Estimate
    latent: Estimate | None
    agrees: bool | None

    @property
    def rows(self) -> list[Estimate]:
        """Its estimates."""
        return [row for row in (self.primary, self.averaged, self.latent) if row is not None]


def section(view: View, findings: pl.DataFrame) -> Section:
    """Return the section on the mixed model."""
    pairs = _pairs(view, findings)
    told: list[Text] = [coded(text) for text in findings.filter(pl.col("code").is_in(_SAID))["sentence"]]
    if not pairs:
        return Section(_NAME, _LABEL, "No mixed model stands beside these changes", lead=told or [_why_none(view)])
    if not any(pair.averaged.known for pair in pairs):
        lead = told or words.missing(pair.averaged for pair in pairs)
        return Section(_NAME, _LABEL, "The mixed model gives no number for any of these changes", lead=lead)
    return Section(_NAME, _LABEL, _heading(pairs), lead=told, figures=[_figure(view, pairs)])


def _pairs(view: View, findings: pl.DataFrame) -> list[_Pair]:
    of_model = {(row.estimand, row.baseline_release, row.release): row for row in view.modelled}
    against = set(findings.filter(pl.col("code") == _DISAGREES)["estimate_ids"].explode().drop_nulls())
    found: list[_Pair] = []
    for row in view.verdicts or view.contrasts("drift"):
        averaged = of_model.get((row.estimand, row.baseline_release, row.release))
        if averaged is not None:
            latent = of_model.get((_LATENT.get(row.estimand, ""), row.baseline_release, row.release))
            compared = row.verdict is not None and averaged.known
            found.append(_Pair(row, averaged, latent, row.estimate_id not in against if compared else None))
    return found


def _why_none(view: View) -> str:
    if view.estimand not in _LATENT:
        return f"Models are fitted to attack success and to harm, not to {words.quantity(view.estimand)}."
    return "None was fitted (the protocol or the command says `none`), or no two releases of a family can be compared."


def _heading(pairs: Sequence[_Pair]) -> str:
    compared = [pair.agrees for pair in pairs if pair.agrees is not None]
    against = compared.count(False)
    if not compared:
        return "What the mixed model says beside it"
    if len(compared) == 1:
        return f"The mixed model leads to {'another' if against else 'the same'} verdict"
    if not against:
        return f"The mixed model leads to the same verdict for {_all(len(compared))} changes"
    where = f"{in_words(against)} of {in_words(len(compared))}" if against < len(compared) else _all(len(compared))
    return f"The mixed model leads to another verdict for {where} changes"


def _all(number: int) -> str:
    return "both" if number == 2 else f"all {in_words(number)}"


def _figure(view: View, pairs: Sequence[_Pair]) -> Figure:
    families: dict[str | None, list[_Pair]] = {}
    for pair in pairs:
        families.setdefault(pair.primary.family, []).append(pair)
    pieces = [Piece(name, view.series(name), tuple(part)) for name, members in families.items() for part in dealt(members)]
    what = words.quantity(view.estimand)
    groups = [
        Group(
            tuple(map(_block, each.rows)), each.series, f"{each.name}: change in {what}, twice", " ".join(map(_told, each.rows))
        )
        for each in pieces
    ]
    pictures = beside(groups, prefix=_NAME, title=f"points of {what}; left is safer")
    rows = [row for pair in pairs for row in pair.rows]
    return Figure(
        name=_NAME,
        question=f"Does a model of how ratings come about see the same change in {what}?",
        panes=[each.pane(svg) for each, svg in zip(pieces, pictures, strict=True)],
        population=words.population(rows, view, what=f"change in {what}, by the primary estimate and by the {_which(pairs)}"),
        table=_table(pairs),
        key=[Key("marker-circle", "primary estimate"), Key("marker-diamond", "mixed model, averaged")],
        notes=[
            "The verdict is the primary estimate’s. The model averages over scenarios and raters like these; its odds ratio "
            "holds within one scenario and one rater, and so is further from 1 than that of averages.",
            *words.missing(pair.averaged for pair in pairs),
        ],
    )


def _which(pairs: Sequence[_Pair]) -> str:
    """Return which model it is, as the method of its rows says: name, preset and engine."""
    parts = (pairs[0].averaged.method or "mixed model").split("; ")
    return f"{parts[0]} ({parts[1]})" if len(parts) > 1 else parts[0]


def _block(pair: _Pair) -> Block:
    sides = [("primary", pair.primary), ("model", pair.averaged)]
    drawn = tuple(
        Side(label, row, words.with_limits(row, signed=True), of_model=row is pair.averaged)
        for label, row in sides
        if row.known
    )
    return Block(pair.primary.baseline_release or "", pair.primary.release or "", drawn, tuple(_lines(pair)))


def _lines(pair: _Pair) -> list[str]:
    lines = [{True: "Same verdict.", False: "Another verdict by the model.", None: ""}[pair.agrees]]
    if not pair.averaged.known:
        lines = ["The model gives no number."]
    odds = _odds(pair.latent)
    return [line for line in (*lines, f"Odds ratio within scenario and rater {odds}" if odds else "") if line]


def _odds(row: Estimate | None) -> str:
    """Return an odds ratio with its limits, nothing where there is none."""
    if row is None or row.odds_ratio is None:
        return ""
    low, high = row.odds_ratio_low, row.odds_ratio_high
    return ratio(row.odds_ratio) + (f" ({ratio(low)} to {ratio(high)})" if low is not None and high is not None else "")


def _told(pair: _Pair) -> str:
    names = f"{cut(pair.primary.baseline_release or '', 60)} to {cut(pair.primary.release or '', 60)}"
    said = [f"{label} {words.with_limits(row, signed=True)}" for label, row in _named(pair) if row.known]
    return f"{names}: {', '.join(said) or 'no estimate'}. {' '.join(_lines(pair))}"


def _named(pair: _Pair) -> list[tuple[str, Estimate]]:
    return [("primary", pair.primary), ("model", pair.averaged)]


def _table(pairs: Sequence[_Pair]) -> Table:
    columns = [
        Column("Releases"), Column("By"), Column("Change", numeric=True), Column("Interval", numeric=True),
        Column("Odds ratio", numeric=True), Column("Ratings", numeric=True), Column("Verdict"), Column("Estimate"),
    ]  # fmt: skip
    return Table(
        "Changes by the primary estimate and by the mixed model", columns, [line for pair in pairs for line in _rows(pair)]
    )


def _by_model(pair: _Pair) -> str:
    """Return the verdict that the model leads to, in the words of verdicts, as far as it is known."""
    if pair.agrees is None or pair.primary.verdict is None:
        return NONE
    return pair.primary.verdict if pair.agrees else pair.averaged.verdict or f"not {pair.primary.verdict}"


def _rows(pair: _Pair) -> list[tuple[Text, ...]]:
    lines = [(f"{label}, points", row) for label, row in _named(pair)]
    lines += [("model, log odds", pair.latent)] if pair.latent is not None else []
    said = [pair.primary.verdict or NONE, _by_model(pair), NONE]
    names = Markup("{} → {}").format(
        shown(pair.primary.baseline_release, tables.NAMED), shown(pair.primary.release, tables.NAMED)
    )
    return [
        (
            names,
            by,
            words.value(row, signed=True),
            words.limits(row, signed=True) or row.reason_null or NONE,
            _odds(row) or NONE,
            NONE if row.n_ratings is None else count(row.n_ratings),
            verdict,
            Markup("<code>{}</code>").format(row.estimate_id),
        )
        for (by, row), verdict in zip(lines, said, strict=False)
    ]
