"""Personal data found by its own form: checksums first, patterns with context where there is no checksum."""

import ipaddress
import re
from collections.abc import Callable, Iterator

import phonenumbers
from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pt import nif
from stdnum.us import ssn

from proofdesk.language.pii.values import Kind

Found = tuple[int, int, Kind, str]
"""start, end, kind, source"""

_CONTEXT_CHARS = 40
_MAX_PHONES = 20
"""Phone candidates parsed per text: each costs some 50 µs."""
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "PT")
_EMAIL = re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_CARD = re.compile(r"(?<![\w.+])\d(?:[ -]?\d){11,18}(?![\w]|\.\d)")
_CARD_FORMS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7]|35)\d{14}|3[47]\d{13}|3[0689]\d{12,14}|(?:1800|2131)\d{11}|"
    r"(?:5[06-8]|6\d)\d{10,17}|0604\d{8,15}"
)
"""First digits and lengths of the card schemes (ISO/IEC 7812): one random number in ten passes Luhn alone."""
_CVV = re.compile(
    r"\b(?:cvv2?|cvc2?|cid|security code|card code|verification code on the back|sicherheitscode|kartenprüfnummer|"
    r"prüfziffer|cryptogramme|code de sécurité|código de seguridad|codice di sicurezza|beveiligingscode|"
    r"código de segurança)\b\W{0,3}(?:is|ist|est|es|è|code|number|nummer)?\W{0,3}(\d{3,4})(?!\d)",
    re.IGNORECASE,
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?!\w)", re.IGNORECASE)
_SSN = re.compile(r"(?<![\w-])\d{3}([- ])\d{2}\1\d{4}(?![\w-])")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
_VERSION = re.compile(r"(?:\bversion|\bv|\bfirmware|\brelease)\W{0,3}$", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.,/#])(?:\+|00|\()?\d[\d ().\-/]{5,22}\d(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w])")
_PHONE_CONTEXT = re.compile(
    r"(?:phone|call|cell|mobile|tel|telephone|whatsapp|text me|sms|fax|reach me|ring|contact|my number|handy|telefon|"
    r"rufnummer|mobil|anrufen|erreichen|téléphone|portable|appel|teléfono|móvil|llám|telefono|cellulare|chiam|"
    r"telefoon|mobiel|bellen|telefone|telemóvel|celular|ligue)",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"(?:order|invoice|ticket|tracking|reference|ref|account|item|customer|parcel|serial|id|bestell\w*|auftrag\w*|"
    r"rechnung\w*|kunden\w*|commande|facture|pedido|factura|ordine|fattura|bestelling|factuur|fatura|encomenda)"
    r"(?:\s?(?:number|no|nr|num|nummer|numéro|número|numero|id|is|ist|n))?[\s.:#°º]{0,4}$",
    re.IGNORECASE,
)
"""An order number must not be taken for a phone number: it is what the ticket is about."""
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[ T].*)?")
_NATIONAL: tuple[tuple[re.Pattern[str], Callable[[str], bool], str], ...] = (
    (re.compile(r"(?<!\w)\d{8}-?[A-Z](?!\w)"), dni.is_valid, ""),
    (re.compile(r"(?<!\w)[XYZ]-?\d{7}-?[A-Z](?!\w)"), nie.is_valid, ""),
    (re.compile(r"(?<!\w)[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z](?!\w)", re.I), codicefiscale.is_valid, ""),
    (re.compile(r"(?<!\w)[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}(?!\w)"), nir.is_valid, ""),
    (re.compile(r"(?<!\w)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)"), cpf.is_valid, ""),
    (re.compile(r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"), bool, ""),
    (re.compile(r"(?<!\w)\d{9}(?!\w)"), ssn.is_valid, r"\bssn\b|social security"),
    (re.compile(r"(?<!\w)\d{9}(?!\w)"), bsn.is_valid, r"\bbsn\b|burgerservicenummer"),
    (re.compile(r"(?<!\w)\d{3} ?\d{3} ?\d{3}(?!\w)"), nif.is_valid, r"\bnif\b|contribuinte"),
    (re.compile(r"(?<!\w)\d{2} ?\d{3} ?\d{3} ?\d{3}(?!\w)"), idnr.is_valid, r"steuer|identifikationsnummer|\bidnr\b"),
)


def find_by_form(text: str) -> Iterator[Found]:
    """Everything in `text` that shows by itself what it is. Spans may overlap; the caller settles that."""
    if "@" in text:
        yield from ((hit.start(), hit.end(), "EMAIL", "pattern") for hit in _EMAIL.finditer(text))
    if re.search(r"\d", text):
        yield from _cards(text)
        yield from _ibans(text)
        yield from _identities(text)
        yield from _phones(text)
    yield from _addresses_of_machines(text)


def _cards(text: str) -> Iterator[Found]:
    for hit in _CARD.finditer(text):
        digits = re.sub(r"\D", "", hit.group())
        if _CARD_FORMS.fullmatch(digits) and luhn.is_valid(digits) and len(set(digits)) > 1:
            yield hit.start(), hit.end(), "CARD", "checksum"
    for hit in _CVV.finditer(text):
        yield hit.start(1), hit.end(1), "CVV", "pattern"


def _ibans(text: str) -> Iterator[Found]:
    for hit in _IBAN.finditer(text):
        candidate = hit.group()
        ends = [len(candidate), *(gap.start() for gap in re.finditer(r"[ -]", candidate))]
        for end in sorted(ends, reverse=True):
            if end >= 15 and iban.is_valid(candidate[:end], check_country=False):
                yield hit.start(), hit.start() + end, "IBAN", "checksum"
                break


def _identities(text: str) -> Iterator[Found]:
    for hit in _SSN.finditer(text):
        if ssn.is_valid(hit.group().replace(" ", "-")):
            yield hit.start(), hit.end(), "SSN", "checksum"
    for pattern, valid, context in _NATIONAL:
        if context and not re.search(context, text, re.IGNORECASE):
            continue
        for hit in pattern.finditer(text):
            if valid(hit.group()):
                yield hit.start(), hit.end(), "NATIONAL_ID", "checksum"


def _addresses_of_machines(text: str) -> Iterator[Found]:
    for pattern in (_IPV4, _IPV6):
        for hit in pattern.finditer(text):
            try:
                ipaddress.ip_address(hit.group())
            except ValueError:
                continue
            if not _VERSION.search(text[max(0, hit.start() - 12) : hit.start()]) and hit.group() != "::":
                yield hit.start(), hit.end(), "IP", "pattern"


def _phones(text: str) -> Iterator[Found]:
    for number, hit in enumerate(_PHONE.finditer(text)):
        if number >= _MAX_PHONES:
            return
        if _is_phone(hit.group(), text[max(0, hit.start() - _CONTEXT_CHARS) : hit.start()]):
            yield hit.start(), hit.end(), "PHONE", "pattern"


def _is_phone(candidate: str, before: str) -> bool:
    digits = sum(letter.isdigit() for letter in candidate)
    if not 7 <= digits <= 18 or _DATE.fullmatch(candidate) or _IPV4.fullmatch(candidate):
        return False
    if candidate.startswith(("+", "00")):
        plus = "+" + candidate.removeprefix("00").lstrip("+")
        return _parsed(plus, None, phonenumbers.is_possible_number)
    if _OTHER_NUMBER.search(before):
        return False
    if _PHONE_CONTEXT.search(before):
        return any(_parsed(candidate, region, phonenumbers.is_possible_number) for region in _REGIONS[:2])
    if digits < 10 or len(re.findall(r"[.\-/ ]+", candidate)) < 2:
        return False
    return any(_parsed(candidate, region, phonenumbers.is_valid_number) for region in _REGIONS)


def _parsed(candidate: str, region: str | None, accepts: Callable[[phonenumbers.PhoneNumber], bool]) -> bool:
    try:
        return bool(accepts(phonenumbers.parse(candidate, region)))
    except phonenumbers.NumberParseException:
        return False
