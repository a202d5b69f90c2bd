"""Media written again: what comes out is the picture or the sound alone, with nothing of its file.

A picture is decoded and encoded as it came: a PNG without loss, a JPEG with its own tables of quality, a WebP without loss or
at a high quality. So it neither fades nor grows: as a PNG, a WebP of a photograph would be ten to twenty times as large.
"""

import hashlib
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from driftgauge.media import BROKEN, FORMATS, LIMITS, Limits, examine, pillow
from driftgauge.media.recordings import BARE

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY: Final = 90
"""Of a WebP that came with loss, and of a JPEG whose tables cannot be used again; 100 is the best there is."""
_AS_THEY_ARE: Final = frozenset({"1", "L", "LA", "RGB", "RGBA"})
_DEEP: Final = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})


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
    """Return a picture written anew, upright, in sRGB and without metadata; a recording without its tags.

    Of a JPEG that holds several pictures (MPO, as phones make them) the first one is written, and nothing of the others.

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
    facts = examine(data, name=name, limits=limits, first_alone=True)
    if facts.width is None:
        return Rewritten(BARE[facts.type](data), facts.type, None, None)
    pillow()
    from PIL import Image  # noqa: PLC0415 - the core runs without Pillow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of metadata, which are left out anyway
        with Image.open(BytesIO(data), formats=[FORMATS[facts.type]]) as opened:
            settings = _settings(opened, data)
            upright = _in_srgb(_upright(opened))
    has_palette = facts.type == "image/png" and upright.mode == "P"
    clean = upright.copy() if has_palette else _plain_colours(upright)
    clean.info.clear()
    if has_palette and "transparency" in upright.info:
        settings["transparency"] = upright.info["transparency"]
    out = BytesIO()
    clean.save(out, FORMATS[facts.type], **settings)
    return Rewritten(out.getvalue(), facts.type, *clean.size)


def _settings(image: "Image", data: bytes) -> dict[str, Any]:
    """Return how a picture is encoded again."""
    if image.format == "PNG":
        return {}
    if image.format == "WEBP":
        return {"lossless": True} if _frame_of(data) == b"VP8L" else {"quality": QUALITY}
    tables: Any = getattr(image, "quantization", {})
    is_usual = (
        image.mode in {"L", "RGB"} and sorted(tables) in ([0], [0, 1]) and all(len(table) == 64 for table in tables.values())
    )
    if not is_usual:
        return {"quality": QUALITY, "optimize": True}
    from PIL.JpegImagePlugin import get_sampling  # noqa: PLC0415 - the core runs without Pillow

    return {"qtables": tables, "subsampling": get_sampling(image), "optimize": True}


def _frame_of(data: bytes) -> bytes:
    """Return the mark of the picture in a WebP of several chunks: `VP8L` without loss, `VP8 ` with it."""
    at = 12
    while at + 8 <= len(data) and data[at : at + 4] not in (b"VP8 ", b"VP8L"):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return data[at : at + 4]


def _upright(image: "Image") -> "Image":
    """Return a picture turned as its metadata say; metadata that cannot be read say nothing, to browsers neither."""
    from PIL import ImageOps  # noqa: PLC0415 - the core runs without Pillow

    try:
        return ImageOps.exif_transpose(image)
    except BROKEN:
        return image.copy()


def _in_srgb(image: "Image") -> "Image":
    """Return a picture in the colours that it has with its profile; a profile that does not fit is left out, as browsers do."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in {"P", "RGB", "RGBA", "CMYK"}:
        return image
    if image.mode == "P" or "transparency" in image.info:
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    from PIL import ImageCms  # noqa: PLC0415 - the core runs without Pillow

    cms: Any = ImageCms  # its types are partly unknown
    mode = "RGB" if image.mode == "CMYK" else image.mode
    try:
        theirs = cms.ImageCmsProfile(BytesIO(profile))
        found = cms.profileToProfile(image, theirs, cms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, *BROKEN):
        return image
    return found or image


def _plain_colours(image: "Image") -> "Image":
    """Return a picture in grey or RGB of eight bits, with alpha where it lets something through."""
    if image.mode in _DEEP:
        return image.point(lambda value: value * (1 / 256), "F").convert("L")  # 65,535 is white
    if "transparency" in image.info:
        return image.convert("LA" if image.mode in {"1", "L"} else "RGBA")
    if image.mode in _AS_THEY_ARE:
        return image.copy()
    return image.convert("RGBA" if image.mode in {"PA", "La", "RGBa"} else "RGB")
