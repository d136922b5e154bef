"""HTML mail as plain text. Pure, linear, never raises: html.parser is quadratic on unclosed comments and asserts.

Quotations (blockquote) become "> " lines, so that quoted text is recognised as in plain mail. What a reader
would not see (display:none, hidden, head, script) is left out: it is where instructions to machines hide.
"""

import html
import re

from proofdesk.connectors.channel.email.message import MAX_HTML_CHARS

MAX_TAG_CHARS = 4_000
_TAG_NAME = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|\shidden(?=[\s=/>]|$)", re.I
)
_UNSEEN = frozenset(("head", "script", "style", "title", "template", "noscript", "object", "svg"))
_BLOCKS = frozenset(
    ("address", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
     "header", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul", "article", "body")
)  # fmt: skip
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)


def html_to_text(source: str) -> str:
    """The visible text of `source` (at most MAX_HTML_CHARS of it), blocks on lines of their own."""
    reader = _Reader()
    source = source[:MAX_HTML_CHARS]
    at = 0
    while at < len(source):
        opening = source.find("<", at)
        reader.add_text(source[at : opening if opening >= 0 else len(source)])
        if opening < 0:
            break
        at = _markup(source, opening, reader)
    return reader.finish()


def _markup(source: str, at: int, reader: "_Reader") -> int:
    """Read the markup that starts at `at`; gives where the text goes on."""
    if source.startswith("<!--", at):
        end = source.find("-->", at + 4)
        return end + 3 if end >= 0 else len(source)
    name = _TAG_NAME.match(source, at + 1)
    end = source.find(">", at, at + MAX_TAG_CHARS)
    if end >= 0 and name is not None:
        reader.tag(name[2].lower(), closing=bool(name[1]), inside=source[name.end() : end])
        return end + 1
    if end >= 0 and source[at + 1 : at + 2] in ("!", "?", "/"):
        return end + 1
    reader.add_text("<")
    return at + 1


class _Reader:
    """Collects lines. Hidden elements are counted by name, so that a stray close tag cannot reveal or swallow text."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._current: list[str] = []
        self._quotes = 0
        self._hidden_by = ""
        self._hidden_depth = 0

    def add_text(self, text: str) -> None:
        if text and not self._hidden_by:
            self._current.append(html.unescape(text))

    def tag(self, name: str, *, closing: bool, inside: str) -> None:
        if self._hidden_by:
            if name == self._hidden_by and not inside.endswith("/"):
                self._hidden_depth += -1 if closing else 1
                self._hidden_by = self._hidden_by if self._hidden_depth > 0 else ""
            return
        if not closing and name not in _VOID and (name in _UNSEEN or _HIDDEN.search(inside)):
            self._hidden_by, self._hidden_depth = name, 1
            return
        if name in _BLOCKS:
            self._end_line(keep_blank=name in ("br", "p") and not closing)
        elif name in ("td", "th"):
            self._current.append(" ")
        if name == "blockquote":
            self._quotes = max(0, self._quotes + (-1 if closing else 1))

    def finish(self) -> str:
        self._end_line(keep_blank=False)
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip()

    def _end_line(self, *, keep_blank: bool) -> None:
        text = " ".join("".join(self._current).split())
        self._current.clear()
        if text or keep_blank:
            self._lines.append("> " * min(self._quotes, 5) + text if text else "")
