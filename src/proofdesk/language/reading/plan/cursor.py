"""A place in the atoms of one clause, and which atoms of the message a rule has explained so far."""

from collections.abc import Sequence
from typing import Any

from proofdesk.language.reading.document import Document
from proofdesk.language.reading.plan.atoms import Atom

END = Atom(kinds={"end": None}, start=-1, end=-1, text="")


class Cursor:
    def __init__(self, doc: Document, atoms: Sequence[Atom]) -> None:
        self.doc = doc
        self.atoms = atoms
        self.used: set[int] = set()
        self.strange: list[int] = []
        """Atoms inside a description that no rule knows: it may say something that counts."""
        self.pieces: list[tuple[int, int]] = []
        """The clauses of the message."""
        self.at = 0
        self.end = 0

    def enter(self, start: int, end: int) -> None:
        self.at, self.end = start, end

    def peek(self, ahead: int = 0) -> Atom:
        place = self.at + ahead
        return self.atoms[place] if place < self.end else END

    def before(self) -> Atom:
        return self.atoms[self.at - 1] if self.at else END

    def more(self) -> bool:
        return self.at < self.end

    def take(self) -> Atom:
        """The next atom, explained."""
        atom = self.atoms[self.at]
        self.used.add(self.at)
        self.at += 1
        return atom

    def skip(self) -> None:
        """Past the next atom, which is left for others to explain."""
        self.at += 1

    def puzzle(self) -> None:
        self.strange.append(self.at)
        self.at += 1

    def take_all(self, start: int, end: int) -> None:
        self.used.update(range(start, end))

    def ahead(self, *kinds: str, through: tuple[str, ...] = ()) -> int:
        """The place of the next atom of one of `kinds`, reached over atoms of `through` alone (any where
        empty), or -1.
        """
        for place in range(self.at, self.end):
            if self.atoms[place].has(*kinds):
                return place
            if through and not self.atoms[place].has(*through):
                return -1
        return -1

    def any(self, start: int, end: int, *kinds: str) -> bool:
        return any(self.atoms[place].has(*kinds) for place in range(start, end))

    def texts(self, start: int, end: int) -> set[str]:
        return {self.atoms[place].text for place in range(start, end)}

    def payloads(self, start: int, end: int, kind: str) -> list[Any]:
        return [self.atoms[place].get(kind) for place in range(start, end) if self.atoms[place].has(kind)]

    def text(self, start: int, end: int) -> str:
        """The words of atoms [start, end) as they stand in the message."""
        if start >= end:
            return ""
        tokens = self.doc.tokens
        return self.doc.text[tokens[self.atoms[start].start].start : tokens[max(0, self.atoms[end - 1].end - 1)].end]
