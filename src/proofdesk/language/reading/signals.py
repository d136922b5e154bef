"""Signs that a person must see a ticket, by phrases of the language's word file."""

from proofdesk.core.reading import Signal
from proofdesk.language.reading.document import Document
from proofdesk.language.reading.tokens import phrase


def find_signals(doc: Document) -> tuple[Signal, ...]:
    """The first sign of each code."""
    found = []
    bases = doc.forms.base
    for code, texts in doc.words.signals.items():
        for text in texts:
            wanted = phrase(text)
            at = next((i for i in range(len(bases)) if tuple(bases[i : i + len(wanted)]) == wanted), -1)
            if at >= 0:
                found.append(Signal(code=code, span=doc.span(at, at + len(wanted)), rule=text))
                break
    return tuple(found)
