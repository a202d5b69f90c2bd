"""Pictures that authors bring: decoded, written again and kept under an opaque name; nothing of the file that came is kept."""

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from threading import BoundedSemaphore
from typing import Final

from driftgauge.errors import BenchmarkError
from driftgauge.media import SUFFIXES, Limits, type_of
from driftgauge.media.rewritten import Rewritten, rewritten
from driftgauge.pipeline.authoring.care import admitted
from driftgauge.pipeline.authoring.reading import may_read, opened_draft
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.steps import Refused, Who
from driftgauge.store import drafts

LIMITS: Final = Limits(bytes=5_000_000, pixels=10_000_000)
"""Of a picture that comes by a browser: while it is decoded, ten megapixels take up to 80 MB."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{20}")
_AT_ONCE: Final = BoundedSemaphore(1)


def keep_picture(serving: Serving, who: Who, data: bytes) -> str:
    """Return the opaque name of a picture, once it is decoded, written again and kept; of the same one again, the same name.

    Parameters
    ----------
    serving
        The study.
    who
        Who brings it.
    data
        The bytes of its file; its name is not looked at.

    Raises
    ------
    Refused
        413 ``picture_too_large`` or 422 ``bad_picture``, when it is no picture that can be used.
    """
    if len(data) > LIMITS.bytes:
        raise Refused(413, "picture_too_large", f"a picture of {len(data):,} bytes; at most {LIMITS.bytes:,}")
    found = _rewritten(data)
    name = _name(serving, who, found.sha256)
    row = {
        "picture": name, "account": who.account, "sha256": found.sha256, "media_type": found.type, "width": found.width,
        "height": found.height, "at": text_of(serving.now()), "entry": serving.entry,
    }  # fmt: skip
    with serving.store.writing() as connection:
        admitted(serving, connection, who)
        serving.blobs.put(found.data)
        if not drafts.find_pictures(connection, [name]):
            drafts.add_picture(connection, row)
    return name


def _name(serving: Serving, who: Who, hashed: str) -> str:
    """Return a name that says nothing, and is the same when the same form comes again."""
    mark = hmac.new(serving.secret, f"picture:{who.account}:{hashed}".encode(), sha256).digest()
    return urlsafe_b64encode(mark[:15]).decode()


def _rewritten(data: bytes) -> Rewritten:
    kind = type_of(data)
    if kind is None or not kind.startswith("image/"):
        raise Refused(422, "bad_picture", "neither PNG nor JPEG nor WebP")
    suffix = next(suffix for suffix, promised in SUFFIXES.items() if promised == kind)
    try:
        with _AT_ONCE:
            return rewritten(data, name=f"picture{suffix}", limits=LIMITS)
    except BenchmarkError as error:
        if not error.problems:  # Pillow is missing: nobody's picture is to blame
            raise
        raise Refused(422, "bad_picture", error.problems[0].what) from None


def medium(serving: Serving, who: Who, picture: str) -> tuple[bytes, str]:
    """Return the bytes and the media type of a picture: to who brought it, to who reviews its draft now, and to leads.

    Raises
    ------
    Refused
        404 ``no_picture``, whether there is none or it is of somebody else.
    """
    with serving.store.reading() as connection:
        found = drafts.find_pictures(connection, [picture]).get(picture) if _NAME.fullmatch(picture) else None
        allowed = found and (
            who.role == "lead"
            or found.account == who.account
            or any(
                picture in opened_draft(each).pictures
                for each in drafts.every_draft(connection, account=found.account)
                if may_read(each, who)
            )
        )
    if not found or not allowed:
        raise Refused(404, "no_picture", "there is no such picture")
    return serving.blobs.get(found.sha256), found.media_type
