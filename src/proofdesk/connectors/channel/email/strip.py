"""What the writer of a mail wrote themselves: quoted text and signatures taken off. Pure, linear in the lines.

Replies between quoted lines are kept, a forwarded mail is content and stays, and when nothing would be left the
whole text is given back: reading too much is safer than reading nothing.
"""

import re

import msgspec

MAX_LINES = 20_000
MAX_SIGNATURE_LINES = 12
MAX_INTRO_LINES = 4
_MAX_INTRO_CHARS = 400

_INTRO = re.compile(
    r"(?:on\b.{4,}\b(?:wrote|writes)|am\b.{4,}\bschrieb\b.*|.{0,80}\bschrieb am\b.{4,}|le\b.{4,}\ba [ée]crit|"
    r"el\b.{4,}\bescribi[óo]|il\b.{4,}\bha scritto|op\b.{4,}\bschreef\b.*|em\b.{4,}\bescreveu|"
    r"(?:den|p[åa])\b.{4,}\b(?:skrev|skrifaði)\b.*|(?:dnia|w dniu|.{0,40}\d{4}\b)\b.{2,}\b(?:napisał\S*|pisze)|"
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.{4,}<[^>]{3,}@[^>]{2,}>)\s*[::]",
    re.IGNORECASE,
)
_INTRO_START = re.compile(
    r"(?:on|am|le|el|il|op|em|den|p[åa]|dnia|w dniu)\s|\d{4}[-/.]\d|.{0,80}\bschrieb am\b", re.IGNORECASE
)
_HAS_TIME = re.compile(r"\d{1,2}[:.]\d{2}|\d{4}|<[^>]*@[^>]*>|\S@\S")
_ORIGINAL = re.compile(
    r"-{2,}\s*(?:original message|original appointment|urspr[üu]ngliche nachricht|message d['’]origine|"
    r"message original|mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original|"
    r"ursprungligt meddelande|oprindelig meddelelse|opprinnelig melding|wiadomość oryginalna)\s*-{2,}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"(?:-{2,}\s*(?:forwarded message|weitergeleitete nachricht|message transf[ée]r[ée]|mensaje reenviado|"
    r"messaggio inoltrato|doorgestuurd bericht|mensagem encaminhada)|begin forwarded message)",
    re.IGNORECASE,
)
_FROM_FIELD = re.compile(r"\*?(?:from|von|de|da|van|från|fra|od)\s?:\*?\s*\S", re.IGNORECASE)
_SENT_FIELD = re.compile(
    r"\*?(?:sent|date|gesendet|datum|envoy[ée]|enviado|fecha|data|inviato|verzonden|skickat|sendt|wysłano)"
    r"\s?:\*?\s*\S",
    re.IGNORECASE,
)
_SENT_FROM = re.compile(
    r"(?:sent (?:from|via|with) (?:my |a |the )?\S|get outlook for |von mein\S* .{2,40} gesendet|"
    r"gesendet (?:von|mit) \S|"
    r"envoy[ée] (?:de mon|depuis|à partir) |enviado desde mi|enviado (?:do|a partir do) meu|inviato da |"
    r"verstuurd vanaf |verzonden (?:met|vanaf) |skickat från min|sendt fra min|wysłan\S* z )",
    re.IGNORECASE,
)


class Stripped(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    quoted: bool = False
    """Quoted text was taken off."""
    signature: str = ""
    """The signature taken off, for whoever looks for a name or postcode in it."""


def strip_reply(text: str) -> Stripped:
    """The part of `text` (lines ended by \\n) its sender wrote; all of it when that would be nothing."""
    lines = text.split("\n", MAX_LINES)
    kept, quoted = _without_quotes(lines)
    kept, signature = _without_signature(kept)
    own = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in kept)).strip()
    if not own:
        return Stripped(text=text.strip())
    return Stripped(text=own, quoted=quoted, signature=signature)


def _without_quotes(lines: list[str]) -> tuple[list[str], bool]:
    kept: list[str] = []
    quoted = False
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if _FORWARDED.match(line):
            return kept + lines[at:], quoted
        intro = _intro_length(lines, at)
        if line.startswith(">"):
            quoted = True
            at += 1
        elif intro and _quote_follows(lines, at + intro):
            quoted = True
            at += intro
        elif _starts_unmarked_quote(lines, at, intro):
            return _without_rule(kept), True
        else:
            kept.append(lines[at])
            at += 1
    return kept, quoted


def _intro_length(lines: list[str], at: int) -> int:
    """How many lines the "On … wrote:" that starts here spans (mail programs wrap it), 0 when there is none."""
    if not _INTRO_START.match(lines[at].strip()[:200]):
        return 0
    joined = ""
    for count, line in enumerate(lines[at : at + MAX_INTRO_LINES], start=1):
        stripped = line.strip()
        joined = f"{joined} {stripped}".strip()
        if not stripped or stripped.startswith(">") or len(joined) > _MAX_INTRO_CHARS:
            return 0
        if _INTRO.fullmatch(joined):
            return count
    return 0


def _quote_follows(lines: list[str], at: int) -> bool:
    following = next((line for line in lines[at : at + 4] if line.strip()), "")
    return following.lstrip().startswith(">")


def _starts_unmarked_quote(lines: list[str], at: int, intro: int) -> bool:
    """A quotation without ">" runs to the end. A sentence that merely ends in "wrote:" lacks a time or an address."""
    line = lines[at].strip()
    if intro:
        return bool(_HAS_TIME.search(" ".join(lines[at : at + intro])))
    if _ORIGINAL.match(line):
        return True
    if not _FROM_FIELD.match(line):
        return False
    return any(_SENT_FIELD.match(following.strip()) for following in lines[at + 1 : at + 4])


def _without_rule(kept: list[str]) -> list[str]:
    """Drop the rule of underscores some programs draw above the quotation."""
    end = len(kept)
    while end and (not kept[end - 1].strip() or set(kept[end - 1].strip()) == {"_"}):
        end -= 1
    return kept[:end]


def _without_signature(lines: list[str]) -> tuple[list[str], str]:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    for at in range(max(0, end - MAX_SIGNATURE_LINES - 1), end):
        if lines[at] in ("-- ", "--", "--\u00a0"):
            return lines[:at], "\n".join(lines[at + 1 : end]).strip()
    if end and len(lines[end - 1].strip()) <= 120 and _SENT_FROM.match(lines[end - 1].strip()):
        return lines[: end - 1], lines[end - 1].strip()
    return lines[:end], ""
