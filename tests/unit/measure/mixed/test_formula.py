"""Formulas as in lme4, and the columns they make."""

import polars as pl
import pytest

from driftgauge.errors import EstimationError
from driftgauge.measure.mixed.formula import formula_coding, parse

CELLS = pl.DataFrame({"release": ["B", "A", "C", "B"], "modality": ["t", "t", "m", "m"], "z": [0.0, 1.0, 2.0, 5.0]})


def test_random_terms_may_stand_anywhere() -> None:
    found = parse("y ~ (1|a) + x + (1 | b:c) + z")
    assert (found.outcome, found.fixed) == ("y", "x + z")
    assert found.groupings == (("a",), ("b", "c"))


def test_a_slash_nests() -> None:
    assert parse("y ~ 1 + (1 | a/b)").groupings == (("a",), ("a", "b"))


def test_no_fixed_part_is_an_intercept() -> None:
    assert parse("y ~ (1 | a)").fixed == "1"


def test_a_column_may_have_a_dot_in_its_name() -> None:
    assert parse("y ~ 1 + (1 | participant.id)").groupings == (("participant.id",),)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("y", "no outcome"),
        ("y ~ x + (x | a)", "only random intercepts"),
        ("y ~ x + (1 | a - b)", "not the name of a column"),
        ("y ~ x + 1 | a", "not of the form"),
    ],
)
def test_what_cannot_be_fitted_is_refused(formula: str, said: str) -> None:
    with pytest.raises(EstimationError, match=said):
        parse(formula)


def test_columns_are_named_as_r_names_them() -> None:
    coding = formula_coding("release * modality", CELLS, reference={"modality": "t"})
    assert coding.columns[:4] == ("(Intercept)", "releaseB", "releaseC", "modalitym")
    assert coding.columns[4:] == ("releaseB:modalitym", "releaseC:modalitym")


def test_the_reference_level_is_the_one_that_was_chosen() -> None:
    coding = formula_coding("release", CELLS, reference={"release": "C"})
    assert coding.columns == ("(Intercept)", "releaseA", "releaseB")
    assert coding.rows(pl.DataFrame({"release": ["C"]})).tolist() == [[1.0, 0.0, 0.0]]


def test_transforms_remember_the_data() -> None:
    coding = formula_coding("center(z)", CELLS, reference={})
    assert coding.rows(pl.DataFrame({"z": [2.0]})).tolist() == [[1.0, 0.0]]
    assert coding.numeric == {"z": 2.0}


def test_the_intercept_stays() -> None:
    with pytest.raises(EstimationError, match="intercept cannot be left out"):
        formula_coding("0 + release", CELLS, reference={})


def test_a_reference_that_does_not_occur_is_refused() -> None:
    with pytest.raises(EstimationError, match="'D' does not occur in release"):
        formula_coding("release", CELLS, reference={"release": "D"})
