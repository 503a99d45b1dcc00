"""The words that names, addresses and descriptions are made of."""

FIRST = ("Ace", "Nord", "Établissements", "Müller", "Delta", "Blue River", "Cape", "São", "Atlas", "Old Mill", "Łódź")
SECOND = (
    "Trading",
    "Works",
    "Foods",
    "Marine",
    "Optics",
    "Textiles",
    "Energy",
    "& Sons",
    "Logistics",
    "Paper",
    '"Plus"',
)
FORM = ("Ltd", "SARL", "GmbH", "PLC", "SA", "Inc.", "(Pty) Ltd")
STREETS = ("1 High Street", "12 rue de l'Église", "Hauptstraße 7", "Unit 4\\5, Dock Road", "99 Long Street")
WEB = ("https://www.ace-trading.example/order/welcome.html", "https://shop.blue-river.example/fr/catalogue/")
TOWNS = ("PARIS", "LYON", "LONDON", "CAPE TOWN", "KÖLN", "PORTO")
THINGS = ("Bolt M8", "Valve", "Copper pipe", "Pump", "Filter 0,2 µm", "Gasket", "Bearing", "Sensor", "Cable 3×1.5 mm²")
KINDS = ("standard", "long", "stainless", "2nd choice", "spare part", "export")
NOTES = ("urgent", "as agreed", "by phone", "second notice", "see contract", "à vérifier")
