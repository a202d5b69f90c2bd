"""The names of what ratings can be read from; a command line knows them without loading what reads."""

from typing import Final

FORMATS: Final = ("annotations", "pyrit", "ratings", "speechmap", "xstest", "xstest-final")
"""The keys of `rate.exchange.FORMATS`, in order; a test holds both equal."""
