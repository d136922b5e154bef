"""How somebody is reached: e-mail (also spelled out), phone numbers, and the addresses of machines."""

import ipaddress
import re
from collections.abc import Callable, Iterator

import phonenumbers

from proofdesk.language.pii.money import names_another_number
from proofdesk.language.pii.plain import mentions
from proofdesk.language.pii.values import Found

MAX_PHONES = 20
"""Phone candidates parsed per text: each costs some 50 µs."""
MAX_PHONE_DIGITS = 15
"""ITU-T E.164."""
MIN_GROUPS, MAX_GROUPS = 2, 6
"""Of digits in a phone number that no word announces."""
_CONTEXT_CHARS = 40
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "PT", "AT", "CH", "BE", "SE", "DK", "PL", "AU", "IN", "BR", "IE")
_WITH_CONTEXT = ("US", "GB", "DE", "IT", "DK")
"""Tried for possible lengths where a word says that it is a phone number."""

_EMAIL = re.compile(
    r"[\w.+%'&/=!#$*-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}|[\w.+%'-]{1,64}@\[\d{1,3}(?:\.\d{1,3}){3}\]"
)
_AT = r"(?: ?[\[({<] ?(?:at|ät|@|arroba|chiocciola|arobase) ?[\])}>] ?| ?@ ?)"
_DOT = r"(?: ?[\[({<] ?(?:dot|punkt|punto|point|punt|ponto|\.) ?[\])}>] ?| (?:dot|punkt|punto|point) |\.)"
_EMAIL_SPELLED = re.compile(
    rf"[\w+-]{{1,32}}(?:{_DOT}[\w+-]{{1,32}}){{0,3}}{_AT}[\w-]{{1,40}}(?:{_DOT}[a-z][\w-]{{1,30}}){{1,4}}|"
    r"[\w.+-]{1,64} (?:at|arroba|chiocciola|arobase) (?!(?:the|a|an|our|my|your|this|that)\b)"
    r"[\w-]{1,40}(?: (?:dot|punkt|punto|point) [a-z]{2,24}){1,4}",
    re.IGNORECASE,
)
_SPELLED_SIGNS = (
    "(at", "[at", "{at", "<at", "( at", "[ at", "at)", "at]", "(ät", "[ät", "(@", "[@", " @", "@ ", " arroba ",
    " chiocciola ", " arobase ", " dot ", " punkt ", " punto ", "(dot", "[dot", "(punkt", "[punkt",
)  # fmt: skip
_HANDLE = re.compile(
    r"\b(?:twitter|instagram|telegram|skype|discord|tiktok|x)(?: handle| id| name| user(?:name)?)?\W{1,4}(?:is|"
    r":)?\W{0,2}"
    r"(@[\w.]{2,30})", re.IGNORECASE
)  # fmt: skip

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3}|)(?![\w:])", re.IGNORECASE
)
_VERSION = re.compile(
    r"(?:\bversion|\bv|\bfirmware|\brelease|\bbuild|\bsection|\bclause|\bpatch)\W{0,3}$", re.IGNORECASE
)
_MAC = re.compile(
    r"(?<![\w:-])(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})"
    r"(?![\w:-])",
    re.IGNORECASE,
)

_PHONE = re.compile(
    r"(?<![\w.,/#$€£-])(?:\+ ?|00|\()?\d[\d ().\-/]{4,22}\d(?:\s?(?:x|ext\.?|extension|durchwahl|"
    r"poste)\s?\d{1,6})?(?![\w%€$£])",
    re.IGNORECASE,
)
_PHONE_WORD = re.compile(
    r"phone|\bcall|\bcell|mobile|\btel\b|\btel[.:]|telephone|whatsapp|text me|\bsms|\bfax|reach (?:me|us)|"
    r"\bring|contact|"
    r"my number|answering at|messages to|handy|telefon|rufnummer|mobil|anrufen|erreichbar|erreichen|téléphone|"
    r"portable|appel|"
    r"joindre|teléfono|móvil|llám|llamar|telefono|cellulare|chiam|telefoon|mobiel|bellen|telefone|telemóvel|"
    r"celular|ligue",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"(?:account|customer|\bref|\bid|kunden\w*|client[ei]?|cliente|klant\w*|amount|total|betrag|montant|importe|"
    r"sku|model|"
    r"version|build|release|firmware|case|zip|plz|postcode|iban|card|code)(?:\s?(?:number|no|nr|num|nummer|numéro|número|numero|id|is|"
    r"ist|n))?"
    r"[\s.:#°º]{0,4}$",
    re.IGNORECASE,
)
"""A number of something else must not be taken for a phone number: it is what the ticket is about."""
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[ T].*)?|(?:19|20)\d\d \d\d? \d\d?|\d\d? \d\d? (?:19|20)\d\d")
_AMOUNT = re.compile(r"\d{1,3}(?:[ .]\d{3})+")
_MONEY_AFTER = re.compile(
    r"^[,.]?\d{0,2}\s?(?:€|\$|£|eur|usd|gbp|chf|euros?|dollars?|pounds?|kr|"
    r"zł)\b",
    re.IGNORECASE,
)


def contacts(text: str, lower: str) -> Iterator[Found]:
    if "@" in text:
        yield from ((hit.start(), hit.end(), "EMAIL", "pattern") for hit in _EMAIL.finditer(text))
        yield from ((hit.start(1), hit.end(1), "URL", "pattern") for hit in _HANDLE.finditer(text))
    if mentions(lower, _SPELLED_SIGNS):
        yield from ((hit.start(), hit.end(), "EMAIL", "pattern") for hit in _EMAIL_SPELLED.finditer(text))


def phones(text: str) -> Iterator[Found]:
    for number, hit in enumerate(_PHONE.finditer(text)):
        if number >= MAX_PHONES:
            return
        before = text[max(0, hit.start() - _CONTEXT_CHARS) : hit.start()]
        if _MONEY_AFTER.match(text[hit.end() : hit.end() + 12]):
            continue
        if _is_phone(hit.group(), before):
            yield hit.start(), hit.end(), "PHONE", "pattern"


def machines(text: str) -> Iterator[Found]:
    for pattern in (_IPV4, _IPV6) if text.count(":") > 1 else (_IPV4,):
        for hit in pattern.finditer(text):
            try:
                ipaddress.ip_address(hit.group())
            except ValueError:
                continue
            if not _VERSION.search(text[max(0, hit.start() - 12) : hit.start()]) and hit.group() != "::":
                yield hit.start(), hit.end(), "IP", "pattern"
    for hit in _MAC.finditer(text):
        yield hit.start(), hit.end(), "MAC", "pattern"


def _is_phone(candidate: str, before: str) -> bool:
    main = re.split(r"\s?(?:x|ext|durchwahl|poste)", candidate, flags=re.IGNORECASE)[0]
    digits = sum(letter.isdigit() for letter in main)
    if (
        not 7 <= digits <= MAX_PHONE_DIGITS + 2 * main.startswith("00")
        or _DATE.fullmatch(main)
        or _IPV4.fullmatch(main)
    ):
        return False
    if main.startswith(("+", "00")):
        plus = "+" + main.removeprefix("00").lstrip("+ ")
        return _parsed(plus, None, phonenumbers.is_possible_number)
    if names_another_number(before) or _OTHER.search(before):
        return False
    if _PHONE_WORD.search(before):
        return any(_parsed(main, region, phonenumbers.is_possible_number) for region in _WITH_CONTEXT)
    if (
        digits < 9
        or not MIN_GROUPS <= len(re.findall(r"\d+", main)) <= MAX_GROUPS
        or len(re.findall(r"[.\-/ )(]+", main)) < 2
        or _AMOUNT.fullmatch(main)
    ):
        return False
    return any(_parsed(main, region, phonenumbers.is_valid_number) for region in _REGIONS)


def _parsed(candidate: str, region: str | None, accepts: Callable[[phonenumbers.PhoneNumber], bool]) -> bool:
    try:
        return bool(accepts(phonenumbers.parse(candidate, region)))
    except phonenumbers.NumberParseException:
        return False
