"""HTML mail as plain text: what a reader would see. Linear, never raises.

Quotations (blockquote) become "> " lines, so that quoted text is recognised as in plain mail.
"""

import re

from proofdesk.connectors.channel.email.message import MAX_HTML_CHARS
from proofdesk.core.markup import BLOCKS, Hidden, Tag, scan


def html_to_text(source: str) -> str:
    """The visible text of `source` (at most MAX_HTML_CHARS of it), blocks on lines of their own."""
    reader = _Reader()
    for part in scan(source[:MAX_HTML_CHARS]):
        if isinstance(part, Tag):
            reader.tag(part)
        elif not isinstance(part, Hidden):
            reader.add_text(part)
    return reader.finish()


class _Reader:
    """Collects lines."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._current: list[str] = []
        self._quotes = 0

    def add_text(self, text: str) -> None:
        self._current.append(text)

    def tag(self, tag: Tag) -> None:
        if tag.name in BLOCKS:
            self._end_line(keep_blank=tag.name in ("br", "p") and not tag.closing)
        elif tag.name in ("td", "th"):
            self._current.append(" ")
        if tag.name == "blockquote":
            self._quotes = max(0, self._quotes + (-1 if tag.closing else 1))

    def finish(self) -> str:
        self._end_line(keep_blank=False)
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip()

    def _end_line(self, *, keep_blank: bool) -> None:
        text = " ".join("".join(self._current).split())
        self._current.clear()
        if text or keep_blank:
            self._lines.append("> " * min(self._quotes, 5) + text if text else "")
