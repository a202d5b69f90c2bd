"""Whatever an export holds, it is read, or its mistakes are named; it never ends in anything else."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftgauge.errors import RatingError
from driftgauge.rate.elsewhere import READERS
from tests.elsewhere.made_up import FOLDER, SAID

EXPORTS = {"label-studio.json": "label-studio", "potato_state.json": "potato", "argilla.json": "argilla"}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["", "4", "yes", "harm", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00Z", "\0", "\ud800"]),
    st.sampled_from([[], {}, [[]], [None], {"": None}, {"choices": ["4"]}, {"task": "x"}]),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*path, key)
        yield from places(each, (*path, key))


def changed(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """Return a value with something else at one place."""
    found = copy.deepcopy(value)
    holder = found
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = odd
    return found


@pytest.mark.parametrize("name", EXPORTS)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(data=st.data())
def test_an_export_with_something_odd_in_it_is_read_or_refused(name: str, data: st.DataObject, tmp_path: Path) -> None:
    export = json.loads((FOLDER / name).read_bytes())
    path = data.draw(st.sampled_from(list(places(export))))
    file = tmp_path / name
    file.write_text(json.dumps(changed(export, path, data.draw(ODD))), encoding="utf-8")
    try:
        found = READERS[EXPORTS[name]](file)
    except RatingError:
        return
    assert len(found.told) + found.waiting + len(found.problems) in {len(SAID), len(SAID) + 1, len(SAID) - 1}
    assert all(told.harm in {None, 1, 2, 3, 4, 5} for told in found.told)
    assert all((told.skipped is None) == isinstance(told.success, bool) for told in found.told)
