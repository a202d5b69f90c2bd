"""What the bytes of a text file say before anything parses them.

The file is read in pieces and never held whole, so that a file that is not what it seems costs a message, not the memory.
"""

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from driftgauge.rate.exchange.messages import unreadable

CHUNK: Final = 1 << 20
LONGEST_LINE: Final = 16 << 20
AS_UTF8: Final = "text: save it as CSV in UTF-8"

SIGNATURES: Final = (
    (b"\xff\xfe", "UTF-16 or UTF-32 text", AS_UTF8),
    (b"\xfe\xff", "UTF-16 text", AS_UTF8),
    (b"\x00\x00\xfe\xff", "UTF-32 text", AS_UTF8),
    (b"PK\x03\x04", "a spreadsheet or a zip archive", AS_UTF8),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet of an old format", AS_UTF8),
    (b"\x1f\x8b", "a compressed file", "text: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a compressed file", "text: unpack it first"),
)
"""How files that are not text in UTF-8 begin."""


@dataclass(frozen=True)
class Counts:
    """How often the three bytes that shape a CSV file occur in it."""

    newlines: int = 0
    commas: int = 0
    quotes: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.newlines + other.newlines, self.commas + other.commas, self.quotes + other.quotes)


def scan(path: Path, *, name: str) -> Counts:
    """Look through a text file once and refuse what no CSV reader should be given.

    Parameters
    ----------
    path
        The file.
    name
        What messages call it.

    Raises
    ------
    RatingError
        For an empty file, a file of another kind, NUL bytes, bytes that are not UTF-8, a line above 16 MiB and
        line ends of the classic Mac; with the line where there is one.
    """
    counts, carried, returns = Counts(), 0, False
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if counts == Counts() and not carried:
                _check_signature(chunk, name=name)
            _check_text(chunk, decoder, line=counts.newlines + 1, name=name)
            carried = _unended(chunk, carried, line=counts.newlines + 1, name=name)
            returns = returns or b"\r" in chunk
            counts += Counts(chunk.count(b"\n"), chunk.count(b","), chunk.count(b'"'))
    if counts == Counts() and not carried:
        raise unreadable(name, "the file is empty", "a header and one rating a line")
    _check_text(b"", decoder, line=counts.newlines + 1, name=name)
    if returns and not counts.newlines:
        raise unreadable(name, "one line only, with the line ends of the classic Mac", "line feeds: save it as CSV again")
    return counts


def _check_signature(chunk: bytes, *, name: str) -> None:
    for signature, what, expected in SIGNATURES:
        if chunk.startswith(signature):
            raise unreadable(name, what, expected)


def _check_text(chunk: bytes, decoder: codecs.IncrementalDecoder, *, line: int, name: str) -> None:
    """Check a piece of the file, the first byte of which stands in `line`; an empty piece is the end."""
    if (at := chunk.find(b"\0")) >= 0:
        line += chunk.count(b"\n", 0, at)
        raise unreadable(name, "a NUL byte", f"{AS_UTF8} (it may be UTF-16)", line=line)
    try:
        decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        raise unreadable(name, "bytes that are not UTF-8", f"{AS_UTF8} (it may be Windows-1252)", line=line) from None


def _unended(chunk: bytes, carried: int, *, line: int, name: str) -> int:
    """Return the length of the unended line at the end of `chunk`, of which `carried` bytes stood before it."""
    first = chunk.find(b"\n")
    begun = carried + (len(chunk) if first < 0 else first)
    if begun > LONGEST_LINE:
        what = f"a line longer than {LONGEST_LINE >> 20} MiB"
        raise unreadable(name, what, "lines that end with a line feed, one rating each", line=line)
    return begun if first < 0 else len(chunk) - chunk.rfind(b"\n") - 1
