"""Lines of text for the pictures. Pillow's own font has no accents and no inverted marks: they are put together here."""

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

_MARKS: Final = {"\u0301": "´", "\u0303": "~"}
_INVERTED: Final = {"¿": "?", "¡": "!"}


def line_mask(text: str, *, size: int) -> "Image":
    """Return a line of text as a mask whose baseline is `size` below its upper edge.

    Parameters
    ----------
    text
        Latin letters, some of which may have an acute accent or a tilde.
    size
        Of the font, in pixels.
    """
    from PIL import Image, ImageFont  # noqa: PLC0415 - the core runs without Pillow

    font = ImageFont.load_default(size)
    whole = unicodedata.normalize("NFC", text)
    letters = [_letter(each, font, size) for each in whole]
    mask = Image.new("L", (sum(_width(each, font) for each in whole) + size, size * 3 // 2), 0)
    x = 0
    for char, letter in zip(whole, letters, strict=True):
        mask.paste(255, (x, 0), letter)
        x += _width(char, font)
    return mask


def _width(char: str, font: "FreeTypeFont | ImageFont") -> int:
    return round(font.getlength(_plain(char)))


def _plain(char: str) -> str:
    return unicodedata.normalize("NFD", _INVERTED.get(char, char))[0]


def _letter(char: str, font: "FreeTypeFont | ImageFont", size: int) -> "Image":
    """Return the mask of one letter; whatever stood above it makes room for its accent."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - the core runs without Pillow

    letter = Image.new("L", (size * 3 // 2, size * 3 // 2), 0)
    canvas = ImageDraw.Draw(letter)
    canvas.text((0, size), _plain(char), font=font, fill=255, anchor="ls")
    if char in _INVERTED:
        width, x_height = _width(char, font), round(size * 0.56)
        turned = letter.crop((0, 0, width, size)).rotate(180)
        letter.paste(0, (0, 0, *letter.size))
        letter.paste(turned, (0, size - x_height))
    for mark in unicodedata.normalize("NFD", char)[1:]:
        if _plain(char) == "i":
            letter.paste(0, (0, 0, letter.width, round(size * 0.42)))  # its dot
        lift = size * (0.02 if mark == "\u0301" else 0.32) + (size * 0.16 if char.isupper() else 0)
        canvas.text((_width(char, font) / 2, size - lift), _MARKS[mark], font=font, fill=255, anchor="ms")
    return letter
