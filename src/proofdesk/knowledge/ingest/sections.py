"""Headings and paragraphs to sections: the text under one path of headings, of a size that can be cited."""

import re
from collections.abc import Iterator, Sequence

from proofdesk.knowledge.ingest.values import Block, Limits, Part, Unreadable

MAX_HEADING_CHARS = 300
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")


def divide(blocks: Sequence[Block], title: str, limits: Limits) -> tuple[Part, ...]:
    """Sections in order. A first heading that is the title names the document and no section."""
    parts: list[Part] = []
    stack: list[Block] = []
    held: list[str] = []

    def close() -> None:
        path = tuple(heading.text for heading in stack)
        parts.extend(Part(path=path, text=text) for text in _pieces(held, limits.section_chars))
        held.clear()
        if len(parts) > limits.sections:
            raise Unreadable("too_large", f"has more than {limits.sections} sections; divide the document")

    for place, block in enumerate(blocks):
        if block.level == 0:
            held.append(block.text)
            continue
        close()
        heading = Block(block.level, block.text[:MAX_HEADING_CHARS])
        while stack and stack[-1].level >= heading.level:
            stack.pop()
        if place == 0 and heading.text == title[:MAX_HEADING_CHARS]:
            continue
        stack.append(heading)
    close()
    return tuple(parts)


def _pieces(paragraphs: Sequence[str], most: int) -> Iterator[str]:
    """Paragraphs together up to `most` characters each; a longer paragraph is cut between sentences, then words."""
    held: list[str] = []
    size = 0
    for paragraph in paragraphs:
        for piece in _cut(paragraph.strip(), most):
            if held and size + len(piece) + 2 > most:
                yield "\n\n".join(held)
                held, size = [], 0
            if piece:
                held.append(piece)
                size += len(piece) + 2
    if held:
        yield "\n\n".join(held)


def _cut(text: str, most: int) -> Iterator[str]:
    if len(text) <= most:
        yield text
        return
    at = 0
    while at < len(text):
        end = min(at + most, len(text))
        if end < len(text):
            breaks = [hit.start() for hit in _SENTENCE.finditer(text, at, end)]
            space = text.rfind(" ", at, end)
            end = breaks[-1] if breaks and breaks[-1] > at else space if space > at else end
        yield text[at:end].strip()
        at = end
