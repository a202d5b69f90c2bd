"""Pictures decoded and written again: what comes out is the picture alone, with nothing of its file."""

import hashlib
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from driftgauge.media import LIMITS, Limits, examine, pillow

if TYPE_CHECKING:
    from PIL.Image import Image

_AS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "image/png": ("PNG", {}),
    "image/jpeg": ("JPEG", {"quality": 92}),
    "image/webp": ("WEBP", {"quality": 90}),
}
"""What each type is written as. A lossy picture stays lossy: as PNG, a photograph would be ten times as large."""
_NO_EXIF: Final = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError)


@dataclass(frozen=True)
class Rewritten:
    """A medium that may be shown."""

    data: bytes
    type: str
    width: int | None
    height: int | None

    @property
    def sha256(self) -> str:
        """Of its bytes."""
        return hashlib.sha256(self.data).hexdigest()


def rewritten(data: bytes, *, name: str, limits: Limits = LIMITS) -> Rewritten:
    """Return a picture written anew, upright and without metadata; a recording as it is, once it was found whole.

    Parameters
    ----------
    data
        Its bytes.
    name
        Its file name, for messages, and for what the bytes should be.
    limits
        How many bytes and pixels it may have.

    Raises
    ------
    BenchmarkError
        When it is too large, does not decode, is an animation, an SVG, or anything but a picture or a recording.

    Notes
    -----
    The same bytes give the same bytes with the same Pillow. Profiles of colour are dropped with the rest of the file: a picture
    in wide colours looks a little paler.
    """
    facts = examine(data, name=name, limits=limits)
    if facts.width is None:
        return Rewritten(data, facts.type, None, None)
    kind = "image/png" if facts.type == "image/webp" and _is_lossless_webp(data) else facts.type
    clean = _pixels(data, _AS[facts.type][0])
    form, options = _AS[kind]
    out = BytesIO()
    clean.save(out, form, **options)
    return Rewritten(out.getvalue(), kind, *clean.size)


def _pixels(data: bytes, form: str) -> "Image":
    """Return the pixels of a picture, upright, in grey or in colours of eight bits."""
    pillow()
    from PIL import Image  # noqa: PLC0415 - the core runs without Pillow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of notes of a camera that are broken
        with Image.open(BytesIO(data), formats=[form]) as opened:
            opened.load()
            upright = _upright(opened)
    if upright.mode.startswith("I"):
        upright = upright.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    has_alpha = "A" in upright.getbands() or "transparency" in upright.info
    clean = upright.convert("RGBA" if has_alpha else "L" if upright.mode in {"1", "L"} else "RGB")
    clean.info.clear()
    return clean


def _upright(image: "Image") -> "Image":
    """Return a picture as its camera was held; as it lies when what says so cannot be read."""
    from PIL import ImageOps  # noqa: PLC0415

    try:
        return ImageOps.exif_transpose(image)
    except _NO_EXIF:
        return image


def _is_lossless_webp(data: bytes) -> bool:
    """Return whether the picture in a WebP file is kept without loss, by its chunks."""
    at = 12
    while at + 8 <= len(data):
        if data[at : at + 4] in {b"VP8L", b"VP8 "}:
            return data[at : at + 4] == b"VP8L"
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return False
