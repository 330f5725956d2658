"""The tables that files can be loaded into: their fields, natural keys, and names that files use for them."""

import re
import unicodedata
from dataclasses import dataclass

#: Kinds of values. "whole" is an integer, "amount" has two decimals, "moment" is a date with or without a time of day.


@dataclass(frozen=True)
class Field:
    """A value of a row. `key`: part of the natural key; `required`: in every file. `names` are other headers."""

    name: str
    meaning: str
    kind: str = "text"
    key: bool = False
    required: bool = False
    names: str = ""

    @property
    def is_required(self) -> bool:
        """Whether no row can be without it."""
        return self.key or self.required


@dataclass(frozen=True)
class Table:
    """A table, with words that file names use for it."""

    name: str
    fields: tuple[Field, ...]
    words: str

    def field(self, name: str) -> Field:
        """The field of a name."""
        return next(field for field in self.fields if field.name == name)


_STORE = "store_name shop filiale laden standort markt branch"
_SKU = "artikelnummer artikelnr artnr artno product_sku article item_code produktnummer"
_EMAIL = "email customer_email kunden_email kunde e_mail mail kundenemail"
_NUMBER = (
    "order_id order_no order bestellnummer bestellnr auftragsnummer auftrag bonnummer bonnr belegnummer beleg nummer"
)
_CATEGORY = "category_name kategorie warengruppe department abteilung"
_TYPE = "type_name product_type typ produkttyp art sorte"

_ORDER = (
    Field("order_number", "the order's number: a whole number, or any text", key=True, names=_NUMBER),
    Field("customer", "email address of the customer", required=True, names=_EMAIL),
    Field("store", "name of the store that sold it", required=True, names=_STORE),
    Field(
        "order_date", "day of the order", "date", required=True, names="date day datum bestelldatum verkaufsdatum tag"
    ),
)
_ITEM = (
    Field("sku", "the product's sku", key=True, names=_SKU),
    Field("quantity", "units, above 0", "whole", required=True, names="qty units menge anzahl stueck"),
    Field(
        "unit_price",
        "price of a unit before discount",
        "amount",
        required=True,
        names="price preis einzelpreis stueckpreis epreis",
    ),
    Field("discount_percent", "0 to 100; default 0", "whole", names="discount rabatt rabatt_prozent rabattprozent"),
    Field(
        "discount_amount",
        "discount of the row; default from the percentage",
        "amount",
        names="rabattbetrag rabatt_betrag",
    ),
    Field(
        "total_amount",
        "checked: quantity * unit_price - discount_amount",
        "amount",
        names="total amount summe gesamt betrag gesamtbetrag gesamtpreis umsatz",
    ),
    Field(
        "item_number",
        "distinguishes rows of one product in one order",
        "whole",
        names="position pos line_number order_item_id positionsnummer",
    ),
)

FLAT = Table("orders with items", (*_ORDER, *_ITEM), "")
TABLES = (
    Table(
        "stores",
        (
            Field(
                "store_name", "name of the store", key=True, names="name store shop filiale filialname laden standort"
            ),
            Field("is_online", "yes for an online store; default no", "yes_no", names="online onlineshop"),
            Field("user_id", "user id of the store's manager; default: a new one", "uuid", names="rls_user_id"),
        ),
        "stores store shops filialen filiale laeden standorte branches",
    ),
    Table(
        "categories",
        (Field("category", "name of the category", key=True, names=f"name {_CATEGORY}"),),
        "categories category kategorien warengruppen departments",
    ),
    Table(
        "product_types",
        (
            Field("category", "name of the category", key=True, names=_CATEGORY),
            Field("type", "name of the type within it", key=True, names=f"name {_TYPE}"),
        ),
        "product_types producttypes types typen produkttypen sorten",
    ),
    Table(
        "products",
        (
            Field("sku", "the product's number in the shop", key=True, names=_SKU),
            Field(
                "product_name",
                "name of the product",
                names="name product produkt produktname artikel bezeichnung artikelbezeichnung title",
            ),
            Field("category", "category; created if it is missing", names=_CATEGORY),
            Field("type", "type within the category; default: named as the category", names=_TYPE),
            Field("cost", "what the company pays for a unit", "amount", names="purchase_price einkaufspreis ek kosten"),
            Field(
                "base_price",
                "list price of a unit",
                "amount",
                names="price list_price preis verkaufspreis vk listenpreis",
            ),
            Field("gross_margin_percent", "default: computed from cost and base_price", "amount", names="margin marge"),
            Field("product_description", "may be empty; searches read it", names="description beschreibung text"),
        ),
        "products product articles produkte artikel sortiment catalogue catalog katalog",
    ),
    Table(
        "customers",
        (
            Field("email", "email address", key=True, names="customer_email e_mail mail emailadresse"),
            Field("first_name", "first name", names="vorname given_name firstname"),
            Field("last_name", "last name", names="nachname name family_name surname lastname"),
            Field("phone", "phone number", names="telefon telephone tel telefonnummer"),
            Field("store", "name of the store they usually buy from", names=f"primary_store stammfiliale {_STORE}"),
            Field(
                "created_at",
                "when they registered; default now",
                "moment",
                names="registered registriert kunde_seit angelegt since",
            ),
        ),
        "customers customer kunden kundenliste clients",
    ),
    Table(
        "inventory",
        (
            Field("store", "name of the store", key=True, names=_STORE),
            Field("sku", "the product's sku", key=True, names=_SKU),
            Field(
                "stock_level",
                "units on hand",
                "whole",
                required=True,
                names="stock quantity bestand lagerbestand menge anzahl",
            ),
        ),
        "inventory stock bestand bestaende lager lagerbestand",
    ),
    Table("orders", _ORDER, "orders order bestellungen auftraege verkaeufe sales belege bons kassenbons receipts"),
    Table(
        "order_items",
        (_ORDER[0], *_ITEM),
        "order_items orderitems items positionen bestellpositionen auftragspositionen lines order_lines",
    ),
)
_BY_NAME = {table.name: table for table in TABLES}
NAMES = tuple(_BY_NAME)


def table_named(name: str) -> Table:
    """The table with a name, with or without its schema. Raises KeyError."""
    return _BY_NAME[name.removeprefix("retail.")]


def plain(text: str) -> str:
    """A header or a word for comparison: letters and digits in lower case, umlauts as in ASCII."""
    text = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    text = "".join(
        character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character)
    )
    return re.sub(r"[^a-z0-9]", "", text)


def headers_of(field: Field) -> list[str]:
    """The headers that a field has in files, for comparison."""
    return [plain(name) for name in (field.name, *field.names.split())]
