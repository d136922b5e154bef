"""Markdown to headings and paragraphs (the part of CommonMark that help articles use; plus tables)."""

import re

from proofdesk.core.markup import Hidden, Tag, scan
from proofdesk.knowledge.ingest.html import HIDDEN, unseen
from proofdesk.knowledge.ingest.rows import lines_of
from proofdesk.knowledge.ingest.values import Block

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_REFERENCE = re.compile(r" {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S+.*")
_COMMENT = re.compile(r" {0,3}\[//\]:|.*<!--")
_ROW = re.compile(r"[ \t]*\|.*\|[ \t]*")
_DIVIDER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_IMAGE = re.compile(r"!\[([^\]\n]{0,500})\]\([^)\n]{0,2000}\)")
_LINK = re.compile(r"\[([^\]\n]{1,500})\](?:\([^)\n]{0,2000}\)|\[[^\]\n]{0,200}\])")
_MARKS = re.compile(r"(?:\*{1,3}|_{2,3}|(?<!\w)_|_(?!\w)|~~|`+)(?=\S)|(?<=\S)(?:\*{1,3}|_{2,3}|_(?!\w)|~~|`+)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_AUTO = re.compile(r"<((?:https?://|mailto:)[^\s<>]{1,2000})>")


def read_markdown(source: str) -> tuple[str, list[Block], set[str]]:
    """(title, blocks, notes). The title is that of a first heading of level 1, else empty."""
    text, notes = _visible(source)
    reader = _Reader()
    for line in text.split("\n"):
        if _REFERENCE.fullmatch(line):
            if _COMMENT.match(line):
                notes.add(HIDDEN)
            line = ""  # noqa: PLW2901 - a definition separates paragraphs and says nothing itself
        reader.line(line)
    blocks = reader.finish()
    title = blocks[0].text if blocks and blocks[0].level == 1 else ""
    return title, blocks, notes


def _visible(source: str) -> tuple[str, set[str]]:
    """Without comments, tags and hidden elements, outside fenced code."""
    if "<" not in source:
        return source, set()
    out: list[str] = []
    notes: set[str] = set()
    prose: list[str] = []
    fence = ""
    for line in source.split("\n"):
        mark = _FENCE.match(line)
        if not fence and mark:
            _flush(prose, out, notes)
            fence = mark[1]
            out.append(line)
        elif fence:
            out.append(line)
            if mark and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        else:
            prose.append(line)
    _flush(prose, out, notes)
    return "\n".join(out), notes


def _flush(prose: list[str], out: list[str], notes: set[str]) -> None:
    if not prose:
        return
    text = _AUTO.sub(r"\1", "\n".join(prose))
    prose.clear()
    if "<!--" in text:
        notes.add(HIDDEN)
    seen: list[str] = []
    for part in scan(text, unseen):
        if isinstance(part, Hidden):
            if part.styled and part.content.strip():
                notes.add(HIDDEN)
        elif isinstance(part, Tag):
            seen.append("\n" if part.name in ("br", "p", "div", "li", "tr") else "")
        else:
            seen.append(part)
    out.append("".join(seen))


class _Reader:
    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._lines: list[str] = []
        self._rows: list[list[str]] = []
        self._header = False
        self._fence = ""

    def line(self, line: str) -> None:
        if self._fence:
            self._fenced(line)
        elif mark := _FENCE.match(line):
            self._end()
            self._fence = mark[1]
        elif _ROW.fullmatch(line) or (self._rows and _DIVIDER.fullmatch(line)):
            self._row(line)
        else:
            self._table()
            self._text(line)

    def finish(self) -> list[Block]:
        self._table()
        self._end()
        return self._blocks

    def _fenced(self, line: str) -> None:
        if line.strip().startswith(self._fence) and not line.strip().strip(self._fence[0]):
            self._end(plain=True)
            self._fence = ""
        else:
            self._lines.append(line)

    def _text(self, line: str) -> None:
        if not line.strip():
            self._end()
        elif heading := _ATX.fullmatch(line):
            self._end()
            self._heading(len(heading[1]), heading[2] or "")
        elif self._lines and (rule := _UNDERLINE.fullmatch(line)):
            text, self._lines = " ".join(self._lines), []
            self._heading(1 if rule[1][0] == "=" else 2, text)
        elif _RULE.fullmatch(line):
            self._end()
        elif _ITEM.match(line):
            self._end()
            self._lines.append(line)
        else:
            self._lines.append(line.lstrip().removeprefix("> ").removeprefix(">"))

    def _heading(self, level: int, text: str) -> None:
        if bare := inline(text):
            self._blocks.append(Block(level, bare))

    def _row(self, line: str) -> None:
        if not self._rows:
            self._end()
        if _DIVIDER.fullmatch(line):
            self._header = len(self._rows) == 1
        else:
            self._rows.append([inline(cell) for cell in line.strip().strip("|").split("|")])

    def _table(self) -> None:
        self._blocks += [Block(0, line) for line in lines_of(self._rows, header=self._header)]
        self._rows, self._header = [], False

    def _end(self, *, plain: bool = False) -> None:
        if self._lines:
            text = "\n".join(self._lines).strip("\n") if plain else inline(" ".join(self._lines))
            if text:
                self._blocks.append(Block(0, text))
        self._lines = []


def inline(text: str) -> str:
    """A line without marks of emphasis, code and links; what links point to is left out."""
    bare = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    kept = _ITEM.match(bare)
    head = f"{kept.group().strip()} " if kept else ""
    body = bare[kept.end() :] if kept else bare
    return head + " ".join(_ESCAPED.sub(r"\1", _MARKS.sub("", body)).split())
