"""What may stand in kept knowledge: personal data is taken out by form, except the company's own contact details."""

from collections.abc import Sequence

from proofdesk.knowledge.ingest import Redact
from proofdesk.language.pii import redact
from proofdesk.language.signals import find_signals

LEFT = frozenset(("URL", "ORDER", "POSTCODE"))
"""Examples of order numbers, links and areas of delivery are what documents are about."""


def redactor(keep: Sequence[str]) -> Redact:
    """`keep`: texts that are the company's own (support addresses, hotlines), as its manifest lists them."""
    own = [_same(text) for text in keep]

    def clear(text: str) -> tuple[str, tuple[str, ...]]:
        found = redact(text)
        out: list[str] = []
        kinds: list[str] = []
        at = 0
        for span in found.spans:
            value = _same(text[span.start : span.end])
            if span.kind in LEFT or any(value in kept or kept in value for kept in own):
                continue
            out += [text[at : span.start], f"[{span.kind.lower().replace('_', ' ')} removed]"]
            kinds.append(span.kind)
            at = span.end
        return "".join([*out, text[at:]]), tuple(kinds)

    return clear


def suspect(text: str) -> bool:
    """Whether it speaks to a machine: such text is kept, marked, and never shown to a customer."""
    return any(signal.code == "prompt_injection" for signal in find_signals(text))


def _same(text: str) -> str:
    return " ".join(text.casefold().split())
