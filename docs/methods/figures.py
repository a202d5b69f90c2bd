"""Draw the pictures of the methods pages as plain SVG; with ``--check``, fail when a committed one is not what would be drawn.

Each picture has a light ground of its own, so that it can be read on a light and on a dark page, and a title in words.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

import numpy as np

from driftgauge.measure.decompose import Components, parts
from driftgauge.measure.sequence import Look, Monitoring, Rule
from driftgauge.measure.units import draw_table
from driftgauge.report.figures.sequence import Course, Seen, sequence

HERE: Final = Path(__file__).resolve().parent / "figures"
INK, SOFT, PAPER = "#1f2933", "#7b8794", "#fbfbf9"
BLUE, ORANGE, GREEN = "#0072b2", "#b34700", "#00664a"


def main() -> int:
    """Draw or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="draw nothing; fail when a committed picture is stale")
    check = parser.parse_args().check
    stale = [path for path, text in pictures().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if check and stale:
        names = ", ".join(f"docs/methods/figures/{path.name}" for path in stale)
        print(f"Not what would be drawn: {names}. Run python docs/methods/figures.py", file=sys.stderr)
        return 1
    for path in stale:
        path.write_text(pictures()[path], encoding="utf-8")
    return 0


def pictures() -> dict[Path, str]:
    """Return every picture with its text."""
    drawers: Mapping[str, Callable[[], str]] = {
        "majority.svg": majority,
        "two-way.svg": two_way,
        "parts.svg": parts_of_a_drift,
        "verdicts.svg": verdicts,
        "judge.svg": judge,
        "monitoring.svg": monitoring,
        "ppi.svg": people_and_judge,
    }
    return {HERE / name: draw() for name, draw in drawers.items()}


def _svg(width: int, height: int, title: str, body: Sequence[str]) -> str:
    inside = "\n".join(f"  {line}" for line in body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="13" fill="{INK}">\n'
        f"  <title>{escape(title)}</title>\n"
        f'  <rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>\n{inside}\n</svg>\n'
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", fill: str = INK, weight: str = "normal") -> str:
    style = f'text-anchor="{anchor}" fill="{fill}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, *, stroke: str = INK, width: float = 1, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" stroke-width="{width}"{dashes}/>'


def _rect(x: float, y: float, width: float, height: float, *, fill: str, opacity: float = 1, stroke: str = "none") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{fill}" fill-opacity="{opacity}" stroke="{stroke}"/>'


def majority() -> str:
    """Draw what one panel of 17 says when 1, 3, 11 or all 17 of its raters are drawn."""
    left, top, width, height, panel = 70.0, 30.0, 330.0, 240.0, 17

    def x(share: float) -> float:
        return left + share * width

    def y(share: float) -> float:
        return top + (1 - share) * height

    body = [_line(left, y(0), left + width, y(0)), _line(left, y(0), left, y(1))]
    for share in (0.0, 0.5, 1.0):
        body += [
            _text(left - 8, y(share) + 4, f"{share:.0%}", anchor="end"),
            _text(x(share), y(0) + 18, f"{share:.0%}", anchor="middle"),
        ]
    body += [
        _text(left + width / 2, y(0) + 40, "share of 17 raters who say yes", anchor="middle"),
        _text(12, 20, "chance that the drawn raters decide yes"),
    ]
    styles = {1: (SOFT, "", 0.86), 3: (GREEN, "2 3", 0.74), 11: (BLUE, "7 3", 0.64), 17: (ORANGE, "", 0.56)}
    for row, (k, (colour, dash, _)) in enumerate(styles.items()):
        chances = draw_table(panel, k, "majority")[panel]
        path = " ".join(f"{x(yes / panel):.1f},{y(float(chance)):.1f}" for yes, chance in enumerate(chances))
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        at = 80 + 30 * row
        name = f"k = {k} rater{'s' * (k > 1)}" + (" (the mean)" if k == 1 else " (all)" if k == panel else "")
        body += [
            f'<polyline points="420,{at} 450,{at}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>',
            _text(458, at + 4, name),
        ]
    return _svg(650, 325, "Expected majority of 1, 3, 11 or 17 raters against the share of the panel that says yes", body)


def two_way() -> str:
    """Draw the cells of scenarios by raters, and what each of the three sums runs over."""
    body: list[str] = []
    panels = (
        ("V_S: one sum a scenario", "row", BLUE),
        ("V_1: one sum a rater", "column", ORANGE),
        ("V_I: one cell at a time", "cell", SOFT),
    )
    for number, (name, kind, colour) in enumerate(panels):
        left = 30 + number * 210
        body.append(_text(left, 30, name, weight="bold"))
        body += _grid(left, 66, kind, colour)
        body.append(_text(left + 80, 58, "raters", anchor="middle", fill=SOFT))
    body.append(
        _text(30, 250, "V = V_S + V_1 − V_I: a cell is in its row and in its column, so one of the two is taken off again.")
    )
    return _svg(700, 270, "Cells of scenarios by raters: sums by row, sums by column, and single cells", body)


def people_and_judge() -> str:
    """Draw what a judge rates and what people rate, and how the three means make one."""
    body = [_text(30, 30, "Twelve scenarios: a judge rates all, people a sample of known probability", weight="bold")]
    for row, (name, colour, chosen) in enumerate((("judge", ORANGE, range(12)), ("people", BLUE, (1, 4, 5, 10)))):
        top = 50 + row * 42
        body.append(_text(30, top + 20, name, fill=SOFT))
        for place in range(12):
            fill, opacity = (colour, 0.45) if place in chosen else (SOFT, 0.15)
            body.append(_rect(100 + place * 34, top, 30, 30, fill=fill, opacity=opacity))
    body.append(_text(30, 160, "estimate = people, of the sample + λ · (judge, of all − judge, of the sample)"))
    body.append(_text(30, 184, "What the judge has wrong by a constant is in both of its means, and falls out.", fill=SOFT))
    return _svg(620, 206, "What a judge rates, what people rate, and how three means make one estimate", body)


def _grid(left: float, top: float, kind: str, colour: str) -> Iterator[str]:
    size, rows, columns = 30.0, 5, 5
    for row in range(rows):
        for column in range(columns):
            yield _rect(left + column * 32, top + row * 32, size, size, fill=SOFT, opacity=0.15)
    marked = {"row": (0, 1, columns, 1), "column": (1, 0, 1, rows), "cell": (3, 2, 1, 1)}[kind]
    column, row, across, down = marked
    place = (left + column * 32 - 1, top + row * 32 - 1, across * 32, down * 32)
    yield _rect(*place, fill=colour, opacity=0.45, stroke=colour)


def parts_of_a_drift() -> str:
    """Draw Kitagawa's parts of the eighteen-rating example as two steps on the plane of engagement and harm."""
    engaged, harm = (6 / 9, 4 / 9), (4 / 6, 2 / 4)
    before, after = (Components(np.array(e), np.array(h), np.array(0.0)) for e, h in zip(engaged, harm, strict=True))
    refusal, response, _ = (float(part) for part in parts(before, after))
    left, bottom, scale = 70.0, 290.0, 330.0

    def box(e: float, h: float, colour: str) -> str:
        return _rect(left, bottom - h * scale, e * scale, h * scale, fill=colour, opacity=0.16, stroke=colour)

    body = [
        box(engaged[0], harm[0], BLUE),
        box(engaged[1], harm[1], ORANGE),
        _line(left, bottom, left + scale, bottom),
        _line(left, bottom, left, 40),
        _text(left + scale / 2, bottom + 34, "E, share engaged (not refused)", anchor="middle"),
        _text(12, 24, "H, attack success among the engaged"),
        _text(left + engaged[0] * scale - 6, bottom - harm[0] * scale - 8, "Elm 1: E·H = 4/9", anchor="end", fill=BLUE),
        _text(left + 8, bottom - harm[1] * scale + 20, "Elm 2: E·H = 2/9", fill=ORANGE),
    ]
    for name, value, at in (("E", engaged, 0), ("H", harm, 1)):
        for side, each in enumerate(value):
            where = (left + each * scale, bottom + 16) if at == 0 else (left - 8, bottom - each * scale + 4)
            label = ("6/9", "4/9")[side] if name == "E" else ("4/6", "2/4")[side]
            body.append(_text(*where, label, anchor="middle" if at == 0 else "end"))
    body += [
        _text(330, 60, "The area of a box is ASR without inconsistent marks.", weight="bold"),
        _text(330, 84, f"Narrower: refusal part {100 * refusal:+.1f} points".replace("-", "−")),
        _text(330, 106, f"Lower: response part {100 * response:+.1f} points".replace("-", "−")),
    ]
    return _svg(740, 340, "Engagement by harm as two boxes: the later is narrower and lower", body)


def verdicts() -> str:
    """Draw intervals against no change and the margin, with the verdict of each."""
    left, scale, top, step = 250.0, 16.0, 60.0, 34.0
    cases = (
        ("regressed, material", 8.0, 2.0, ORANGE),
        ("regressed, unsure", 5.0, 3.0, ORANGE),
        ("regressed, within_margin", 2.5, 1.5, ORANGE),
        ("unchanged", 0.5, 2.5, GREEN),
        ("inconclusive", 3.0, 6.0, SOFT),
        ("improved, material", -8.5, 2.5, BLUE),
    )

    def x(points: float) -> float:
        return left + 160 + points * scale

    bottom = top + step * len(cases)
    body = [
        _rect(x(-5), top - 20, 10 * scale, bottom - top + 16, fill=GREEN, opacity=0.10),
        _line(x(0), top - 20, x(0), bottom - 4, dash="4 3"),
        _text(x(0), bottom + 14, "0", anchor="middle"),
        _text(x(-5), bottom + 14, "−5 (margin)", anchor="middle"),
        _text(x(5), bottom + 14, "+5 (margin)", anchor="middle"),
        _text(12, 24, "Drift in ASR in points, with its interval, and the verdict", weight="bold"),
    ]
    for number, (name, middle, half, colour) in enumerate(cases):
        at = top + step * number
        body += [
            _text(12, at + 4, name),
            _line(x(middle - half), at, x(middle + half), at, stroke=colour, width=3),
            f'<circle cx="{x(middle):.1f}" cy="{at:.1f}" r="5" fill="{colour}"/>',
        ]
    return _svg(610, 300, "Six intervals against no change and the margin, each with its verdict", body)


def judge() -> str:
    """Draw the by-hand example of a judge: both drifts, and the difference of its biases."""
    left, right, top, scale = 90.0, 330.0, 60.0, 180.0
    sides = (("judge", (1.0, 0.0), ORANGE), ("people", (5 / 9, 4 / 9), BLUE))

    def y(share: float) -> float:
        return top + (1 - share) * scale

    body = [_text(12, 24, "Share of yes by release", weight="bold")]
    for share, said in ((0.0, "0"), (0.5, "50 %"), (1.0, "100 %")):
        body += [
            _line(left, y(share), right, y(share), stroke=SOFT, dash="2 4"),
            _text(left - 14, y(share) + 4, said, anchor="end"),
        ]
    for name, (earlier, later), colour in sides:
        body += [
            _line(left, y(earlier), right, y(later), stroke=colour, width=3),
            *(
                f'<circle cx="{x:.1f}" cy="{y(share):.1f}" r="5" fill="{colour}"/>'
                for x, share in ((left, earlier), (right, later))
            ),
            _text(right + 12, y(later) + 4, name, fill=colour, weight="bold"),
        ]
    (_, (q0, q1), _), (_, (y0, y1), _) = sides
    body += [
        _text(left, y(0) + 26, "A1", anchor="middle"),
        _text(right, y(0) + 26, "A2", anchor="middle"),
        _text(430, 90, f"bias in A1: {100 * (q0 - y0):+.0f} points".replace("-", "−")),
        _text(430, 114, f"bias in A2: {100 * (q1 - y1):+.0f} points".replace("-", "−")),
        _text(430, 150, f"judge’s drift: {100 * (q1 - q0):+.0f} points".replace("-", "−"), fill=ORANGE),
        _text(430, 174, f"people’s drift: {100 * (y1 - y0):+.0f} points".replace("-", "−"), fill=BLUE),
        _text(430, 198, f"may be the judge: {100 * (q1 - q0 - y1 + y0):+.0f} points".replace("-", "−"), weight="bold"),
    ]
    return _svg(640, 290, "A judge whose bias is not the same for two releases", body)


def monitoring() -> str:
    """A made-up sequence: nothing for 20 nights, two nights without a measurement, another model, a rise of 15 points."""
    rng, rule = np.random.default_rng(4), Rule(margin=0.05)  # noqa: TID251 - a picture
    followed, looks, alarm = Monitoring(rule), list[Seen](), None
    for night in range(1, 49):
        at = str(np.datetime64("2026-03-01") + night)
        if night in (9, 10):
            looks.append(Seen(night, at))
            continue
        values = rng.choice([-1.0, 0.0, 1.0], 20, p=[0.08, 0.84, 0.08] if night <= 22 else [0.05, 0.75, 0.2])
        followed.take(Look(values, values))
        now = followed.standing()
        alarm = alarm or (night if now.alarm else None)
        looks.append(Seen(night, at, now.low, now.high, float(values.mean()), other_model=night == 23))
    return sequence(Course("Elm 1", "success", "1", rule.margin, rule.level, tuple(looks), alarm, simulated=True))


if __name__ == "__main__":
    sys.exit(main())
