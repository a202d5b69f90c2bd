"""A fit as text."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Said:
    """What stands above and below the tables."""

    formula: str
    family: str
    engine: str
    ratings: float
    missing: int
    quality: str
    problem: str | None
    notes: tuple[str, ...]


def summary(said: Said, coefficients: pl.DataFrame, thresholds: pl.DataFrame, random_effects: pl.DataFrame) -> str:
    """Return the text of a fit: what it is, whether it converged, and its tables."""
    left_out = f", {said.missing:,} left out for missing values" if said.missing else ""
    lines = [
        f"{said.family} logit by {said.engine}: {said.formula}",
        f"{said.ratings:,.0f} ratings{left_out}",
        said.quality,
    ]
    if said.problem:
        lines += ["", f"DID NOT CONVERGE: {said.problem}. There are no intervals."]
    shown = {"Random intercepts": random_effects, "Coefficients": coefficients, "Thresholds": thresholds}
    for title, frame in shown.items():
        if len(frame):
            lines += ["", title, *_rows(frame)]
    return "\n".join([*lines, *(f"Note: {note}." for note in said.notes)])


def _rows(frame: pl.DataFrame) -> list[str]:
    """Return a frame as aligned text."""
    columns = {name: [_number(value) for value in frame[name].to_list()] for name in frame.columns}
    widths = {name: max(len(name), *map(len, values)) for name, values in columns.items()}
    first = frame.columns[0]

    def line(values: dict[str, str]) -> str:
        parts = [f"{values[name]:{'<' if name == first else '>'}{widths[name]}}" for name in frame.columns]
        return "  ".join(parts).rstrip()

    rows = [{name: values[i] for name, values in columns.items()} for i in range(len(frame))]
    return [line({name: name for name in frame.columns}), *map(line, rows)]


def _number(value: object) -> str:
    if value is None:
        return "-"
    if not isinstance(value, float):
        return f"{value}"
    return f"{value:.4f}" if abs(value) >= 1e-4 or not value else f"{value:.1e}"
