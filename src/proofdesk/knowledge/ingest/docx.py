"""DOCX (ECMA-376) to headings and paragraphs: document.xml alone, read as a stream, without entities."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from xml.parsers import expat

from proofdesk.knowledge.ingest.html import HIDDEN
from proofdesk.knowledge.ingest.rows import lines_of
from proofdesk.knowledge.ingest.values import Block, Limits, Unreadable

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
MAX_XML_BYTES = 60_000_000
MAX_DEPTH = 200
_HEADING = re.compile(r"(?:heading|überschrift|titre|título|kop)\s*([1-6])", re.I)
_UNREAD = frozenset(("del", "moveFrom", "instrText", "delText", "fldData", "commentReference"))
SMALLEST_HALF_POINTS = 4


def read_docx(data: bytes, limits: Limits) -> tuple[str, list[Block], set[str]]:
    """(title, blocks, notes). Raises Unreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            styles = _styles(_member(archive, "word/styles.xml", limits, needed=False))
            body = _member(archive, "word/document.xml", limits, needed=True)
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        RuntimeError,
        ValueError,
        zlib.error,
        LookupError,
        struct.error,
    ) as error:
        raise Unreadable("broken", f"is no whole DOCX file: {error}") from None
    reader = _Body(styles)
    _read(body, reader, "word/document.xml")
    notes = {HIDDEN} if reader.hid else set()
    return reader.title, reader.blocks, notes


def _member(archive: zipfile.ZipFile, name: str, limits: Limits, *, needed: bool) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        if needed:
            raise Unreadable("broken", f"holds no {name}, so it is no DOCX file") from None
        return b""
    if info.flag_bits & 1:
        raise Unreadable("encrypted", "is protected by a password; save it without one")
    with archive.open(info) as source:
        # Counted as it is unpacked: what the directory says of its size may be a lie.
        content = source.read(MAX_XML_BYTES + 1)
    packed = max(info.compress_size, 1)
    if len(content) > MAX_XML_BYTES or (len(content) > 5_000_000 and len(content) > packed * limits.archive_ratio):
        raise Unreadable("archive_bomb", f"{name} unpacks to more than {min(len(content), MAX_XML_BYTES)} bytes")
    return content


class _Handler:
    """Elements of the wordprocessing namespace by their bare names."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text within the innermost element."""


def _read(content: bytes, handler: _Handler, file: str) -> None:
    """Raises Unreadable. Declarations of a document type are refused: they are how entities expand without end."""
    parser = expat.ParserCreate(namespace_separator="|")
    depth = 0

    def refuse(*_: object) -> None:
        raise Unreadable("broken", f"{file}: declares a document type, which is not allowed")

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise Unreadable("too_deep", f"{file}: elements are nested deeper than {MAX_DEPTH}")
        if bare := _bare(name):
            handler.start(bare, {_bare(key) or key: value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        if bare := _bare(name):
            handler.end(bare)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = handler.text
    parser.buffer_text = True
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise Unreadable("broken", f"{file}: line {error.lineno}: {expat.ErrorString(error.code)}") from None


def _bare(name: str) -> str:
    space, _, bare = name.rpartition("|")
    return bare if space in (W, STRICT) else ""


class _Styles(_Handler):
    """Which paragraph styles are headings, and of which level; "title" is level 0."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self._id = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "style":
            self._id = attributes.get("styleId", "")
        elif name == "name" and self._id:
            said = attributes.get("val", "")
            if found := _HEADING.fullmatch(said.strip()):
                self.levels[self._id] = int(found[1])
            elif said.strip().lower() in ("title", "titel", "titre", "título"):
                self.levels[self._id] = 0
        elif name == "outlineLvl" and self._id and attributes.get("val", "").isdigit():
            self.levels.setdefault(self._id, int(attributes["val"]) + 1)

    def end(self, name: str) -> None:
        if name == "style":
            self._id = ""


def _styles(content: bytes) -> dict[str, int]:
    handler = _Styles()
    if content:
        _read(content, handler, "word/styles.xml")
    return handler.levels


class _Body(_Handler):
    def __init__(self, styles: Mapping[str, int]) -> None:
        self.blocks: list[Block] = []
        self.title = ""
        self.hid = False
        self._styles = styles
        self._text: list[str] = []
        self._level: int | None = None
        self._item = False
        self._hidden = False
        self._in_text = False
        self._unread = 0
        self._rows: list[list[str]] = []
        self._tables = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._unread or name in _UNREAD:
            self._unread += 1
            return
        value = attributes.get("val", "")
        if name == "p":
            self._level, self._item = None, False
        elif name == "pStyle":
            self._level = self._styles.get(value, _level_of_id(value))
        elif name == "outlineLvl" and value.isdigit() and int(value) < 6:
            self._level = int(value) + 1
        elif name == "numPr":
            self._item = True
        elif name == "r":
            self._hidden = False
        elif self._hides(name, value):
            self._hidden = True
        elif name == "t":
            self._in_text = True
        elif name in ("tab", "br", "cr"):
            self._text.append(" " if name == "tab" else "\n")
        elif name == "tbl":
            self._tables += 1
        elif name == "tr" and self._tables == 1:
            self._rows.append([])
        elif name == "tc" and self._tables == 1 and self._rows:
            self._rows[-1].append("")

    def end(self, name: str) -> None:
        if self._unread:
            self._unread -= 1
        elif name == "t":
            self._in_text = False
        elif name == "p":
            self._paragraph()
        elif name == "tbl":
            self._tables -= 1
            if self._tables == 0:
                self.blocks += [Block(0, line) for line in lines_of(self._rows, header=len(self._rows) > 1)]
                self._rows = []

    def text(self, text: str) -> None:
        if self._unread or not self._in_text:
            return
        if self._hidden:
            self.hid = self.hid or bool(text.strip())
        else:
            self._text.append(text)

    @staticmethod
    def _hides(name: str, value: str) -> bool:
        if name in ("vanish", "specVanish", "webHidden"):
            return value not in ("0", "false", "off")
        if name == "color":
            return value.upper() == "FFFFFF"
        return name == "sz" and value.isdigit() and int(value) <= SMALLEST_HALF_POINTS

    def _paragraph(self) -> None:
        text = "\n".join(" ".join(line.split()) for line in "".join(self._text).split("\n")).strip()
        self._text.clear()
        if not text:
            return
        if self._tables:
            if self._rows and self._rows[-1]:
                self._rows[-1][-1] = f"{self._rows[-1][-1]} {' '.join(text.split())}".strip()
        elif self._level == 0 and not self.blocks:
            self.title = " ".join(text.split())
            self.blocks.append(Block(1, self.title))
        elif self._level:
            self.blocks.append(Block(self._level, " ".join(text.split())))
        else:
            self.blocks.append(Block(0, f"- {text}" if self._item else text))


def _level_of_id(style: str) -> int | None:
    found = _HEADING.fullmatch(style.strip())
    return int(found[1]) if found else 0 if style.lower() == "title" else None
