"""Pictures as raters get them: the picture alone, with nothing of its file."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from driftgauge.errors import BenchmarkError
from driftgauge.media import Limits
from driftgauge.media.rewritten import rewritten

SUFFIX = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
SECRET = b"gpt-4o was here"


def gradient(size: tuple[int, int] = (40, 20)) -> Image.Image:
    red = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", (red, red.rotate(180), Image.new("L", size, 60)))


def saved(image: Image.Image, kind: str, **more: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **more)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def grain(size: tuple[int, int] = (800, 600)) -> Image.Image:
    """Return what is as hard to pack as a photograph."""
    rng = np.random.Generator(np.random.PCG64(3))
    smooth = Image.fromarray(rng.integers(0, 256, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)).resize(size)
    noisy = np.asarray(smooth).astype(np.int64) + rng.integers(-12, 13, (size[1], size[0], 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("kind", SUFFIX)
def test_a_picture_comes_back_as_it_looks(kind: str) -> None:
    data = saved(gradient(), kind)
    found = rewritten(data, name=f"a{SUFFIX[kind]}")
    assert (found.type, found.width, found.height) == (f"image/{kind.lower()}", 40, 20)
    before, after = (np.asarray(opened(each).convert("RGB")).astype(int) for each in (data, found.data))
    assert np.abs(before - after).mean() < 3


@pytest.mark.parametrize("kind", SUFFIX)
def test_the_same_picture_gives_the_same_bytes(kind: str) -> None:
    data = saved(gradient(), kind)
    first, second = (rewritten(data, name=f"a{SUFFIX[kind]}") for _ in range(2))
    assert first == second
    assert first.sha256 == second.sha256


@pytest.mark.parametrize("kind", SUFFIX)
def test_a_camera_that_was_held_sideways_is_turned_and_nothing_else_stays_of_what_it_noted(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (40.0, 26.0, 46.0)
    found = rewritten(saved(gradient(), kind, exif=exif), name=f"a{SUFFIX[kind]}")
    assert (found.width, found.height) == (20, 40)
    assert not opened(found.data).getexif()
    assert SECRET not in found.data
    assert b"Exif" not in found.data


@pytest.mark.parametrize("kind", SUFFIX)
def test_a_note_of_the_camera_that_cannot_be_read_changes_nothing(kind: str) -> None:
    found = rewritten(saved(gradient(), kind, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f"), name=f"a{SUFFIX[kind]}")
    assert (found.width, found.height) == (40, 20)


@pytest.mark.parametrize("kind", SUFFIX)
def test_a_profile_of_colours_is_dropped(kind: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = rewritten(saved(gradient(), kind, icc_profile=profile), name=f"a{SUFFIX[kind]}")
    assert "icc_profile" not in opened(found.data).info


def test_texts_in_a_picture_are_dropped() -> None:
    notes = PngInfo()
    notes.add_text("Software", SECRET.decode())
    notes.add_itxt("parameters", SECRET.decode())
    for data, name in (
        (saved(gradient(), "PNG", pnginfo=notes, dpi=(72, 72)), "a.png"),
        (saved(gradient(), "JPEG", comment=SECRET, dpi=(72, 72)), "a.jpg"),
        (saved(gradient(), "WEBP", xmp=SECRET), "a.webp"),
    ):
        assert SECRET in data
        assert SECRET not in rewritten(data, name=name).data


@pytest.mark.parametrize("kind", SUFFIX)
@pytest.mark.parametrize("more", [b"<script>1</script>", b"PK\x03\x04", b"\0"])
def test_what_goes_on_after_its_picture_is_refused(kind: str, more: bytes) -> None:
    with pytest.raises(BenchmarkError, match="goes on after"):
        rewritten(saved(gradient(), kind) + more, name=f"a{SUFFIX[kind]}")


def test_another_file_that_ends_as_a_picture_does_is_left_behind() -> None:
    jpeg = saved(gradient(), "JPEG")
    end = b"\xff\xd9"
    found = rewritten(jpeg + b"<script>" + SECRET + end, name="a.jpg")
    png = saved(gradient(), "PNG")
    second = rewritten(png + SECRET + png[-12:], name="a.png")
    assert SECRET not in found.data + second.data


@pytest.mark.parametrize("kind", SUFFIX)
def test_a_picture_that_is_cut_off_or_corrupt_is_refused(kind: str) -> None:
    data = saved(grain((64, 48)), kind)
    for broken in (data[: len(data) // 2], data[:40] + data[-12:], b""):
        with pytest.raises(BenchmarkError):
            rewritten(broken, name=f"a{SUFFIX[kind]}")


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    with pytest.raises(BenchmarkError, match="megapixels"):
        rewritten(bomb, name="a.png")
    with pytest.raises(BenchmarkError, match="megapixels"):
        rewritten(saved(Image.new("L", (1100, 1000)), "PNG"), name="a.png", limits=Limits(pixels=1_000_000))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.svg", "a.gif", "a", "a.png.svg"])
@pytest.mark.parametrize(
    "data", [b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", b"GIF89a<script>", b"<html>", b"%PDF-1.7", b"BM1234"]
)
def test_what_is_no_picture_is_refused_by_any_name(data: bytes, name: str) -> None:
    with pytest.raises(BenchmarkError):
        rewritten(data, name=name)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(kind: str) -> None:
    data = saved(gradient(), kind, save_all=True, append_images=[gradient().rotate(90)], duration=100)
    with pytest.raises(BenchmarkError, match="animation"):
        rewritten(data, name=f"a{SUFFIX[kind]}")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_any_kind_comes_back_as_it_looks(mode: str) -> None:
    grey = Image.linear_gradient("L").resize((40, 20))
    image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    found = opened(rewritten(saved(image, "PNG"), name="a.png").data)
    wanted = grey if mode == "I;16" else image
    assert np.abs(np.asarray(found.convert("RGBA")).astype(int) - np.asarray(wanted.convert("RGBA")).astype(int)).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_transparent_stays_transparent(kind: str) -> None:
    image = gradient()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    found = opened(rewritten(saved(image, kind), name=f"a{SUFFIX[kind]}").data)
    assert found.getchannel("A").getextrema() == image.getchannel("A").getextrema()
    marked = rewritten(saved(gradient().convert("P"), "PNG", transparency=3), name="a.png")
    assert opened(marked.data).mode == "RGBA"


def test_colours_of_print_are_shown_on_a_screen() -> None:
    found = rewritten(saved(gradient().convert("CMYK"), "JPEG"), name="a.jpg")
    assert opened(found.data).mode == "RGB"


@pytest.mark.parametrize(
    ("kind", "options"), [("JPEG", {"quality": 85}), ("WEBP", {"quality": 80}), ("PNG", {}), ("WEBP", {"lossless": True})]
)
def test_a_photograph_does_not_become_much_larger(kind: str, options: dict[str, Any]) -> None:
    data = saved(grain(), kind, **options)
    assert len(rewritten(data, name=f"a{SUFFIX[kind]}").data) < 1.6 * len(data)


def test_a_webp_without_loss_becomes_a_png() -> None:
    data = saved(gradient(), "WEBP", lossless=True)
    found = rewritten(data, name="a.webp")
    assert found.type == "image/png"
    assert opened(found.data).tobytes() == opened(data).convert("RGB").tobytes()
