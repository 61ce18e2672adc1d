"""Loading: from a path, bytes or an array to upright gray pages."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from zipread.errors import InputError
from zipread.load import heif, tiff
from zipread.load.arrays import to_gray, turn_upright
from zipread.load.headers import Format, Header, describe_unknown, read_header, sniff
from zipread.records import Page, PageError

_DAMAGED = "damaged: the picture cannot be decoded"
_CUT_SHORT = "the file is cut short: the end of the picture is missing"


def load_pages(
    source: str | Path | bytes | np.ndarray, max_pixels: int, name: str | None = None
) -> Iterator[Page | PageError]:
    """Yield the pages of a picture, one at a time, upright and gray.

    `source` is a path, the bytes of a file, or an array (see `arrays.to_gray`). The content decides the format, not the
    suffix. A page that cannot be loaded is a `PageError` as long as the file has other pages.

    Raises InputError, on the first step, when nothing can be loaded; its message starts with `name` (by default the
    path). Nothing larger than `max_pixels` pixels is decoded.
    """
    label = name if name is not None else str(source) if isinstance(source, (str, Path)) else "the picture"
    try:
        yield from _load(source, max_pixels)
    except InputError as error:
        raise InputError(f"{label}: {error}") from error


def _load(source: str | Path | bytes | np.ndarray, max_pixels: int) -> Iterator[Page | PageError]:
    if isinstance(source, np.ndarray):
        _check_size(source.shape[1] if source.ndim > 1 else 1, len(source) if source.ndim else 1, max_pixels)
        gray = to_gray(source)
        colored = source.ndim == 3 and source.shape[2] == 3 and source.dtype == np.uint8
        yield Page(gray, color=(lambda: source) if colored else None)
        return
    data = source if isinstance(source, bytes) else read_file(Path(source))
    kind = sniff(data)
    if kind is None:
        raise InputError(describe_unknown(data))
    if kind == "PDF":
        from zipread.load import pdf  # its library takes a while to load and most pictures do not need it

        pages = pdf.read_pages(data, max_pixels)
    elif kind == "TIFF":
        pages = _tiff_pages(data, max_pixels)
    elif kind in ("HEIC", "AVIF"):
        pages = iter((heif.read_page(data, kind, partial(_check_size, max_pixels=max_pixels)),))
    else:
        pages = iter((_decode_single(data, kind, max_pixels),))
    yield from _require_one(pages)


def _require_one(pages: Iterator[Page | PageError]) -> Iterator[Page | PageError]:
    """Pass pages on; raise InputError when there is only one and it failed."""
    first = next(pages)
    second = next(pages, None) if isinstance(first, PageError) else None
    if isinstance(first, PageError) and second is None:
        raise InputError(first.message)
    yield first
    if second is not None:
        yield second
    yield from pages


def read_file(path: Path) -> bytes:
    """Return the bytes of a file. Raises InputError, without the file's name, for what cannot be read."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError("is a folder, not a picture")
        if not stat.S_ISREG(mode):
            raise InputError("is not a regular file; to read from a pipe, use -")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("is a link to a file that is gone" if path.is_symlink() else "no such file") from error
    except PermissionError as error:
        raise InputError("permission denied") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot be read: {reason}") from error


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise InputError(f"{width}x{height} pixels are more than --max-pixels {max_pixels} allows")


def _decode_single(data: bytes, kind: Format, max_pixels: int) -> Page:
    header = read_header(data, kind)
    if header is None or header.width < 1 or header.height < 1:
        raise InputError(_DAMAGED)
    _check_size(header.width, header.height, max_pixels)
    if not header.complete:
        raise InputError(_CUT_SHORT)
    if kind == "JPEG 2000" and header.bits < 8:
        raise InputError(f"a JPEG 2000 picture of {header.bits} bits a sample; save it with 8, or as TIFF or PNG")
    encoded = np.frombuffer(data, np.uint8)
    return Page(_decode(encoded, header), color=partial(_decode_color, encoded) if header.color else None)


def _tiff_pages(data: bytes, max_pixels: int) -> Iterator[Page | PageError]:
    directories = tiff.read_directories(data)
    if not directories:
        raise InputError("damaged: the TIFF has no pages")
    buffer = bytearray(data)
    for number, directory in enumerate(directories, start=1):
        try:
            if directory.damage:
                raise InputError(directory.damage)
            _check_size(directory.width, directory.height, max_pixels)
            tiff.point_at(buffer, directory)
            gray = _decode(
                np.frombuffer(buffer, np.uint8),
                Header(directory.width, directory.height, directory.alpha),
                inverted_samples=directory.white_is_zero and directory.bits == 16,
            )
        except InputError as error:
            yield PageError(number, str(error))
        else:
            yield Page(gray, number, partial(_tiff_color, buffer, directory) if directory.color else None)


def _tiff_color(buffer: bytearray, directory: tiff.Directory) -> np.ndarray:
    tiff.point_at(buffer, directory)
    return _decode_color(np.frombuffer(buffer, np.uint8))


def _decode_color(encoded: np.ndarray) -> np.ndarray:
    """Return (H, W, 3) uint8 RGB, upright, of a picture without alpha."""
    pixels = _pixels(encoded, cv2.IMREAD_COLOR)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _decode(encoded: np.ndarray, header: Header, *, inverted_samples: bool = False) -> np.ndarray:
    """Return (H, W) uint8, upright.

    `inverted_samples`: 16-bit values count from white. (Of 8 bits and fewer the decoder knows it.)
    """
    # The decoder turns gray by EXIF, but gives alpha only in a picture as stored.
    flags = cv2.IMREAD_UNCHANGED if header.alpha else cv2.IMREAD_GRAYSCALE
    if header.bits == 8 and not header.alpha:  # of other numbers it makes 8 itself, and leaves 12 in 16 as they are
        flags |= cv2.IMREAD_ANYDEPTH
    pixels = _pixels(encoded, flags)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(f"samples of {pixels.dtype} are not supported; save the picture with 8 or 16 bits")
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    gray = to_gray(pixels)
    if header.alpha:
        gray = turn_upright(gray, header.orientation)
    return 255 - gray if inverted_samples else gray


def _pixels(encoded: np.ndarray, flags: int) -> np.ndarray:
    try:
        with _quiet():
            pixels = cv2.imdecode(encoded, flags)
    except cv2.error as error:
        raise InputError(_DAMAGED) from error
    if pixels is None:
        raise InputError(_DAMAGED)
    return pixels


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV from logging to stderr what is raised as an InputError anyway."""
    logging = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)
