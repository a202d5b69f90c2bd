"""What a rater is sent of a picture or a recording: what is seen and heard of it, and nothing else of its file."""

import io
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from driftgauge.errors import BenchmarkError
from driftgauge.media import Limits, examine
from driftgauge.media.rewritten import Rewritten, rewritten
from tests.unit.test_media import png_that_claims, several
from tests.unit.test_recordings import ID3, mp3, wav

KINDS = {"PNG": "a.png", "JPEG": "a.jpg", "WEBP": "a.webp"}
SECRET = b"elm-1 by somebody"
RED, GREEN = (200, 30, 30), (30, 200, 30)


def encoded(image: Image.Image, kind: str, **settings: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


def photograph(size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Soft shapes and the noise of a sensor, which is what makes photographs large without loss."""
    rng = np.random.default_rng(7)
    x, y = np.meshgrid(np.linspace(0, 9, size[0]), np.linspace(0, 7, size[1]))
    soft = np.stack([np.sin(x + shift) + np.cos(y * shift) for shift in (1.0, 1.7, 2.3)], axis=-1) * 60 + 128
    return Image.fromarray((soft + rng.normal(0, 4, soft.shape)).clip(0, 255).astype(np.uint8))


def half_and_half(size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Red at the left, green at the right."""
    image = Image.new("RGB", size, RED)
    image.paste(GREEN, (size[0] // 2, 0, *size))
    return image


def shown(found: Rewritten) -> Image.Image:
    with Image.open(io.BytesIO(found.data)) as image:
        image.load()
        return image


def decoded(data: bytes) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA"), dtype=float)


def is_near(colour: Any, other: tuple[int, ...]) -> bool:
    return all(abs(one - two) < 40 for one, two in zip(colour, other, strict=False))


def described(kind: str) -> bytes:
    """A picture with everything in its file that tells of where it comes from."""
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.6), 29: SECRET.decode()})
    more: dict[str, Any] = {"exif": exif}
    if kind == "PNG":
        more["pnginfo"] = PngInfo()
        more["pnginfo"].add_text("parameters", SECRET.decode())
        more["pnginfo"].add_itxt("XML:com.adobe.xmp", SECRET.decode())
        more["pnginfo"].add(b"prVt", SECRET)
    elif kind == "JPEG":
        more |= {"comment": SECRET, "xmp": SECRET, "extra": b"\xff\xeb" + struct.pack(">H", len(SECRET) + 2) + SECRET}
    else:
        more["xmp"] = SECRET
    return encoded(
        half_and_half(), kind, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), **more
    )


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_file_is_left_but_its_picture(kind: str) -> None:
    data = described(kind)
    assert data.count(SECRET) >= 2
    found = rewritten(data, name=KINDS[kind])
    image = shown(found)
    assert SECRET not in found.data
    assert not any(
        mark in found.data for mark in (b"Exif", b"eXIf", b"EXIF", b"ICC", b"iCCP", b"XMP", b"tEXt", b"iTXt", b"prVt")
    )
    assert not image.getexif()
    assert set(image.info) <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "loop",
        "background",
        "timestamp",
        "duration",
    }
    assert (found.type, f"image/{kind.lower()}") == (examine(found.data, name=KINDS[kind]).type, found.type)


def test_of_a_jpeg_with_several_pictures_the_first_alone_is_left() -> None:
    data = several("red", "blue", "lime")
    found = rewritten(data, name="a.jpg")
    assert data.count(b"\xff\xd8\xff") == 3
    assert (found.type, found.data.count(b"\xff\xd8\xff"), b"MPF" in found.data) == ("image/jpeg", 1, False)
    assert is_near(shown(found).getpixel((16, 12)), (255, 0, 0))
    assert rewritten(several("red", "white"), name="a.jpg").data == found.data
    examine(found.data, name="a.jpg")


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_lies_on_its_side_is_turned(kind: str) -> None:
    found = rewritten(described(kind), name=KINDS[kind])
    assert (found.width, found.height) == (40, 60) == shown(found).size
    image = shown(found).convert("RGB")
    assert is_near(image.getpixel((20, 5)), RED)
    assert is_near(image.getpixel((20, 55)), GREEN)


@pytest.mark.parametrize("orientation", range(10))
def test_every_way_to_lie_is_known_and_others_say_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = rewritten(encoded(half_and_half(), "JPEG", exif=exif), name="a.jpg")
    assert (found.width, found.height) == ((40, 60) if 5 <= orientation <= 8 else (60, 40))


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_metadata_that_cannot_be_read_say_nothing(exif: bytes) -> None:
    found = rewritten(encoded(half_and_half(), "JPEG", exif=exif), name="a.jpg")
    assert (found.width, found.height) == (60, 40)
    assert b"Exif" not in found.data


@pytest.mark.parametrize(
    ("kind", "settings"),
    [("PNG", {}), ("JPEG", {"quality": 85}), ("WEBP", {"quality": 80}), ("WEBP", {"lossless": True})],
)
def test_the_same_picture_gives_the_same_bytes(kind: str, settings: dict[str, Any]) -> None:
    data = encoded(photograph(), kind, **settings)
    once, again = (rewritten(data, name=KINDS[kind]) for _ in range(2))
    assert (once.data, once.sha256) == (again.data, again.sha256)


@pytest.mark.parametrize(
    ("kind", "settings", "grows", "fades"),
    [
        ("PNG", {}, 1.05, 0),
        ("WEBP", {"lossless": True}, 1.05, 0),
        ("JPEG", {"quality": 50}, 1.05, 2),
        ("JPEG", {"quality": 75}, 1.05, 2),
        ("JPEG", {"quality": 95}, 1.05, 2),
        ("JPEG", {"quality": 90, "subsampling": 0}, 1.05, 2),
        ("JPEG", {"quality": 80, "progressive": True}, 1.1, 2),
        ("WEBP", {"quality": 60}, 2.5, 3),
        ("WEBP", {"quality": 80}, 2.5, 3),
        ("WEBP", {"quality": 95}, 1.05, 3),
    ],
)
def test_a_photograph_neither_grows_nor_fades(kind: str, settings: dict[str, Any], grows: float, fades: float) -> None:
    data = encoded(photograph(), kind, **settings)
    found = rewritten(data, name=KINDS[kind])
    assert len(found.data) <= grows * len(data)
    assert np.sqrt(np.mean((decoded(found.data) - decoded(data)) ** 2)) <= fades  # levels of 255


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_a_png_keeps_every_pixel_and_does_not_grow(mode: str) -> None:
    image = photograph((200, 150)).quantize(64) if mode == "P" else photograph((200, 150)).convert(mode)
    data = encoded(image, "PNG")
    found = rewritten(data, name="a.png")
    assert (decoded(found.data) == decoded(data)).all()
    assert len(found.data) <= 1.05 * len(data)


@pytest.mark.parametrize(
    ("image", "key"),
    [
        (Image.new("RGB", (9, 9), RED), RED),
        (Image.new("L", (9, 9), 7), 7),
        (Image.new("RGB", (9, 9), RED).quantize(2), bytes([0, 255])),
    ],
)
def test_what_is_let_through_by_a_key_is_let_through_still(image: Image.Image, key: Any) -> None:
    data = encoded(image, "PNG", transparency=key)
    assert decoded(data)[..., 3].min() == 0
    assert (decoded(rewritten(data, name="a.png").data) == decoded(data)).all()


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_keeps_its_alpha(lossless: bool) -> None:
    image = photograph((64, 64))
    image.putalpha(Image.linear_gradient("L").resize((64, 64)))
    data = encoded(image, "WEBP", lossless=lossless, quality=70)
    found = rewritten(data, name="a.webp")
    assert (decoded(found.data)[..., 3] == decoded(data)[..., 3]).all()


def test_sixteen_bits_of_grey_become_eight() -> None:
    ramp = np.linspace(0, 65_535, 64 * 64).reshape(64, 64).astype(np.uint16)
    found = rewritten(encoded(Image.fromarray(ramp), "PNG"), name="a.png")
    assert np.abs(np.asarray(shown(found), dtype=float) - ramp / 257).max() <= 1


def test_a_jpeg_for_print_is_shown_in_rgb_and_a_grey_one_in_grey() -> None:
    assert shown(rewritten(encoded(half_and_half().convert("CMYK"), "JPEG"), name="a.jpg")).mode == "RGB"
    assert shown(rewritten(encoded(half_and_half().convert("L"), "JPEG"), name="a.jpg")).mode == "L"


def swapped(profile: bytes) -> bytes:
    """A profile whose red is another's green."""
    return profile.replace(b"rXYZ", b"tmp1").replace(b"gXYZ", b"rXYZ").replace(b"tmp1", b"gXYZ")


@pytest.mark.parametrize("kind", KINDS)
def test_colours_are_those_that_a_profile_says(kind: str) -> None:
    profile = swapped(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    found = rewritten(encoded(half_and_half(), kind, icc_profile=profile), name=KINDS[kind])
    assert is_near(shown(found).convert("RGB").getpixel((5, 5)), GREEN)


@pytest.mark.parametrize(
    ("image", "key"),
    [(half_and_half(), RED), (half_and_half().quantize(2), bytes([255, 0])), (half_and_half().quantize(2), None)],
)
def test_a_profile_and_what_is_let_through_go_together(image: Image.Image, key: Any) -> None:
    profile = swapped(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    more = {} if key is None else {"transparency": key}
    data = encoded(image, "PNG", icc_profile=profile, **more)
    found = rewritten(data, name="a.png").data
    assert (decoded(found)[..., 3] == decoded(data)[..., 3]).all()
    assert is_near(decoded(found)[5, 55], (RED[0] - 20, RED[1], RED[2]))


@pytest.mark.parametrize("profile", [b"garbage", bytes(200)])
def test_a_profile_that_cannot_be_read_says_nothing(profile: bytes) -> None:
    found = rewritten(encoded(half_and_half(), "PNG", icc_profile=profile), name="a.png")
    assert shown(found).convert("RGB").getpixel((5, 5)) == RED


def animation(kind: str) -> bytes:
    return encoded(half_and_half(), kind, save_all=True, append_images=[Image.new("RGB", (60, 40))], duration=90)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>window.ran=1</script></svg>'
REFUSED: dict[str, Callable[[], tuple[bytes, str]]] = {
    "an SVG": lambda: (SVG, "a.svg"),
    "an SVG with another name": lambda: (SVG, "a.png"),
    "a page with another name": lambda: (b"<!doctype html><script>window.ran=1</script>", "a.jpg"),
    "a GIF": lambda: (encoded(half_and_half(), "GIF"), "a.png"),
    "an animated PNG": lambda: (animation("PNG"), "a.png"),
    "an animated WebP": lambda: (animation("WEBP"), "a.webp"),
    "bytes behind it": lambda: (encoded(half_and_half(), "JPEG") + SVG, "a.jpg"),
    "cut off": lambda: (encoded(half_and_half(), "PNG")[:-20], "a.png"),
    "a bomb": lambda: (png_that_claims(50_000, 50_000), "a.png"),
    "too many pixels": lambda: (png_that_claims(8_000, 5_001), "a.png"),
    "nothing": lambda: (b"", "a.png"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_anything_else_is_refused(case: str) -> None:
    data, name = REFUSED[case]()
    with pytest.raises(BenchmarkError) as caught:
        rewritten(data, name=name)
    assert [problem.where for problem in caught.value.problems] == [name]


@pytest.mark.parametrize(("kind", "end"), [("JPEG", 2), ("PNG", 12)])
def test_what_stands_between_two_ends_of_a_picture_is_gone(kind: str, end: int) -> None:
    data = encoded(half_and_half(), kind)
    assert SECRET not in rewritten(data + SECRET + data[-end:], name=KINDS[kind]).data


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.svg", "a.gif", "a", "a.png.svg"])
@pytest.mark.parametrize("data", [SVG, b"GIF89a<script>", b"<html>", b"%PDF-1.7", b"BM1234"])
def test_what_is_no_picture_is_refused_by_any_name(data: bytes, name: str) -> None:
    with pytest.raises(BenchmarkError):
        rewritten(data, name=name)


def test_limits_can_be_lower() -> None:
    with pytest.raises(BenchmarkError, match="megapixels"):
        rewritten(encoded(Image.new("L", (1100, 1000)), "PNG"), name="a.png", limits=Limits(pixels=1_000_000))


def test_a_text_that_grows_when_it_is_read_is_refused() -> None:
    text = b"a\0\0" + zlib.compress(bytes(90_000_000))
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    data = encoded(half_and_half(), "PNG")
    with pytest.raises(BenchmarkError, match="does not decode"):
        rewritten(data[:33] + chunk + data[33:], name="a.png")


@given(st.sampled_from(sorted(KINDS)), st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), max_size=4))
def test_broken_bytes_are_refused_or_written_whole(kind: str, hits: list[tuple[float, bytes]]) -> None:
    data = bytearray(described(kind))
    for place, put in hits:
        at = int(place * (len(data) - len(put)))
        data[at : at + len(put)] = put
    with suppress(BenchmarkError):
        found = rewritten(bytes(data), name=KINDS[kind])
        assert examine(found.data, name=KINDS[kind]).width == found.width


def test_a_recording_is_its_sound_alone() -> None:
    title = b"INFOINAM" + struct.pack("<I", len(SECRET) + 1) + SECRET + b"\0"
    chunk = b"LIST" + struct.pack("<I", len(title)) + title
    plain = wav()
    noted = b"RIFF" + struct.pack("<I", len(plain) - 8 + len(chunk)) + plain[8:] + chunk
    assert rewritten(noted, name="a.wav").data == plain
    assert rewritten(ID3 + mp3() + b"TAG" + SECRET.ljust(125, b"\0"), name="a.mp3").data == mp3()


@pytest.mark.parametrize(("data", "name"), [(wav(), "a.wav"), (wav(0.05, wide=1), "a.wav"), (mp3(), "a.mp3")])
def test_a_recording_without_tags_is_as_it_was(data: bytes, name: str) -> None:
    found = rewritten(data, name=name)
    assert (found.data, found.width, found.height) == (data, None, None)


def test_no_name_of_a_file_is_in_what_is_sent() -> None:
    name = "media/<img src=x onerror=alert(1)> elm-1.png"
    assert b"onerror" not in rewritten(encoded(half_and_half(), "PNG"), name=name).data
