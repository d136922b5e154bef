"""Invented people, places and goods of Larkfield. Any likeness to real ones is by chance."""

PEOPLE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        ("Hazel", "Rowan", "Imogen", "Jasper", "Beatrix", "Callum", "Delia", "Ewan", "Fern", "Gideon", "Harriet",
         "Miles"),
        ("Ashdown", "Birchall", "Coldwell", "Dunmore", "Eastlake", "Fairweather", "Greenhalgh", "Holloway", "Kestrel",
         "Larkspur", "Merriden", "Northcott"),
    ),
    "de": (
        ("Annika", "Bastian", "Carla", "Dietmar", "Elke", "Falk", "Greta", "Henning"),
        ("Birkenfeld", "Dornbusch", "Eichendorf", "Feldkamp", "Hagenau", "Krähwinkel", "Müllerstedt", "Weißbach"),
    ),
    "fr": (
        ("Aurélie", "Bastien", "Clémence", "Damien", "Élodie", "Fabrice"),
        ("Beaumarais", "Chantreau", "Deslauriers", "Fontanel", "Marchebois", "Vauclair"),
    ),
    "es": (("Adriana", "Bruno", "Carmen", "Diego"), ("Almazán", "Castroviejo", "Montenegro", "Robledal")),
    "it": (("Alba", "Bruno", "Chiara", "Dario"), ("Bellacqua", "Campofiore", "Montalbani", "Serravalle")),
    "nl": (("Anouk", "Bram", "Femke", "Joost"), ("van der Beemd", "Dijkgraaf", "Koningsveld", "Waterman")),
}  # fmt: skip

PLACES: tuple[tuple[str, str, str, str, str, str, str], ...] = (
    # country, region, city, postcode pattern, language, currency, jurisdiction
    ("US", "CA", "Sacramento", "958##", "en", "USD", "US-CA"),
    ("US", "NY", "Albany", "122##", "en", "USD", "US-NY"),
    ("US", "TX", "Austin", "787##", "en", "USD", "US-TX"),
    ("US", "WA", "Spokane", "992##", "en", "USD", "US-WA"),
    ("US", "OH", "Dayton", "454##", "en", "USD", "US-OH"),
    ("GB", "", "Leeds", "LS# #QD", "en", "GBP", "GB"),
    ("GB", "", "Bristol", "BS# #TN", "en", "GBP", "GB"),
    ("IE", "", "Galway", "H91 #X#F", "en", "EUR", "IE"),
    ("DE", "", "Freiburg", "791##", "de", "EUR", "DE"),
    ("DE", "", "Kassel", "341##", "de", "EUR", "DE"),
    ("AT", "", "Graz", "80##", "de", "EUR", "AT"),
    ("FR", "", "Nantes", "440##", "fr", "EUR", "FR"),
    ("ES", "", "Valencia", "460##", "es", "EUR", "ES"),
    ("IT", "", "Bologna", "401##", "it", "EUR", "IT"),
    ("NL", "", "Utrecht", "35## AB", "nl", "EUR", "NL"),
)

STREETS: dict[str, tuple[str, ...]] = {
    "en": ("Orchard Lane", "Millrace Road", "Juniper Street", "Harbour View", "Quarry Hill"),
    "de": ("Lindenweg", "Am Mühlbach", "Sonnenhalde", "Gartenstraße"),
    "fr": ("rue des Tilleuls", "allée du Moulin", "rue de la Fontaine"),
    "es": ("calle del Olmo", "calle de la Fuente", "avenida del Puerto"),
    "it": ("via dei Tigli", "via del Mulino", "viale della Stazione"),
    "nl": ("Lindelaan", "Molenpad", "Havenstraat"),
}

COMPANIES: tuple[str, ...] = (
    "Brightwater Design", "Hollin & Thorpe", "Quillfeather Press", "Nordhang Architektur", "Studio Marchebois",
    "Fenwick Analytics", "Copperbeech Legal", "Tidewell Logistics", "Ostara Foods", "Kiln & Clay",
)  # fmt: skip

# name, price of the simplest variant in minor units, options with what each value adds
CATALOGUE: tuple[tuple[str, int, dict[str, dict[str, int]]], ...] = (
    ("Alder Desk", 28900, {"width": {"120 cm": 0, "140 cm": 3000, "160 cm": 6000},
                           "finish": {"oak": 0, "walnut": 4500}}),
    ("Rise Standing Desk", 54900, {"width": {"120 cm": 0, "160 cm": 8000},
                                   "colour": {"white": 0, "black": 0, "oak": 3000}}),
    ("Heron Desk Chair", 24900, {"colour": {"grey": 0, "green": 0, "black": 0},
                                 "armrests": {"fixed": 0, "adjustable": 3500}}),
    ("Wren Stool", 7900, {"colour": {"birch": 0, "black": 0}, "height": {"45 cm": 0, "65 cm": 1000}}),
    ("Lumen Desk Lamp", 5900, {"colour": {"brass": 500, "white": 0, "black": 0}}),
    ("Lumen Floor Lamp", 11900, {"colour": {"brass": 500, "white": 0}}),
    ("Stork Monitor Arm", 9900, {"screens": {"single": 0, "double": 4000}, "colour": {"silver": 0, "black": 0}}),
    ("Larch Bookshelf", 18900, {"height": {"120 cm": 0, "180 cm": 4000}, "finish": {"oak": 0, "walnut": 3000}}),
    ("Cubby Drawer Unit", 14900, {"drawers": {"two": 0, "three": 2500}, "colour": {"white": 0, "grey": 0}}),
    ("Tern Keyboard", 8900, {"layout": {"US": 0, "UK": 0, "German": 0}, "colour": {"white": 0, "graphite": 0}}),
    ("Plover Mouse", 4900, {"hand": {"left": 0, "right": 0}, "colour": {"white": 0, "graphite": 0}}),
    ("Felt Desk Mat", 3400, {"size": {"small": 0, "large": 900}, "colour": {"grey": 0, "moss": 0}}),
    ("Ledge Footrest", 4400, {"colour": {"black": 0, "birch": 400}}),
    ("Chalk Whiteboard", 6900, {"size": {"60 x 45 cm": 0, "90 x 60 cm": 2400}}),
    ("Robin Headset", 12900, {"connection": {"cable": 0, "wireless": 3000}, "colour": {"black": 0, "white": 0}}),
    ("Finch Webcam", 7400, {"resolution": {"1080p": 0, "4K": 5000}}),
    ("Pocket Planter", 2400, {"size": {"small": 0, "medium": 600}, "colour": {"terracotta": 0, "white": 0}}),
    ("Paper Tray", 1900, {"tiers": {"two": 0, "three": 500}, "colour": {"white": 0, "black": 0}}),
    ("Cable Channel", 1600, {"length": {"1 m": 0, "2 m": 700}}),
    ("Wall Clock", 3900, {"colour": {"white": 0, "oak": 700}}),
    ("Desk Organiser", 2900, {"finish": {"oak": 0, "walnut": 600}}),
    ("Acoustic Panel", 5400, {"colour": {"grey": 0, "blue": 0, "moss": 0}}),
    ("Gift Wrap", 500, {"colour": {"green": 0, "red": 0}}),
    ("Notebook Set", 1500, {"paper": {"lined": 0, "dotted": 0, "plain": 0}}),
)  # fmt: skip

# id, name, price per seat and month in minor units
PLANS: tuple[tuple[str, str, int], ...] = (
    ("plan-solo", "Larkfield Plan Solo", 900),
    ("plan-team", "Larkfield Plan Team", 1400),
    ("plan-business", "Larkfield Plan Business", 2200),
    ("plan-enterprise", "Larkfield Plan Enterprise", 3600),
)

DOCUMENTS: tuple[tuple[str, str, str], ...] = (
    ("doc-soc2", "SOC 2 Type II report", "under_agreement"),
    ("doc-iso27001", "ISO/IEC 27001 certificate", "public"),
    ("doc-dpa", "Data processing agreement", "public"),
    ("doc-subprocessors", "List of subprocessors", "public"),
    ("doc-pentest", "Penetration test summary", "under_agreement"),
)
