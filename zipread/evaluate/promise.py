"""Thresholds that keep promises, and the settings file that carries them to a scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from zipread import __version__
from zipread.errors import DependencyError
from zipread.evaluate.bounds import Shortage, Threshold, least_threshold
from zipread.evaluate.outcomes import Outcome
from zipread.model import model_folder
from zipread.origin import origin_of
from zipread.settings import Settings
from zipread.settings_file import Kept, Promise

ERRORS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05)
"""Errors among accepted codes that are tried besides the one asked for."""

ALWAYS = ("layout", "digits", "directory")

Found = dict[float, Threshold | Shortage]
"""For each error, rising, the least threshold that keeps it, or why there is none."""


def find_thresholds(outcomes: Sequence[Outcome], max_error: float, certainty: float) -> Found:
    """Look for thresholds that keep `max_error` and each of ERRORS, each by itself with `certainty`.

    Codes that are for review for a reason of their own count nowhere: no threshold accepts them.
    """
    codes = [outcome for outcome in outcomes if outcome.acceptable]
    confidences = [outcome.reading.confidence for outcome in codes]
    right = [outcome.verdict == "right" for outcome in codes]
    return {error: least_threshold(confidences, right, error, certainty) for error in sorted({*ERRORS, max_error})}


def promise(found: Found, certainty: float, labels: int, model: Path | None) -> Promise:
    """The promises that can be kept, as a settings file holds them."""
    kept = tuple(
        Kept(error, threshold.accept, threshold.accepted, threshold.wrong)
        for error, threshold in found.items()
        if isinstance(threshold, Threshold)
    )
    return Promise(certainty, __version__, fingerprint(model), labels, kept)


def fingerprint(model: Path | None) -> str:
    """What tells one model from another, its calibration included; see `origin_of`.

    Raises DependencyError for a folder without a model.
    """
    found = origin_of("scan", Settings(model=model)).model
    if not found:
        raise DependencyError(f"{model or model_folder()}: no usable model there; reinstall zipread, or give --model")
    return found


def explain(max_error: float, certainty: float, shortage: Shortage, codes: int) -> str:
    """Why `max_error` cannot be promised, and what it would take."""
    more = shortage.needed - shortage.accepted
    head = f"an error of at most {100 * max_error:g}% cannot be promised with {100 * certainty:g}% certainty"
    if shortage.accepted == codes and not shortage.wrong:
        return (
            f"{head}: the sample is too small. It takes {shortage.needed} codes of which none is wrong, and only "
            f"{codes} were read: label at least {more} more"
        )
    return (
        f"{head}: of the {shortage.accepted} most confident codes {shortage.wrong} are wrong. It would take about "
        f"{more} more that confident, none of them wrong; or allow more error"
    )


def settings_with(settings: Settings, accept: float) -> dict[str, str | int | float]:
    """What a settings file must hold for a scan to read as the sample was read: what differs from the defaults.

    Layout, digits and directory are always there, for a person to see; folders and files by their full path.
    """
    values: dict[str, str | int | float] = {}
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if field.name in ALWAYS or (value != field.default and field.name not in ("accept", "engine", "max_pixels")):
            values[field.name] = str(value.resolve()) if isinstance(value, Path) else value
    return {**values, "accept": accept}
