"""Keys, tokens and passwords. They are kept nowhere: what was pasted into a ticket is burnt and must be changed."""

import re
from collections.abc import Iterator

from proofdesk.language.pii.plain import mentions
from proofdesk.language.pii.values import Found

MIN_OPAQUE = 20
_VENDOR = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{30,255}|"
    r"glpat-[\w-]{20,}|(?:sk|pk|rk)_(?:live|test)_[0-9A-Za-z]{10,}|sk-(?:[a-z]+-)*[A-Za-z0-9_-]{20,}|"
    r"whsec_[A-Za-z0-9+/=]{16,}|"
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|AIza[0-9A-Za-z_-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}|"
    r"SG\.[\w-]{16,}\.[\w-]{16,}|key-[0-9a-f]{32}|AC[0-9a-f]{32}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{16,}|"
    r"dop_v1_[0-9a-f]{40,}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|hf_[A-Za-z0-9]{30,}|lin_api_[A-Za-z0-9]{20,}|"
    r"EAA[A-Za-z0-9]{40,}|eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"
    r")"
)
"""Prefixes the issuers publish for their own scanners."""
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,20000}?(?:-----END [A-Z ]{0,40}PRIVATE KEY"
    r"(?: BLOCK)?-----|$)"
)
_BEARER = re.compile(r"\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{16,})", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(?:pass ?word|passwd|pwd|pass ?phrase|pass ?code|passwort|kennwort|mot de passe|contraseña|parola d'ordine|"
    r"wachtwoord|palavra-passe|senha|api[ _-]?key|api[ _-]?token|access[ _-]?token|auth[ _-]?token|secret"
    r"(?:[ _-]?key)?|"
    r"client[ _-]?secret|private[ _-]?key|token|recovery (?:code|key|phrase)|backup code|one[- ]time code|otp|"
    r"2fa code|"
    r"verification code|bestätigungscode|code de vérification|código de verificación|codice di verifica|"
    r"verificatiecode)\b"
    r"[\"']?(\s{0,2}[:=]\s{0,2}|\s(?:is|was|ist|war|lautet|est|es|è|era)\s?:?\s?)[\"'`]?([^\s\"'`,;<>]{4,200})",
    re.IGNORECASE,
)
_NAMED_SIGNS = (
    "pass", "pwd", "kennwort", "parola d", "contraseña", "wachtwoord", "senha", "key", "token", "secret", "recovery",
    "backup code", "time code", "otp", "2fa", "cation code", "scode", "de vérif", "de verif", "di verifica", "ecode",
)  # fmt: skip
_PIN = re.compile(
    r"\b(?:pin|tan)(?:[ -]?(?:code|number|nummer))?\b\W{0,3}(?:is|was|ist|lautet|est|es|è)?\W{0,3}(\d{4,8})(?!\d)",
    re.IGNORECASE,
)
_SEED = re.compile(
    r"\b(?:seed|recovery|mnemonic)(?: phrase)?\W{1,3}(?:is\W{1,3})?("
    r"(?:[a-z]{3,8} ){11,23}[a-z]{3,8})\b"
)
_URL = re.compile(r"\bhttps?://[^\s<>\"'⟦⟧]{4,2000}", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^\s/@:]{1,200}:[^\s/@]{1,200}(?=@)")
_URL_VALUE = re.compile(
    r"[?&#;](?:[\w-]*(?:token|secret|password|passwd|signature|session|jwt|apikey|api_key|credential|nonce)[\w-]*|"
    r"key|sig|auth|code|otp|sid|hash|t|k)=([^&#\s]{6,})",
    re.IGNORECASE,
)
_PATH_PART = re.compile(r"(?<=/)[A-Za-z0-9_=.-]{20,}(?=[/?#]|$)")
_OWN_SITE = re.compile(
    r"(?:my|our|personal|meine|mon|ma|mi|il mio|mijn|meu) (?:web ?site|home ?page|webseite|site|sito|página|"
    r"profile|profil)"
    r"\W{0,3}(?:is|ist|est|es|è)?\W{0,3}$|(?:web ?site|homepage|linkedin|profile)\s?:\s*$",
    re.IGNORECASE,
)


def credentials(text: str, lower: str) -> Iterator[Found]:
    for pattern in (_VENDOR, _PRIVATE_KEY):
        yield from ((hit.start(), hit.end(), "SECRET", "pattern") for hit in pattern.finditer(text))
    for pattern, sign in ((_BEARER, "b"), (_PIN, "pin"), (_PIN, "tan"), (_SEED, "phrase"), (_SEED, "seed")):
        if sign not in lower:
            continue
        yield from ((hit.start(1), hit.end(1), "SECRET", "pattern") for hit in pattern.finditer(text))
    for hit in _NAMED.finditer(text) if mentions(lower, _NAMED_SIGNS) else ():
        value = hit.group(2).rstrip(".!?)")
        if _looks_secret(value, assigned=hit.group(1).strip()[:1] in (":", "=")):
            yield hit.start(2), hit.start(2) + len(value), "SECRET", "pattern"
    if "://" in text:
        yield from _in_links(text)


def _in_links(text: str) -> Iterator[Found]:
    for link in _URL.finditer(text):
        start, url = link.start(), link.group().rstrip(".,;:!?)")
        for hit in _USERINFO.finditer(url):
            yield start + hit.start(), start + hit.end(), "SECRET", "pattern"
        for hit in _URL_VALUE.finditer(url):
            yield start + hit.start(1), start + hit.end(1), "SECRET", "pattern"
        for hit in _PATH_PART.finditer(url):
            if _opaque(hit.group()):
                yield start + hit.start(), start + hit.end(), "SECRET", "pattern"
        if _OWN_SITE.search(text[max(0, start - 40) : start]):
            yield start, start + len(url), "URL", "pattern"


def _looks_secret(value: str, *, assigned: bool) -> bool:
    """A word of a sentence ("the password is wrong") is none; what has digits or signs in it, or is assigned, is."""
    if value.startswith(("⟦", "[", "*", "•", "http")) or ("@" in value[1:] and "." in value.rpartition("@")[2]):
        return False
    digits = sum(letter.isdigit() for letter in value)
    signs = sum(not letter.isalnum() and letter not in "-'’/()" for letter in value)
    mixed = not value.islower() and not value.istitle() and not value.isupper() and value.isalpha()
    return (digits + signs > 0 and len(value) >= 4) or (mixed and len(value) >= 6) or (assigned and len(value) >= 16)


def _opaque(part: str) -> bool:
    """Long and mixed like a token, unlike the words of a readable path."""
    digits = sum(letter.isdigit() for letter in part)
    words = re.split(r"[-_.]", part)
    return len(part) >= MIN_OPAQUE and digits >= 4 and digits < len(part) and max(map(len, words)) >= 16
