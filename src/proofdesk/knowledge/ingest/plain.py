"""Plain text to headings and paragraphs: underlined lines, and short lines in capitals alone, are headings."""

import re

from proofdesk.knowledge.ingest.values import Block

MAX_HEADING_CHARS = 80
_UNDERLINE = re.compile(r"[ \t]*(=+|-+|~+)[ \t]*")


def read_plain(text: str) -> list[Block]:
    blocks: list[Block] = []
    held: list[str] = []
    for line in [*text.split("\n"), ""]:
        rule = _UNDERLINE.fullmatch(line)
        if rule and len(held) == 1 and len(rule[1]) >= 3:
            blocks.append(Block(1 if rule[1][0] == "=" else 2, held.pop()))
        elif line.strip():
            held.append(line.strip())
        elif held:
            capitals = len(held) == 1 and held[0].isupper() and 4 <= len(held[0]) <= MAX_HEADING_CHARS
            blocks.append(Block(1, held[0]) if capitals else Block(0, "\n".join(held)))
            held = []
    return blocks
