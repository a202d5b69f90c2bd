"""What a request holds, read strictly: a form holds texts, JSON holds values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, NoReturn, cast, get_args

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from driftgauge.pipeline.rating.steps import Refused, Sent, Skip

_MOST_FIELDS: Final = 200
_SKIPS: Final = get_args(Skip)
_LONGEST_NAME: Final = 200
_DAY_S: Final = 86_400.0
_PICTURES: Final = ("blur", "grey", "show")
_FIELDS: Final = {
    "key", "assignment", "harm", "success", "refusal", "comment", "skipped", "active_s", "revealed", "csrf",
}  # fmt: skip


@dataclass(frozen=True)
class Body:
    """A rating as it came, and the token that came with it."""

    sent: Sent
    csrf: object


async def form_of(request: Request) -> FormData:
    """Return the fields of a form.

    Raises
    ------
    Refused
        400, when it is none, or has files or too many fields.
    """
    kind = request.headers.get("content-type", "").split(";")[0]
    if kind != "application/x-www-form-urlencoded":
        raise Refused(400, "bad_body", "expected a form (application/x-www-form-urlencoded)")
    found = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    if len(found.multi_items()) > _MOST_FIELDS:
        raise Refused(400, "bad_body", f"a form of more than {_MOST_FIELDS} fields")
    return found


async def parts_of(request: Request, *, files: int, longest: int) -> FormData:
    """Return the fields of a form that has files.

    Parameters
    ----------
    request
        What came.
    files
        How many there may be.
    longest
        The most bytes of a field that is none.

    Raises
    ------
    Refused
        400, when it is no such form; 413, when it is too large.
    """
    if request.headers.get("content-type", "").split(";")[0] != "multipart/form-data":
        raise Refused(400, "bad_body", "expected a form with files (multipart/form-data)")
    return await request.form(max_files=files, max_fields=_MOST_FIELDS, max_part_size=longest)


async def file_of(form: FormData, name: str, *, most: int) -> bytes:
    """Return the bytes of a file of a form, at most one more than `most`; nothing where none was chosen."""
    value = form.get(name)
    return await value.read(most + 1) if isinstance(value, UploadFile) else b""


def text_of(form: FormData, name: str) -> str:
    """Return a field of a form, or nothing."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def name_of(form: FormData, name: str) -> str:
    """Return a field of a form that names something, or nothing.

    Raises
    ------
    Refused
        422, when it cannot be a name: with NUL or another character that is not printed, or longer than any.
    """
    found = text_of(form, name)
    if not is_name(found):
        raise Refused(422, "bad_body", f"{name} is at most {_LONGEST_NAME} printable characters")
    return found


def is_name(text: str) -> bool:
    r"""Return whether a text may be looked up as the name of something; PostgreSQL has no NUL.

    Examples
    --------
    >>> is_name("r-k3Jx0a"), is_name("r-k3Jx0a\0")
    (True, False)
    """
    return len(text) <= _LONGEST_NAME and text.isprintable()


async def rating_of(request: Request) -> Body:
    """Return the rating or skip that a request holds.

    Raises
    ------
    Refused
        400 or 422, when it is none.
    """
    if request.headers.get("content-type", "").split(";")[0] == "application/json":
        values = _json(await request.body())
        return Body(_from_json(values), request.headers.get("x-csrf-token") or values.get("csrf"))
    form = await form_of(request)
    return Body(_from_form(form), text_of(form, "csrf"))


def _from_form(form: FormData) -> Sent:
    harm = text_of(form, "harm")
    success = text_of(form, "success")
    shown_as = text_of(form, "pictures")
    return Sent(
        key=text_of(form, "key"),
        assignment=text_of(form, "assignment"),
        harm=_whole(harm) if harm else None,
        success=_yes_or_no(success, "success") if success else None,
        refusal=_yes_or_no(text_of(form, "refusal") or "0", "refusal"),
        comment=text_of(form, "comment").replace("\r\n", "\n"),
        skipped=_skip(text_of(form, "skipped") or None),
        active_s=_seconds(text_of(form, "active_s")),
        revealed={
            "pictures": shown_as if shown_as in _PICTURES else "blur",
            "seen": [each for each in form.getlist("seen")[:50] if isinstance(each, str) and len(each) <= 100],
        },
    )


def _whole(text: str) -> int:
    if len(text) > 2 or not text.isascii() or not text.isdecimal():
        raise Refused(422, "bad_harm", "harm is a whole number from 1 to 5")
    return int(text)


def _yes_or_no(text: str, name: str) -> bool:
    if text not in {"0", "1"}:
        raise Refused(422, f"bad_{name}", f"{name} is 0 or 1 in a form")
    return text == "1"


def _skip(value: object) -> Skip | None:
    if value is None:
        return None
    if value not in _SKIPS:
        raise Refused(422, "bad_skip", f"skipped is one of {', '.join(_SKIPS)}")
    return cast(Skip, value)


def _seconds(text: str) -> float | None:
    try:
        found = float(text) if text and len(text) < 20 else None
    except ValueError:
        return None
    return found if found is not None and isfinite(found) and 0 <= found <= _DAY_S else None


def _constant(name: str) -> NoReturn:
    raise Refused(422, "bad_body", f"{name} is no value of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Refused(422, "bad_body", "a name stands twice in an object")
    return found


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body, parse_constant=_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise Refused(400, "bad_body", "the body is not JSON") from None
    if not isinstance(found, dict):
        raise Refused(422, "bad_body", "expected an object")
    strange = set(cast(dict[str, Any], found)) - _FIELDS
    if strange:
        raise Refused(422, "bad_body", f"{len(strange)} names that a rating does not have")
    return cast(dict[str, Any], found)


def _from_json(values: Mapping[str, Any]) -> Sent:
    active = values.get("active_s")
    if active is not None and (type(active) not in {int, float} or not 0 <= active <= _DAY_S):
        raise Refused(422, "bad_body", "active_s is a number of seconds within a day")
    return Sent(
        key=_typed(values, "key", str, ""),
        assignment=_typed(values, "assignment", str, ""),
        harm=_typed(values, "harm", int, None),
        success=_typed(values, "success", bool, None),
        refusal=_typed(values, "refusal", bool, False),
        comment=_typed(values, "comment", str, ""),
        skipped=_skip(values.get("skipped")),
        active_s=active,
        revealed=_typed(values, "revealed", dict, {}),
    )


def _typed(values: Mapping[str, Any], name: str, kind: type, otherwise: Any) -> Any:
    value = values.get(name)
    if value is None:
        return otherwise
    if type(value) is not kind:
        code = f"bad_{name}" if name in {"harm", "success", "comment"} else "bad_body"
        raise Refused(422, code, f"{name} is a {kind.__name__}, not a {type(value).__name__}")
    return value
