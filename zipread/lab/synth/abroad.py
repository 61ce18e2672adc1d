"""Places in other countries, as far as the look of mail hangs on them: real cities, invented codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zipread.lab.synth.places import Country, Place

_GERMAN = ("Bahnhofstrasse", "Hauptstrasse", "Gartenweg", "Schillerplatz", "Am Markt", "Lindenallee")
_FRENCH = ("rue Pasteur", "avenue de la Gare", "rue du Moulin", "place Carnot", "chemin des Vignes")
_NORTHERN = ("Storgatan", "Kirkegata", "Skovvej", "Strandvejen", "Parkveien", "Nygade")
_ENGLISH = ("Station Road", "Church Street", "Mill Lane", "Queen Street", "Park Avenue", "Gandhi Road")
_SPANISH = ("Calle Mayor", "Avenida Juarez", "Calle de la Cruz", "Paseo del Prado", "Calle Hidalgo")

COUNTRIES = (
    Country("Germany", 5, True, False, _GERMAN, ("Berlin", "Hamburg", "Leipzig", "Ulm", "Bremen", "Bad Homburg")),
    Country("France", 5, True, True, _FRENCH, ("Paris", "Lyon", "Nantes", "Dijon", "Saint Denis", "Metz")),
    Country("Italy", 5, True, False, ("Via Roma", "Via Verdi", "Piazza Dante"), ("Milano", "Torino", "Bari", "Pisa")),
    Country("Spain", 5, True, False, _SPANISH, ("Madrid", "Sevilla", "Bilbao", "Toledo", "Cadiz")),
    Country("Finland", 5, True, False, ("Mannerheimintie", "Kirkkokatu"), ("Helsinki", "Turku", "Oulu", "Vaasa")),
    Country("Mexico", 5, True, False, _SPANISH, ("Puebla", "Monterrey", "Oaxaca", "Guadalajara")),
    Country("Malaysia", 5, True, True, ("Jalan Ampang", "Jalan Merdeka"), ("Kuala Lumpur", "Ipoh", "Melaka")),
    Country("Thailand", 5, False, True, ("Sukhumvit Road", "Rama Road"), ("Bangkok", "Chiang Mai", "Phuket")),
    Country("Korea", 5, False, True, ("Sejong-daero", "Jong-ro"), ("Seoul", "Busan", "Daegu", "Incheon")),
    Country("Pakistan", 5, False, True, _ENGLISH, ("Karachi", "Lahore", "Multan", "Peshawar")),
    Country("Austria", 4, True, False, _GERMAN, ("Wien", "Graz", "Linz", "Salzburg")),
    Country("Switzerland", 4, True, False, _GERMAN, ("Bern", "Basel", "Chur", "St. Gallen", "Luzern")),
    Country("Denmark", 4, True, False, _NORTHERN, ("Aarhus", "Odense", "Esbjerg", "Roskilde")),
    Country("Norway", 4, True, False, _NORTHERN, ("Oslo", "Bergen", "Trondheim", "Hamar")),
    Country("Belgium", 4, True, False, _FRENCH, ("Bruxelles", "Gent", "Namur", "Antwerpen")),
    Country("Australia", 4, False, True, _ENGLISH, ("Perth WA", "Sydney NSW", "Hobart TAS", "Cairns QLD")),
    Country("India", 6, False, True, _ENGLISH, ("Mumbai", "New Delhi", "Pune", "Chennai", "Jaipur")),
    Country("Singapore", 6, False, True, _ENGLISH, ("Singapore",)),
    Country("China", 6, True, True, ("Renmin Road", "Nanjing Road"), ("Beijing", "Shanghai", "Wuhan", "Harbin")),
)
"""Name, digits of a code, whether it stands before its city, whether a house's number stands before its street,
streets, cities. After what the Universal Postal Union says of its members' addresses, where codes have no letters."""


def places_abroad(seed: int, count: int, countries: Sequence[Country] = COUNTRIES) -> tuple[Place, ...]:
    """Make places, each country as likely as any other."""
    rng = np.random.default_rng((seed, count))
    return tuple(_place(rng, countries[int(rng.integers(len(countries)))]) for _ in range(count))


def _place(rng: np.random.Generator, country: Country) -> Place:
    city = country.cities[int(rng.integers(len(country.cities)))]
    return Place("".join(map(str, rng.integers(0, 10, country.digits))), city, "", country)
