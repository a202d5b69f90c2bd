"""Judges: how far each can stand in for people, and where its bias differs between releases."""

from collections.abc import Sequence

import polars as pl
from markupsafe import Markup

from driftgauge.report import tables, words
from driftgauge.report.blocks import Column, Figure, Pane, Section, Table, Text
from driftgauge.report.figures.bias import Group, Row, biases
from driftgauge.report.judged import Judged, Together
from driftgauge.report.names import coded, cut, shown
from driftgauge.report.numbers import HARD, NONE, count, in_words, listed, places_for, plain
from driftgauge.report.sections.panes import dealt
from driftgauge.report.select import Estimate
from driftgauge.study import GOOD_JUDGE

_AGAINST = {"judge_agreement": "Agreement", "judge_sensitivity": "Sensitivity", "judge_specificity": "Specificity"}
_MEANING = (
    "Sensitivity is how often the judge says yes where most people do, specificity how often it says no where most people do. "
    "A bias that is the same for two releases leaves the drift between them as it is; where it differs, that part of the "
    "judge’s drift may be the judge. Most people can be wrong too: nothing here corrects for that."
)


def section(judges: Sequence[Judged], findings: pl.DataFrame, both: Sequence[Together] = ()) -> Section | None:
    """Return the section on judges beside people, and together with them; nothing where no judge rated."""
    if not judges:
        return None
    compared = [each for each in judges if each.outcome is not None]
    lead = [_verdict(each) for each in judges if each.outcome is not None or not _elsewhere(each, compared)]
    told = findings.filter(pl.col("code").is_in(["judge_bias_differs", "judge_drift"]))["sentence"].to_list()
    figure = _figure(compared)
    return Section(
        "judges",
        "Judges",
        _heading(compared, [each.judge for each in judges]),
        lead=[*lead, *([_MEANING] if compared else [])],
        figures=[figure] if figure is not None else [],
        tables=[*map(_table, compared), *_compared(compared), *_together(both)],
        folded=[*(table for each in compared for table in _all(each)), *_all_together(both)],
        closing=[*(coded(sentence) for sentence in told), *(text for each in compared for text in _again(each))],
    )


def _elsewhere(one: Judged, compared: Sequence[Judged]) -> bool:
    """Return whether a judge was compared on prompts of the other intent."""
    return any(each.judge == one.judge for each in compared)


def _heading(compared: Sequence[Judged], names: Sequence[str]) -> str:
    if not compared:
        return "How far the judges can stand in for people is not known"
    quality = [_quality(each) for each in compared]
    poor, good = quality.count("poor"), quality.count("good")
    if len(quality) == 1:
        return {
            "poor": "The judge is poor: it cannot stand in for people",
            "good": "The judge says nearly always what most people say",
        }.get(quality[0], "Whether the judge is good enough cannot be told")
    said = [
        f"{'none' if n == 0 else in_words(n)} {'are' if n > 1 else 'is'} {word}" for n, word in ((good, "good"), (poor, "poor"))
    ]
    times = "" if len(set(names)) == len(quality) else ", each on adversarial and on benign prompts"
    return f"Of {in_words(len(set(names)))} judges beside people{times}, {listed(said)}"


def _quality(one: Judged) -> str:
    """Return ``good`` or ``poor`` where a whole interval says so of sensitivity or specificity, else ``unsure``."""
    rows = [one.pick(name) for name in ("judge_sensitivity", "judge_specificity")]
    chance = one.pick("judge_above_chance")
    if any(row is not None and row.bounded and row.high < GOOD_JUDGE for row in rows) or _like_a_coin(chance):
        return "poor"
    return "good" if all(row is not None and row.bounded and row.low >= GOOD_JUDGE for row in rows) else "unsure"


def _like_a_coin(chance: Estimate | None) -> bool:
    """Return whether it is not clear of 0; a judge that always says the same has no interval, and is at 0."""
    return chance is not None and chance.known and (chance.low if chance.bounded else chance.value) <= 0


def _verdict(one: Judged) -> Markup:
    """Return in one or two sentences what the judge is worth."""
    if one.outcome is None:
        return Markup("People rated nothing that {} rated too: its ratings say nothing about what people would say.").format(
            shown(one.judge)
        )
    what = _named(*one.outcome)
    yes, no = (_told(one.pick(name)) for name in ("judge_sensitivity", "judge_specificity"))
    said = {
        "poor": "{} is a poor judge of {}{}",
        "good": "{} is a good judge of {}{}",
        "unsure": "Whether {} is a good judge of {}{} cannot be told",
    }[_quality(one)]
    coin = " This cannot be told from tossing a coin." if _like_a_coin(one.pick("judge_above_chance")) else ""
    text = said + ": where most people say yes it says yes in {}, where most say no it says no in {}.{}"
    return Markup(text).format(shown(one.judge), what, _prompts(one), yes, no, coin)


def _told(row: Estimate | None) -> str:
    return words.with_limits(row) if row is not None and row.known else "an unknown share of cases"


def _prompts(one: Judged) -> str:
    return " (benign prompts)" if one.intent == "benign" else ""


def _points(row: Estimate) -> str:
    """Return a bias in points with its interval."""
    digits = places_for(row.conf_low, row.conf_high)
    value = plain(100 * row.value, digits, signed=True)
    if not row.bounded:
        return value
    low, high = (plain(100 * limit, digits, signed=True) for limit in (row.low, row.high))
    return f"{value} ({low} to {high})"


def _releases(one: Judged) -> list[str]:
    return list(dict.fromkeys(row.release for row in one.rows if row.release and row.contrast is None and row.known))


def _modalities(one: Judged) -> list[str]:
    return list(dict.fromkeys(row.modality for row in one.rows if row.modality and row.contrast is None and row.known))


def _table(one: Judged) -> Table:
    """Return a judge's figures: over all, by modality, by release."""
    places: list[tuple[Text, str | None, str | None]] = [("All releases", None, None)]
    places += [(f"All releases, {name}", None, name) for name in _modalities(one)]
    places += [(shown(name, tables.NAMED), name, None) for name in _releases(one)]
    columns = [
        Column("Release"),
        *(Column(name, numeric=True) for name in ("Responses", *_AGAINST.values(), "Bias, points", "AC2")),
    ]
    lines = [(name, *_cells(one, release, modality)) for name, release, modality in places]
    level = words.level_of([row for row in one.rows if row.bounded])
    what = _named(*(one.outcome or ("success", None)))
    agreement = one.pick("judge_agreement")
    over = "people like these" if agreement is not None and agreement.scope == "raters" else "these people only"
    caption = f"{cut(one.judge, 80)} beside people, on {what}{_prompts(one)}. {level} intervals over scenarios, for {over}."
    return Table(caption, columns, lines)


def _all(one: Judged) -> list[Table]:
    """Return every figure of a judge with its id, a table an outcome."""
    outcomes = dict.fromkeys((row.outcome, row.threshold) for row in one.rows if row.outcome)
    return [
        tables.numbers(
            [row for row in one.rows if (row.outcome, row.threshold) == (outcome, threshold)],
            caption=f"{cut(one.judge, 80)} on {_named(outcome or '', threshold)}{_prompts(one)}: every figure, with its id",
        )
        for outcome, threshold in outcomes
    ]


def _named(outcome: str, threshold: int | None) -> str:
    return words.OUTCOMES[outcome] if threshold is None else f"harm of {threshold} or more"


def _cells(one: Judged, release: str | None, modality: str | None) -> tuple[Text, ...]:
    picked = {name: one.pick(name, release=release, modality=modality) for name in (*_AGAINST, "judge_bias", "judge_ac2")}
    agreement, bias = picked["judge_agreement"], picked["judge_bias"]
    n = count(agreement.n_responses or 0) if agreement is not None else NONE
    said = NONE if bias is None or not bias.known else _points(bias)
    return (n, *(tables.cell(picked[name]) for name in _AGAINST), said, tables.cell(picked["judge_ac2"]))


def _compared(judges: Sequence[Judged]) -> list[Table]:
    """Return the paired differences between judges, where there are several."""
    lines: list[tuple[Text, ...]] = []
    for one in judges:
        for other in dict.fromkeys(name for name, _ in one.against):
            rows = {
                row.estimand: row
                for name, row in one.against
                if name == other and (row.outcome, row.threshold) == one.outcome and row.known
            }
            n = max((row.n_responses or 0 for row in rows.values()), default=0)
            names = shown(one.judge, tables.FULL), shown(other, tables.FULL)
            cells = (_points(rows[name]) if name in rows else NONE for name in _AGAINST)
            lines.append((Markup("{} minus {}{}").format(*names, _prompts(one)), count(n), *cells))
    if not lines:
        return []
    columns = [Column("Judges"), Column("Responses", numeric=True), *(Column(n, numeric=True) for n in _AGAINST.values())]
    return [Table("Two judges on the same responses beside the same people: differences in points, paired.", columns, lines)]


def _together(both: Sequence[Together]) -> list[Table]:
    """Return the changes by people and a judge together, where people rated a drawn part."""
    if not both:
        return []
    lines = [
        (
            tables.who(each.both),
            words.short(each.both.estimand),
            shown(each.judge, tables.FULL),
            NONE if each.alone is None or not each.alone.known else words.difference(each.alone),
            words.difference(each.both),
            NONE if each.gained is None else count(round(each.gained.value)),
        )
        for each in both
    ]
    names = ("People alone", "People and judge", "Ratings gained")
    columns = [Column("Change"), Column("Of"), Column("Judge"), *(Column(name, numeric=True) for name in names)]
    level = words.level_of([each.both for each in both])
    caption = (
        "People rated a part that was drawn with known probabilities, the judge everything. What the judge says of the rest "
        "takes the luck of the draw out of what people say; a judge’s own bias does not enter. Ratings gained: how many more "
        f"of people’s ratings would have been as good. Of {count(max(each.both.n_scenarios or 0 for each in both))} drawn "
        f"scenarios, each response weighing the same; {level} intervals over scenarios and people."
    )
    return [Table(caption, columns, lines)]


def _all_together(both: Sequence[Together]) -> list[Table]:
    told = dict.fromkeys(row for each in both for row in (each.alone, each.both, each.gained))
    rows = [row for row in told if row is not None]
    return [tables.numbers(rows, caption="People and a judge together: every figure, with its id")] if rows else []


def _again(one: Judged) -> list[Text]:
    """Return what the judge said of the same responses again."""
    change, flips = one.pick("judge_change"), one.pick("judge_flips")
    if change is None or flips is None or not change.known:
        return []
    text = "Asked again about {} responses, {} gave another mark in {}; on average it moved by {} points."
    return [Markup(text).format(count(change.n_responses or 0), shown(one.judge), words.with_limits(flips), _points(change))]


def _figure(judges: Sequence[Judged]) -> Figure | None:
    groups: list[Group] = []
    heads: list[Text] = []
    used: list[Estimate] = []
    for one in judges:
        found = [(name, one.pick("judge_bias", release=name)) for name in _releases(one)]
        rows = [Row(name, bias, _points(bias)) for name, bias in found if bias is not None and bias.known]
        for part in dealt(rows):
            title = f"Bias of {cut(one.judge, 60)}{_prompts(one)} by release"
            told = ". ".join(f"{cut(row.name, 60)}: {row.text} points" for row in part)
            groups.append(Group(tuple(part), title, f"{told}."))
            heads.append(Markup("{}{}").format(shown(one.judge), _prompts(one)))
            used += [row.bias for row in part]
    if not groups:
        return None
    pictures = biases(groups, prefix="judges")
    n = max((row.n_scenarios or 0 for row in used), default=0)
    return Figure(
        name="judges",
        question="Does the judge say yes more often than people, and alike for every release?",
        panes=[Pane(head, svg) for head, svg in zip(heads, pictures, strict=True)],
        population=f"Share of yes by the judge minus share of yes by people, on the responses that both rated, up to {count(n)}"
        f"{HARD}scenarios; {words.level_of(used)} intervals over scenarios and people.",
        table=tables.numbers(used, caption="Bias by release"),
        notes=words.missing(used),
    )
