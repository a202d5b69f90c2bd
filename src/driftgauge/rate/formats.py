"""The names of what ratings can be read from; a command line knows them without loading what reads."""

from typing import Final

FORMATS: Final = ("annotations", "pyrit", "ratings", "speechmap", "xstest", "xstest-final")
"""The keys of `rate.exchange.FORMATS`, in order; a test holds both equal."""

ELSEWHERE: Final = ("argilla", "label-studio", "potato", "tasks")
"""The keys of `rate.elsewhere.READERS`, in order; the same test holds both equal."""
TOOLS: Final = ("argilla", "csv", "label-studio", "parquet", "potato")
"""The keys of `rate.elsewhere.WRITERS`, in order; the same test holds both equal."""
