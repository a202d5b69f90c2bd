"""Pictures decoded and written again: what comes out is the picture alone, with nothing of its file."""

import hashlib
from dataclasses import dataclass
from io import BytesIO

from driftgauge.media import LIMITS, Limits, examine, pillow


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
    """
    facts = examine(data, name=name, limits=limits)
    if facts.width is None:
        return Rewritten(data, facts.type, None, None)
    pillow()
    from PIL import Image, ImageOps  # noqa: PLC0415 - the core runs without Pillow

    with Image.open(BytesIO(data)) as opened:
        upright = ImageOps.exif_transpose(opened)
        has_alpha = "A" in upright.getbands() or "transparency" in upright.info
        clean = upright.convert("RGBA" if has_alpha else "RGB")
    out = BytesIO()
    clean.info.clear()
    if facts.type == "image/jpeg":
        clean.convert("RGB").save(out, "JPEG", quality=92)
        return Rewritten(out.getvalue(), "image/jpeg", *clean.size)
    clean.save(out, "PNG")
    return Rewritten(out.getvalue(), "image/png", *clean.size)
