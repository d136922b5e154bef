"""A ticket cut into clauses that may each carry an intent: sentences, list items, and "…, and also …"."""

import itertools
import re

from proofdesk.core.reading import Span

MIN_WORDS = 3
_SENTENCE = re.compile(r"(?<=[.!?…])[\"')\]]*\s+(?=[^\s])|\s*[\r\n]+\s*(?:[-*•·]|\d{1,2}[.)])?\s*|\s*;\s+")
_ABBREVIATED = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|no|nr|st|inc|ltd|co|vs|etc|e\.g|i\.e|approx|z\.b|d\.h|ggf|bzw|usw|hr|fr|sr|sra|ud|art|p\.ex)"
    r"|\b[A-Z])\.$",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r",?\s+(?=(?:and\s+(?:also|then|please|can|could|would|i|we|my|what|how|when|where|is|do|does)|also|plus|"
    r"but\s+(?:also|i|can|could|please)|"
    r"und\s+(?:auch|außerdem|bitte|ich|wir|wie|was|wann|können)|außerdem|sowie|"
    r"et\s+(?:aussi|je|nous|pouvez|comment|quand|est)|(?:ainsi|de plus)|"
    r"y\s+(?:también|además|quiero|necesito|puede|pueden|cómo|cuándo)|además|"
    r"e\s+(?:anche|inoltre|vorrei|potete|come|quando|também|quero|preciso)|inoltre|além disso|"
    r"en\s+(?:ook|ik|wij|kunt|hoe|wanneer)|daarnaast)\b)",
    re.IGNORECASE,
)


def segments(text: str) -> list[tuple[Span, str]]:
    """Clauses in order, each with its place in `text`; the parts cover every word. Short scraps join a neighbour."""
    cuts = [0]
    sentences = _SENTENCE.finditer(text)
    cuts.extend(found.end() for found in sentences if not _ABBREVIATED.search(text[: found.start()][-12:]))
    cuts.extend(found.end() for found in _JOINT.finditer(text))
    edges = [*sorted(set(cuts)), len(text)]
    pieces = [(a, b) for a, b in itertools.pairwise(edges) if text[a:b].strip()]
    return [_trimmed(text, a, b) for a, b in _joined(text, pieces)]


def _joined(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge pieces under MIN_WORDS words into the one after them, the last into the one before."""
    out: list[tuple[int, int]] = []
    for start, end in pieces:
        if out and len(text[out[-1][0] : out[-1][1]].split()) < MIN_WORDS:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    if len(out) > 1 and len(text[out[-1][0] : out[-1][1]].split()) < MIN_WORDS:
        last = out.pop()
        out[-1] = (out[-1][0], last[1])
    return out


def _trimmed(text: str, start: int, end: int) -> tuple[Span, str]:
    part = text[start:end]
    lead = len(part) - len(part.lstrip())
    body = part.strip()
    return Span(start=start + lead, end=start + lead + len(body)), body
