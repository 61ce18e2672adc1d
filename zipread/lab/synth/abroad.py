"""Places in other countries, as far as the look of mail hangs on them: real cities, invented codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zipread.lab.synth.places import Country, Place

_GERMAN = ("Bahnhofstrasse", "Hauptstrasse", "Gartenweg", "Schillerplatz", "Am Markt", "Lindenallee", "Im Winkel")
_FRENCH = ("rue Pasteur", "avenue de la Gare", "rue du Moulin", "place Carnot", "chemin des Vignes", "allee des Lilas")
_NORTHERN = ("Storgatan", "Kirkegata", "Skovvej", "Strandvejen", "Parkveien", "Nygade", "Drottninggatan")
_ENGLISH = ("Station Road", "Church Street", "Mill Lane", "Queen Street", "Park Avenue", "Gandhi Road", "High Street")
_SPANISH = ("Calle Mayor", "Avenida Juarez", "Calle de la Cruz", "Paseo del Prado", "Calle Hidalgo", "Carrera 7")
_SLAVIC = ("ul. Lipowa", "Dlouha", "ul. Lenina", "Hlavna", "ul. Mickiewicza", "Strada Unirii", "bul. Levski")

_IN_ONE, _IN_TWO, _OFTEN_IN_TWO = ("#####",), ("### ##",), ("### ##", "#####")
_INDIAN = ("######", "######", "### ###")

_BEFORE, _AFTER = ("CODE CITY",), ("CITY CODE",)
_DASHED = ("CITY CODE", "CITY - CODE", "CITY- CODE", "CITY, CODE", "PIN CODE", "PIN: CODE", "CODE")
_BRAZILIAN = ("CODE CITY", "CODE - CITY", "CITY CODE", "CEP CODE", "CEP: CODE", "CEP: CODE CITY", "CODE")
_BEFORE_OR_AFTER = ("CODE CITY", "CODE CITY", "CITY CODE", "CODE")
_BEFORE_OR_ALONE = ("CODE CITY", "CODE CITY", "CODE CITY", "CODE")


def _or_with(prefix: str) -> tuple[str, ...]:
    """Before the city, sometimes behind the letters that international mail once had there."""
    return (*_BEFORE * 4, f"{prefix}- CODE CITY")


COUNTRIES = (
    Country("Germany", _IN_ONE, _or_with("D"), False, _GERMAN, ("Berlin", "Hamburg", "Leipzig", "Ulm", "Bad Homburg")),
    Country("France", _IN_ONE, _or_with("F"), True, _FRENCH, ("Paris", "Lyon", "Nantes", "Dijon", "Saint Denis Cedex")),
    Country("Italy", _IN_ONE, _or_with("I"), False, ("Via Roma", "Via Verdi"), ("Milano (MI)", "Torino TO", "Bari")),
    Country("Spain", _IN_ONE, _or_with("E"), False, _SPANISH, ("Madrid", "Sevilla", "Bilbao (Vizcaya)", "Cadiz")),
    Country("Finland", _IN_ONE, _or_with("FI"), False, ("Mannerheimintie", "Kirkkokatu"), ("Helsinki", "Oulu")),
    Country("Mexico", _IN_ONE, ("CODE CITY", "C.P. CODE CITY"), False, _SPANISH, ("Puebla", "Oaxaca, Oax.", "Colima")),
    Country("Malaysia", _IN_ONE, _BEFORE, True, ("Jalan Ampang", "Jalan Merdeka"), ("Kuala Lumpur", "Ipoh", "Melaka")),
    Country("Turkey", _IN_ONE, _BEFORE, False, ("Ataturk Cad.", "Cumhuriyet Sok."), ("Ankara", "Kadikoy / Istanbul")),
    Country("Thailand", _IN_ONE, ("CITY CODE", "CODE"), True, ("Sukhumvit Road", "Rama Road"), ("Bangkok", "Phuket")),
    Country("Indonesia", _IN_ONE, _AFTER, False, ("Jl. Sudirman No.", "Jl. Merdeka No."), ("Jakarta", "Bandung")),
    Country("Korea", _IN_ONE, _AFTER, True, ("Sejong-daero", "Jong-ro"), ("Seoul", "Busan", "Daegu", "Incheon")),
    Country("Pakistan", _IN_ONE, ("CITY CODE", "CITY- CODE"), True, _ENGLISH, ("Karachi", "Lahore", "Peshawar")),
    Country("Ukraine", _IN_ONE, ("CITY CODE", "CODE CITY"), False, _SLAVIC, ("Kyiv", "Lviv", "Odesa", "Kharkiv")),
    Country("Sweden", _IN_TWO, _or_with("SE"), False, _NORTHERN, ("Stockholm", "Lund", "Malmo", "Uppsala", "Umea")),
    Country("Czechia", _OFTEN_IN_TWO, _BEFORE, False, _SLAVIC, ("Praha 1", "Brno", "Plzen", "Ostrava", "Olomouc")),
    Country("Greece", _OFTEN_IN_TWO, _or_with("GR"), False, ("Ermou", "Stadiou"), ("Athina", "Patra", "Volos")),
    Country("Poland", ("##-###",), _BEFORE, False, _SLAVIC, ("Warszawa", "Krakow", "Gdansk", "Lodz", "Poznan")),
    Country("Austria", ("####",), _or_with("A"), False, _GERMAN, ("Wien", "Graz", "Linz", "Salzburg", "Innsbruck")),
    Country("Switzerland", ("####",), _or_with("CH"), False, _GERMAN, ("Bern", "Basel", "Chur", "St. Gallen")),
    Country("Denmark", ("####",), _or_with("DK"), False, _NORTHERN, ("Aarhus C", "Odense", "Esbjerg", "Roskilde")),
    Country("Norway", ("####",), _or_with("N"), False, _NORTHERN, ("Oslo", "Bergen", "Trondheim", "Hamar", "Bodo")),
    Country("Belgium", ("####",), _or_with("B"), False, _FRENCH, ("Bruxelles", "Gent", "Namur", "Antwerpen")),
    Country("Hungary", ("####",), _BEFORE_OR_ALONE, False, ("Petofi u.", "Fo utca"), ("Budapest", "Pecs", "Szeged")),
    Country("Australia", ("####",), _AFTER, True, _ENGLISH, ("PERTH WA", "SYDNEY NSW", "HOBART TAS", "Cairns QLD")),
    Country("New Zealand", ("####",), _AFTER, True, _ENGLISH, ("Wellington", "Auckland", "Dunedin", "Nelson")),
    Country("South Africa", ("####",), ("CITY CODE", "CODE", "CODE"), True, _ENGLISH, ("Cape Town", "Durban", "Paarl")),
    Country("Philippines", ("####",), ("CODE CITY", "CITY CODE"), True, _ENGLISH, ("Manila", "Cebu City", "Davao")),
    Country("India", _INDIAN, _DASHED, True, _ENGLISH, ("Mumbai", "New Delhi", "Pune (MH)", "Chennai", "Dist. Jaipur")),
    Country("Singapore", ("######",), _AFTER, True, _ENGLISH, ("Singapore",)),
    Country("China", ("######",), _BEFORE_OR_ALONE, True, ("Renmin Road", "Nanjing Road"), ("Beijing", "Wuhan")),
    Country("Vietnam", ("######",), _AFTER, True, ("Le Loi", "Tran Phu Street"), ("Ha Noi", "Da Nang", "Hue")),
    Country("Colombia", ("######",), ("CITY CODE", "CODE CITY"), False, _SPANISH, ("Bogota D.C.", "Cali", "Pasto")),
    Country("Romania", ("######",), _BEFORE, False, _SLAVIC, ("Bucuresti", "Cluj-Napoca", "Iasi", "Sibiu")),
    Country("Israel", ("#######",), ("CITY CODE", "CODE CITY"), False, ("Rehov Herzl", "Hayarkon"), ("Haifa", "Eilat")),
    Country("Chile", ("#######", "### ####"), ("CODE CITY", "CODE"), False, _SPANISH, ("Santiago", "Iquique", "Arica")),
    Country("Japan", ("###-####",), _BEFORE_OR_AFTER, True, ("Honcho", "Aoba-cho"), ("Tokyo", "Kyoto", "Sendai-shi")),
    Country("Portugal", ("####-###",), ("CODE CITY", "P-CODE CITY"), False, ("Rua Augusta",), ("Lisboa", "Porto")),
    Country("Brazil", ("#####-###",), _BRAZILIAN, False, ("Rua XV", "Av. Brasil"), ("Rio de Janeiro - RJ", "Natal RN")),
    Country("Russia", ("######",), ("CITY CODE", "CODE", "CODE CITY"), False, _SLAVIC, ("Moskva", "Tver", "Omsk")),
)
"""Name, how codes are written, the lines they stand on, whether a house's number stands before its street, streets,
cities. After what the Universal Postal Union says of its members' addresses, where codes have no letters."""


def countries_with(digits: int) -> tuple[Country, ...]:
    """The countries whose codes have so many digits."""
    return tuple(country for country in COUNTRIES if country.digits == digits)


def places_abroad(seed: int, count: int, countries: Sequence[Country] = COUNTRIES) -> tuple[Place, ...]:
    """Make places, each country as likely as any other."""
    rng = np.random.default_rng((seed, count))
    return tuple(_place(rng, countries[int(rng.integers(len(countries)))]) for _ in range(count))


def _place(rng: np.random.Generator, country: Country) -> Place:
    city = country.cities[int(rng.integers(len(country.cities)))]
    return Place("".join(map(str, rng.integers(0, 10, country.digits))), city, "", country)
