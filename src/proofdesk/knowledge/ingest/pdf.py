"""PDF to headings and paragraphs by pypdf: text a reader would see; invisible, white and tiny text is left out.

Headings are told by their size: lines clearly larger than most of the text.
"""

import io
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pypdf
from pypdf.errors import PyPdfError
from pypdf.generic import ContentStream

from proofdesk.knowledge.ingest.html import HIDDEN
from proofdesk.knowledge.ingest.values import Block, Limits, Unreadable

INVISIBLE_MODES = (3, 7)
"""Text rendering modes that paint nothing (ISO 32000-2, table 104)."""
SMALLEST_PT = 1.5
HEADING_RATIO = 1.15
MAX_HEADING_CHARS = 150
MAX_LEVELS = 3
MAX_FORMS = 50
WHITE = 0.98
_SHOWS = frozenset((b"Tj", b"TJ", b"'", b'"'))


def read_pdf(data: bytes, limits: Limits) -> tuple[str, list[Block], set[str]]:
    """(title, blocks, notes). Raises Unreadable."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    if not data.lstrip()[:5] == b"%PDF-":
        raise Unreadable("broken", "does not begin with %PDF-, so it is no PDF file")
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            raise Unreadable("encrypted", "is protected by a password; save it without one")
        pages = len(reader.pages)
        if pages > limits.pages:
            raise Unreadable("too_large", f"has {pages} pages, at most {limits.pages} are read; divide it")
        title = str((reader.metadata and reader.metadata.title) or "")
        lines, notes = _lines(reader, limits)
    except Unreadable:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError,
            OverflowError, ArithmeticError, EOFError, OSError, RuntimeError) as error:  # fmt: skip
        raise Unreadable("broken", f"is damaged: {str(error)[:200] or type(error).__name__}") from None
    if not any(text.strip() for text, _ in lines):
        raise Unreadable("empty", f"its {pages} pages hold no text; a scan needs text recognition first")
    return " ".join(title.split()), _blocks(lines), notes


def _lines(reader: pypdf.PdfReader, limits: Limits) -> tuple[list[tuple[str, float]], set[str]]:
    """Lines with the size of their letters in points."""
    found: list[tuple[str, float]] = []
    notes: set[str] = set()
    chars = 0
    for number, page in enumerate(reader.pages, start=1):
        try:
            if _strip_hidden(page, reader):
                notes.add(HIDDEN)
            lines = _page_lines(page)
        except (PyPdfError, KeyError, TypeError, IndexError, AttributeError, ValueError, AssertionError) as error:
            raise Unreadable(
                "broken", f"page {number} is damaged: {str(error)[:200] or type(error).__name__}"
            ) from None
        chars += sum(len(text) for text, _ in lines)
        if chars > limits.text_chars:
            raise Unreadable("too_large", f"holds more than {limits.text_chars} characters by page {number}; divide it")
        found += [*lines, ("", 0.0)]
    return found, notes


def _page_lines(page: pypdf.PageObject) -> list[tuple[str, float]]:
    lines: list[tuple[str, float]] = []
    held: list[str] = []
    size = 0.0

    def visit(text: str, cm: Any, tm: Any, font: Any, font_size: Any) -> None:  # noqa: ARG001 - pypdf's signature
        nonlocal size
        scale = abs(float(tm[3]) or float(tm[1]) or 1.0) * abs(float(cm[3]) or float(cm[1]) or 1.0)
        for place, piece in enumerate(text.split("\n")):
            if place:
                lines.append((" ".join("".join(held).split()), size))
                held.clear()
                size = 0.0
            if piece.strip():
                size = max(size, float(font_size or 0) * scale)
            held.append(piece)

    page.extract_text(visitor_text=visit)
    lines.append((" ".join("".join(held).split()), size))
    return lines


def _blocks(lines: list[tuple[str, float]]) -> list[Block]:
    """Larger lines are headings, up to three levels; lines in between that follow each other are one paragraph."""
    weights: Counter[float] = Counter()
    for text, size in lines:
        weights[round(size, 1)] += len(text)
    body = weights.most_common(1)[0][0]
    larger = sorted({round(s, 1) for t, s in lines if _heading(t, s, body)}, reverse=True)
    levels = {size: min(place + 1, MAX_LEVELS) for place, size in enumerate(larger)}
    blocks: list[Block] = []
    held: list[str] = []
    for text, size in [*lines, ("", 0.0)]:
        heading = _heading(text, size, body)
        if held and (heading or not text):
            blocks.append(Block(0, _joined(held)))
            held = []
        if heading:
            blocks.append(Block(levels[round(size, 1)], text))
        elif text:
            held.append(text)
    return blocks


def _heading(text: str, size: float, body: float) -> bool:
    return bool(text) and 0 < len(text) <= MAX_HEADING_CHARS and size >= body * HEADING_RATIO > 0


def _joined(lines: list[str]) -> str:
    """Lines of one paragraph; a word divided at the end of a line is put together again."""
    out = lines[0]
    for line in lines[1:]:
        if out.endswith("-") and len(out) > 1 and out[-2].isalpha() and line[:1].islower():
            out = out[:-1] + line
        else:
            out = f"{out}\n{line}" if line.startswith(("-", "•", "·")) else f"{out} {line}"
    return out


def _strip_hidden(page: pypdf.PageObject, reader: pypdf.PdfReader) -> bool:
    """Take text that paints nothing out of the page's operations; True when there was some."""
    contents = page.get_contents()
    hid = False
    if contents is not None:
        hid = _filtered(contents)
        if hid:
            page[pypdf.generic.NameObject("/Contents")] = contents
    for form in _forms(page.get("/Resources"), MAX_FORMS):
        stream = ContentStream(form, reader)
        if _filtered(stream):
            hid = True
            form.set_data(stream.get_data())
    return hid


def _forms(resources: Any, left: int) -> Iterator[Any]:
    """The page's own form XObjects; those within forms are reached through their own resources, within a limit."""
    queue = [resources]
    seen: set[int] = set()
    while queue and len(seen) < left:
        each = queue.pop()
        each = each.get_object() if each is not None else {}
        objects = (each.get("/XObject") or {}) if hasattr(each, "get") else {}
        for reference in objects.get_object().values() if hasattr(objects, "get_object") else ():
            form = reference.get_object()
            if id(form) not in seen and form.get("/Subtype") == "/Form":
                seen.add(id(form))
                queue.append(form.get("/Resources"))
                yield form


def _filtered(stream: ContentStream) -> bool:
    """Drop operations that show hidden text."""
    state = _Ink()
    kept = []
    for operands, operator in stream.operations:
        state.follow(operator, operands)
        if operator in _SHOWS and state.hides:
            continue
        kept.append((operands, operator))
    changed = len(kept) != len(stream.operations)
    if changed:
        stream.operations = kept
    return changed


class _Ink:
    """The part of the graphics state that decides whether text can be seen; q and Q keep and restore it."""

    def __init__(self) -> None:
        self._mode, self._white, self._size, self._scale = 0, False, 12.0, 1.0
        self._kept: list[tuple[int, bool, float, float]] = []

    @property
    def hides(self) -> bool:
        return self._mode in INVISIBLE_MODES or self._white or abs(self._size * self._scale) < SMALLEST_PT

    def follow(self, operator: bytes, operands: Any) -> None:
        if operator == b"q":
            self._kept.append((self._mode, self._white, self._size, self._scale))
        elif operator == b"Q" and self._kept:
            self._mode, self._white, self._size, self._scale = self._kept.pop()
        elif operator == b"Tr" and operands:
            self._mode = int(operands[0])
        elif operator == b"Tf" and len(operands) > 1:
            self._size = float(operands[1])
        elif operator == b"BT":
            self._scale = 1.0
        elif operator == b"Tm" and len(operands) > 3:
            self._scale = max(abs(float(operands[3])), abs(float(operands[1])))
        elif operator in (b"g", b"rg", b"sc", b"scn"):
            numbers = [float(each) for each in operands if isinstance(each, int | float)]
            self._white = len(numbers) in (1, 3) and min(numbers) >= WHITE
        elif operator == b"k":
            self._white = len(operands) == 4 and max(float(each) for each in operands) <= 1 - WHITE
