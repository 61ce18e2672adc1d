"""Where this machine keeps the fonts of a family."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zipread.errors import DependencyError
from zipread.lab.synth.families import Family, Purpose

_RECORD_END = "\x1e"
"""Ends what fontconfig says of one face: names of styles may hold line feeds."""

_SUFFIXES = (".ttf", ".otf", ".woff")

STYLES_PER_FAMILY = 4
"""Cuts taken of one family, so that one with forty weights does not outvote the others."""

_LEFT_OUT_STYLES = (
    "thin",
    "hairline",
    "extralight",
    "extra light",
    "ultralight",
    "small",
    "caps",
    "inverted",
    "outline",
)
_STYLE_ORDER = ("regular", "book", "roman", "medium", "normal", "bold", "italic", "oblique")


@dataclass(frozen=True, slots=True)
class FontFile:
    """One cut of a family, on this machine."""

    family: str
    style: str
    purpose: Purpose
    path: Path
    index: int  # of the face within the file


def find_fonts(families: Sequence[Family], folder: Path | None = None) -> tuple[FontFile, ...]:
    """Find the files of some families, in a fixed order.

    families: what to look for; folder: a folder of font files searched instead of the fonts known to fontconfig.
    Raises DependencyError, naming the packages to install, when a family has no file here.
    """
    faces = _faces_in(folder) if folder is not None else _faces_of_fontconfig()
    found: list[FontFile] = []
    missing: list[Family] = []
    for family in families:
        cuts = _cuts([face for face in faces if face[0] == family.name])
        if not cuts:
            missing.append(family)
        found += [FontFile(family.name, style, family.purpose, path, index) for style, path, index in cuts]
    if missing:
        names = ", ".join(family.name for family in missing)
        where = f"in {folder}" if folder is not None else "on this machine"
        raise DependencyError(f"fonts not found {where}: {names}; install them with: {_advice(missing)}")
    return tuple(found)


def _advice(missing: Sequence[Family]) -> str:
    """The commands that install families."""
    packages = sorted({family.package for family in missing})
    of_npm = [package for package in packages if package.startswith("@")]
    of_debian = [package for package in packages if package not in of_npm]
    commands = []
    if of_debian:
        commands.append(f"apt-get install {' '.join(of_debian)}")
    if of_npm:
        commands.append(
            f"npm install {' '.join(of_npm)}, and copy files/*-latin-*00-normal.woff to ~/.local/share/fonts"
        )
    return "; ".join(commands)


def _faces_of_fontconfig() -> list[tuple[str, str, Path, int]]:
    """List (family, style, path, index) of every outline font fontconfig knows. Raises DependencyError."""
    command = ["fc-list", "--format", "%{family[0]}\t%{style[0]}\t%{file}\t%{index}" + _RECORD_END]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        message = (
            "fc-list is not installed, so fonts cannot be found by name; install them with: apt-get install fontconfig"
        )
        raise DependencyError(message) from error
    except subprocess.CalledProcessError as error:
        raise DependencyError(f"fc-list failed with exit code {error.returncode}: {error.stderr.strip()}") from error
    rows = (record.split("\t") for record in answer.stdout.split(_RECORD_END) if record)
    # The upper half of fontconfig's index counts the instances of a variable font; Pillow wants the face alone.
    return [
        (family, style, Path(path), int(index) & 0xFFFF)
        for family, style, path, index in rows
        if Path(path).suffix.lower() in _SUFFIXES
    ]


def _faces_in(folder: Path) -> list[tuple[str, str, Path, int]]:
    """List (family, style, path, index) of every font file under `folder`. Raises DependencyError."""
    from PIL import ImageFont

    faces: list[tuple[str, str, Path, int]] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in _SUFFIXES:
            continue
        try:
            family, style = ImageFont.truetype(str(path), 12).getname()
        except OSError as error:
            raise DependencyError(f"{path} is not a font that can be read: {error}") from error
        faces.append((family or "", style or "", path, 0))
    return faces


def _cuts(faces: Sequence[tuple[str, str, Path, int]]) -> list[tuple[str, Path, int]]:
    """Choose the plainest text cuts of one family, one file a style.

    A package may bring a cut twice, or name all its cuts alike: the shortest file name is the plain one.
    """
    by_style: dict[str, tuple[str, Path, int]] = {}
    for _, style, path, index in sorted(faces, key=lambda face: (len(face[2].name), face[2].name)):
        if not any(word in style.lower() for word in _LEFT_OUT_STYLES):
            by_style.setdefault(style.lower(), (style, path, index))
    return sorted(by_style.values(), key=lambda cut: _rank(cut[0]))[:STYLES_PER_FAMILY]


def _rank(style: str) -> tuple[int, str]:
    """Order the cuts of a family: plain ones first, then bold, then slanted, then the rest."""
    words = style.lower()
    exact = _STYLE_ORDER.index(words) if words in _STYLE_ORDER else len(_STYLE_ORDER)
    return exact, words
