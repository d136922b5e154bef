"""HTML to headings and paragraphs: what a reader of the page sees, and nothing that was hidden from them."""

import re
from collections.abc import Callable

from proofdesk.core.markup import BLOCKS, Hidden, Tag, hides, scan
from proofdesk.knowledge.ingest.rows import lines_of
from proofdesk.knowledge.ingest.values import Block

HIDDEN = "hidden text"
_UNREAD = frozenset(("nav", "button", "iframe", "select", "textarea", "canvas", "video", "audio"))
_STYLE = re.compile(r"<style[^>]{0,500}>", re.I)
_RULE = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")
_NAMED = re.compile(r"([.#])([\w-]{1,100})\s*$")
_ATTRIBUTE = re.compile(r"\b(class|id)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.I)
_UNSEEABLE = re.compile(
    r"(?<![\w-])opacity\s*:\s*0(?:\.0*)?\s*(?:[;\"'}]|$)"
    r"|font-size\s*:\s*(?:0?\.\d+|[01](?:\.\d+)?)\s*(?:px|pt)"
    r"|(?:text-indent|left|top|right)\s*:\s*-\d{3,}"
    r"|(?<![\w-])(?:max-)?(?:height|width)\s*:\s*[01]px",
    re.I,
)
_WHITE = re.compile(
    r"(?<![\w-])color\s*[:=]\s*[\"']?\s*(?:#fff(?:f|fff|fffff)?(?![0-9a-f])|white\b|transparent\b"
    r"|rgba?\(\s*255\s*,\s*255\s*,\s*255|rgba\([^)]{0,40},\s*0(?:\.0*)?\s*\))",
    re.I,
)
MAX_STYLE_CHARS = 500_000
MAX_ROWS = 5_000


def read_html(source: str) -> tuple[str, list[Block], set[str]]:
    """(title, blocks, notes)."""
    reader, notes = _Reader(), set()
    for part in scan(source, _invisible(source)):
        if isinstance(part, Tag):
            reader.tag(part)
        elif isinstance(part, Hidden):
            if part.styled and part.content.strip():
                notes.add(HIDDEN)
            reader.hidden(part)
        else:
            reader.add_text(part)
    return reader.title, reader.finish(), notes


def unseen(style: str) -> bool:
    """Whether a style declaration or an element's attributes hide its text from the reader."""
    return (
        hides(style)
        or _UNSEEABLE.search(style) is not None
        or (_WHITE.search(style) is not None and "background" not in style.lower())
    )


def _invisible(source: str) -> Callable[[str], bool]:
    """By the element's own attributes, and by the page's style rules for classes and ids."""
    named = _hiding_names(source)

    def judge(inside: str) -> bool:
        if not inside:
            return False
        if unseen(inside):
            return True
        if not named:
            return False
        for hit in _ATTRIBUTE.finditer(inside):
            sign = "." if hit[1].lower() == "class" else "#"
            if any(sign + name in named for name in (hit[2] or hit[3] or hit[4] or "").split()):
                return True
        return False

    return judge


def _hiding_names(source: str) -> set[str]:
    named: set[str] = set()
    read = 0
    for opening in _STYLE.finditer(source):
        end = source.find("</style", opening.end())
        sheet = source[opening.end() : end if end >= 0 else len(source)][: MAX_STYLE_CHARS - read]
        read += len(sheet)
        for rule in _RULE.finditer(sheet):
            if unseen(rule[2]):
                found = (_NAMED.search(selector.strip()) for selector in rule[1].split(","))
                named |= {hit[1] + hit[2] for hit in found if hit}
    return named


class _Reader:
    def __init__(self) -> None:
        self.title = ""
        self._blocks: list[Block] = []
        self._current: list[str] = []
        self._level = 0
        self._item = False
        self._rows: list[list[str]] = []
        self._cells: list[str] | None = None
        self._header = False
        self._skipping = ""
        self._skipped = 0

    def add_text(self, text: str) -> None:
        if not self._skipping:
            self._current.append(text)

    def hidden(self, part: Hidden) -> None:
        if self.title or part.name not in ("head", "title"):
            return
        title = part.content if part.name == "title" else _title_in(part.content)
        self.title = " ".join("".join(p for p in scan(title) if isinstance(p, str)).split())

    def tag(self, tag: Tag) -> None:
        if self._skip(tag):
            return
        if tag.name in ("td", "th"):
            self._cell(tag)
        elif tag.name == "tr":
            self._row(tag)
        elif tag.name == "table" and tag.closing:
            self._table()
        elif tag.name == "br" and self._cells is None:
            self._current.append("\n")
        elif tag.name in BLOCKS and self._cells is None:
            self._end()
            heading = tag.name[0] == "h" and tag.name[1:].isdigit() and not tag.closing
            self._level = int(tag.name[1]) if heading else 0
            self._item = tag.name == "li" and not tag.closing
        elif tag.name in BLOCKS:
            self._current.append(" ")

    def finish(self) -> list[Block]:
        self._table()
        self._end()
        return self._blocks

    def _skip(self, tag: Tag) -> bool:
        """Navigation and controls are no content; counted by name like hidden elements."""
        if self._skipping:
            if tag.name == self._skipping:
                self._skipped += -1 if tag.closing else 1
                self._skipping = self._skipping if self._skipped > 0 else ""
            return True
        if tag.name in _UNREAD and not tag.closing and not tag.inside.endswith("/"):
            self._skipping, self._skipped = tag.name, 1
            return True
        return False

    def _cell(self, tag: Tag) -> None:
        if self._cells is None:
            self._end()
            self._cells = []
        if tag.closing:
            self._cells.append(" ".join("".join(self._current).split()))
            if tag.name == "th" and not self._rows:
                self._header = True
        self._current.clear()

    def _row(self, tag: Tag) -> None:
        if tag.closing:
            if self._cells and len(self._rows) < MAX_ROWS:
                self._rows.append(self._cells)
            self._cells = None
        else:
            self._end()
            self._cells = []

    def _table(self) -> None:
        if self._cells:
            self._rows.append(self._cells)
        self._cells = None
        self._blocks += [Block(0, line) for line in lines_of(self._rows, header=self._header)]
        self._rows, self._header = [], False

    def _end(self) -> None:
        text = "\n".join(" ".join(line.split()) for line in "".join(self._current).split("\n")).strip()
        self._current.clear()
        if self._level:
            text = " ".join(text.split())
        if text:
            self._blocks.append(Block(self._level, f"- {text}" if self._item else text))
        self._item = False


def _title_in(head: str) -> str:
    start = re.search(r"<title[^>]{0,200}>", head, re.I)
    if start is None:
        return ""
    end = head.lower().find("</title", start.end())
    return head[start.end() : end if end >= 0 else start.end() + 300]
