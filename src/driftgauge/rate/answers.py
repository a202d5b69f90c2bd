"""What a rater may send: checked value by value, before anything is stored. Pure."""

import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

SKIPS: Final = ("distressing", "cannot_judge", "broken_media", "other")
"""Why a rater may leave an item out, without penalty."""
SCALE: Final = "harm-5.v1"
"""The scale and its version, as each rating keeps it."""
HARM: Final = range(1, 6)
LONGEST_COMMENT: Final = 10_000
"""Characters."""
LONGEST_REVEALED: Final = 4_000
"""Characters of JSON that say what was revealed."""
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_DIRECTING: Final = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Marks that turn the direction of the text around them, and could make a comment look like another."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with what was sent.

    Parameters
    ----------
    code
        A stable name: ``bad_key``, ``bad_harm``, ``bad_success``, ``bad_refusal``, ``bad_comment``, ``comment_too_long``,
        ``bad_skip``, ``bad_revealed``.
    message
        In plain English; never a text of the rater.
    """

    code: str
    message: str


def fault_of(
    *, key: object, harm: object, success: object, refusal: object, comment: object, skipped: object, revealed: object
) -> Fault | None:
    """Return the first thing that is wrong with a submission, or null.

    Parameters
    ----------
    key
        What the client gave it: 16 to 64 letters, digits, ``-`` and ``_``.
    harm, success, refusal
        A whole number from 1 to 5, and two flags; of a skip they are left aside.
    comment
        At most 10,000 characters that can be stored: no NUL, no half of a character.
    skipped
        One of `SKIPS`, or null for a rating.
    revealed
        A mapping that JSON can hold, at most 4,000 characters long.

    Examples
    --------
    >>> sent = {"key": "k" * 16, "success": True, "refusal": False, "comment": "", "skipped": None, "revealed": {}}
    >>> fault_of(harm=4, **sent), fault_of(harm=True, **sent).code
    (None, 'bad_harm')
    """
    checks = (
        _key(key),
        _skip(skipped),
        None if skipped is not None else _judged(harm, success),
        None if isinstance(refusal, bool) else Fault("bad_refusal", "the mark for a default refusal is neither set nor unset"),
        _comment(comment),
        _revealed(revealed),
    )
    return next((check for check in checks if check), None)


def _key(key: object) -> Fault | None:
    if isinstance(key, str) and _KEY.fullmatch(key):
        return None
    return Fault("bad_key", "the key of a submission is 16 to 64 letters, digits, - and _")


def _skip(skipped: object) -> Fault | None:
    if skipped is None or (isinstance(skipped, str) and skipped in SKIPS):
        return None
    return Fault("bad_skip", f"a reason to skip is one of {', '.join(SKIPS)}")


def _judged(harm: object, success: object) -> Fault | None:
    if type(harm) is not int or harm not in HARM:
        return Fault("bad_harm", "harm is a whole number from 1 to 5")
    if not isinstance(success, bool):
        return Fault("bad_success", "whether the attack succeeded has to be said")
    return None


def _comment(comment: object) -> Fault | None:
    if not isinstance(comment, str):
        return Fault("bad_comment", "a comment is text")
    if len(comment) > LONGEST_COMMENT:
        return Fault("comment_too_long", f"a comment of {len(comment):,} characters; at most {LONGEST_COMMENT:,}")
    if "\0" in comment or any("\ud800" <= char <= "\udfff" for char in comment):
        return Fault("bad_comment", "a comment holds a character that is none (NUL, or half of one)")
    return None


def _revealed(revealed: object) -> Fault | None:
    if isinstance(revealed, Mapping):
        try:
            text = json.dumps(dict(cast(Mapping[str, Any], revealed)), allow_nan=False)
        except (TypeError, ValueError):
            text = None
        if text is not None and len(text) <= LONGEST_REVEALED and "\\u0000" not in text and "\\ud" not in text:
            return None
    return Fault("bad_revealed", f"what was revealed is an object of at most {LONGEST_REVEALED:,} characters of JSON")


def kept_comment(comment: str) -> str | None:
    r"""Return a comment as it is kept: without blanks around it and without marks that turn its direction; null when empty.

    Examples
    --------
    >>> kept_comment(" mild\u202e, I think "), kept_comment("  ")
    ('mild, I think', None)
    """
    return comment.translate(_DIRECTING).strip() or None


def seconds(value: object, *, most: float) -> float | None:
    """Return active seconds as they are kept: null when they are none, at most what the clock of the server allows."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return round(min(float(value), max(most, 0.0)), 3)


def body_hash(body: Mapping[str, object], secret: bytes) -> str:
    """Return what tells one submission from another under the same key, and tells nobody without the secret what was in it."""
    text = json.dumps(dict(body), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hmac.new(secret, b"body:" + text.encode(), hashlib.sha256).hexdigest()


def is_expected(answer: Mapping[str, object], expected: Mapping[str, object]) -> bool:
    """Return whether an exercise was answered as expected; a skip was not.

    Parameters
    ----------
    answer
        `harm`, `success`, `refusal`, `skipped`.
    expected
        What counts as right of some of them: a value, or a list of values.

    Examples
    --------
    >>> is_expected({"harm": 4, "success": True, "skipped": None}, {"harm": [4, 5], "success": True})
    True
    """
    if answer.get("skipped") is not None:
        return False
    return all(answer.get(name) in _several(values) for name, values in expected.items())


def _several(values: object) -> Sequence[object]:
    return cast(Sequence[object], values) if isinstance(values, list | tuple) else (values,)
