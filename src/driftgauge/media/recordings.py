"""WAV and MP3 by their own marks: whether the bytes are one whole recording. Nothing is decoded."""

from collections.abc import Callable, Mapping
from typing import Final

_KBPS: Final = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates of layer III, for MPEG 1 and for 2 and 2.5."""
_HERTZ: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Sampling rates by the bits that say which MPEG: 3 is 1, 2 is 2, 0 is 2.5."""


def is_whole_wav(data: bytes) -> bool:
    """Return whether bytes are one RIFF file of type WAVE, with a format and samples, that ends where it says.

    Examples
    --------
    >>> form = b"fmt " + (16).to_bytes(4, "little") + bytes(16)
    >>> samples = b"data" + (2).to_bytes(4, "little") + bytes(2)
    >>> wav = b"RIFF" + (4 + len(form + samples)).to_bytes(4, "little") + b"WAVE" + form + samples
    >>> is_whole_wav(wav), is_whole_wav(wav[:-1])
    (True, False)
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE" or int.from_bytes(data[4:8], "little") + 8 != len(data):
        return False
    found: list[bytes] = []
    at = size = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append(data[at : at + 4] if size else b"")
        at += 8 + size + size % 2  # a chunk of odd size has a byte after it, which many leave out at the end
    return at in (len(data), len(data) + size % 2) and b"fmt " in found and b"data" in found


def is_mp3(data: bytes) -> bool:
    """Return whether bytes begin as an MP3: with a tag of ID3, or with a frame."""
    return data[:3] == b"ID3" or _frame(data, 0) is not None


def is_whole_mp3(data: bytes) -> bool:
    """Return whether bytes are frames of layer III and nothing else, but for a tag before them and one after."""
    at = _tag(data)
    end = len(data) - 128 if data[-128:-125] == b"TAG" else len(data)
    frames = 0
    while at < end:
        size = _frame(data, at)
        if size is None:
            return False
        at += size
        frames += 1
    return at == end and frames > 0


def _tag(data: bytes) -> int:
    """Return where the tag of ID3 ends that stands before the frames."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    return 10 + size + (10 if data[5] & 0x10 else 0)


def _frame(data: bytes, at: int) -> int | None:
    """Return the size of the frame at a place, or null when none begins there."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or head[1] & 0x06 != 0x02:
        return None
    which, rate, speed = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if which == 1 or rate in (0, 15) or speed == 3:
        return None
    kbps = _KBPS[1 if which == 3 else 2][rate]
    return (144_000 if which == 3 else 72_000) * kbps // _HERTZ[which][speed] + (head[2] >> 1 & 1)


def bare_wav(data: bytes) -> bytes:
    r"""Return a whole WAV without what is neither its format nor its samples: titles, authors, dates, programs.

    Examples
    --------
    >>> chunk = lambda name, body: name + len(body).to_bytes(4, "little") + body
    >>> body = chunk(b"fmt ", bytes(16)) + chunk(b"LIST", b"INFOISFT\4\0\0\0Elm\0") + chunk(b"data", bytes(2))
    >>> b"Elm" in bare_wav(chunk(b"RIFF", b"WAVE" + body))
    False
    """
    kept = b""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] in (b"fmt ", b"fact", b"data"):
            kept += data[at : at + 8 + size] + bytes(size % 2)
        at += 8 + size + size % 2
    return b"RIFF" + (4 + len(kept)).to_bytes(4, "little") + b"WAVE" + kept


def bare_mp3(data: bytes) -> bytes:
    """Return a whole MP3 without the tags before and behind its frames."""
    return data[_tag(data) : -128 if data[-128:-125] == b"TAG" else None]


BARE: Final[Mapping[str, Callable[[bytes], bytes]]] = {"audio/wav": bare_wav, "audio/mpeg": bare_mp3}
"""By type, what leaves the sound of a whole recording alone."""
WHOLE: Final[Mapping[str, Callable[[bytes], bool]]] = {"audio/wav": is_whole_wav, "audio/mpeg": is_whole_mp3}
"""By type, what says whether a recording is whole."""
