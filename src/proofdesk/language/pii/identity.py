"""Numbers states give to people: checksums of many countries, and a word nearby where the checksum alone is weak."""

import re
from collections.abc import Callable, Iterator

from stdnum.ar import cuit
from stdnum.au import tfn
from stdnum.be import nn
from stdnum.bg import egn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.co import nit
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.do import cedula
from stdnum.ec import ci
from stdnum.ee import ik
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nif as french_tax
from stdnum.fr import nir
from stdnum.gb import nhs, utr
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.id import nik
from stdnum.il import idnr as israeli
from stdnum.in_ import aadhaar, pan
from stdnum.is_ import kennitala
from stdnum.it import codicefiscale
from stdnum.jp import in_ as my_number
from stdnum.kr import rrn
from stdnum.lt import asmens
from stdnum.lv import pvn
from stdnum.mx import curp, rfc
from stdnum.my import nric
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.nz import ird
from stdnum.pk import cnic
from stdnum.pl import pesel
from stdnum.pt import cc, nif
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.si import emso
from stdnum.th import pin
from stdnum.tr import tckimlik
from stdnum.us import ein, itin, ssn
from stdnum.za import idnr as south_african

from proofdesk.language.pii.money import names_another_number
from proofdesk.language.pii.plain import mentions
from proofdesk.language.pii.values import Found, Kind

Valid = Callable[[str], bool]

BEFORE, AFTER = 60, 25
"""Characters around a number in which a word may say what it is."""
MAX_LOOKED = 200
"""Numbers of one text looked at for being a person's."""
_RUN = re.compile(r"(?<![\w.,+])\d(?:[ ./-]?\d){7,17}[Xx]?(?![\w])")

_ANY = re.compile(
    r"national (?:id|identity|identification|insurance)|identity (?:card|number|no)|\bid (?:card|number|no)|"
    r"personal (?:id|identity|identification|number|code)|citizen|tax(?:payer)? (?:id|identification|number|no|"
    r"file|code)|\btin\b|"
    r"social (?:security|insurance)|personalausweis|ausweis|personnummer|personennummer|sozialversicherung|steuer|"
    r"identit[àéy]|sécurité sociale|numéro fiscal|carte d'identité|documento|identidad|identidade|fiscal|dni\b|"
    r"cédula|"
    r"cedula|burgerservice|persoons|sofi|contribuinte"
)
"""Words of any national number; a number of a known length that passes its checksum then counts."""

_SIGNS = (
    "national", "identi", "id ", "id:", "personal", "citizen", "tax", "tin", "social", "ausweis", "personnummer",
    "personennummer", "sozial", "steuer", "sécurité", "fiscal", "documento", "dni", "dula", "burgerservice", "persoons",
    "sofi", "contribuinte", "tfn", "ird", "bsn", "nif", "sin", "teudat", "israel", "rodn", "egn", "егн", "nhs", "utr",
    "cpr", "kennitala", "nit", "pesel", "nr", "fødsels", "fodsels", "isikukood", "asmens", "kods", "oib", "amka",
    "αμκα",
    "kimlik", "tc", "t.c", "cpf", "rijksregister", "insz", "niss", "cui", "aadh", "uidai", "number",
    "マイナンバー", "kad",
    "nric", "ic ", "cnp", "emšo", "emso", "jmbg", "thai", "บัตร", "주민", "cnic", "nir", "insee", "spi", "sécu", "nik",
    "ktp", "身份证", "resident", "ein", "employer",
)  # fmt: skip
# digits -> (checksum, words that name this number)
_NUMERIC: dict[int, tuple[tuple[Valid, str], ...]] = {
    8: ((tfn.is_valid, r"\btfn\b|tax file"), (ird.is_valid, r"\bird\b")),
    9: (
        (bsn.is_valid, r"\bbsn\b|burgerservice|sofi"), (nif.is_valid, r"\bnif\b|contribuinte"),
        (sin.is_valid, r"\bsin\b|social insurance"), (tfn.is_valid, r"\btfn\b|tax file"),
        (israeli.is_valid, r"teudat|israel"), (ird.is_valid, r"\bird\b"), (rc.is_valid, r"rodné|rodne"),
    ),
    10: (
        (egn.is_valid, r"\begn\b|егн"), (nhs.is_valid, r"\bnhs\b"), (utr.is_valid, r"\butr\b"),
        (personnummer.is_valid, r"personnummer|personal number"), (cpr.is_valid, r"\bcpr\b"),
        (kennitala.is_valid, r"kennitala"), (rc.is_valid, r"rodné|rodne"), (ci.is_valid, r"cédula|cedula"),
        (nit.is_valid, r"\bnit\b"),
    ),
    11: (
        (pesel.is_valid, r"pesel"), (idnr.is_valid, r"steuer|identifikationsnummer|\bid-?nr\b|tax"),
        (fodselsnummer.is_valid, r"fødsels|fodsels|personnummer"), (ik.is_valid, r"isikukood"),
        (asmens.is_valid, r"asmens"), (pvn.is_valid, r"personas kods"), (oib.is_valid, r"\boib\b"),
        (amka.is_valid, r"amka|αμκα"), (tckimlik.is_valid, r"kimlik|\btc\b|t\.c\."), (cpf.is_valid, r"\bcpf\b"),
        (nn.is_valid, r"rijksregister|registre national|national register|\binsz\b|\bniss\b"),
        (cuit.is_valid, r"\bcui[tl]\b"), (cedula.is_valid, r"cédula|cedula"),
    ),
    12: (
        (aadhaar.is_valid, r"aadha+r|uidai"), (my_number.is_valid, r"my ?number|マイナンバー"),
        (personnummer.is_valid, r"personnummer|personal number"), (nric.is_valid, r"\b(?:my)?kad\b|nric|\bic\b"),
    ),
    13: (
        (cnp.is_valid, r"\bcnp\b"), (emso.is_valid, r"emšo|emso|jmbg"),
        (south_african.is_valid, r"\b(?:sa|rsa)? ?id\b"),
        (pin.is_valid, r"thai|บัตร"), (rrn.is_valid, r"주민|resident registration"), (cnic.is_valid, r"cnic"),
        (nir.is_valid, r"\bnir\b|insee|sécurité sociale"), (french_tax.is_valid, r"numéro fiscal|spi\b"),
    ),
    15: ((nir.is_valid, r"\bnir\b|insee|sécurité sociale|sécu\b"),),
    16: ((nik.is_valid, r"\bnik\b|\bktp\b"),),
    18: ((ric.is_valid, r"身份证|resident identity"),),
}  # fmt: skip


def _singapore(text: str) -> bool:
    """NRIC and FIN: weights 2 7 6 5 4 3 2 modulo 11, own letters per series."""
    text = text.upper()
    total = sum(int(digit) * weight for digit, weight in zip(text[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(text[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "KLJNPQRTUWX"}
    at = 10 - total % 11 if text[0] == "M" else total % 11
    return letters[text[0]][at] == text[8]


def _hong_kong(text: str) -> bool:
    """HKID: letters count from 10, one letter is preceded by a blank that counts 36; modulo 11 is zero."""
    head, check = text[:-3], text[-2]
    values = [36] * (8 - len(head)) + [int(c) if c.isdigit() else ord(c) - 55 for c in head]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return (total + (10 if check == "A" else int(check))) % 11 == 0


_FORMS: tuple[tuple[str, Valid], ...] = (
        (r"\d{2}\.?\d{3}\.?\d{3}-?[A-Za-z]|\d{8}[ -][A-Za-z]", dni.is_valid),
        (r"[XYZxyz][ -]?\d{7}[ -]?[A-Za-z]", nie.is_valid),
        (r"[A-Za-z]{6} ?\d{2}[A-Za-z]\d{2} ?[A-Za-z]\d{3}[A-Za-z]|"
            r"[A-Za-z]{3} [A-Za-z]{3} \d{2}[A-Za-z]\d{2} [A-Za-z]\d{3}[A-Za-z]",
         codicefiscale.is_valid),
        (r"[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}", nir.is_valid),
        (r"\d{3}\.\d{3}\.\d{3}-\d{2}", cpf.is_valid),
        (r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", ahv.is_valid),
        (r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", nn.is_valid),
        (r"\d{6}[-+A-FU-Ya-fu-y]\d{3}[0-9A-Ya-y]", hetu.is_valid),
        (r"(?:19|20)?\d{6}[-+]\d{4}", personnummer.is_valid),
        (r"[A-Za-z]{4}\d{6}[HMXhmx][A-Za-z]{5}[0-9A-Za-z]\d", curp.is_valid),
        (r"[A-ZÑ&]{4}\d{6}[0-9A-Z]{3}", rfc.is_valid),
        (r"[A-Z]{3}[ABCFGHLJPTK][A-Z]\d{4}[A-Z]", pan.is_valid),
        (r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]", rut.is_valid),
        (r"(?:20|23|24|27)-\d{8}-\d", cuit.is_valid),
        (r"\d{6}/\d{4}", rc.is_valid),
        (r"\d{6}-[1-8]\d{6}", rrn.is_valid),
        (r"\d{17}[\dXx]", ric.is_valid),
        (r"\d{5}-\d{7}-\d", cnic.is_valid),
        (r"9\d{2}-[5-9]\d-\d{4}", itin.is_valid),
        (r"\d{8} ?\d ?[A-Z]{2}\d", cc.is_valid),
        (r"\d{3}-\d{7}-\d", cedula.is_valid),
        (r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D]",
         bool),
        (r"[STFGMstfgm]\d{7}[A-Za-z]", _singapore),
        (r"[A-Z]{1,2}\d{6}\([0-9A]\)", _hong_kong),
)  # fmt: skip
_FORMED = tuple((re.compile(rf"(?:{form})(?![\w-]|\.\d)"), valid) for form, valid in _FORMS)
_ANY_FORM = re.compile(rf"(?<![\w-])(?=(?:{'|'.join(form for form, _ in _FORMS)})(?![\w-]|\.\d))")
"""Forms that say what they are by themselves."""

_SSN = re.compile(r"(?<![\w-])\d{3}([- ._/])\d{2}\1\d{4}(?![\w-])")
_SSN_BARE = re.compile(r"(?<![\w.,-])\d{3}[ -]?\d{2}[ -]?\d{4}(?![\w-])")
_SSN_WORD = re.compile(r"\bssn\b|social security|\bss ?(?:#|number|no)", re.IGNORECASE)
_EIN = re.compile(r"(?<![\w-])\d{2}-\d{7}(?![\w-])")

_NUMBER_WORD = r"(?:\s?(?:card|number|no\.?|nr\.?|num\.?|nummer|numéro|número|numero|id|#|n[°º]))?"
_IS = r"\W{0,4}(?:is|was|ist|lautet|est|es|è|:)?\W{0,3}"
_DOCUMENT_FORMS: tuple[tuple[Kind, str, str, int, tuple[str, ...]], ...] = (
    (
        "PASSPORT",
        r"passports?|reisepass(?:nummer)?|pass-?nummer|passeport|pasaporte|passaporto|paspoort(?:nummer)?|passaporte",
        r"[A-Z0-9]{6,10}",
        4,
        ("pass", "pasap", "paspo"),
    ),
    (
        "LICENCE",
        r"driver'?s? licen[cs]e(?:'s)?|driving licen[cs]e|\bdl\b|führerschein(?:nummer)?|permis de conduire|"
        r"carnet de conducir|permiso de conducir|patente(?: di guida)?|rijbewijs(?:nummer)?|carta de condução|"
        r"\bcnh\b",
        r"[A-Z0-9](?:[ -]?[A-Z0-9]){4,19}",
        4,
        ("licen", "dl ", "dl:", "dl#", "führersch", "permis", "carnet", "patente", "rijbewijs", "condução", "cnh"),
    ),
    (
        "NATIONAL_ID",
        r"\bpps(?:n)?\b|personalausweis(?:nummer)?|ausweisnummer|identity card|id card|carte d'identité|"
        r"carta d'identità|"
        r"documento de identidad|identiteitskaart|cartão de cidadão|medicare|sozialversicherungsnummer|svnr",
        r"[A-Z0-9]{6,14}",
        4,
        (
            "pps",
            "ausweis",
            "id card",
            "ty card",
            "carte d",
            "carta d",
            "documento",
            "identit",
            "cartão",
            "medicare",
            "sozial",
            "svnr",
        ),
    ),
    ("DEVICE_ID", r"imei|meid|iccid", r"\d(?:[ -]?\d){13,19}", 14, ("imei", "meid", "iccid")),
)
_DOCUMENTS = tuple(
    (kind, re.compile(rf"(?:{words}){_NUMBER_WORD}{_IS}({value})(?![\w])", re.IGNORECASE), digits, signs)
    for kind, words, value, digits, signs in _DOCUMENT_FORMS
)
"""Numbers without a public checksum: the word before them, and how many digits they have at least."""


def identities(text: str, lower: str) -> Iterator[Found]:
    yield from _social_security(text, lower)
    for place in _ANY_FORM.finditer(text):
        for pattern, valid in _FORMED:
            hit = pattern.match(text, place.start())
            if hit and valid(hit.group()) and not names_another_number(text[max(0, hit.start() - 40) : hit.start()]):
                yield hit.start(), hit.end(), "NATIONAL_ID", "checksum"
    yield from _named_numbers(text, lower)
    for kind, pattern, digits, signs in _DOCUMENTS:
        for hit in pattern.finditer(text) if mentions(lower, signs) else ():
            start, end = _cut(hit.group(1), hit.start(1))
            if sum(letter.isdigit() for letter in text[start:end]) >= digits:
                yield start, end, kind, "pattern"


def _social_security(text: str, lower: str) -> Iterator[Found]:
    for hit in _SSN.finditer(text):
        if ssn.is_valid(re.sub(r"\D", "-", hit.group())):
            yield hit.start(), hit.end(), "SSN", "checksum"
    if not mentions(lower, ("ssn", "social", "ss#", "ss #", "ss n")):
        return
    for hit in _SSN_BARE.finditer(text):
        if ssn.is_valid(re.sub(r"\D", "", hit.group())) and _SSN_WORD.search(_around(text, hit.start(), hit.end())):
            yield hit.start(), hit.end(), "SSN", "checksum"


def _named_numbers(text: str, lower: str) -> Iterator[Found]:
    if not mentions(lower, _SIGNS):
        return
    for looked, hit in enumerate(_RUN.finditer(text)):
        bare = re.sub(r"[ ./-]", "", hit.group())
        if looked > MAX_LOOKED:
            return
        rules = _NUMERIC.get(len(bare), ())
        if not rules:
            continue
        if names_another_number(text[max(0, hit.start() - 40) : hit.start()]):
            continue
        around = _around(lower, hit.start(), hit.end())
        general = _ANY.search(around) is not None
        for valid, words in rules:
            if (general or re.search(words, around)) and (valid(bare) or valid(hit.group())):
                yield hit.start(), hit.end(), "NATIONAL_ID", "checksum"
                break
    for hit in _EIN.finditer(text):
        if ein.is_valid(hit.group()) and re.search(r"\bein\b|employer id", _around(text, *hit.span()), re.IGNORECASE):
            yield hit.start(), hit.end(), "NATIONAL_ID", "checksum"


def _around(text: str, start: int, end: int) -> str:
    return text[max(0, start - BEFORE) : start] + " " + text[end : end + AFTER]


def _cut(value: str, start: int) -> tuple[int, int]:
    """Ends before the first word without a digit: the sentence has gone on."""
    end = 0
    for part in re.finditer(r"[^ ]+", value):
        if not any(letter.isdigit() for letter in part.group()) and end:
            break
        end = part.end()
    return start, start + end
