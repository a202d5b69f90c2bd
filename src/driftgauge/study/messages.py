"""What is wrong in a study file: where, what was seen of it, and what was expected."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from driftgauge.errors import cut

Location = tuple[str | int, ...]

_SECRET: Final = re.compile(r"://|passw|secret|token|api_?-?key|authori[sz]ation|\bsk-", re.IGNORECASE)


@dataclass(frozen=True)
class Mistake:
    """One mistake, before its line is looked up; `line` where it is known already."""

    at: Location
    what: str
    expected: str
    line: int | None = None


def shown(value: object) -> str:
    """Return a value cut at 40 characters, or only what kind it is when it could hold a secret.

    Examples
    --------
    >>> shown("vibes"), shown({"points": 2}), shown("postgresql://me:hunter2@host/db")
    ("'vibes'", "{'points': 2}", 'a text that is not shown')
    """
    text = repr(value)
    if _SECRET.search(text):
        return f"{_kind(value)} that is not shown"
    return cut(text)


def _kind(value: object) -> str:
    return "a text" if isinstance(value, str) else "a mapping" if isinstance(value, dict) else "a value"


def named(name: object) -> str:
    """Return a key or a name in quotes, escaped and cut at 40 characters; what is an address is not shown."""
    text = str(name)
    return shown(text) if "://" in text else cut(repr(text))


def one_of(name: str, candidates: Sequence[str]) -> str:
    """Return what could have been meant: the closest candidate first, then all of them.

    Examples
    --------
    >>> one_of("unratd", ["level", "unrated"])
    "perhaps 'unrated'; one of: level, unrated"
    """
    candidates = list(dict.fromkeys(candidates))
    folded = {candidate.casefold(): candidate for candidate in reversed(candidates[:500])}
    near = difflib.get_close_matches(name.casefold()[:200], folded, n=1)
    perhaps = f"perhaps {named(folded[near[0]])}; " if near else ""
    more = f", … ({len(candidates):,} in all)" if len(candidates) > 20 else ""
    return f"{perhaps}one of: " + ", ".join(named(each)[1:-1] for each in candidates[:20]) + more


def mistakes_in(error: ValidationError, *, model: type[BaseModel], where: Location = ()) -> Iterator[Mistake]:
    """Return the mistakes that a model found in a part of a file.

    Parameters
    ----------
    error
        What the model said.
    model
        The model, for the keys that it knows.
    where
        The part that it was given.
    """
    for item in error.errors(include_url=False):
        at = tuple(part for part in item["loc"] if part != "[key]")
        yield _mistake(item, at, model=model, where=where)


def _mistake(item: ErrorDetails, at: Location, *, model: type[BaseModel], where: Location) -> Mistake:
    name = ".".join(cut(part) for part in at if isinstance(part, str)) or "the file"
    if item["type"] == "extra_forbidden":
        return Mistake((*where, *at), f"there is no key {named(at[-1])}", _keys(model, at))
    if item["type"] == "missing":
        return Mistake((*where, *at), f"{name} is missing", "it to be given")
    context: dict[str, Any] = item.get("ctx", {})
    return Mistake((*where, *at), f"{name} {context.get('what') or 'is ' + shown(item['input'])}", _expected(item))


_KINDS: Final = {
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "model_type": "a mapping",
    "string_type": "a text",
    "tuple_type": "a list",
}


def _expected(item: ErrorDetails) -> str:
    if item["type"] in _KINDS:
        return _KINDS[item["type"]]
    text = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return text[:1].lower() + text[1:]


def _keys(model: type[BaseModel], at: Location) -> str:
    known = _model_at(model, at[:-1])
    return one_of(str(at[-1]), list(keys_of(known))) if known else "no such key"


def keys_of(model: type[BaseModel]) -> Iterable[str]:
    """Return the keys of a model as they are written in a file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(model: type[BaseModel] | None, at: Location) -> type[BaseModel] | None:
    """Return the model of the part `at`: a key of a model leads on, a position or a name within it does not."""
    for part in at:
        fields = {field.alias or name: field for name, field in model.model_fields.items()} if model else {}
        if part in fields:
            model = next(_models(fields[str(part)].annotation), None)
    return model


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for each in get_args(annotation):
        yield from islice(_models(each), 1)
