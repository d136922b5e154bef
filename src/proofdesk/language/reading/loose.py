"""Sentences without an act of their own that complete the one request of a message: how to pay, and why."""

from collections.abc import Sequence

from proofdesk.language.reading.document import Document
from proofdesk.language.reading.frame import Frame

_BARRED = frozenset({"condition", "revision", "report", "hypothetical", "comparative", "act"})


def attach_loose_sentences(doc: Document, frames: Sequence[Frame]) -> None:
    """With several requests it would be a guess which one a loose sentence completes, so nothing is attached."""
    if len(frames) != 1:
        return
    frame = frames[0]
    for number, (start, end) in enumerate(doc.sentences):
        kinds = {kind for at in range(start, end) for kind in doc.kinds(at) if at not in doc.used}
        asks = "question" in kinds and doc.tokens[end - 1].text == "?"
        if number == frame.sentence or kinds & _BARRED or asks:
            continue
        if kinds & {"head", "value"} or any(_order_at(doc, at) and at not in doc.used for at in range(start, end)):
            continue
        if "enum" in kinds and not frame.enums:
            _attach_reason(doc, frame, start, end)
        elif kinds & {"pay", "original"} and not kinds & {"negation", "status", "question"}:
            _attach_payment(doc, frame, start, end)


def _order_at(doc: Document, at: int) -> bool:
    known = doc.id_at(at)
    return known is not None and known[0] == "order"


def _attach_reason(doc: Document, frame: Frame, start: int, end: int) -> None:
    for at in range(start, end):
        for mention in doc.at.get(at, ()):
            if mention.kind == "enum" and mention.start == at and mention.payload[0] in frame.procedures:
                known = frame.enums.setdefault(mention.payload[1], [])
                if mention.payload[2] not in known:
                    known.append(mention.payload[2])
                doc.use(mention.tokens())
        if doc.kinds(at) & {"anaphora", "reason"}:
            doc.use([at])


def _attach_payment(doc: Document, frame: Frame, start: int, end: int) -> None:
    for at in range(start, end):
        pay = doc.starting(at, "pay", "original")
        known = doc.id_at(at)
        if pay is not None and pay.kind == "pay":
            frame.methods.append(pay.payload)
        elif pay is not None:
            frame.original = True
        elif known is not None and known[0] == "method":
            frame.methods.append(("id", known[1]))
        context = doc.starting(at, "pay_context")
        if pay is not None or context is not None:
            doc.use(range(at, (pay or context).end))  # type: ignore[union-attr]
        elif known is not None and known[0] == "method":
            doc.use([at])
