"""Means of payment: cards and their codes, IBANs, bank accounts named as such, coin addresses."""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256

from stdnum import bitcoin, iban, luhn

from proofdesk.language.pii.plain import mentions
from proofdesk.language.pii.values import Found

MAX_GROUPS = 40
"""Groups of digits of one run looked at: a page of digits is no card number."""
MAX_WHOLE_GROUPS = 6
_RUN = re.compile(r"(?<![\d.,+])\d(?:[ ._/:-]{0,3}\d)+")
_CARD_FORMS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7]|35)\d{14}|3[47]\d{13}|3[0689]\d{12,14}|(?:1800|2131)\d{11}|"
    r"(?:5[06-8]|6\d)\d{10,17}|0604\d{8,15}|9792\d{12}|220[0-4]\d{12,15}"
)
"""First digits and lengths of the card schemes (ISO/IEC 7812): one random number in ten passes Luhn alone."""
_GROUPINGS = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 5), (8, 8), (6, 10), (4, 4, 4, 3)})
"""How people space a card inside a longer row of digits (an expiry date or code often follows)."""
_CARD_WORD = re.compile(
    r"card|visa|master|maestro|amex|american express|diners|discover|\bpan\b|kart[ea]|carte|tarjeta|carta|kaart|"
    r"cart[aã]o|"
    r"\bcc\b|debit|credit|kredit|crédit|crédito|credito",
    re.IGNORECASE,
)
_OTHER_ID = re.compile(
    r"(?:order|invoice|ticket|tracking|reference|parcel|serial|item|shipment|sku|bestell\w*|auftrag\w*|rechnung\w*|"
    r"sendung\w*|commande|facture|colis|pedido|factura|ordine|fattura|spedizione|bestelling|factuur|zending|fatura|"
    r"encomenda)(?:\s?(?:number|no|nr|num|nummer|numéro|número|numero|code|id|is|ist|n))?[\s.:#°º]{0,4}$",
    re.IGNORECASE,
)
_CVV = re.compile(
    r"\b(?:cvv2?|cvc2?|cvn|csc|cid|security code|card code|verification code on the back|sicherheitscode|"
    r"kartenprüfnummer|prüfziffer|prüfnummer|cryptogramme(?: visuel)?|code de sécurité|código de seguridad|"
    r"codice di sicurezza|beveiligingscode|veiligheidscode|código de segurança)\b\W{0,3}"
    r"(?:is|ist|lautet|est|es|è|code|number|nummer)?\W{0,3}(\d{3,4})(?!\d)",
    re.IGNORECASE,
)
_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 "
    "EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 "
    "KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 "
    "PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 "
    "UA29 VA22 VG24 XK20 YE30"
)
_IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _LENGTHS.split(" ")}
"""Letters and digits of an IBAN by country (SWIFT IBAN registry)."""
_CVV_SIGNS = ("cv", "cid", "csc", "security", "card code", "sicherheit", "prüf", "crypto", "back", "sécurité",
              "seguridad", "sicurezza", "veilig", "segurança")  # fmt: skip
_IBAN = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=iban)|(?<=IBAN))[A-Z]{2} ?\d{2}(?:[ .:_-]{0,2}[A-Z0-9]){11,30}"
    r"(?![A-Z0-9])",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"\b(?:bank account|checking account|savings account|routing|aba|sort code|bsb|konto(?:nummer|nr)?|"
    r"bankleitzahl|blz|"
    r"compte bancaire|\brib\b|cuenta bancaria|cuenta corriente|conto corrente|conto bancario|rekeningnummer|"
    r"conta bancária|account (?:number|no\.?)(?= (?:at|with|for) (?:my )?bank))\b"
    r"(?:\s(?:number|no|nummer|numéro|número|numero|nr))?\W{0,4}(?:is|ist|lautet|est|es|è)?\W{0,3}"
    r"(\d(?:[ -]?\d){4,22})(?![\w])",
    re.IGNORECASE,
)
_ACCOUNT_SIGNS = ("account", "routing", "aba", "sort code", "bsb", "konto", "leitzahl", "blz", "compte", "rib",
                  "cuenta", "conto", "rekening", "conta ")  # fmt: skip
_COIN = re.compile(r"(?<![A-Za-z0-9])(?:bc1[02-9ac-hj-np-z]{11,71}|[13][1-9A-HJ-NP-Za-km-z]{25,34})(?![A-Za-z0-9])")
_ETHEREUM = re.compile(r"(?<![A-Za-z0-9])0x[0-9a-fA-F]{40}(?![A-Za-z0-9])")
_TRON = re.compile(r"(?<![A-Za-z0-9])T[1-9A-HJ-NP-Za-km-z]{33}(?![A-Za-z0-9])")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def means_of_payment(text: str, lower: str) -> Iterator[Found]:
    yield from _cards(text)
    for hit in _CVV.finditer(text) if mentions(lower, _CVV_SIGNS) else ():
        yield hit.start(1), hit.end(1), "CVV", "pattern"
    yield from _ibans(text)
    for hit in _ACCOUNT.finditer(text) if mentions(lower, _ACCOUNT_SIGNS) else ():
        yield hit.start(1), hit.end(1), "BANK_ACCOUNT", "pattern"
    for hit in _COIN.finditer(text):
        if bitcoin.is_valid(hit.group()):
            yield hit.start(), hit.end(), "CRYPTO", "checksum"
    for hit in _ETHEREUM.finditer(text):
        yield hit.start(), hit.end(), "CRYPTO", "pattern"
    for hit in _TRON.finditer(text):
        if _base58check(hit.group()):
            yield hit.start(), hit.end(), "CRYPTO", "checksum"


def names_another_number(before: str) -> bool:
    """Whether the words right before a number say it is an order, invoice, parcel …: what the ticket is about."""
    return _OTHER_ID.search(before) is not None


def _cards(text: str) -> Iterator[Found]:
    for run in _RUN.finditer(text):
        if run.end() - run.start() < 12:
            continue
        groups = [(g.start() + run.start(), g.end() + run.start()) for g in re.finditer(r"\d+", run.group())]
        if len(groups) <= MAX_GROUPS:
            yield from _cards_of(text, groups)


def _cards_of(text: str, groups: Sequence[tuple[int, int]]) -> Iterator[Found]:
    first = 0
    while first < len(groups):
        last = next((last for last in _ends(groups, first) if _is_card(text, groups, first, last)), None)
        if last is None:
            first += 1
        else:
            yield groups[first][0], groups[last][1], "CARD", "checksum"
            first = last + 1


def _ends(groups: Sequence[tuple[int, int]], first: int) -> Iterator[int]:
    """Where a card that begins with group `first` may end: known groupings, a lone group, then the whole row."""
    sizes = [end - start for start, end in groups]
    for last in range(first, min(first + 5, len(groups))):
        if last == first or tuple(sizes[first : last + 1]) in _GROUPINGS:
            yield last
    if first == 0 and (set(sizes) == {1} or (len(sizes) <= MAX_WHOLE_GROUPS and min(sizes) > 1)):
        yield len(groups) - 1


def _is_card(text: str, groups: Sequence[tuple[int, int]], first: int, last: int) -> bool:
    digits = "".join(text[a:b] for a, b in groups[first : last + 1])
    if not 12 <= len(digits) <= 19 or not _CARD_FORMS.fullmatch(digits):
        return False
    if not luhn.is_valid(digits) or len(set(digits)) == 1:
        return False
    start, end = groups[first][0], groups[last][1]
    before = text[max(0, start - 40) : start]
    if text[end : end + 1].isalpha() and not text[end : end + 3].lower().startswith(("exp", "cvv", "cvc")):
        return False
    if before[-1:].isalpha() and not re.search(r"(?:card|visa|cc|amex|mc|nr|no|is|kart[ea]|carte)$", before, re.I):
        return False
    return first != last or not names_another_number(before) or _CARD_WORD.search(before) is not None


def _ibans(text: str) -> Iterator[Found]:
    for hit in _IBAN.finditer(text):
        wanted = _IBAN_LENGTHS.get(hit.group()[:2].upper(), 0)
        end = _end_of(hit.group(), wanted)
        compact = re.sub(r"[ .:_-]", "", hit.group()[:end])
        if end and iban.is_valid(compact, check_country=False):
            yield hit.start(), hit.start() + end, "IBAN", "checksum"


def _end_of(candidate: str, wanted: int) -> int:
    """Where the `wanted`-th letter or digit ends, if a word ends there; else 0."""
    seen = 0
    for at, letter in enumerate(candidate, 1):
        seen += letter.isalnum()
        if seen == wanted:
            return at if wanted and not candidate[at : at + 1].isalnum() else 0
    return 0


def _base58check(address: str) -> bool:
    """Base58Check with a four-byte double SHA-256 (as in Bitcoin's own addresses)."""
    number = 0
    for letter in address:
        number = number * 58 + _BASE58.index(letter)
    raw = number.to_bytes(25, "big")
    return sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]
