"""Open fonts by purpose, and where this machine keeps them.

The families that train and the families that measure are apart, and so are their look-alikes: a clone of a training
design under another name (Arimo, TeX Gyre Heros, Cousine ...) is on neither measuring list. Left out after looking at
their digits: outlines and keycaps (femkeklaver, Linux Biolinum Keyboard, Linux Libertine Initials), missing digits
(TypoScript, Ecolier_court), signs (D050000L), and digits a reader could not name (F500, Blankenburg).
Relatives of measuring families (eurofurence and unifur of monofur, Elstob of Junicode, Averia Libre) train nothing.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zipread.errors import DependencyError

Purpose = Literal["sans", "serif", "mono", "typewriter", "condensed", "hand"]

_RECORD_END = "\x1e"
"""Ends what fontconfig says of one face: names of styles may hold line feeds."""

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
class Family:
    """A font family, as fontconfig names it."""

    name: str
    purpose: Purpose
    package: str  # the Debian package that installs it


@dataclass(frozen=True, slots=True)
class FontFile:
    """One cut of a family, on this machine."""

    family: str
    style: str
    purpose: Purpose
    path: Path
    index: int  # of the face within the file


def _families(purpose: Purpose, listing: str) -> tuple[Family, ...]:
    """Read a list of families: "name=package without its fonts-", separated by commas."""
    pairs = (entry.split("=") for entry in listing.split(", "))
    return tuple(Family(name, purpose, f"fonts-{package}") for name, package in pairs)


TRAIN_PRINT: tuple[Family, ...] = (
    *_families(
        "sans",
        "Liberation Sans=liberation, DejaVu Sans=dejavu-core, Nimbus Sans=urw-base35, FreeSans=freefont-ttf, "
        "Open Sans=open-sans, Lato=lato, Carlito=crosextra-carlito, Roboto=roboto-unhinted, "
        "Cantarell=cantarell, Inter=inter, Karla=karla, Cabin=cabin, Andika=sil-andika, Quicksand=quicksand, "
        "URW Gothic=urw-base35, CMU Sans Serif=cmu, PT Sans=paratype, Gillius ADF=adf-gillius, "
        "Linux Biolinum O=linuxlibertine, Allerta=allerta, Ikarius ADF Std=adf-ikarius, Dustismo=dustin, "
        "Junction=junction, Karmilla=karmilla, Libris ADF Std=adf-libris, Verana Sans=adf-verana, "
        "Manjari=smc-manjari, Meera=smc-meera, MotoyaLCedar=motoya-l-cedar, M PLUS 1=mplus, NanumGothic=nanum, "
        "NanumBarunGothic=nanum, NanumSquareRound=nanum-extra, National Park=national-park, Oxygen-Sans=oxygen, "
        "Padauk=sil-padauk, OpenDyslexic=opendyslexic, Roadgeek 2014 Series D=roadgeek, osifont=osifont, "
        "Routed Gothic=routed-gothic, Sawarabi Gothic=sawarabi-gothic, Sawasdee=tlwg-sawasdee-ttf, "
        "Umpush=tlwg-umpush-ttf, Laksaman=tlwg-laksaman-ttf, UnDotum=unfonts-core, VL PGothic=vlgothic, "
        "IPAPGothic=ipafont-gothic, Noto Sans=noto-core, Noto Sans Display=noto-core",
    ),
    *_families(
        "serif",
        "Liberation Serif=liberation, DejaVu Serif=dejavu-core, Nimbus Roman=urw-base35, "
        "FreeSerif=freefont-ttf, C059=urw-base35, P052=urw-base35, CMU Serif=cmu, Gentium=sil-gentium, "
        "Charis SIL=sil-charis, EB Garamond=ebgaramond, Linux Libertine O=linuxlibertine, PT Serif=paratype, "
        "URW Bookman=urw-base35, Vollkorn=vollkorn, Essays1743=essays1743, "
        "Accanthis ADF Std=adf-accanthis, Amiri=hosny-amiri, Arapey=arapey, Berenis ADF Pro=adf-berenis, "
        "Cardo=cardo, Dustismo Roman=dustin, Fanwood Text=fanwood, GFS Artemisia=gfs-artemisia, "
        "IPAPMincho=ipafont-mincho, Irianis ADF Std=adf-irianis, Kinnari=tlwg-kinnari-ttf, "
        "Norasi=tlwg-norasi-ttf, NanumMyeongjo=nanum, Prociono=prociono, Rasa=yrsa-rasa, Roboto Slab=roboto-slab, "
        "STIXGeneral=stix, Tribun ADF Std=adf-tribun, UnBatang=unfonts-core, UnGungseo=unfonts-core, "
        "Noto Serif=noto-core, Noto Serif Display=noto-core",
    ),
    *_families(
        "mono",
        "Liberation Mono=liberation, DejaVu Sans Mono=dejavu-core, Nimbus Mono PS=urw-base35, "
        "Anonymous Pro=anonymous-pro, Inconsolata=inconsolata, Fira Code=firacode, "
        "JetBrains Mono=jetbrains-mono, PT Mono=paratype, Hack=hack, "
        "Agave=agave, Fantasque Sans Mono=fantasque-sans, Hermit=hermit, IBM 3270=3270, League Mono=league-mono, "
        "Monoid=monoid, NanumGothicCoding=nanum-coding, Oxygen Mono=oxygen, Noto Sans Mono=noto-mono, "
        "M PLUS Code Latin 50=mplus",
    ),
    *_families(
        "typewriter",
        "Courier Prime=courier-prime, CMU Typewriter Text=cmu, OCRA=ocr-a, Compagnon=compagnon, "
        "Tlwg Typewriter=tlwg-typewriter-ttf, Tlwg Typo=tlwg-typo-ttf, Mekanus ADF Std=adf-mekanus",
    ),
    *_families(
        "condensed",
        "Liberation Sans Narrow=liberation, Roboto Condensed=roboto-unhinted, PT Sans Narrow=paratype, "
        "Nimbus Sans Narrow=urw-base35, Bebas Neue=bebas-neue, Roadgeek 2014 Series B=roadgeek, "
        "Routed Gothic Narrow=routed-gothic, IBM 3270 Condensed=3270, Le Murmure=le-murmure",
    ),
)
"""Printed families that may train."""

HELD_OUT_PRINT: tuple[Family, ...] = (
    *_families(
        "sans",
        "Averia Sans GWF=averia-sans-gwf, B612=b612, Berenika=klaudia-berenika, "
        "Clear Sans=clear-sans, CMU Bright=cmu, Comfortaa=comfortaa, Dosis=dosis, "
        "GFS Neohellenic=gfs-neohellenic, Go=go, Jura=jura, Klaudia=klaudia-berenika, "
        "League Spartan=league-spartan, Manrope=manrope, Play=play, Sora=sora, Tuffy=tuffy, "
        "Universalis ADF Std=adf-universalis",
    ),
    *_families(
        "serif",
        "Averia Serif GWF=averia-serif-gwf, Baskervald ADF Std=adf-baskervald, Caladea=crosextra-caladea, "
        "Caslon=georgewilliams, CMU Concrete=cmu, "
        "Goudy Bookletter 1911=goudybookletter, Junicode Two Beta=junicode, Linden Hill=lindenhill, "
        "Old Standard TT=oldstandard, Quattrocento=quattrocento, Romande ADF Std=adf-romande",
    ),
    *_families(
        "mono",
        "B612 Mono=b612, Go Mono=go, GWMonospace=georgewilliams, monofur=monofur, mononoki=mononoki",
    ),
    *_families(
        "typewriter",
        "GNUTypewriter=gnutypewriter, OCR B=ocr-b",
    ),
    *_families(
        "condensed",
        "OSP-DIN=opendin, Yanone Kaffeesatz=yanone-kaffeesatz",
    ),
)
"""Printed families that only measure; never train on them."""

TRAIN_HAND: tuple[Family, ...] = _families(
    "hand",
    "Breip=breip, Comic Neue=comic-neue, Dancing Script=dancingscript, Humor Sans=humor-sans, "
    "Kaushan Script=kaushanscript, YOzEF90=yozvox-yozfont-edu, YOzEX=yozvox-yozfont-edu, Chilanka=smc-chilanka, "
    "Purisa=tlwg-purisa-ttf, Because We Build=bwht, Domestic Manners=dustin, Nanum Pen Script=nanum-extra, "
    "Nanum Brush Script=nanum-extra, Yusei Magic=yusei-magic, Klee One=klee, SetoFont=seto, UnPilgi=unfonts-core, "
    "Penguin Attack=dustin",
)
"""Handwriting-looking families that may train."""

HELD_OUT_HAND: tuple[Family, ...] = _families(
    "hand",
    "DkgHandwriting=dkg-handwriting, Kristi=kristi, Rufscript=rufscript, Tomson Talks=tomsontalks, Z003=urw-base35",
)
"""Handwriting-looking families that only measure; never train on them."""


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
        packages = " ".join(sorted({family.package for family in missing}))
        where = f"in {folder}" if folder is not None else "on this machine"
        raise DependencyError(f"fonts not found {where}: {names}; install them with: apt-get install {packages}")
    return tuple(found)


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
        if Path(path).suffix.lower() in (".ttf", ".otf")
    ]


def _faces_in(folder: Path) -> list[tuple[str, str, Path, int]]:
    """List (family, style, path, index) of every font file under `folder`. Raises DependencyError."""
    from PIL import ImageFont

    faces: list[tuple[str, str, Path, int]] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (".ttf", ".otf"):
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
