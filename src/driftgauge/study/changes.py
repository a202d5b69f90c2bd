"""What differs between two versions of a protocol."""

import json
from collections.abc import Iterator, Mapping
from typing import cast


def protocol_changes(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[str, ...]:
    """Return a line for each value that differs.

    Parameters
    ----------
    old, new
        Protocols as ``model_dump(mode="json")`` gives them.

    Examples
    --------
    >>> protocol_changes({"margin": {"points": 0.05}, "level": 0.95}, {"margin": {"points": 0.1}, "level": 0.95})
    ('margin.points 0.05 → 0.1',)
    """
    before, after = dict(_leaves(old)), dict(_leaves(new))
    keys = [*after, *(key for key in before if key not in after)]
    differ = [key for key in keys if (key in before, before.get(key)) != (key in after, after.get(key))]
    return tuple(f"{key} {_said(before, key)} → {_said(after, key)}" for key in differ)


def _leaves(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(cast(Mapping[str, object], value), f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _said(values: Mapping[str, object], key: str) -> str:
    if key not in values:
        return "not stated"
    value = values[key]
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
