"""The directories of a TIFF: one per page (TIFF 6.0, section 2; BigTIFF).

Each page is decoded by itself, from a copy of the file whose header points at that page's directory. So one
damaged page costs the others nothing, and one page at a time is in memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_DIRECTORIES = 65_536
"""More pages than any scanner writes into one file; ends a walk through damaged data."""

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _ORIENTATION = 254, 256, 257, 258, 262, 274
_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES, _EXTRA_SAMPLES = 273, 279, 324, 325, 338
_COLORED = frozenset({2, 3, 5, 6, 8})  # RGB, palette, CMYK, YCbCr, Lab
_VALUE_CODES = {1: "B", 3: "H", 4: "I", 16: "Q"}  # struct codes of BYTE, SHORT, LONG, LONG8
_WANTED = frozenset({254, 256, 257, 258, 262, 273, 274, 279, 324, 325, 338})


@dataclass(frozen=True, slots=True)
class Directory:
    """One page of a TIFF. `damage` is empty when the page can be decoded."""

    offset: int  # of the directory, bytes from the start of the file
    width: int = 0
    height: int = 0
    bits: int = 1  # per sample
    alpha: bool = False
    white_is_zero: bool = False
    color: bool = False
    thumbnail: bool = False
    damage: str = ""


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How numbers are laid out in this file."""

    order: str  # struct byte order
    big: bool  # BigTIFF: 8-byte offsets

    @property
    def count(self) -> str:
        return self.order + ("Q" if self.big else "H")

    @property
    def offset(self) -> str:
        return self.order + ("Q" if self.big else "I")


def _dialect(data: bytes | bytearray) -> _Dialect:
    mark = bytes(data[:4])
    return _Dialect("<" if mark[:2] == b"II" else ">", mark[2:] in (b"+\0", b"\0+"))


def read_directories(data: bytes) -> list[Directory]:
    """Return the pages of a TIFF in order, thumbnails left out.

    A chain that breaks off ends with a directory whose `damage` says so.
    """
    dialect = _dialect(data)
    pages: list[Directory] = []
    seen: set[int] = set()
    try:
        (offset,) = struct.unpack_from(dialect.offset, data, 8 if dialect.big else 4)
        while offset and offset not in seen and len(seen) < MAX_DIRECTORIES:
            seen.add(offset)
            tags, following = _read_tags(data, offset, dialect)
            page = _directory(offset, tags, len(data))
            if not page.thumbnail:
                pages.append(page)
            offset = following
    except struct.error:  # the bytes end inside a directory
        pages.append(Directory(0, damage="the file is cut short: the rest of its pages is missing"))
    return pages


def point_at(data: bytearray, directory: Directory) -> None:
    """Make `directory` the first page of the TIFF in `data`, in place."""
    dialect = _dialect(data)
    struct.pack_into(dialect.offset, data, 8 if dialect.big else 4, directory.offset)


def read_orientation(exif: bytes) -> int:
    """Return the orientation, 1 to 8, that an EXIF block (a TIFF without pictures) names; 1 where it names none."""
    if exif[:4] not in (b"II*\0", b"MM\0*"):
        return 1
    dialect = _dialect(exif)
    try:
        tags, _ = _read_tags(exif, struct.unpack_from(dialect.offset, exif, 4)[0], dialect)
    except struct.error:
        return 1
    return (tags.get(_ORIENTATION) or (1,))[0]


def _read_tags(data: bytes, offset: int, dialect: _Dialect) -> tuple[dict[int, tuple[int, ...]], int]:
    """Return the wanted tags of the directory at `offset`, and the offset of the next directory."""
    (entries,) = _unpack(dialect.count, data, offset)
    position = offset + struct.calcsize(dialect.count)
    room = struct.calcsize(dialect.offset)  # a value that fits in here stands in the entry itself
    tags: dict[int, tuple[int, ...]] = {}
    for _ in range(entries):
        tag, type_ = struct.unpack_from(dialect.order + "HH", data, position)
        if tag in _WANTED and type_ in _VALUE_CODES:
            (count,) = struct.unpack_from(dialect.offset, data, position + 4)
            if count > len(data):
                raise struct.error("more values than bytes")
            layout = f"{dialect.order}{count}{_VALUE_CODES[type_]}"
            at = position + 4 + room
            if struct.calcsize(layout) > room:
                (at,) = struct.unpack_from(dialect.offset, data, at)
            tags[tag] = _unpack(layout, data, at)
        position += 4 + 2 * room
    (following,) = struct.unpack_from(dialect.offset, data, position)
    return tags, following


def _unpack(layout: str, data: bytes, at: int) -> tuple[int, ...]:
    """Unpack what stands at an offset that the file itself names: a BigTIFF's may be larger than any index."""
    if at > len(data):
        raise struct.error("an offset beyond the end")
    return struct.unpack_from(layout, data, at)


def _directory(offset: int, tags: dict[int, tuple[int, ...]], file_bytes: int) -> Directory:
    def first(tag: int, default: int) -> int:
        return tags[tag][0] if tags.get(tag) else default

    starts = tags.get(_STRIP_OFFSETS) or tags.get(_TILE_OFFSETS, ())
    lengths = tags.get(_STRIP_BYTES) or tags.get(_TILE_BYTES, ())
    damage = ""
    if not first(_WIDTH, 0) or not first(_HEIGHT, 0) or not starts:
        damage = "damaged: a page says neither its size nor where its data is"
    elif any(start + length > file_bytes for start, length in zip(starts, lengths, strict=False)):
        damage = "the file is cut short: part of the page is missing"
    return Directory(
        offset,
        width=first(_WIDTH, 0),
        height=first(_HEIGHT, 0),
        bits=first(_BITS, 1),
        alpha=first(_EXTRA_SAMPLES, 0) in (1, 2),
        white_is_zero=first(_PHOTOMETRIC, 1) == 0,
        color=first(_PHOTOMETRIC, 1) in _COLORED,
        thumbnail=bool(first(_SUBFILE, 0) & 1),
        damage=damage,
    )
