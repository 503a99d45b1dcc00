"""Small reference tables every folder has: codes with translated titles, and currencies with their precision."""

from dataclasses import dataclass, field
from functools import cache

from driftd.simulator.json_values import Record


@dataclass(frozen=True, slots=True)
class Entry:
    """One code: its title by language, and further `$…` members of the `_REF` object."""

    titles: dict[str, str]
    extra: Record = field(default_factory=dict)


def _entry(english: str, french: str, **extra: str | int) -> Entry:
    return Entry({"ENG": english, "FRA": french}, {f"${name}": value for name, value in extra.items()})


TABLES: dict[str, dict[str, Entry]] = {
    "CUR": {
        "EUR": _entry("Euro", "Euro", symbol="€", scale=2, precision=13),
        "GBP": _entry("Pound sterling", "Livre sterling", symbol="£", scale=2, precision=13),
        "USD": _entry("US dollar", "Dollar US", symbol="$", scale=2, precision=13),
        "ZAR": _entry("Rand", "Rand", symbol="", scale=2, precision=13),
    },
    "CRY": {
        "FR": _entry("France", "France"),
        "GB": _entry("United Kingdom", "Royaume-Uni"),
        "DE": _entry("Germany", "Allemagne"),
        "ZA": _entry("South Africa", "Afrique du Sud"),
        "PT": _entry("Portugal", "Portugal"),
    },
    "PTE": {
        "FR30NET": _entry("30 days net", "30 jours net"),
        "FR45EOM": _entry("45 days end of month", "45 jours fin de mois"),
        "CASH": _entry("On receipt", "À réception"),
    },
    "FCY": {
        "FR011": _entry("Paris warehouse", "Entrepôt de Paris"),
        "FR012": _entry("Lyon office", "Agence de Lyon"),
        "GB011": _entry("London warehouse", "Entrepôt de Londres"),
        "": Entry({"ENG": "", "FRA": ""}),
    },
    "UOM": {
        "UN": _entry("Unit", "Unité"),
        "KG": _entry("Kilogram", "Kilogramme"),
        "CT": _entry("Carton", "Carton"),
    },
    "VAC": {
        "FRA": _entry("France", "France"),
        "EEC": _entry("European Union", "Union européenne"),
        "EXP": _entry("Export", "Exportation"),
    },
    "BPS": {
        "CN001": _entry("Shenzhen Components", "Shenzhen Components"),
        "DE014": _entry("Stahl & Söhne", "Stahl & Söhne"),
        "FR020": _entry("Métaux du Nord", "Métaux du Nord"),
        "GB007": _entry("Thames Freight", "Thames Freight"),
        "PT003": _entry("Cortiças Douro", "Cortiças Douro"),
        "ZA002": _entry("Cape Chemicals", "Cape Chemicals"),
    },
    "REP": {
        "EN001": _entry("Anna Field", "Anna Field"),
        "FR001": _entry("Claire Martin", "Claire Martin"),
        "": Entry({"ENG": "", "FRA": ""}),
    },
    "TCL": {
        "FINI": _entry("Finished product", "Produit fini"),
        "RAW": _entry("Raw material", "Matière première"),
        "SERV": _entry("Service", "Prestation"),
    },
}


@cache
def codes(table: str) -> tuple[str, ...]:
    """Return the codes of a table, in its order."""
    return tuple(TABLES[table])


@cache
def reference(table: str, code: str, language: str) -> Record:
    """Return the `_REF` object of a code; `{"$title": ""}` for an empty or unknown one. Not to be changed."""
    entry = TABLES[table].get(code)
    if entry is None or not code:
        return {"$title": ""}
    title = entry.titles[language]
    return {"$title": title, "$description": title, **entry.extra}
