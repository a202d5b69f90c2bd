"""The small slope beside a verdict: two levels with their intervals.

Drawn by hand: to convert a chart for each would cost more time than a few lines are worth.
"""

from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.select import Estimate

WIDTH, HEIGHT = 92, 64
_XS = (18, 74)


def spark(ends: tuple[Estimate | None, Estimate | None], *, top: float, series: int) -> Markup:
    """Return a decorative SVG (the sentence beside it says the same); all of a page share the scale from 0 to `top`."""
    paint = theme.colour(series)

    def y(value: float) -> float:
        return round(HEIGHT - 5 - value / max(top, 1e-9) * (HEIGHT - 12), 1)

    known = [(x, end) for x, end in zip(_XS, ends, strict=True) if end is not None]
    marks = [f'<line x1="4" x2="{WIDTH - 4}" y1="{y(0)}" y2="{y(0)}" stroke="{theme.RULE.light}"/>']
    marks += [
        f'<line x1="{x}" x2="{x}" y1="{y(end.low)}" y2="{y(end.high)}" stroke="{paint}" stroke-width="1.5"/>'
        for x, end in known
    ]
    if len(known) == 2:
        (x0, a), (x1, b) = known
        marks.append(f'<line x1="{x0}" y1="{y(a.value)}" x2="{x1}" y2="{y(b.value)}" stroke="{paint}" stroke-width="2.25"/>')
    marks += [
        f'<circle cx="{x}" cy="{y(end.value)}" r="3.75" fill="{paint}" stroke="{theme.PAPER.light}" stroke-width="1.5"/>'
        for x, end in known
    ]
    box = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return Markup(f'<svg class="spark" aria-hidden="true" {box}>{"".join(marks)}</svg>')
