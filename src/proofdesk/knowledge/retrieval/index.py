"""The sections of one tenant in memory, searchable by words: built from the record, changed document by document.

A copy, never the record: drop it and build it again at any time. `version` grows with each change.
"""

import bisect
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from proofdesk.core.knowledge import Section
from proofdesk.knowledge.retrieval.postings import Floats, Ints, Postings, Vocabulary
from proofdesk.knowledge.retrieval.question import Vectors, unit
from proofdesk.knowledge.retrieval.scope import Reader, admits
from proofdesk.knowledge.retrieval.words import words

BATCH = 512
GENERAL = ""
"""The family of documents that name no product."""


class Entry:
    """A document as the index holds it: its rows in the postings, the words of its title."""

    __slots__ = ("family", "id", "internal", "rows", "sections", "title_terms", "title_vector")

    def __init__(self, sections: Sequence[Section], rows: list[int], title_terms: Ints) -> None:
        first = sections[0]
        self.id, self.sections, self.rows = first.document_id, tuple(sections), rows
        self.title_terms = title_terms
        self.family = first.scope.product[0].casefold() if first.scope.product else GENERAL
        self.internal = all(s.scope.audience == "internal" for s in sections)
        self.title_vector: Floats | None = None


class Family:
    """The documents of one product in the order of their ids, and its name as words and as a vector."""

    __slots__ = ("ids", "internal", "vector", "words")

    def __init__(self, name: str) -> None:
        self.ids: list[str] = []
        self.internal = 0
        self.words = frozenset(words(name))
        self.vector: Floats | None = None


class KnowledgeIndex:
    """Not thread-safe while changing: one writer, and readers between the changes (one event loop suffices)."""

    def __init__(self, vectors: Vectors | None = None) -> None:
        self.version = 0
        self.vectors = vectors
        self.postings = Postings()
        self.titles = Vocabulary()
        self.documents: dict[str, Entry] = {}
        self.families: dict[str, Family] = {}
        """By product (lower case)."""
        self.family_words: Counter[str] = Counter()
        self._owner: list[tuple[Entry, int]] = []
        self._public = np.zeros(1_024, bool)
        self._meanings = np.zeros((0, 0), np.float16)
        self.centre: Floats = np.zeros(0, np.float32)

    def load(self, sections: Iterable[Section]) -> None:
        """Many documents at once; those present are replaced. Sections of a document follow one another."""
        pending: list[Section] = []
        fresh: list[Entry] = []
        for section in sections:
            if pending and pending[0].document_id != section.document_id:
                fresh.append(self._put(pending))
                pending = []
            pending.append(section)
        if pending:
            fresh.append(self._put(pending))
        self._encode(fresh)
        self.postings.rebuild()
        self.version += 1

    def replace(self, sections: Sequence[Section]) -> None:
        """One document, new or edited: found with its new text by the next question."""
        self._encode([self._put(sections)])
        self.postings.rebuild_if_due()
        self.version += 1

    def remove(self, document_id: str) -> None:
        self._take_out(document_id)
        self.version += 1

    @property
    def wasted(self) -> float:
        """Share of rows that were replaced or removed and still take memory: build anew when it nears a half."""
        return 1 - sum(len(e.rows) for e in self.documents.values()) / max(1, len(self._owner))

    def meanings(self, rows: Sequence[int]) -> Floats:
        return self._meanings[list(rows)].astype(np.float32)

    def owner(self, row: int) -> tuple[Entry, Section]:
        entry, at = self._owner[row]
        return entry, entry.sections[at]

    def best(self, scores: Floats, reader: Reader, limit: int) -> list[Entry]:
        """Documents by their best section among those `reader` may see, best first."""
        usable = scores
        if reader.audience == "public":
            usable = np.where(self._public[: len(scores)], scores, -1.0)
        found: dict[str, Entry] = {}
        taken, step = 0, 4 * limit
        order = np.argsort(-usable, kind="stable") if len(usable) <= step else _top(usable, step)
        while len(found) < limit:
            for row in order[taken:]:
                if usable[row] <= 0 or len(found) == limit:
                    return list(found.values())
                entry, section = self.owner(int(row))
                if entry.id not in found and admits(section.scope, reader):
                    found[entry.id] = entry
            taken, step = len(order), 4 * step
            if taken == len(usable):
                break
            order = _top(usable, step)
        return list(found.values())

    def _put(self, sections: Sequence[Section]) -> Entry:
        first = sections[0]
        self._take_out(first.document_id)
        rows = [self.postings.add(words(" ".join((s.title, *s.path, s.text)))) for s in sections]
        title_terms, _ = self.titles.row(words(first.title))
        self.titles.add(title_terms)
        entry = Entry(sections, rows, title_terms)
        while len(self._public) < rows[-1] + 1:
            self._public = np.concatenate([self._public, np.zeros_like(self._public)])
        for at, row in enumerate(rows):
            self._owner.append((entry, at))
            self._public[row] = sections[at].scope.audience == "public"
        self.documents[entry.id] = entry
        self._join(entry)
        return entry

    def _join(self, entry: Entry) -> None:
        if entry.family not in self.families:
            self.families[entry.family] = Family(entry.family)
            self.family_words.update(self.families[entry.family].words)
        family = self.families[entry.family]
        bisect.insort(family.ids, entry.id)
        family.internal += entry.internal

    def _take_out(self, document_id: str) -> None:
        entry = self.documents.pop(document_id, None)
        if entry is None:
            return
        for row in entry.rows:
            self.postings.drop(row)
        self.titles.add(entry.title_terms, -1)
        family = self.families[entry.family]
        del family.ids[bisect.bisect_left(family.ids, document_id)]
        family.internal -= entry.internal
        if not family.ids:
            del self.families[entry.family]
            self.family_words.subtract(family.words)

    def _encode(self, fresh: Sequence[Entry]) -> None:
        """Vectors of new sections and titles, in half precision (2 bytes a number)."""
        if self.vectors is None or not fresh:
            return
        todo = [(row, s) for e in fresh for row, s in zip(e.rows, e.sections, strict=True)]
        for start in range(0, len(todo), BATCH):
            part = todo[start : start + BATCH]
            found = unit(self.vectors.many([f"{s.title} {s.text}" for _, s in part]))
            self._grow(found.shape[1])
            self._meanings[[row for row, _ in part]] = found.astype(np.float16)
        titles = unit(self.vectors.many([e.sections[0].title for e in fresh]))
        for entry, vector in zip(fresh, titles, strict=True):
            entry.title_vector = vector
        new = [f for f in dict.fromkeys(e.family for e in fresh) if self.families[f].vector is None]
        for name, vector in zip(new, unit(self.vectors.many(new)) if new else (), strict=True):
            self.families[name].vector = vector
        if not len(self.centre) or len(fresh) * 10 > len(self.documents):
            self.centre = self._meanings[: len(self._owner)].mean(axis=0, dtype=np.float32)

    def _grow(self, width: int) -> None:
        need = len(self._owner)
        if len(self._meanings) < need:
            wider = np.zeros((max(need, need * 9 // 8), width), np.float16)
            wider[: len(self._meanings)] = self._meanings if self._meanings.size else 0
            self._meanings = wider


def _top(scores: Floats, count: int) -> Ints:
    if count >= len(scores):
        return np.argsort(-scores, kind="stable").astype(np.int32)
    some = np.argpartition(-scores, count)[:count]
    return some[np.argsort(-scores[some], kind="stable")].astype(np.int32)
