"""What was read as a document to keep: personal data taken out, one cleaned text, sections as spans of it."""

import hashlib
from collections.abc import Callable

import msgspec

from proofdesk.core.knowledge import Scope
from proofdesk.knowledge.ingest.values import Parsed

Redact = Callable[[str], tuple[str, tuple[str, ...]]]
"""A text to the same text without personal data, and the kinds that were in it."""
Suspect = Callable[[str], bool]
"""Whether a text speaks to a machine instead of to a reader."""
SUSPECT = "addresses a machine"
REDACTED = "personal data"


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A section without an id. `span` of the document's text; `suspect`: a person should look before it is cited."""

    path: tuple[str, ...]
    text: str
    span: tuple[int, int]
    suspect: bool


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A document without ids."""

    name: str
    title: str
    text: str
    pieces: tuple[Piece, ...]
    scope: Scope
    owner: str
    link: str
    notes: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Of everything that makes it up: the same hash, the same document."""
        known = (self.title, self.text, self.pieces, self.scope, self.owner, self.link, self.notes)
        return hashlib.sha256(msgspec.json.encode(known)).hexdigest()


def draft(parsed: Parsed, redact: Redact, suspect: Suspect) -> Draft:
    """`text` holds each new heading and each section, divided by blank lines; sections keep their order."""
    out: list[str] = []
    pieces: list[Piece] = []
    notes = set(parsed.notes)
    at = 0
    before: tuple[str, ...] = ()
    title, kinds = redact(parsed.title)
    for part in parsed.parts:
        path = tuple(redact(heading)[0] for heading in part.path)
        text, found = redact(part.text)
        kinds += found
        head = "" if path == before or not path else f"{path[-1]}\n\n"
        before = path
        start = at + len(head)
        out.append(f"{head}{text}\n\n")
        speaks = suspect(" ".join((*path, text)))
        pieces.append(Piece(path=path, text=text, span=(start, start + len(text)), suspect=speaks))
        at = start + len(text) + 2
    notes |= {f"{REDACTED}: {', '.join(sorted(set(kinds)))}"} if kinds else set()
    notes |= {SUSPECT} if any(piece.suspect for piece in pieces) else set()
    meta = parsed.meta
    return Draft(
        name=parsed.name,
        title=title,
        text="".join(out).rstrip("\n"),
        pieces=tuple(pieces),
        scope=Scope(
            language=meta.language or "", product=meta.product or (), region=meta.region or (), tier=meta.tier or (),
            audience=meta.audience or "internal", valid_from=meta.valid_from, valid_to=meta.valid_to,
        ),
        owner=meta.owner or "",
        link=meta.link or "",
        notes=tuple(sorted(notes)),
    )  # fmt: skip
