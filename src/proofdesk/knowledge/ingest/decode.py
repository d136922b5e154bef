"""Bytes to text: by byte order mark, by what was declared, else UTF-8; never by guessing."""

import codecs
import re

from proofdesk.knowledge.ingest.values import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.I)
HEAD_BYTES = 4_096


def decode(data: bytes, declared: str | None = None) -> str:
    """Raises Unreadable with the first byte that does not fit, its line, and what to do."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding, "its byte order mark says")
    if declared is None:
        return _decoded(data, "utf-8", "nothing else is declared, so it is read as")
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        raise Unreadable("encoding", f"encoding {declared[:40]!r} is unknown; write utf-8 or windows-1252") from None
    return _decoded(data, "cp1252" if name in ("iso8859-1", "ascii") else name, "it is declared as")


def declared_in_html(data: bytes) -> str | None:
    """The charset a page names for itself (HTML standard, 13.2.3.2: as Latin-1 within the first kilobytes)."""
    found = _CHARSET.search(data[:HEAD_BYTES])
    return found[1].decode("ascii") if found else None


def _decoded(data: bytes, encoding: str, why: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            "encoding",
            f"line {line}: byte {error.start} (0x{data[error.start]:02x}) does not fit {encoding}; {why} {encoding}. "
            "Save it as UTF-8, or state `encoding` in manifest.yaml",
        ) from None
    except (ValueError, TypeError, AssertionError) as error:
        raise Unreadable("encoding", f"cannot be read as {encoding}: {error}") from None
    at = text.find("\x00")
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        raise Unreadable("encoding", f"line {line}: holds the character NUL, so this is no text in {encoding}")
    return text.replace("\r\n", "\n").replace("\r", "\n")
