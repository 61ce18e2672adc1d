"""Ink from paper: a whole page at a working scale for finding things, one field at full scale for reading.

Both work on darkness relative to the paper around a pixel, so shadows, gradients and coloured paper fall out.
"""

from zipread.clean.dropout import drop_out
from zipread.clean.fields import FIELD_HEIGHT, Look, cut_field, cut_gray, sample_gray, separate_ink
from zipread.clean.page import WORKING_SIDE, clean_page
from zipread.clean.skew import estimate_skew, taken_as_level
from zipread.clean.waves import without_waves, without_waves_at

__all__ = [
    "FIELD_HEIGHT",
    "WORKING_SIDE",
    "Look",
    "clean_page",
    "cut_field",
    "cut_gray",
    "drop_out",
    "estimate_skew",
    "sample_gray",
    "separate_ink",
    "taken_as_level",
    "without_waves",
    "without_waves_at",
]
