"""Recordings: WAV and MP3 that are whole, and nothing beside them."""

import io
import sys
import wave
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftgauge.errors import BenchmarkError
from driftgauge.media import LIMITS, examine, type_of


def wav(seconds: float = 0.05, *, wide: int = 2) -> bytes:
    """A real WAV, of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(wide)
        writing.setframerate(8000)
        writing.writeframes(bytes(int(8000 * seconds) * wide))
    return file.getvalue()


def mp3(*heads: bytes) -> bytes:
    """Frames of layer III with nothing in them; 128 kbit/s at 44.1 kHz have 417 bytes, and 418 where they are padded."""
    sizes = {b"\xff\xfb\x90\x00": 417, b"\xff\xfb\x92\x00": 418, b"\xff\xf3\x40\x00": 104, b"\xff\xe3\x18\x00": 72}
    return b"".join(head + bytes(sizes[head] - 4) for head in heads or (b"\xff\xfb\x90\x00", b"\xff\xfb\x92\x00"))


ID3 = b"ID3\x04\x00\x00" + bytes([0, 0, 1, 2]) + bytes(130)


def refusal(data: bytes, name: str) -> str:
    with pytest.raises(BenchmarkError) as caught:
        examine(data, name=name)
    assert [problem.where for problem in caught.value.problems] == [name]
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (wav(), "media/a.wav", "audio/wav"),
        (wav(wide=1, seconds=0.050125), "media/a.WAV", "audio/wav"),
        (mp3(), "media/a.mp3", "audio/mpeg"),
        (ID3 + mp3() + b"TAG" + bytes(125), "media/a.mp3", "audio/mpeg"),
        (mp3(b"\xff\xf3\x40\x00", b"\xff\xe3\x18\x00"), "media/a.mp3", "audio/mpeg"),
    ],
)
def test_a_whole_recording_has_its_facts(data: bytes, name: str, kind: str) -> None:
    found = examine(data, name=name)
    assert (found.type, found.bytes, found.width, found.height) == (kind, len(data), None, None)


@pytest.mark.parametrize(("data", "name"), [(wav(0.01), "a.wav"), (mp3(), "a.mp3"), (ID3 + mp3(), "a.mp3")])
def test_a_recording_that_is_cut_off_anywhere_is_refused(data: bytes, name: str) -> None:
    frame = {len(data) - 418}  # at the end of its first frame, an MP3 is whole
    for length in range(len(data)):
        if name == "a.wav" or length not in frame:
            refusal(data[:length], name)


@pytest.mark.parametrize(("data", "name"), [(wav(), "a.wav"), (mp3(), "a.mp3")])
def test_what_hides_behind_a_recording_is_refused(data: bytes, name: str) -> None:
    assert "goes on after its end" in refusal(data + b"PK\x03\x04", name)


@pytest.mark.parametrize(("data", "name"), [(wav(), "a.mp3"), (mp3(), "a.wav"), (mp3(), "a.png"), (b"RIFF1234AVI ", "a.wav")])
def test_another_type_than_the_name_says_is_refused(data: bytes, name: str) -> None:
    assert "as its name says" in refusal(data, name)


@pytest.mark.parametrize("name", ["a.ogg", "a.flac", "a.m4a"])
def test_other_recordings_are_refused(name: str) -> None:
    assert "a suffix that no picture or recording here has" in refusal(b"OggS", name)


def test_a_wav_needs_a_format_and_samples() -> None:
    empty = b"RIFF\x04\x00\x00\x00WAVE"
    assert "is not a recording that can be used" in refusal(empty, "a.wav")


def test_too_many_bytes_are_refused() -> None:
    assert "more than 20 MB" in refusal(bytes(LIMITS.bytes + 1), "a.wav")


def test_a_recording_needs_no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert examine(wav(), name="a.wav").type == "audio/wav"


@given(at=st.integers(0, 900), value=st.integers(0, 255), data=st.sampled_from([wav(), mp3(), ID3 + mp3()]))
def test_whatever_the_bytes_are_it_is_taken_or_refused(at: int, value: int, data: bytes) -> None:
    changed = bytearray(data)
    changed[at % len(data)] = value
    with suppress(BenchmarkError):
        examine(bytes(changed), name="a.wav" if type_of(data) == "audio/wav" else "a.mp3")
