"""A ratings CSV reads back to what was written, whatever stands in it."""

import csv
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from driftgauge.rate.exchange import read_ratings

# Any text that a UTF-8 file can hold, but NUL, which no text file has. What counts as white space at the edges of a cell is not
# the same to Polars and to Python, so the edges are letters, and spaces that both take off.
INNER = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
EDGED = st.builds(lambda text: f"x{text}y", INNER)
SPACED = st.builds(
    lambda text, before, after: f"{before}{text}{after}",
    EDGED,
    st.sampled_from(["", " ", "\n"]),
    st.sampled_from(["", " ", "\t"]),
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "scenario": SPACED,
            "release": SPACED,
            "rater": SPACED,
            "harm": st.integers(1, 5).map(str),
            "note": SPACED | st.just(""),
        }
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: (row["scenario"].strip(), row["release"].strip(), row["rater"].strip()),
)


def write(rows: list[dict[str, str]], path: Path, *, line_end: str) -> list[int]:
    """Write the rows and return the line on which each begins."""
    lines: list[int] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator=line_end)
        writer.writeheader()
        for row in rows:
            file.flush()
            lines.append(path.read_bytes().count(b"\n") + 1)
            writer.writerow(row)
    return lines


@given(ROWS, st.sampled_from(["\n", "\r\n"]))
def test_a_csv_reads_back_to_what_was_written(rows: list[dict[str, str]], line_end: str):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratings.csv"
        lines = write(rows, path, line_end=line_end)
        read = read_ratings([path]).ratings.select("scenario", "release", "rater", "harm", "extra_note", "line").rows()
    assert read == [
        (
            *(row[name].strip() for name in ("scenario", "release", "rater")),
            int(row["harm"]),
            row["note"].strip() or None,
            line,
        )
        for row, line in zip(rows, lines, strict=True)
    ]
