"""The names of formats that a command line offers."""

from driftgauge.rate import elsewhere, exchange, formats


def test_what_is_offered_is_what_can_be_read() -> None:
    assert list(formats.FORMATS) == sorted(exchange.FORMATS)


def test_the_tools_that_are_offered_are_those_that_can_be_written_and_read() -> None:
    assert list(formats.TOOLS) == sorted(elsewhere.WRITERS)
    assert list(formats.ELSEWHERE) == sorted(elsewhere.READERS)
