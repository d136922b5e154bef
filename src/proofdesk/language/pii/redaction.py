"""Personal data out of a text and back: one token per value and ticket, `⟦PERSON_1⟧`, for everything after intake."""

import re
from collections.abc import Iterator, Mapping, Sequence

from proofdesk.language.phrases import fold
from proofdesk.language.pii.forms import find_by_form
from proofdesk.language.pii.values import (
    IRREVERSIBLE,
    Found,
    Kind,
    KnownEntity,
    PiiSpan,
    Redacted,
    Restored,
    UnknownTokens,
)

OPEN, CLOSE = "⟦", "⟧"
MAX_CHARS = 200_000
MAX_KNOWN = 500
_TOKEN = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_STRAY = str.maketrans({OPEN: "[", CLOSE: "]"})
_RANK = {"known": 0, "checksum": 1, "pattern": 2}
_MIN_NAME = 2
_ONE_TIME = re.compile(r"\d[\d -]{2,8}")


class TextTooLong(ValueError):
    """More than MAX_CHARS characters: cut or split the text before redacting it."""


def redact(text: str, known: Sequence[KnownEntity] = (), tokens: Mapping[str, str] | None = None) -> Redacted:
    """Replace personal data by tokens. `tokens`: those of the ticket's earlier messages, so that values keep theirs.

    Overlapping finds become one span over all of them. Brackets of the token form in the text are made plain first:
    nobody can write a token. Raises TextTooLong.
    """
    if len(text) > MAX_CHARS:
        raise TextTooLong(f"{len(text)} characters, at most {MAX_CHARS} can be redacted at once")
    clean = text.translate(_STRAY)
    vault = dict(tokens or {})
    by_value = {(_kind_of(token), _same(value)): token for token, value in vault.items()}
    out, spans, at = [], [], 0
    for start, end, kind, source in _settled([*_known(clean, known), *find_by_form(clean)]):
        token = _token(kind, clean[start:end], vault, by_value)
        out += [clean[at:start], token]
        spans.append(PiiSpan(start=start, end=end, kind=kind, token=token, source=source))
        at = end
    return Redacted(text="".join([*out, clean[at:]]), spans=tuple(spans), tokens=vault)


def without_secrets(text: str) -> str:
    """The text as it may be kept: cards, their codes, keys and passwords masked for good, all else as it was written.

    Short digits after "code" or "PIN" stay: they may be the one-time code that we ourselves sent. What is longer than
    MAX_CHARS is masked piece by piece.
    """
    out = []
    for piece_at in range(0, len(text), MAX_CHARS):
        piece, at = text[piece_at : piece_at + MAX_CHARS], 0
        for start, end, kind, _ in _settled(list(find_by_form(piece))):
            value = piece[start:end]
            if kind in IRREVERSIBLE and not (kind == "SECRET" and _ONE_TIME.fullmatch(value)):
                out += [piece[at:start], _masked(kind, value)]
                at = end
        out.append(piece[at:])
    return "".join(out)


def restore(text: str, tokens: Mapping[str, str]) -> Restored | UnknownTokens:
    """Put the values back. Any token not of this ticket, or a bracket that is no token, rejects the whole text."""
    unknown = [hit.group() for hit in _TOKEN.finditer(text) if hit.group() not in tokens]
    rest = _TOKEN.sub("", text)
    unknown += [bracket for bracket in (OPEN, CLOSE) if bracket in rest]
    if unknown:
        return UnknownTokens(found=tuple(dict.fromkeys(unknown)))
    return Restored(text=_TOKEN.sub(lambda hit: tokens[hit.group()], text))


def _token(kind: Kind, value: str, vault: dict[str, str], by_value: dict[tuple[str, str], str]) -> str:
    kept = _masked(kind, value) if kind in IRREVERSIBLE else value
    found = by_value.get((kind, _same(kept)))
    if found is None:
        number = 1 + sum(_kind_of(token) == kind for token in vault)
        found = f"{OPEN}{kind}_{number}{CLOSE}"
        vault[found] = kept
        by_value[(kind, _same(kept))] = found
    return found


def _masked(kind: Kind, value: str) -> str:
    """The last four digits of a card may be kept (PCI DSS 3.4), of a CVV nothing."""
    return "•••• " + re.sub(r"\D", "", value)[-4:] if kind == "CARD" else "•••"


def _kind_of(token: str) -> str:
    return token.strip(OPEN + CLOSE).rpartition("_")[0]


def _same(value: str) -> str:
    return " ".join(fold(value).split())


def _settled(found: list[Found]) -> Iterator[Found]:
    """In order, overlaps united; the surest source names the kind, then the longer find."""
    group: list[Found] = []
    for item in sorted(found, key=lambda f: (f[0], -f[1])):
        if group and item[0] >= max(f[1] for f in group):
            yield _united(group)
            group = []
        group.append(item)
    if group:
        yield _united(group)


def _united(group: list[Found]) -> Found:
    best = min(group, key=lambda f: (_RANK[f[3]], f[0] - f[1]))
    secret = next((f for f in group if f[2] in IRREVERSIBLE), None)
    kind = secret[2] if secret and best[2] != "ORDER" else best[2]
    return min(f[0] for f in group), max(f[1] for f in group), kind, best[3]


def _known(text: str, known: Sequence[KnownEntity]) -> Iterator[Found]:
    folded = fold(text)
    for entity in known[:MAX_KNOWN]:
        words = re.findall(r"[\w#@.+'-]+", fold(entity.value))
        if not words or len("".join(words)) < _MIN_NAME or words[0] not in folded:
            continue
        pattern = r"(?<!\w)" + r"[\s,;]{1,4}".join(re.escape(word) for word in words) + r"(?!\w)"
        for hit in re.finditer(pattern, folded):
            if entity.kind == "PERSON" and len(words) == 1 and not text[hit.start()].isupper():
                continue  # "will" is a word, "Will" may be a person
            yield hit.start(), hit.end(), entity.kind, "known"
