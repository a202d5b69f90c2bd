"""Bytes of pictures and recordings in, checked and hashed facts out: which type, how large, whether they are whole.

Pillow decodes pictures (extra ``benchmark``) and is imported when the first one comes; of a recording its own marks are read,
and nothing is decoded. Who keeps the bytes is the store's matter.
"""

import hashlib
import struct
import warnings
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from driftgauge.errors import BenchmarkError, Problem
from driftgauge.media.recordings import WHOLE, is_mp3

if TYPE_CHECKING:
    from types import ModuleType

    from PIL.Image import Image


@dataclass(frozen=True)
class Limits:
    """What a picture or recording may be at most."""

    bytes: int = 20_000_000
    pixels: int = 40_000_000


@dataclass(frozen=True)
class Media:
    """What is known of a picture that decodes, or of a recording that is whole; one has a size in pixels."""

    sha256: str
    type: str
    width: int | None
    height: int | None
    bytes: int


LIMITS: Final = Limits()
SUFFIXES: Final = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
}  # fmt: skip
"""The suffixes that a picture or recording may have, and the type that each promises."""
FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_PNG_END: Final = b"\0\0\0\0IEND\xaeB`\x82"
BROKEN: Final = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, OverflowError, MemoryError, struct.error
)  # fmt: skip
"""What Pillow raises, depending on where a file is broken."""


def examine(data: bytes, *, name: str, limits: Limits = LIMITS, first_alone: bool = False) -> Media:
    """Return the facts of a picture or a recording, or refuse it.

    Parameters
    ----------
    data
        Its bytes; more than `limits` allow need not be read to be refused.
    name
        Its file name: messages use it, and its suffix says what the bytes should be.
    limits
        How many bytes and pixels it may have.
    first_alone
        Whether a JPEG may hold further pictures (MPO, as phones make them): only where the first one alone is kept, as
        nobody looks at the others.

    Raises
    ------
    BenchmarkError
        When it is too large, of another type than its name, cut off, an animation, or does not decode; or when it is a picture
        and Pillow is not installed.
    """
    if len(data) > limits.bytes:
        raise _refused(name, f"more than {limits.bytes // 1_000_000} MB", f"at most {limits.bytes // 1_000_000} MB")
    kind = _type_as_named(data, name)
    if kind.startswith("audio/"):
        if not WHOLE[kind](data):
            raise _refused(name, "a recording that is cut off, or that goes on after its end", "one whole recording")
        return Media(hashlib.sha256(data).hexdigest(), kind, None, None, len(data))
    if not _is_whole(data, kind):
        raise _refused(name, "a file that is cut off, or that goes on after its picture", "one whole picture and nothing else")
    width, height = _decoded_size(data, kind=kind, name=name, limits=limits, first_alone=first_alone)
    return Media(hashlib.sha256(data).hexdigest(), kind, width, height, len(data))


def type_of(data: bytes) -> str | None:
    """Return the type that the first bytes say, or null when they are of nothing that we take.

    Examples
    --------
    >>> type_of(b"RIFF1234WEBP"), type_of(b"GIF89a")
    ('image/webp', None)
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12])
    return "audio/mpeg" if is_mp3(data) else None


def pillow() -> "ModuleType":
    """Return Pillow.

    Raises
    ------
    BenchmarkError
        When it is not installed.
    """
    try:
        return import_module("PIL")
    except ImportError:
        raise BenchmarkError(
            "pictures need Pillow, which is not installed", remedy="Run: pip install 'driftgauge[benchmark]'"
        ) from None


def _refused(name: str, what: str, expected: str) -> BenchmarkError:
    noun = "recording" if SUFFIXES.get(PurePosixPath(name).suffix.lower(), "").startswith("audio/") else "picture"
    problem = Problem(name, what, expected)
    return BenchmarkError(f"{name} is not a {noun} that can be used", problems=[problem])


def _type_as_named(data: bytes, name: str) -> str:
    promised = SUFFIXES.get(PurePosixPath(name).suffix.lower())
    if promised is None:
        raise _refused(name, "a suffix that no picture or recording here has", f"one of {', '.join(SUFFIXES)}")
    found = type_of(data)
    if found is None or found != promised:
        raise _refused(name, f"its bytes are {found or 'of none of these types'}", f"{promised}, as its name says")
    return found


def _is_whole(data: bytes, kind: str) -> bool:
    """Return whether the file ends where its picture does; Pillow forgives a missing end, and says nothing of what follows."""
    if kind == "image/png":
        return data.endswith(_PNG_END)
    if kind == "image/jpeg":
        return data.endswith(b"\xff\xd9")
    return int.from_bytes(data[4:8], "little") + 8 == len(data)


def _decoded_size(data: bytes, *, kind: str, name: str, limits: Limits, first_alone: bool) -> tuple[int, int]:
    pillow()
    from PIL import Image  # noqa: PLC0415 - the core runs without Pillow

    bomb = f"more than {limits.pixels // 1_000_000} megapixels"
    few = f"at most {limits.pixels // 1_000_000} megapixels"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of notes of a camera, which nobody is shown
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=[FORMATS[kind]]) as image:
                if image.width * image.height > limits.pixels:
                    raise _refused(name, bomb, few)
                return _load(image, name, first_alone=first_alone)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _refused(name, bomb, few) from None
    except BROKEN:
        raise _refused(name, "a picture that does not decode", "one that is whole") from None


def _load(image: "Image", name: str, *, first_alone: bool) -> tuple[int, int]:
    several = getattr(image, "n_frames", 1) != 1
    if several and image.format == "MPO" and not first_alone:
        raise _refused(name, "a JPEG that holds several pictures", "one picture: save the first one as a file of its own")
    if several and image.format != "MPO":
        raise _refused(name, "an animation", "a picture that stands still")
    image.load()
    return image.size
