"""The digits the lab learns from: the 8×8 ones of scikit-learn, MNIST, Semeion, and folders of one's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zipread.errors import InputError
from zipread.inputs import PICTURE_SUFFIXES
from zipread.lab.mnist import Digits, load_digits, split_by_writer

WRITER_SEED = 1
"""Holds out the same writers as the training of the shipped model with its default seed."""

DIGIT_NAMES = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class Samples:
    """Labelled pictures of digits, light on black."""

    name: str
    x: np.ndarray  # (n, h, w) uint8, 0 paper .. top ink
    y: np.ndarray  # (n,) uint8, 0..9
    top: int  # the value of full ink

    @property
    def rows(self) -> np.ndarray:
        """The pictures as (n, h·w) float32 rows, 0 to 1."""
        return self.x.reshape(len(self.x), -1).astype(np.float32) / self.top

    def take(self, chosen: np.ndarray) -> Samples:
        """The samples at indices (or where a mask is true)."""
        return Samples(self.name, self.x[chosen], self.y[chosen], self.top)

    def some(self, rows: int | None, seed: int) -> Samples:
        """`rows` of them, drawn at random; all in their own order where `rows` is None or not fewer."""
        if rows is None or rows >= len(self.y):
            return self
        return self.take(np.random.default_rng(seed).choice(len(self.y), rows, replace=False))


@dataclass(frozen=True, slots=True)
class Mnist:
    """MNIST cut by writers: no writer is in two parts."""

    train: Samples
    validation: Samples  # the writers that `zipread train` holds out
    test: Samples


def small_digits() -> Samples:
    """The 1,797 digits of scikit-learn: 8×8, 0..16 (Alpaydin & Kaynak 1998), in their own order.

    Neighbours come from the same hand, so that unshuffled folds keep most writers together.
    """
    from sklearn.datasets import load_digits as load_small

    bunch = load_small()
    return Samples("digits", bunch.images.astype(np.uint8), bunch.target.astype(np.uint8), 16)


def find_mnist(path: Path | None) -> Path:
    """Where MNIST lies as .npz: `path`, or what Keras has downloaded or downloads now.

    Raises:
        InputError: `path` does not exist, or the download fails.
    """
    if path is not None:
        if not path.is_file():
            raise InputError(f"{path}: no such file; --mnist wants MNIST as .npz (x_train, y_train, x_test, y_test)")
        return path
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    cached = home / "datasets" / "mnist.npz"
    if not cached.is_file():
        _download(cached)
    return cached


def _download(cached: Path) -> None:
    import keras

    try:
        keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises no narrower one for a failed download
        raise InputError(
            f"MNIST is not on this machine and could not be downloaded: bring mnist.npz (x_train, y_train, x_test, "
            f"y_test) and give it as --mnist mnist.npz, or put it at {cached}"
        ) from error


def load_mnist(path: Path | None, rows: int | None = None, seed: int = 1) -> Mnist:
    """Load MNIST; `rows` of its training part are drawn at random, all where it is None.

    Raises:
        InputError: the file is missing or is no such archive, or the download failed.
    """
    found = find_mnist(path)
    kept, held_out = split_by_writer(load_digits(found), WRITER_SEED)
    test = _part(found, "test")
    return Mnist(_as_samples(kept).some(rows, seed), _as_samples(held_out), test)


def _as_samples(digits: Digits) -> Samples:
    return Samples("mnist", digits.x, digits.y, 255)


def _part(path: Path, part: str) -> Samples:
    if not {f"x_{part}", f"y_{part}"} <= _names(path):
        raise InputError(f"{path}: holds no x_{part} and y_{part}")
    with np.load(path) as archive:
        return Samples("mnist", archive[f"x_{part}"], archive[f"y_{part}"].astype(np.uint8), 255)


def whole_mnist(path: Path | None) -> tuple[Samples, Samples]:
    """MNIST's training and test digits as they were published: 60,000 and 10,000 of 28×28, 0..255."""
    found = find_mnist(path)
    return _as_samples(load_digits(found)), _part(found, "test")


def load_archive(path: Path) -> Samples:
    """An .npz with x (n, h, w) uint8, light on black, and y (n,) 0..9: Semeion, or digits of one's own.

    Raises:
        InputError: the file is missing or is no such archive.
    """
    try:
        with np.load(path) as archive:
            x, y = archive["x"], archive["y"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not an .npz with x (n, h, w) and y (n,) ({error})") from error
    if x.ndim != 3 or len(x) != len(y) or len(y) == 0 or np.any(y > 9):
        raise InputError(f"{path}: wants x (n, h, w) and y (n,) of 0..9, not {x.shape} and {y.shape}")
    top = int(x.max())
    return Samples(path.stem, x.astype(np.uint8), y.astype(np.uint8), top if top in (1, 16) else 255)


def load_folder(folder: Path) -> Samples:
    """Pictures of single digits, any size, brought to 28×28. The digit is the subfolder's name or begins the file's.

    Raises:
        InputError: no picture there tells its digit, or one cannot be read.
    """
    from zipread.load import load_pages
    from zipread.reader import single_digit
    from zipread.records import Page
    from zipread.settings import MAX_PIXELS

    pictures, names = [], []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES):
        label = path.parent.name if path.parent != folder and path.parent.name in DIGIT_NAMES else path.name[0]
        page = next(iter(load_pages(path, MAX_PIXELS))) if label in DIGIT_NAMES else None
        if isinstance(page, Page):
            pictures.append(single_digit(page.gray))
            names.append(int(label))
    if not pictures:
        raise InputError(f"{folder}: no pictures whose name (3.png, 3-anna.png) or subfolder (3/) tells the digit")
    return Samples(f"{folder.name}-pictures", np.stack(pictures), np.array(names, np.uint8), 255)


def load_samples(data: str, mnist: Path | None = None) -> Samples:
    """What --data names: `digits`, `mnist` (its training part), a folder of pictures, or an .npz.

    Raises:
        InputError: it cannot be read.
    """
    if data == "digits":
        return small_digits()
    if data == "mnist":
        return whole_mnist(mnist)[0]
    path = Path(data)
    if path.is_dir():
        return load_folder(path)
    if path.suffix != ".npz" or not path.is_file():
        raise InputError(f"{data}: neither digits nor mnist, nor a folder of pictures, nor an .npz file")
    return _as_samples(load_digits(path)) if "x_train" in _names(path) else load_archive(path)


def _names(path: Path) -> set[str]:
    try:
        with np.load(path) as archive:
            return set(archive)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no .npz archive ({error})") from error


def to_reader(samples: Samples) -> np.ndarray:
    """The pictures as the reader normalizes them: (n, 28, 28) uint8, by `zipread.normalize.to_mnist`."""
    from zipread.normalize import to_mnist

    if samples.x.shape[1:] == (28, 28):
        return samples.x
    if samples.top == 1:
        return np.stack([to_mnist(picture > 0) for picture in samples.x])
    gray = np.round(samples.x * (255.0 / samples.top)).astype(np.uint8)
    return np.stack([to_mnist(picture) for picture in gray])
