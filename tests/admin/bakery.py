"""The files of a bakery with three stores, as a German till writes them: cp1252, semicolons, commas, DD.MM.YYYY."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

STORES = ("Bäckerei Sonne Mitte", "Bäckerei Sonne Kreuzberg", "Bäckerei Sonne Prenzlauer Berg")


def write_bakery(folder: Path, products: int = 40, customers: int = 61, orders: int = 2000) -> None:
    """Writes six files; each order has three items."""
    _write(folder / "filialen.csv", "Filiale;Onlineshop", (f"{store};nein" for store in STORES))
    _write(
        folder / "artikel.csv",
        "Artikelnummer;Bezeichnung;Kategorie;Einkaufspreis;Preis;Beschreibung",
        (
            f"BR-{n:04};Brötchen {n};{('Brot', 'Brötchen', 'Kuchen')[n % 3]};{_euros(30 + n)};{_euros(_price(n))};"
            + ('"Mit ""Körnern""; lecker"' if n % 2 == 0 else "")
            for n in range(products)
        ),
    )
    _write(
        folder / "kunden.csv",
        "E-Mail;Vorname;Nachname;Telefon;Stammfiliale;Kunde seit",
        (
            f"kunde{n}@example.de;Jürgen;Groß;+49 30 {n:06};{STORES[n % 3].rpartition(' ')[2]};{_day(n % 300)}"
            for n in range(customers)
        ),
    )
    _write(
        folder / "bestand.csv",
        "Filiale;Artikelnummer;Bestand",
        (f"{store};BR-{n:04};{n}" for store in STORES for n in range(products)),
    )
    _write(
        folder / "bestellungen.csv",
        "Bestellnummer;Kunde;Filiale;Datum",
        (f"{n + 1};kunde{n % customers}@example.de;{STORES[n % 3]};{_day(n % 700)}" for n in range(orders)),
    )
    _write(
        folder / "positionen.csv",
        "Bestellnummer;Artikelnummer;Menge;Einzelpreis;Rabatt;Gesamtpreis",
        (
            f"{n + 1};BR-{product:04};{1 + n % 4};{_euros(_price(product))};0;{_euros((1 + n % 4) * _price(product))}"
            for n in range(orders)
            for product in ((n + item * 7) % products for item in range(3))
        ),
    )


def _write(file: Path, header: str, rows: Iterable[str]) -> None:
    with file.open("w", encoding="cp1252", newline="") as out:
        out.writelines(f"{row}\r\n" for row in (header, *rows))


def _price(product: int) -> int:
    return 120 + 7 * product


def _euros(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02}"


def _day(number: int) -> str:
    return (date(2024, 1, 1) + timedelta(number)).strftime("%d.%m.%Y")
