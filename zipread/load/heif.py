"""HEIC, as telephones take pictures, and AVIF. Both need the extra [heic], which is loaded with the first of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Literal

import numpy as np

from zipread.errors import InputError
from zipread.load.arrays import to_gray
from zipread.records import Page

CheckSize = Callable[[int, int], None]


def read_page(data: bytes, kind: Literal["HEIC", "AVIF"], check_size: CheckSize) -> Page:
    """Decode the main picture of a HEIC or AVIF file, upright: the decoder turns it as the file says.

    check_size: called with width and height in pixels before anything is decoded.

    Raises:
        InputError: the file is damaged, or the extra is not installed.
    """
    try:
        pixels = (_heic if kind == "HEIC" else _avif)(data, check_size)
    except ImportError as error:
        message = f"a picture in {kind}, which needs pip install 'zipread[heic]'; or save it as JPEG or PNG"
        raise InputError(message) from error
    except (ValueError, EOFError, OSError, RuntimeError, SyntaxError) as error:
        raise InputError("damaged: the picture cannot be decoded") from error
    return Page(to_gray(pixels), color=(lambda: pixels) if pixels.ndim == 3 and pixels.shape[2] == 3 else None)


def _heic(data: bytes, check_size: CheckSize) -> np.ndarray:
    import pillow_heif

    pillow_heif.options.DECODE_THREADS = 1  # a worker has one core
    picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
    check_size(*picture.size)
    return np.asarray(picture)


def _avif(data: bytes, check_size: CheckSize) -> np.ndarray:
    from PIL import AvifImagePlugin, ImageOps

    if not AvifImagePlugin.SUPPORTED:
        raise ImportError("this Pillow was built without AVIF")
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    # Not by Image.open: what is too large is told by check_size.
    picture = AvifImagePlugin.AvifImageFile(io.BytesIO(data))
    check_size(*picture.size)
    return np.asarray(ImageOps.exif_transpose(picture))
