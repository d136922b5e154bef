"""Names, homes and birthdays, by the words around them. Without a model most names stay unseen: the ticket's own
records know the names that matter (`known_entities`)."""

import re
from collections.abc import Iterator

from proofdesk.language.pii.plain import mentions
from proofdesk.language.pii.values import Found

_NAME = (
    r"[A-ZÀ-ÞŁŚŻŽČŠŐ][\w'’-]+(?:[ ](?:(?:von|van|de|del|della|di|da|dos|der|den|la|le|bin|al|el|y|e|"
    r"O')[ ]){0,2}(?:[A-ZÀ-ÞŁŚŻŽČŠŐ]\.?[ ])?[A-ZÀ-ÞŁŚŻŽČŠŐ][\w'’-]+){0,3}"
)
_TITLE = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam|Herr|Herrn|Frau|Monsieur|Madame|Mademoiselle|Mme|Mlle|M\.|Señor|"
    r"Señora|Sr|Sra|"
    r"Signor|Signora|Sig|Dott|Dhr|Mevr|Mevrouw|Meneer|Senhor|Senhora|Doña)\.?"
)
_SAID = (
    r"(?:[Mm]y (?:full |first |last |legal )?name is|[Mm]y name's|[Nn]ame on (?:the|my) (?:card|account|order) is|"
    r"(?:[Hh]ello|[Hh]i|[Hh]ey)[,!.]? (?:this is|I am|I'm|it's)|[Mm]ein Name (?:ist|lautet)|[Ii]ch heiße|"
    r"[Ii]ch heisse|"
    r"[Jj]e m'appelle|[Mm]on nom est|[Mm]e llamo|[Mm]i nombre es|[Mm]i chiamo|[Ii]l mio nome è|[Mm]ijn naam is|"
    r"[Ii]k heet|"
    r"[Oo] meu nome é|[Mm]eu nome é|[Cc]hamo-me|(?:^|\n)(?:Full |First |Last |Card ?holder |Customer )?[Nn]ame\s?:|"
    r"(?:^|\n)(?:Cardholder|Kontoinhaber|Titulaire|Titular|Intestatario|Naam|Nom|Nombre|Nome|Vorname|Nachname)\s?:)"
)
_REGARDS = (
    r"(?:[Kk]ind |[Bb]est |[Ww]arm |[Mm]any )?(?:[Rr]egards|[Tt]hanks|[Ss]incerely|[Cc]heers|[Bb]est wishes)|"
    r"[Yy]ours (?:sincerely|faithfully|truly)|"
    r"(?:[Mm]it )?(?:freundlichen|besten|vielen|lieben|herzlichen|schönen)? ?(?:Grüßen|Grüße|Gruß|Grüssen|"
    r"Gruss)|MfG|LG|VG|"
    r"[Cc]ordialement|[Bb]ien à vous|(?:[Un] )?(?:[Ss]aludos?|[Cc]ordiali saluti|[Dd]istinti saluti)|"
    r"[Mm]et vriendelijke groet(?:en)?|[Cc]umprimentos|"
    r"[Aa]tenciosamente"
)
_NAMED = re.compile(rf"(?:{_SAID})\s{{1,3}}(?:{_TITLE}[ ])?({_NAME})", re.MULTILINE)
_TITLED = re.compile(rf"(?<![\w]){_TITLE}[ ]({_NAME})")
_SIGNED = re.compile(rf"(?:^|\n|[.!?] )(?:{_REGARDS})[,.!]?[ ]?\n\s{{0,3}}({_NAME})[ ]?(?=\n|$)")
_NO_NAME = frozenset(
    ("I", "The", "This", "That", "My", "Your", "Our", "We", "You", "Please", "Thanks", "Hello", "Hi", "Not", "Support")
)

_NAMED_SIGNS = (
    "name", "naam", "nom", "hello", "hi", "hey", "heiße", "heisse", "appelle", "llamo", "chiamo", "heet", "chamo",
    "cardholder", "inhaber", "titula", "intestatario",
)  # fmt: skip
_STREET_EN = (
    r"(?:street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|square|sq|squares|"
    r"terrace|ter|way|"
    r"close|crescent|cres|highway|hwy|parkway|pkwy|row|gardens|grove|mews|hill|circle|cir|trail|trl|loop|walk|"
    r"wharf|quay|park)"
)
_WORD = r"[^\W\d_][\w'’.-]*"
_UNIT = (
    r"(?:,?\s{1,5}(?i:apt|apartment|suite|ste|unit|flat|floor|fl|room|rm|#|wohnung|whg|appt|appartement|piso|"
    r"int|scala|bus)\.?\s?[\w-]{1,6})?"
)
_TOWN = (
    rf"(?:,?\s{{1,6}}(?:[A-Z]{{1,2}}-)?\d{{4,5}}(?:[ -]\d{{3,4}}|[ ][A-Z]{{2}}(?=[ ]))?[ ]{_WORD}"
    rf"(?:[ -][A-ZÀ-Þ][\w'’-]+){{0,2}})?"
)
_US_TOWN = rf"(?:,?\s{{1,4}}{_WORD}(?:[ ]{_WORD}){{0,2}},?\s{{1,3}}[A-Z]{{2}}\s{{1,3}}\d{{5}}(?:-\d{{4}})?)?"
_STREETS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![\w])\d{{1,6}}[A-Za-z]?,?[ ](?:(?:N|S|E|W|NE|NW|SE|SW)\.?[ ])?(?:[A-ZÀ-Þ0-9][\w'’.-]*[ ]){{1,4}}"
        rf"(?i:{_STREET_EN})\b\.?"
        + _UNIT + _US_TOWN,
        r"(?<![\w])[A-ZÄÖÜ][\w'’-]{2,30}(?:straße|strasse|str\.?|gasse|weg|allee|platz|ring|damm|ufer|chaussee|steig|"
        r"straat|laan|gracht|kade|plein|dreef|singel|vej|gade|gatan|vägen|veien|gata|katu|tie)[ ]\d{1,5}"
        r"(?:[ ]?[a-zA-Z](?!\w))?(?:[ ]?[-/][ ]?\d{1,4})?"
        + _UNIT + _TOWN,
        r"(?<![\w])(?:[A-ZÄÖÜ][\w'’-]{1,30}[ ]){1,2}(?:Straße|Strasse|Str\.|Weg|Allee|Platz|Ring|Gasse|Damm|"
        r"Straat|Laan|Gracht|Plein|Kade)[ ]\d{1,5}(?:[ ]?[a-zA-Z](?!\w))?"
        + _UNIT + _TOWN,
        r"(?<![\w])\d{1,5}(?:[ ]?(?:bis|ter|[A-D]))?,?[ ](?:rue|avenue|av\.|boulevard|bd|place|chemin|allée|"
        r"impasse|quai|route|cours|passage|square)"
        r"[ ](?:(?:de|du|des|la|le|les|l'|d')[ ']?){0,3}[A-ZÀ-Þ0-9][\w'’-]*(?:[ -](?:(?:de|du|des|la|le|les|"
        r"et)[ ])?[A-ZÀ-Þ][\w'’-]*){0,4}"
        + _UNIT + _TOWN,
        r"(?<![\w])(?:[Cc]alle|C/|[Aa]venida|[Aa]vda\.?|[Pp]laza|[Pp]aseo|[Cc]amino|[Cc]arretera|[Vv]ia|"
        r"[Vv]iale|[Cc]orso|[Pp]iazza|[Vv]icolo|[Ll]argo|"
        r"[Rr]ua|[Tt]ravessa|[Pp]raça|[Aa]lameda|[Ee]strada|ul\.|ulica)[ ](?:(?:de|del|della|di|dei|da|do|dos|"
        r"das|la|las|los|el|delle|degli|san|santa)[ ]){0,3}"
        r"[A-ZÀ-Þ][\w'’-]*(?:[ ](?:(?:de|del|della|di|da|do|y|e|la)[ ]){0,2}[A-ZÀ-Þ][\w'’-]*){0,3},?[ ]"
        r"(?:n[.°º]?[ ]?)?\d{1,5}(?:[ ]?[-/]?[ ]?[A-Za-z](?!\w))?"
        + _UNIT + _TOWN,
        r"(?<![\w])(?:P\.? ?O\.? ?Box|Postfach|Postbus|Apartado|Casella [Pp]ostale|B\.?P\.?|PSC)[ ]"
        r"(?:no\.?[ ])?\d{1,7}(?:, Box \d+)?",
    )
)  # fmt: skip
_POSTCODE_UK = re.compile(r"(?<![\w-])(?:[A-Z]{1,2}\d[A-Z\d]?[ ]\d[ABD-HJLNP-UW-Z]{2})(?![\w-])")
_POSTCODE_CA = re.compile(r"(?<![\w-])[ABCEGHJ-NPRSTVXY]\d[A-Z][ ]\d[A-Z]\d(?![\w-])")
_POSTCODE = re.compile(
    r"\b(?:zip(?: ?code)?|post(?:al)? ?code|plz|postleitzahl|code postal|código postal|codigo postal|c\.?p\.?|"
    r"cap|cep)\b\W{0,3}"
    r"(?:is|ist|est|es|è)?\W{0,3}((?:[A-Z]{1,2}-)?\d{3,5}(?:[ -](?:\d{2,4}|[A-Z]{2}))?|"
    r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})(?!\w)",
    re.IGNORECASE,
)

_POSTCODE_SIGNS = ("zip", "post", "plz", "cp", "c.p", "cap", "cep")
_BIRTH_SIGNS = ("birth", "born", "dob", "d.o.b", "d.o.b.", "geb", "naissance", "née", "né ", "anniv", "nac", "cumple",
                "nat", "nasc")  # fmt: skip
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez|janv|févr|mars|avr|juin|juil|août|déc|"
    r"ene|abr|"
    r"ago|dic|gen|mag|giu|lug|set|ott|mrt|mei|fev|out)[\w.]*"
)
_DAY = (
    rf"\d{{1,4}}\s?[-./]\s?\d{{1,2}}\s?[-./]\s?\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th|\.|er|º)?\s(?:of\s|de\s|"
    rf"di\s)?{_MONTH},?\s(?:de\s|di\s)?\d{{4}}|"
    rf"{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}}"
)
_BIRTH = re.compile(
    r"\b(?:born(?: on)?|date of birth|birth ?date|birthday|d\.?o\.?b\.?|geboren(?: am| op)?|geb\.|geburtsdatum|"
    r"geburtstag|"
    r"née?(?:\(e\))? le|date de naissance|anniversaire|nacid[oa] el|nací el|fecha de nacimiento|cumpleaños|"
    r"nat[oa] il|data di nascita|"
    rf"geboortedatum|nascid[oa] (?:a|em)|nasci (?:a|em)|data de nascimento)\b\W{{0,4}}(?:is|ist|est|es|è|was|on|"
    rf"am|the)?\W{{0,3}}({_DAY})",
    re.IGNORECASE,
)  # fmt: skip


def people(text: str, lower: str) -> Iterator[Found]:
    looked = [_TITLED, *((_SIGNED,) if "\n" in text else ()), *((_NAMED,) if mentions(lower, _NAMED_SIGNS) else ())]
    for pattern in looked:
        for hit in pattern.finditer(text):
            if hit.group(1).split(" ", 1)[0] not in _NO_NAME:
                yield hit.start(1), hit.end(1), "PERSON", "pattern"


def places(text: str, lower: str) -> Iterator[Found]:
    """For texts with a digit in them: every form has one."""
    for pattern in _STREETS:
        yield from ((hit.start(), hit.end(), "ADDRESS", "pattern") for hit in pattern.finditer(text))
    for pattern in (_POSTCODE_UK, _POSTCODE_CA):
        yield from ((hit.start(), hit.end(), "POSTCODE", "pattern") for hit in pattern.finditer(text))
    for hit in _POSTCODE.finditer(text) if mentions(lower, _POSTCODE_SIGNS) else ():
        yield hit.start(1), hit.end(1), "POSTCODE", "pattern"
    for hit in _BIRTH.finditer(text) if mentions(lower, _BIRTH_SIGNS) else ():
        yield hit.start(1), hit.end(1), "BIRTH_DATE", "pattern"
