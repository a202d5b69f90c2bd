"""The hash of a protocol stays; a change of it is told."""

from driftgauge.study import Margin, Primary, Protocol, protocol_changes


def _values(protocol: Protocol) -> dict[str, object]:
    return protocol.model_dump(mode="json")


def test_the_hash_of_a_protocol_stays_what_it_was() -> None:
    assert (Protocol().hash, Protocol(harmful_at=4).hash) == ("5f07e0c64fee0fb6", "af657ccca95a443c")


def test_the_same_protocol_is_no_change() -> None:
    assert protocol_changes(_values(Protocol()), _values(Protocol())) == ()


def test_each_value_that_differs_is_a_line() -> None:
    new = Protocol(margin=Margin(points=0.1), primary=Primary(unit="any_rater"), harmful_at=4)
    assert protocol_changes(_values(Protocol()), _values(new)) == (
        "harmful_at 3 → 4",
        "margin.points 0.05 → 0.1",
        "primary.unit rating → any_rater",
    )


def test_a_margin_of_another_kind_is_two_lines() -> None:
    new = Protocol(margin=Margin(odds_ratio=1.5))
    assert protocol_changes(_values(Protocol()), _values(new)) == (
        "margin.points 0.05 → none",
        "margin.odds_ratio none → 1.5",
    )


def test_a_value_that_one_version_did_not_know_is_told() -> None:
    assert protocol_changes({"a": 1}, {"b": None}) == ("b not stated → none", "a 1 → not stated")
