"""What the first bytes of a picture say: format, size, transparency, and whether the end is there.

Nothing is decoded here. The size is needed before decoding (a 100 KB PNG can unfold to gigabytes), and the end
because some decoders fill what is missing with gray and report success.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from zipread.load.tiff import read_orientation

Format = Literal["PNG", "JPEG", "TIFF", "BMP", "WebP", "GIF", "JPEG 2000", "HEIC", "AVIF", "PDF"]

PDF_MARK_WITHIN = 1024
"""Bytes at the start of a file among which readers look for `%PDF-`."""

JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers that start a frame and carry its size (ITU T.81, table B.1)."""

_STARTS: tuple[tuple[bytes | tuple[bytes, ...], Format], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF"),
    ((b"GIF87a", b"GIF89a"), "GIF"),
    (b"BM", "BMP"),
    ((b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), "JPEG 2000"),
)

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
"""Brands of files whose pictures are coded as HEVC (ISO/IEC 23008-12, annex B)."""

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
"""Brands of files whose pictures are coded as AV1 (AV1 Image File Format, section 6)."""

_HINTS = {b"ftypmif1": "a HEIF picture; save it as JPEG or PNG"}
"""Bytes 4 to 12 of formats people do send, and what to tell them."""


@dataclass(frozen=True, slots=True)
class Header:
    """Size in pixels as stored, before any turning by EXIF."""

    width: int
    height: int
    alpha: bool = False  # some pixels may be transparent
    complete: bool = True  # the end of the data is there
    color: bool = False  # it may have colours, and no alpha
    orientation: int = 1  # EXIF; read only where alpha may be, because the decoder does not apply it there
    bits: int = 8  # of a sample; read only where the decoder does not bring odd numbers of them to 8 or 16


def sniff(data: bytes) -> Format | None:
    """Return the format the bytes are in, whatever the file is called; None for anything else."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    for start, name in _STARTS:
        if data.startswith(start):
            return name
    brands = _brands(data) if data[4:8] == b"ftyp" else frozenset()
    if brands & _HEIC_BRANDS:
        return "HEIC"
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "PDF" if b"%PDF-" in data[:PDF_MARK_WITHIN] else None


def _brands(data: bytes) -> frozenset[bytes]:
    """What a file in boxes (ISO/IEC 14496-12) says it is, its main brand and those it can be read as."""
    length = min(int.from_bytes(data[:4], "big"), 256)
    return frozenset((data[8:12], *(data[at : at + 4] for at in range(16, length, 4))))


def describe_unknown(data: bytes) -> str:
    """Return what to tell somebody whose file is in no format that is read."""
    if not data:
        return "the file is empty"
    return "not a picture zipread can read" + (
        f": {_HINTS[data[4:12]]}"
        if data[4:12] in _HINTS
        else " (PNG, JPEG, JPEG 2000, TIFF, BMP, WebP, GIF, HEIC, AVIF or PDF)"
    )


def read_header(data: bytes, kind: Format) -> Header | None:
    """Read the header of a picture that is one page; None where it is damaged.

    TIFF and PDF have pages, each with its own size: see `tiff.read_directories` and `pdf`; HEIC and AVIF: see `heif`.
    """
    parsers: dict[str, Callable[[bytes], Header | None]] = {
        "PNG": _png,
        "JPEG": _jpeg,
        "BMP": _bmp,
        "WebP": _webp,
        "GIF": _gif,
        "JPEG 2000": _jpeg2000,
    }
    try:
        return parsers[kind](data)
    except (struct.error, IndexError):  # the bytes end inside the header
        return None


def _png(data: bytes) -> Header | None:
    if data[12:16] != b"IHDR":
        return None
    width, height, _, colour = struct.unpack_from(">IIBB", data, 16)
    alpha, complete, orientation, position = colour in (4, 6), False, 1, 8
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        alpha = alpha or name == b"tRNS"
        if name == b"eXIf":
            orientation = read_orientation(data[position + 8 : position + 8 + length])
        position += 12 + length
        complete = name == b"IEND" and position <= len(data)
        if name == b"IEND":
            break
    return Header(width, height, alpha, complete, colour in (2, 3) and not alpha, orientation)


def _jpeg(data: bytes) -> Header | None:
    size, channels, position = None, 1, 2
    while True:
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker in JPEG_FRAMES:
            *size, channels = struct.unpack_from(">HHB", data, position + 5)
        position += 2 + length
        if marker == 0xDA:  # start of scan: compressed data follows, in which FF is always stuffed
            break
    if size is None:
        return None
    return Header(size[1], size[0], complete=data.rfind(b"\xff\xd9", position) >= 0, color=channels > 1)


def _bmp(data: bytes) -> Header | None:
    pixels, header_size = struct.unpack_from("<II", data, 10)
    if header_size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    row_bytes = (bits * abs(width) + 31) // 32 * 4
    complete = compression not in (0, 3) or pixels + row_bytes * abs(height) <= len(data)
    return Header(abs(width), abs(height), complete=complete, color=bits > 1)


def _webp(data: bytes) -> Header | None:
    (riff_length,) = struct.unpack_from("<I", data, 4)
    complete, chunk = 8 + riff_length <= len(data), data[12:16]
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header(width & 0x3FFF, height & 0x3FFF, False, complete, color=True)
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        alpha = bool(bits >> 28 & 1)
        return Header((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, alpha, complete, not alpha)
    if chunk == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        alpha = bool(data[20] & 0x10)
        return Header(width, height, alpha, complete, not alpha, _webp_orientation(data))
    return None


def _webp_orientation(data: bytes) -> int:
    position = 12
    while position + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        if name == b"EXIF":
            return read_orientation(data[position + 8 : position + 8 + length].removeprefix(b"Exif\0\0"))
        position += 8 + length + length % 2
    return 1


def _gif(data: bytes) -> Header | None:
    width, height = struct.unpack_from("<HH", data, 6)
    return Header(width, height, alpha=True)  # any palette entry may be transparent


def _jpeg2000(data: bytes) -> Header | None:
    """A codestream, or the boxes of a file that holds one (ISO/IEC 15444-1, annexes A and I)."""
    start = 0 if data.startswith(b"\xff\x4f") else _codestream(data)
    if start is None or data[start : start + 4] != b"\xff\x4f\xff\x51":
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", data, start + 8)
    channels, depth = struct.unpack_from(">HB", data, start + 40)
    # The end's marker is in no packet: these hold nothing above FF8F.
    complete = data.rfind(b"\xff\xd9") > start
    return Header(right - left, bottom - top, False, complete, channels > 2, bits=(depth & 0x7F) + 1)


def _codestream(data: bytes) -> int | None:
    """Where the box of the codestream begins inside; None where there is none."""
    position = 0
    while position + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        inside = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, inside)
            inside += 8
        if name == b"jp2c":
            return inside
        if length < 8:  # 0: up to the end of the file
            return None
        position += length
    return None
