"""The guard against acting on half a message: whatever could change the outcome must have been explained.

Measured on omissions: a missed constraint usually leaves another unique item, so a wrong write looks certain. Inside
a frame every word must be explained or harmless; outside, every word of a risk class. The rest is narrative.
"""

from collections.abc import Mapping, Sequence

from proofdesk.core.reading import Span
from proofdesk.language.reading.body import QUERY_BARRED
from proofdesk.language.reading.document import Document
from proofdesk.language.reading.frame import Frame
from proofdesk.language.reading.profile import Profile
from proofdesk.language.reading.tokens import known_word

_REASON_IS_FREE = frozenset({"negation", "anaphora", "comparative", "question"})
_TELLING_IS_FREE = frozenset(
    {
        "anaphora", "question", "report", "hypothetical", "quantifier", "comparative", "revision", "status", "option",
        "money", "count", "one_of",
    }
)  # fmt: skip
MIN_STRANGE = 4
"""From this many words on, more than half of them unknown make a sentence unreadable."""
_IDENTITY_IS_FREE = frozenset(
    {"negation", "question", "quantifier", "report", "number", "id", "status", "anaphora", "comparative", "pay_context"}
)


def unread_tokens(doc: Document, frames: Sequence[Frame], profiles: Mapping[str, Profile]) -> list[int]:
    """Tokens that no rule explains and that could change what is wanted."""
    inside: dict[int, Frame] = {at: frame for frame in frames for at in range(frame.start, frame.end)}
    identity = _identity_tokens(doc, frames)
    telling = _telling_tokens(doc, frames, profiles)
    found = sorted(foreign_tokens(doc))
    if found:
        return found
    _use_queries(doc, {frame.sentence for frame in frames})
    for at, token in enumerate(doc.tokens):
        if at in doc.used or at in doc.claimed:
            continue
        risk = doc.risk(at)
        if at in identity and (not risk or risk in _IDENTITY_IS_FREE):
            continue
        frame = inside.get(at)
        if at in telling:
            if risk and risk not in _TELLING_IS_FREE:
                found.append(at)
        elif frame is None:
            if risk or at in doc.forms.doubtful:
                found.append(at)
        elif frame.reason_at >= 0 and at >= frame.reason_at:
            if risk and risk not in _REASON_IS_FREE:
                found.append(at)
        elif risk == "pay_context":
            if not (frame.methods or frame.original):
                found.append(at)
        elif risk or (token.kind == "word" and not _harmless(doc, at)):
            found.append(at)
    return found


def foreign_tokens(doc: Document) -> set[int]:
    """Tokens of a language nobody listed, and words of another one that could take a request back."""
    return _strange_tokens(doc) | _foreign_risks(doc)


def _telling_tokens(doc: Document, frames: Sequence[Frame], profiles: Mapping[str, Profile]) -> set[int]:
    """Sentences with nothing but requests to be told something: they change nothing, whatever their words."""
    by_sentence: dict[int, list[Frame]] = {}
    for frame in frames:
        by_sentence.setdefault(frame.sentence, []).append(frame)
    if frames and all(profiles[name].kind == "information" for frame in frames for name in frame.procedures):
        return set(range(len(doc.tokens)))
    return {
        at
        for number, own in by_sentence.items()
        if all(profiles[name].kind == "information" for frame in own for name in frame.procedures)
        for at in range(*doc.sentences[number])
    }


def _strange_tokens(doc: Document) -> set[int]:
    """Sentences in a language nobody listed: of their words hardly one is known."""
    found: set[int] = set()
    for start, end in doc.sentences:
        words = [at for at in range(start, end) if doc.tokens[at].kind == "word" and doc.tokens[at].text[0].islower()]
        strange = sum(_is_strange(doc, at) and not known_word(doc.tokens[at].base) for at in words)
        if words and (strange == len(words) or (len(words) >= MIN_STRANGE and 2 * strange > len(words))):
            found.update(words)
    return found


def _foreign_risks(doc: Document) -> set[int]:
    """Words that another language could take a request back with, in the middle of a sentence that has none such."""
    return {
        at
        for at, token in enumerate(doc.tokens)
        if token.kind == "word"
        and not doc.kinds(at)
        and (token.low in doc.tongues.short_no or (token.low in doc.tongues.risk_words and _is_strange(doc, at)))
    }


def _is_strange(doc: Document, at: int) -> bool:
    token = doc.tokens[at]
    return (
        not doc.kinds(at)
        and at not in doc.forms.repaired
        and at not in doc.claimed
        and not known_word(token.low, doc.tongue[at].code)
    )


def _use_queries(doc: Document, acting: set[int]) -> None:
    """A sentence that asks for nothing but information changes nothing, whatever it is about."""
    for number, (start, end) in enumerate(doc.sentences):
        places = range(start, end)
        if number in acting or any(doc.kinds(at) & QUERY_BARRED for at in places):
            continue
        query = next((at for at in places if doc.starting(at, "query")), -1)
        if query >= 0 and all(_harmless(doc, at) or not doc.risk(at) for at in range(start, query)):
            doc.use(places)


def as_spans(doc: Document, places: Sequence[int]) -> tuple[Span, ...]:
    """Neighbouring tokens as one span."""
    spans: list[Span] = []
    last = -2
    for at in places:
        token = doc.tokens[at]
        if at == last + 1 and spans:
            spans[-1] = Span(start=spans[-1].start, end=token.end)
        else:
            spans.append(Span(start=token.start, end=token.end))
        last = at
    return tuple(spans)


def _harmless(doc: Document, at: int) -> bool:
    return bool(doc.kinds(at) & {"filler", "polite", "to", "reason", "identity", "same_as", "determiner", "opener"})


def _identity_tokens(doc: Document, frames: Sequence[Frame]) -> set[int]:
    """Sentences that only say who is writing: an identity word or a claim, and nothing of an order."""
    acting = {frame.sentence for frame in frames}
    found: set[int] = set()
    for number, (start, end) in enumerate(doc.sentences):
        places = range(start, end)
        speaks = any(at in doc.claimed or "identity" in doc.kinds(at) for at in places)
        of_order = any(
            doc.kinds(at) & {"head", "value", "enum"} or (doc.id_at(at) or ("",))[0] == "order" for at in places
        )
        if number not in acting and speaks and not of_order:
            found.update(places)
    return found
