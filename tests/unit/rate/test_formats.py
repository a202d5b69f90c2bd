"""The names of formats that a command line offers."""

from driftgauge.rate import exchange, formats


def test_what_is_offered_is_what_can_be_read() -> None:
    assert list(formats.FORMATS) == sorted(exchange.FORMATS)
