"""The pictures of the demo: a notice board, a stamped form, a menu, with what is written on them."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np

from driftgauge.benchmark.demo.letters import line_mask
from driftgauge.errors import BenchmarkError
from driftgauge.media import pillow

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

SIZE: Final = (640, 440)
_INK: Final = (44, 40, 52)


@dataclass(frozen=True)
class Picture:
    """What a picture shows."""

    drawing: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Look:
    ground: tuple[int, int, int]
    paper: tuple[int, int, int]
    ornament: "Callable[[Image, ImageDraw, np.random.Generator], None]"


def draw(picture: Picture, rng: np.random.Generator) -> bytes:
    """Return a PNG; `rng` moves the paper and tints it a little, as no two sheets are alike.

    Raises
    ------
    BenchmarkError
        When Pillow is not installed.
    """
    pillow()
    from PIL import Image, ImageDraw  # noqa: PLC0415 - the core runs without Pillow

    look = _LOOKS[picture.drawing]
    image = Image.new("RGB", SIZE, look.ground)
    canvas = ImageDraw.Draw(image)
    left, top = (int(each) for each in rng.integers(34, 54, 2))
    tint = tuple(int(each) for each in np.array(look.paper) - rng.integers(0, 10, 3))
    canvas.rectangle((left + 6, top + 6, left + 554, top + 354), fill=tuple(each // 2 for each in look.ground))
    canvas.rectangle((left, top, left + 548, top + 348), fill=tint, outline=_INK, width=2)
    canvas.line((left + 30, top + 78, left + 518, top + 78), fill=_INK, width=2)
    _write(image, picture, left=left, top=top)
    look.ornament(image, canvas, rng)
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _write(image: "Image", picture: Picture, *, left: int, top: int) -> None:
    image.paste(_INK, (left + 30, top + 28), line_mask(picture.title, size=36))
    y = top + 100
    for line in picture.lines:
        for row in textwrap.wrap(line, 38):
            image.paste(_INK, (left + 30, y), line_mask(row, size=25))
            y += 34
        y += 10
    if y > top + 290:
        raise BenchmarkError("a text is too long for its picture", remedy="Shorten it.")


def _pins(image: "Image", canvas: "ImageDraw", rng: np.random.Generator) -> None:
    for x, y in ((image.width - 90, 58), (70, image.height - 90)):
        x, y = x + int(rng.integers(0, 6)), y + int(rng.integers(0, 6))  # noqa: PLW2901 - the same corner, moved a little
        canvas.ellipse((x, y, x + 16, y + 16), fill=(188, 52, 48), outline=_INK)


def _stamp(image: "Image", canvas: "ImageDraw", rng: np.random.Generator) -> None:
    x, y = (int(each) for each in rng.integers((420, 270), (470, 282)))
    canvas.ellipse((x, y, x + 84, y + 84), outline=(150, 40, 90), width=5)
    canvas.ellipse((x + 12, y + 12, x + 72, y + 72), outline=(150, 40, 90), width=2)
    canvas.line((x + 20, y + 56, x + 64, y + 28), fill=(150, 40, 90), width=4)
    canvas.line((70, image.height - 66, 300, image.height - 66), fill=_INK, width=1)


def _border(image: "Image", canvas: "ImageDraw", rng: np.random.Generator) -> None:
    y = image.height - 84 + int(rng.integers(0, 6))
    for x in range(90, image.width - 90, 40):
        canvas.polygon(((x, y), (x + 10, y - 10), (x + 20, y), (x + 10, y + 10)), fill=(120, 96, 40))


_LOOKS: Final[Mapping[str, _Look]] = {
    "notice": _Look((150, 111, 70), (252, 248, 232), _pins),
    "form": _Look((96, 112, 128), (248, 250, 252), _stamp),
    "menu": _Look((58, 84, 66), (250, 240, 214), _border),
}
