"""The guard against acting on half a message: whatever could change the outcome must have been explained.

Measured on omissions: a missed constraint usually leaves another unique item, so a wrong write looks certain. Inside
a frame every word must be explained or harmless; outside, every word of a risk class. The rest is narrative.
"""

from collections.abc import Sequence

from proofdesk.core.reading import Span
from proofdesk.language.reading.body import QUERY_BARRED
from proofdesk.language.reading.document import Document
from proofdesk.language.reading.frame import Frame

_REASON_IS_FREE = frozenset({"negation", "anaphora", "comparative", "question"})
_IDENTITY_IS_FREE = frozenset(
    {"negation", "question", "quantifier", "report", "number", "id", "status", "anaphora", "comparative", "pay_context"}
)


def unread_tokens(doc: Document, frames: Sequence[Frame]) -> list[int]:
    """Tokens that no rule explains and that could change what is wanted."""
    inside: dict[int, Frame] = {at: frame for frame in frames for at in range(frame.start, frame.end)}
    identity = _identity_tokens(doc, frames)
    found = []
    _use_queries(doc, {frame.sentence for frame in frames})
    for at, token in enumerate(doc.tokens):
        if at in doc.used or at in doc.claimed:
            continue
        risk = doc.risk(at)
        if at in identity and (not risk or risk in _IDENTITY_IS_FREE):
            continue
        frame = inside.get(at)
        if frame is None:
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
