"""Names that other people chose."""

from driftgauge.report.names import cut, isolated, shown, tidy, width_of, wrapped


def test_control_characters_and_turns_of_direction_are_dropped() -> None:
    assert tidy("GPT\x00 \x07four\u202e o\n") == "GPT four o"


def test_a_name_of_nothing_still_has_a_name() -> None:
    assert tidy(" \u202e ") == "(no name)"


def test_names_in_html_are_escaped_and_isolated() -> None:
    assert shown("<b>") == "<bdi>&lt;b&gt;</bdi>"


def test_names_among_names_are_isolated_in_plain_text() -> None:
    assert isolated("نموذج") == "\u2068نموذج\u2069"


def test_long_names_keep_their_beginning_and_their_end() -> None:
    short = cut("anthropic_claude-3-5-sonnet-20241022", 24)
    assert len(short) == 24
    assert short.startswith("anthropic_claude")
    assert short.endswith("0241022")


def test_wrapped_names_fit_their_width_and_number_of_lines() -> None:
    lines = wrapped("vendor/an-extremely-long-model-name-2025-12-31", 96)
    assert len(lines) <= 3
    assert all(width_of(line) < 130 for line in lines)


def test_wide_scripts_get_fewer_characters_to_a_line() -> None:
    assert max(map(len, wrapped("日本語モデル・とても長い名前", 96))) < max(map(len, wrapped("a-name-that-is-not-short", 96)))
