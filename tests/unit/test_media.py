"""Pictures: what is taken, and what is refused before it costs anything."""

import struct
import sys
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from driftgauge.errors import BenchmarkError
from driftgauge.media import Limits, examine

SUFFIX = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}


def picture(kind: str, size: tuple[int, int] = (9, 7)) -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(file, kind)
    return file.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


def refusal(data: bytes, name: str = "media/a.png", **more: Limits) -> str:
    with pytest.raises(BenchmarkError) as caught:
        examine(data, name=name, **more)
    assert [problem.where for problem in caught.value.problems] == [name]
    return str(caught.value)


@pytest.mark.parametrize("kind", SUFFIX)
def test_a_sound_picture_has_its_facts(kind: str) -> None:
    data = picture(kind)
    found = examine(data, name=f"a{SUFFIX[kind]}")
    assert (found.width, found.height, found.bytes, found.type) == (9, 7, len(data), f"image/{kind.lower()}")


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (10_000, 10_000), (8_000, 5_001)])
def test_a_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    assert "more than 40 megapixels" in refusal(png_that_claims(width, height))


def test_forty_megapixels_are_not_too_many_and_then_the_picture_has_to_be_there() -> None:
    assert "does not decode" in refusal(png_that_claims(8_000, 5_000))


@pytest.mark.parametrize("kind", SUFFIX)
def test_a_picture_that_is_cut_off_anywhere_is_refused(kind: str) -> None:
    data = picture(kind)
    for length in range(len(data)):
        refusal(data[:length], f"a{SUFFIX[kind]}")


@pytest.mark.parametrize("kind", SUFFIX)
def test_what_hides_behind_a_picture_is_refused(kind: str) -> None:
    assert "goes on after its picture" in refusal(picture(kind) + b"PK\x03\x04", f"a{SUFFIX[kind]}")


@pytest.mark.parametrize(("kind", "name"), [("PNG", "a.jpg"), ("JPEG", "a.png"), ("WEBP", "a.png"), ("PNG", "a.webp")])
def test_another_type_than_the_name_says_is_refused(kind: str, name: str) -> None:
    assert "as its name says" in refusal(picture(kind), name)


@pytest.mark.parametrize("name", ["a.gif", "a.svg", "a", "a.png.exe"])
def test_other_suffixes_are_refused(name: str) -> None:
    assert "expected one of .png, .jpg, .jpeg, .webp, .wav, .mp3" in refusal(picture("PNG"), name)


def test_too_many_bytes_are_refused() -> None:
    assert "more than 20 MB" in refusal(b"\x89PNG\r\n\x1a\n" + bytes(20_000_000))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(kind: str) -> None:
    file = BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    assert "an animation" in refusal(file.getvalue(), f"a{SUFFIX[kind]}")


def several(*colours: str, size: tuple[int, int] = (32, 24)) -> bytes:
    """A JPEG with further pictures behind the first, as phones write it."""
    file = BytesIO()
    frames = [Image.new("RGB", size, colour) for colour in colours]
    frames[0].save(file, "MPO", save_all=True, append_images=frames[1:])
    return file.getvalue()


def test_a_jpeg_of_several_pictures_is_taken_only_where_the_first_alone_is_kept() -> None:
    data = several("red", "blue")
    said = refusal(data, "a.jpg")
    assert "holds several pictures" in said
    assert "animation" not in said
    found = examine(data, name="a.jpg", first_alone=True)
    assert (found.type, found.width, found.height) == ("image/jpeg", 32, 24)


@given(at=st.integers(0, 400), value=st.integers(0, 255), kind=st.sampled_from(sorted(SUFFIX)))
def test_whatever_the_bytes_are_it_is_taken_or_refused(at: int, value: int, kind: str) -> None:
    data = bytearray(picture(kind))
    data[at % len(data)] = value
    with suppress(BenchmarkError):
        examine(bytes(data), name=f"a{SUFFIX[kind]}")


def test_without_pillow_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(BenchmarkError, match=r"pip install 'driftgauge\[benchmark\]'"):
        examine(picture_bytes, name="a.png")


picture_bytes = picture("PNG")
