"""The one reply a requester gets: greeting, the parts of each request, what a person still looks at, signature.

The parts come from procedures' templates filled with read-back records; nothing here adds a fact. `check_reply`
finds what a brand forbids, and the caller must not send a text with findings.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

MAX_PARTS: Final = 20
MAX_REPLY_CHARS: Final = 20_000

_GREETING: Final = {"en": "Hello {name},", "de": "Guten Tag {name},", "fr": "Bonjour {name},", "es": "Hola, {name}:"}
_GREETING_BARE: Final = {"en": "Hello,", "de": "Guten Tag,", "fr": "Bonjour,", "es": "Hola:"}
_CLOSING: Final = {"en": "Kind regards", "de": "Freundliche Grüße", "fr": "Cordialement", "es": "Un saludo"}
_HANDED_OVER: Final = {
    "en": "A colleague is looking at the following and will write to you here: {what}.",
    "de": "Um Folgendes kümmert sich eine Kollegin oder ein Kollege und schreibt Ihnen hier: {what}.",
    "fr": "Un membre de notre équipe s'occupe du point suivant et vous répondra ici : {what}.",
    "es": "Una persona de nuestro equipo se ocupa de lo siguiente y le responderá aquí: {what}.",
}
_SOFTENER: Final = {
    "en": "We are sorry for the trouble this has caused you.",
    "de": "Wir bedauern die Unannehmlichkeiten, die Ihnen entstanden sind.",
    "fr": "Nous regrettons les désagréments que cela vous a causés.",
    "es": "Lamentamos las molestias que esto le ha causado.",
}
LANGUAGES: Final = tuple(_GREETING)
_NAME: Final = re.compile(r"[^\W\d_][\w'’. -]{0,59}", re.UNICODE)
_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{%|%\}|\{[A-Za-z_][\w.]*\}|⟦[^⟧]*⟧")


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's voice. `forbidden` phrases are matched as whole words, whatever their case."""

    signature: str
    forbidden: tuple[str, ...] = ()
    max_exclamations: int = 1


class ReplyPart(msgspec.Struct, frozen=True, kw_only=True):
    """The text of one request as its procedure's template gave it; `source` names procedure and step."""

    request_id: str
    text: str
    source: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Why a text must not be sent as it is."""

    rule: str
    found: str


class ComposedReply(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    language: str
    sources: tuple[str, ...]


class UnsendableReply(msgspec.Struct, frozen=True, kw_only=True):
    """The reply breaks a rule; a person must see it before the requester does."""

    text: str
    findings: tuple[Finding, ...]


def compose_reply(
    parts: Sequence[ReplyPart],
    brand: Brand,
    *,
    language: str = "en",
    given_name: str = "",
    handed_over: Sequence[str] = (),
    upset: bool = False,
) -> ComposedReply | UnsendableReply:
    """One text in `language` (an unknown one is answered in English). Repeated parts appear once, in order.

    `handed_over`: in a few words, what an agent took over. `upset`: the requester is; one sentence of regret is added.
    """
    chosen = language if language in _GREETING else "en"
    bodies = list(dict.fromkeys(part.text.strip() for part in parts if part.text.strip()))
    blocks = [greeting(chosen, given_name)]
    if upset:
        blocks.append(_SOFTENER[chosen])
    blocks.extend(bodies)
    if handed_over:
        blocks.append(_HANDED_OVER[chosen].replace("{what}", "; ".join(handed_over)))
    blocks.append(f"{_CLOSING[chosen]}\n{brand.signature}".strip())
    text = "\n\n".join(blocks)
    findings = check_reply(text, brand)
    if not bodies and not handed_over:
        findings = (*findings, Finding(rule="empty", found="no part says anything"))
    if len(parts) > MAX_PARTS:
        findings = (*findings, Finding(rule="too many parts", found=f"{len(parts)} of at most {MAX_PARTS}"))
    if findings:
        return UnsendableReply(text=text, findings=findings)
    return ComposedReply(text=text, language=chosen, sources=tuple(dict.fromkeys(part.source for part in parts)))


def greeting(language: str, given_name: str = "") -> str:
    """A greeting by name where the record's name can be one; odd records get the greeting without a name."""
    chosen = language if language in _GREETING else "en"
    name = " ".join(given_name.split())
    if not _NAME.fullmatch(name):
        return _GREETING_BARE[chosen]
    return _GREETING[chosen].replace("{name}", name)


def check_reply(text: str, brand: Brand) -> tuple[Finding, ...]:
    """Forbidden phrases, unfilled placeholders and privacy tokens, shouting, length."""
    findings = [
        Finding(rule="forbidden phrase", found=phrase)
        for phrase in brand.forbidden
        if phrase.strip() and re.search(rf"(?<!\w){_flexible(phrase)}(?!\w)", text, re.IGNORECASE)
    ]
    findings += [Finding(rule="unfilled placeholder", found=mark) for mark in _PLACEHOLDER.findall(text)]
    if text.count("!") > brand.max_exclamations:
        findings.append(
            Finding(rule="exclamation marks", found=f"{text.count('!')} of at most {brand.max_exclamations}")
        )
    if len(text) > MAX_REPLY_CHARS:
        findings.append(Finding(rule="length", found=f"{len(text)} characters of at most {MAX_REPLY_CHARS}"))
    return tuple(findings)


def _flexible(phrase: str) -> str:
    return r"\s+".join(re.escape(word) for word in phrase.split())
