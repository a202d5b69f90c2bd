"""The card of a release as a page of HTML: self-contained, one sheet of A4."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import jinja2
from markupsafe import Markup

from driftgauge.report import words
from driftgauge.report.cards.card import Card, Number
from driftgauge.report.figures import theme
from driftgauge.report.names import coded, shown
from driftgauge.report.numbers import NONE, PROPORTIONS, percent, places_for, plain, points

ENVIRONMENT: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("driftgauge.report", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_SHARES: Final = PROPORTIONS | {"rank_probability"}
_MOST_FINDINGS: Final = 3
_LONGEST_FINDING: Final = 400
_WIDTH: Final = 180
VERDICTS: Final = {
    "regressed": "regressed",
    "improved": "improved",
    "unchanged": "unchanged: if there is a change, it is smaller than the margin",
    "inconclusive": "inconclusive: the data do not settle it, which is not the same as no change",
}


@dataclass(frozen=True)
class Line:
    """One number as it is printed: what, value, interval or reason, a bar, and its id."""

    what: str
    value: str
    interval: str
    bar: Markup
    estimate_id: str | None


def card_page(card: Card) -> str:
    """Return the card as HTML with its style sheet inside; names that came with the data are escaped."""
    findings = [(note.level, _said(note.sentence), _said(note.remedy) if note.remedy else None) for note in card.findings]
    page = {
        "card": card,
        "name": shown(card.release, 80),
        "title": words.sentence(f"{card.release} on a card"),
        "family": shown(card.family, 60) if card.family else None,
        "phase": shown(card.phase, 40) if card.phase else None,
        "levels": [_line(number) for number in card.levels],
        "modalities": _modalities(card),
        "drift": _drift(card),
        "parts": [_line(number, bar=False) for number in card.parts],
        "standing": _standing(card),
        "findings": findings[:_MOST_FINDINGS],
        "more": max(0, len(findings) - _MOST_FINDINGS),
        "paints": theme.PAINTS,
    }
    return ENVIRONMENT.get_template("card.html.j2").render(page)


def _said(text: str) -> Markup:
    """Return a sentence of a finding, cut where it would take the sheet; the JSON has it whole."""
    return coded(text if len(text) <= _LONGEST_FINDING else text[: _LONGEST_FINDING - 1].rstrip() + "…")


def _line(number: Number, *, what: str | None = None, bar: bool = True) -> Line:
    name = words.CONTRASTS.get(number.contrast or "") or words.quantity(number.estimand, threshold=number.threshold)
    drawn = _bar(number) if bar and number.estimand in PROPORTIONS and number.contrast is None else Markup("")
    value, interval = value_of(number)
    return Line(words.sentence(what or name), value, interval, drawn, number.estimate_id)


def value_of(number: Number) -> tuple[str, str]:
    """Return the value, and its interval or the reason why there is none."""
    if number.estimate is None:
        return NONE, number.reason_null or "no reason recorded"
    low, high, signed = number.conf_low, number.conf_high, number.contrast is not None
    none = "" if number.estimand == "rank_probability" else number.reason_null or "no interval"
    if number.estimand not in _SHARES:
        ends = f"{plain(low, 2)} to {plain(high, 2)}" if low is not None and high is not None else none
        return plain(number.estimate, 2, signed=signed), ends
    places = places_for(low, high, apart_from=(0.0,) if signed else (0.0, 1.0))
    value = points(number.estimate, places) if signed else percent(number.estimate, places)
    if low is None or high is None:
        return value, none
    ends = [plain(100 * each, places, signed=signed) for each in (low, high)]
    return value, f"{ends[0]} to {ends[1]}" + ("" if signed else percent(0.0)[1:])


def _bar(number: Number) -> Markup:
    """Return the interval and the estimate on a scale from 0 to 100 percent; decorative, for the numbers stand beside it."""
    if number.estimate is None:
        return Markup("")
    low, high = (number.estimate if end is None else end for end in (number.conf_low, number.conf_high))
    x, left, wide = (round(_WIDTH * each, 1) for each in (number.estimate, low, max(high - low, 0.0)))
    return Markup(
        f'<svg class="bar" aria-hidden="true" width="{_WIDTH}" height="12" viewBox="-6 0 {_WIDTH + 12} 12">'
        f'<line x1="0" x2="{_WIDTH}" y1="6" y2="6" class="axis"/><line x1="0" x2="0" y1="2" y2="10" class="axis"/>'
        f'<line x1="{_WIDTH}" x2="{_WIDTH}" y1="2" y2="10" class="axis"/>'
        f'<rect x="{left}" y="4" width="{wide}" height="4" class="interval"/>'
        f'<circle cx="{x}" cy="6" r="3.5" class="value"/></svg>'
    )


def _modalities(card: Card) -> Sequence[tuple[str, Sequence[Line]]]:
    names = dict.fromkeys(number.modality for number in card.by_modality if number.modality)
    return [(name, [_line(each) for each in card.by_modality if each.modality == name]) for name in names]


def _drift(card: Card) -> dict[str, object] | None:
    if card.drift is None:
        return None
    word = card.drift.verdict
    return {
        "from": shown(card.drift.baseline_release, 80),
        "word": VERDICTS.get(word or "", word) if word else "no verdict",
        "class": word or "none",
        "line": _line(card.drift, what=f"Change of {words.quantity(card.drift.estimand, threshold=card.drift.threshold)}"),
    }


def _standing(card: Card) -> list[Line]:
    """Return the ranks that are likely at all, the safest first."""
    likely = [number for number in card.standing if (number.estimate or 0) >= 0.005 or number.estimate is None]
    return [_line(number, what=f"rank {number.rank}" + (" (safest)" if number.rank == 1 else "")) for number in likely]
