"""What scanning or photographing does to a picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from zipread.lab.synth.paper import smooth_noise


@dataclass(frozen=True, slots=True)
class Wear:
    """How much a picture suffers."""

    blur: float = 0.5  # standard deviation, pixels
    motion: float = 0.0  # length of a smear, pixels
    noise: float = 2.0  # standard deviation, gray levels
    grain: float = 1.0  # size of the noise, pixels; 1 is independent from pixel to pixel
    contrast: float = 1.0  # 1 keeps it
    brightness: float = 0.0  # gray levels added
    quality: int = 100  # of JPEG; 100 leaves it out
    bilevel: bool = False  # a fax or an old scanner: black and white only


def wear(rng: np.random.Generator, gray: np.ndarray, how: Wear) -> np.ndarray:
    """Wear a picture.

    gray: (h, w) or (h, w, 3) float32, 0..255. Returns the same shape, uint8.
    """
    picture = gray
    if how.blur > 0.15:
        picture = cv2.GaussianBlur(picture, (0, 0), how.blur, borderType=cv2.BORDER_REPLICATE)
    if how.motion >= 1.5:
        picture = cv2.filter2D(picture, -1, smear(rng, how.motion), borderType=cv2.BORDER_REPLICATE)
    if how.contrast != 1 or how.brightness:
        picture = (picture - 255) * how.contrast + 255 + how.brightness
    if how.noise > 0:
        picture = picture + _noise(rng, picture.shape, how)
    worn = np.clip(picture, 0, 255).astype(np.uint8)
    if how.bilevel:
        worn = _bilevel(rng, worn)
    if how.quality < 100:
        _, data = cv2.imencode(".jpg", worn, [cv2.IMWRITE_JPEG_QUALITY, how.quality])
        worn = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE if worn.ndim == 2 else cv2.IMREAD_COLOR)
    return worn


def turn(sheet: np.ndarray, angle: float, margin: int) -> tuple[np.ndarray, np.ndarray]:
    """Turn a sheet by a small angle and cut `margin` pixels off every side.

    angle: degrees; positive makes lines of text run downwards to the right. Returns the picture and the (2, 3) float64
    map from the sheet's pixels to the picture's.
    """
    h, w = sheet.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), -angle, 1.0)
    matrix[:, 2] -= margin
    if angle == 0:
        return sheet[margin : h - margin, margin : w - margin], matrix
    size = (w - 2 * margin, h - 2 * margin)
    return cv2.warpAffine(sheet, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), matrix


def smear(rng: np.random.Generator, length: float) -> np.ndarray:
    """Make the kernel of a straight movement: (k, k) float32, sum 1."""
    size = int(np.ceil(length)) | 1
    kernel = np.zeros((size, size), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    middle = size // 2
    start, stop = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
    cv2.line(kernel, start.tolist(), stop.tolist(), 1.0, 1)
    return kernel / kernel.sum()


def _noise(rng: np.random.Generator, shape: tuple[int, ...], how: Wear) -> np.ndarray:
    if how.grain > 1.2:
        noise = smooth_noise(rng, (shape[0], shape[1]), how.grain) * np.float32(how.noise)
        return noise if len(shape) == 2 else noise[:, :, None]
    # The same in all colours: a sensor's noise is mostly one of brightness once it has been made into a picture.
    return rng.standard_normal((*shape[:2], *[1] * (len(shape) - 2)), np.float32) * np.float32(how.noise)


def _bilevel(rng: np.random.Generator, gray: np.ndarray) -> np.ndarray:
    """Threshold between ink and paper, about where a scanner would."""
    low, high = np.percentile(gray[::2, ::2], (1, 60))
    level = low + (high - low) * rng.uniform(0.5, 0.7)
    return np.where(gray > level, 255, 0).astype(np.uint8)
