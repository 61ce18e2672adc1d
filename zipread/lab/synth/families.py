"""Families of open fonts by purpose: which train, which choose between networks, and which measure.

The families that train and the families that measure are apart, and so are their look-alikes: a clone of a training
design under another name (Arimo, TeX Gyre Heros, Cousine ...) is on neither measuring list. Left out after looking at
their digits: outlines and keycaps (femkeklaver, Linux Biolinum Keyboard, Linux Libertine Initials), missing digits
(TypoScript, Ecolier_court), signs (D050000L), and digits a reader could not name (F500, Blankenburg).
Relatives of measuring families (eurofurence and unifur of monofur, Elstob of Junicode, Averia Libre, Libre Caslon,
Libre Baskerville) train nothing, nor do relatives of those that choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Purpose = Literal["sans", "serif", "mono", "typewriter", "condensed", "hand"]


@dataclass(frozen=True, slots=True)
class Family:
    """A font family, as fontconfig names it."""

    name: str
    purpose: Purpose
    package: str  # what installs it: a package of Debian's, or of npm's where it begins with @


def _families(purpose: Purpose, listing: str) -> tuple[Family, ...]:
    """Read a list of families: "name=Debian's package without its fonts-", separated by commas."""
    pairs = (entry.split("=") for entry in listing.split(", "))
    return tuple(Family(name, purpose, f"fonts-{package}") for name, package in pairs)


def _from_npm(purpose: Purpose, listing: str) -> tuple[Family, ...]:
    """Read a list of families, separated by commas, that npm's Fontsource packages install."""
    names = listing.split(", ")
    return tuple(Family(name, purpose, f"@fontsource/{name.lower().replace(' ', '-')}") for name in names)


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

MORE_PRINT: tuple[Family, ...] = (
    *_from_npm(
        "sans",
        "Alata, Albert Sans, Anek Latin, Archivo, Archivo Black, Asap, Atkinson Hyperlegible, Average Sans, Barlow, "
        "Basic, Baumans, Belleza, Blinker, Cagliostro, Carrois Gothic, Catamaran, Chivo, Coda, Convergence, Cuprum, "
        "Didact Gothic, DM Sans, Electrolize, Encode Sans, Epilogue, Fahkwang, Farro, Fira Sans, Galdeano, Gothic "
        "A1, Gruppo, Hammersmith One, Heebo, IBM Plex Sans, Imprima, Inder, Inria Sans, Instrument Sans, Istok Web, "
        "Julius Sans One, Kite One, Lexend, Libre Franklin, Maven Pro, Michroma, Monda, Montserrat, Nobile, Nova "
        "Flat, Nova Round, Numans, Nunito, Outfit, Overpass, Oxanium, Plus Jakarta Sans, Prompt, PT Sans Caption, "
        "Public Sans, Quantico, Questrial, Rajdhani, Raleway, Red Hat Display, Roboto Flex, Rubik, Ruda, Saira, "
        "Sarabun, Scada, Signika, Sniglet, Source Sans 3, Space Grotesk, Spinnaker, Strait, Tenor Sans, Titillium "
        "Web, Tomorrow, Ubuntu, Unica One, Urbanist, Voltaire, Work Sans",
    ),
    *_from_npm(
        "serif",
        "Adamina, Aleo, Alice, Alike, Amethysta, Antic Slab, Arbutus Slab, Artifika, Arvo, Average, Belgrano, "
        "Bellefair, Bentham, Bevan, Bodoni Moda, Bree Serif, Cantata One, Cinzel, Cormorant Infant, Coustard, DM "
        "Serif Text, Enriqueta, Fauna One, Federo, Frank Ruhl Libre, Fraunces, Gelasio, GFS Didot, Gilda "
        "Display, Glegoo, Graduate, IBM Plex Serif, Inika, Inria Serif, Kameron, Kelly Slab, Kreon, "
        "Ledger, Libre Bodoni, Literata, Lora, Lusitana, Marko One, Martel, Merriweather, Montagu Slab, Neuton, "
        "Newsreader, Nixie One, Noticia Text, Ovo, Philosopher, Podkova, Prata, Quando, Radley, Rhodium Libre, "
        "Rokkitt, Rufina, Sanchez, Scope One, Slabo 27px, Source Serif 4, Spectral, Stardos Stencil, Trirong, "
        "Ultra, Unna, Vesper Libre, Vidaloka, Zilla Slab",
    ),
    *_from_npm(
        "mono",
        "Azeret Mono, Chivo Mono, DM Mono, IBM Plex Mono, Kode Mono, Lekton, Martian Mono, Overpass "
        "Mono, Red Hat Mono, Share Tech Mono, Sometype Mono, Source Code Pro, Space Mono, Spline Sans Mono, Ubuntu "
        "Mono, Victor Mono",
    ),
    *_from_npm(
        "condensed",
        "Anton, Antonio, Archivo Narrow, Asap Condensed, Barlow Condensed, Barlow Semi Condensed, Contrail One, "
        "Economica, Encode Sans Condensed, Fira Sans Condensed, Fjalla One, Homenaje, IBM Plex Sans Condensed, "
        "Imbue, Jockey One, Khand, League Gothic, Maiden Orange, Oswald, Pompiere, Rationale, Six Caps, Sofia Sans "
        "Condensed, Sofia Sans Extra Condensed, Teko, Ubuntu Condensed",
    ),
)
"""Further printed families that may train."""

CHOOSING_PRINT: tuple[Family, ...] = (
    *_from_npm(
        "sans",
        "Abel, Alegreya Sans, Be Vietnam Pro, Exo 2, Figtree, Hind, Hind Siliguri, Josefin Sans, Kanit, Mulish, "
        "Varela Round",
    ),
    *_from_npm(
        "serif",
        "Alegreya, Bitter, Copse, Crete Round, Crimson Text, Cutive, Domine, Josefin Slab, Playfair Display, Stoke, "
        "Trocchi",
    ),
    *_from_npm(
        "mono",
        "Cutive Mono, Syne Mono, Xanh Mono",
    ),
    *_from_npm(
        "typewriter",
        "Special Elite",
    ),
    *_from_npm(
        "condensed",
        "Pathway Gothic One, Stint Ultra Condensed",
    ),
)
"""Printed families that choose between networks; they neither train nor measure."""

TRAIN_SCRIPT: tuple[Family, ...] = _from_npm(
    "hand",
    "Aguafina Script, Alex Brush, Allura, Annie Use Your Telescope, Architects Daughter, Arizonia, Bad Script, Beth "
    "Ellen, Bilbo, Birthstone, Calligraffitti, Caveat, Cedarville Cursive, Charmonman, Clicker Script, Coming Soon, "
    "Cookie, Covered By Your Grace, Crafty Girls, Damion, Dawning of a New Day, Dekko, Delius, Edu NSW ACT "
    "Foundation, Edu QLD Hand, Edu SA Hand, Edu VIC WA NT Hand, Estonia, Euphoria Script, Explora, Felipa, "
    "Fondamento, Fuggles, Fuzzy Bubbles, Gamja Flower, Give You Glory, Gloria Hallelujah, Gochi Hand, Grape Nuts, "
    "Gwendolyn, Hachi Maru Pop, Handlee, Herr Von Muellerhoff, Hi Melody, Homemade Apple, Hurricane, Indie Flower, "
    "Italianno, Jim Nightshade, Julee, Just Another Hand, Just Me Again Down Here, Kalam, Kavivanar, La Belle "
    "Aurore, Licorice, Liu Jian Mao Cao, Long Cang, Loved by the King, Lovers Quarrel, Mansalva, Marck Script, Mea "
    "Culpa, Meddon, Miss Fajardose, Monsieur La Doulaise, Montez, Moon Dance, Mr Bedfort, Mr Dafoe, Mr De Haviland, "
    "Mrs Saint Delafield, My Soul, Mynerve, Neucha, Niconne, Norican, Nothing You Could Do, Oooh Baby, Over the "
    "Rainbow, Pangolin, Passions Conflict, Permanent Marker, Playpen Sans, Playwrite BE WAL, Playwrite BR, Playwrite "
    "CZ, Playwrite DE Grund, Playwrite DK Loopet, Playwrite FR Moderne, Playwrite FR Trad, Playwrite HR, Playwrite "
    "IT Trad, Playwrite PL, Playwrite US Trad, Princess Sofia, Puppies Play, Quintessential, Qwigley, Rancho, Reenie "
    "Beanie, Rock Salt, Rouge Script, Ruge Boogie, Sacramento, Sassy Frass, Satisfy, Schoolbell, Sedgwick Ave, Send "
    "Flowers, Sevillana, Shadows Into Light, Shadows Into Light Two, Short Stack, Slackside One, Splash, Square Peg, "
    "Stalemate, Sunshiney, Swanky and Moo Moo, The Girl Next Door, Twinkle Star, Vibur, Vujahday Script, Walter "
    "Turncoat, Water Brush, Waterfall, WindSong, Yesteryear, Yomogi, Zen Kurenaido, Zeyada, Zhi Mang Xing",
)
"""Hands made into fonts; each writes like one more writer who may train."""

CHOOSING_SCRIPT: tuple[Family, ...] = _from_npm(
    "hand",
    "Amita, Babylonica, Caramel, Comforter, Delicious Handrawn, East Sea Dokdo, Gaegu, Great Vibes, Inspiration, "
    "Kolker Brush, League Script, Mali, Oregano, Patrick Hand, Playball, Ruluko, Ruthie, Sue Ellen Francisco, "
    "Tillana, Waiting for the Sunrise, Whisper, Yeon Sung",
)
"""Hands made into fonts that choose between networks; they neither train nor measure."""

HELD_OUT_SCRIPT: tuple[Family, ...] = _from_npm(
    "hand",
    "Balsamiq Sans, Bonbon, Butterfly Kids, Carattere, Corinthia, Ephesis, Fasthand, Festive, Grechen Fuemen, Grey Qo, "
    "Imperial Script, Island Moments, Love Light, Luxurious Script, Ms Madi, Parisienne, Petit Formal Script, Pinyon "
    "Script, Smooch, Style Script, Tangerine, The Nautigal, Yuji Boku, Yuji Mai",
)
"""Hands made into fonts that only measure; never train on them."""
