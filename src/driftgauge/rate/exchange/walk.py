"""A CSV file walked record by record with the standard library: slow, but it can say which line is wrong and how."""

import csv
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from driftgauge.errors import Problem
from driftgauge.rate.exchange.messages import LISTED, Source
from driftgauge.rate.exchange.scan import LONGEST_LINE

QUOTING: Final = "a field in quotes, with each quote inside it doubled"


@dataclass(frozen=True)
class Header:
    """The first record of a file, and where it stands."""

    names: tuple[str, ...]
    skipped: int
    """Physical lines before it: blank ones, and comments where the format has them."""
    last_line: int
    commas: int
    """Commas up to its end."""


@dataclass(frozen=True)
class Walk:
    """What a walk over all records found."""

    records: int
    """Records after the header; a blank line is one."""
    problems: tuple[Problem, ...]


def read_header(path: Path, *, preamble: str = "") -> Header | None:
    """Return the header, or null when the file holds blank lines only.

    Parameters
    ----------
    path
        A file that has been scanned.
    preamble
        How lines before the header may begin (``"#"``).
    """
    with path.open(encoding="utf-8-sig", newline="") as file, _long_fields():
        skipped = commas = 0
        for line in file:
            if line.strip() and not (preamble and line.startswith(preamble)):
                break
            skipped, commas = skipped + 1, commas + line.count(",")
        else:
            return None
        counted = _Counted(chain([line], file))
        reader = csv.reader(counted)
        names = tuple(name.strip() for name in next(reader))
        return Header(names, skipped, skipped + reader.line_num, commas + counted.commas)


def walk(path: Path, header: Header, *, source: Source) -> Walk:
    """Return the records whose number of fields is not that of the header, and quotes that do not pair.

    A record that breaks the rules of quoting ends the walk: after it nobody can tell records apart.
    """
    width, records, problems = len(header.names), 0, list[Problem]()
    with path.open(encoding="utf-8-sig", newline="") as file, _long_fields():
        for _ in range(header.skipped):
            next(file)
        reader = csv.reader(file, strict=True)
        begins = header.skipped + 1
        try:
            for number, fields in enumerate(reader):
                records += bool(number)
                if len(fields) != width and any(field.strip() for field in fields) and len(problems) < LISTED:
                    problems.append(_ragged(source.place(begins), len(fields), width))
                begins = header.skipped + reader.line_num + 1
        except csv.Error as error:
            problems.append(_misquoted(source.place(begins), str(error)))
    return Walk(records, tuple(problems))


def _ragged(where: str, seen: int, width: int) -> Problem:
    advice = "a field that holds a comma stands in quotes" if seen > width else "an empty field keeps its comma"
    return Problem(where, f"{seen} field{'s' * (seen != 1)}", f"{width}, as in the header ({advice})")


def _misquoted(where: str, reason: str) -> Problem:
    # The three that the csv module has: "unexpected end of data", "',' expected after '"'", "field larger than …".
    if reason.startswith("unexpected end"):
        return Problem(where, "a quote that opens in this record is never closed", QUOTING)
    if "expected after" in reason:
        return Problem(where, "text after the closing quote of a field", QUOTING)
    return Problem(where, f"a field longer than {LONGEST_LINE >> 20} MiB", "a closing quote before that")


class _Counted(Iterator[str]):
    """Lines that pass through, and the commas in them."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines
        self.commas = 0

    def __next__(self) -> str:
        line = next(self.lines)
        self.commas += line.count(",")
        return line


@contextmanager
def _long_fields() -> Generator[None]:
    """Let the csv module take fields as long as `scan` lets lines be (its limit is global, so it is put back)."""
    before = csv.field_size_limit(LONGEST_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(before)
