"""HEIC, as telephones take pictures. Needs the extra [heic], which is loaded with the first such picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zipread.errors import InputError
from zipread.load.arrays import to_gray
from zipread.records import Page


def read_page(data: bytes, check_size: Callable[[int, int], None]) -> Page:
    """Decode the main picture of a HEIC file, upright: the decoder turns it as the file says.

    check_size: called with width and height in pixels before anything is decoded.

    Raises:
        InputError: the file is damaged, or the extra is not installed.
    """
    try:
        import pillow_heif
    except ImportError as error:
        message = "a HEIC picture, which needs pip install 'zipread[heic]'; or save it as JPEG or PNG"
        raise InputError(message) from error
    pillow_heif.options.DECODE_THREADS = 1  # a worker has one core
    try:
        picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
        check_size(*picture.size)
        pixels = np.asarray(picture)
    except (ValueError, EOFError, RuntimeError) as error:
        raise InputError("damaged: the picture cannot be decoded") from error
    return Page(to_gray(pixels), color=(lambda: pixels) if pixels.ndim == 3 and pixels.shape[2] == 3 else None)
