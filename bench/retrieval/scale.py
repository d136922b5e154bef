"""Many synthetic sections: how long an index takes to build, to search and to follow an edit, and what it holds.

Words are made of syllables and drawn with Zipf frequencies; a ticket is forty clauses of twelve words.
"""

import resource
import time
from typing import Any

import numpy as np

from proofdesk.core.knowledge import Scope, Section
from proofdesk.knowledge.retrieval import (
    KnowledgeIndex,
    Precedent,
    Precedents,
    Question,
    Retriever,
    TicketHabits,
    Vectors,
)

SYLLABLES = ("ba", "den", "fo", "gri", "kel", "lu", "mar", "no", "pi", "ras", "sol", "tem", "vu", "wi", "xan", "zo")
WORDS = 40_000
SECTIONS_A_DOCUMENT = 4
WORDS_A_SECTION = 110
DOCUMENTS_A_PRODUCT = 10
CLAUSES, WORDS_A_CLAUSE = 40, 12
TICKETS = 100
SOLVED = 2_000
EDITS = 20
SEED = 7


class Writer:
    def __init__(self) -> None:
        self.rng = np.random.default_rng(SEED)
        base = len(SYLLABLES)
        spelled = np.stack([np.arange(WORDS) // base**k % base for k in range(4)], axis=1)
        self.words = np.array(["".join(SYLLABLES[s] for s in row) for row in spelled])
        chance = 1 / np.arange(3, WORDS + 3)
        self.chance = chance / chance.sum()

    def draw(self, count: int) -> str:
        return " ".join(self.rng.choice(self.words, count, p=self.chance))

    def document(self, number: int) -> list[Section]:
        drawn = self.draw(SECTIONS_A_DOCUMENT * WORDS_A_SECTION + 6).split(" ")
        scope = Scope(
            product=(f"{self.words[number // DOCUMENTS_A_PRODUCT % WORDS]} plan",),
            audience="internal" if number % 4 == 0 else "public",
        )
        return [
            Section(
                id=f"d{number:07}#{at}", document_id=f"d{number:07}", title=" ".join(drawn[-6:]), scope=scope,
                text=" ".join(drawn[at * WORDS_A_SECTION : (at + 1) * WORDS_A_SECTION]),
            )
            for at in range(SECTIONS_A_DOCUMENT)
        ]  # fmt: skip

    def ticket(self) -> str:
        return ".\n".join(self.draw(WORDS_A_CLAUSE) for _ in range(CLAUSES))


def percentiles(spent: list[float]) -> dict[str, float]:
    return {f"p{p}_ms": float(np.percentile(spent, p)) for p in (50, 95)}


def scale(sections: int, vectors: Vectors | None) -> dict[str, Any]:
    writer = Writer()
    documents = [writer.document(n) for n in range(sections // SECTIONS_A_DOCUMENT)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu = time.perf_counter(), time.process_time()
    index = KnowledgeIndex(vectors)
    index.load(section for document in documents for section in document)
    built, built_cpu = time.perf_counter() - start, time.process_time() - cpu
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    solved = [
        Precedent(text=writer.ticket(), document_ids=tuple(d[0].document_id for d in documents[n :: SOLVED][:5]))
        for n in range(min(SOLVED, len(documents)))
    ]  # fmt: skip
    habits = TicketHabits([p.text for p in solved], vectors)
    retriever = Retriever(index, habits=habits, precedents=Precedents(solved))
    return {
        "sections": sections, "build_s": built, "build_cpu_s": built_cpu, "index_mb": grown / 1024,
        "process_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "search": searched(retriever, writer), "edit_visible": edited(retriever, writer),
    }  # fmt: skip


def searched(retriever: Retriever, writer: Writer) -> dict[str, float]:
    wall, cpu = [], []
    retriever.rank(Question(text=writer.ticket()))
    for _ in range(TICKETS):
        question = Question(text=writer.ticket())
        start, used = time.perf_counter(), time.process_time()
        retriever.rank(question)
        wall.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - used) * 1e3)
    return percentiles(wall) | {f"cpu_{name}": value for name, value in percentiles(cpu).items()}


def edited(retriever: Retriever, writer: Writer) -> dict[str, Any]:
    """From handing over the new text until a search gives it: one edit at a time, the last one with a full rebuild."""
    wall = []
    for number in range(EDITS):
        document = writer.document(number)
        marked = [*document[:-1], changed(document[-1], f"{document[-1].text} quincunx{number}")]
        start = time.perf_counter()
        retriever.index.replace(marked)
        hits = retriever.rank(Question(text=f"quincunx{number}"))
        wall.append((time.perf_counter() - start) * 1e3)
        if not hits or hits[0].section_id != marked[-1].id:
            raise AssertionError(f"the edit of {marked[-1].id} is not visible")
    start = time.perf_counter()
    retriever.index.postings.rebuild()
    return percentiles(wall) | {"rebuild_ms": (time.perf_counter() - start) * 1e3}


def changed(section: Section, text: str) -> Section:
    return Section(
        id=section.id, document_id=section.document_id, title=section.title, text=text, scope=section.scope
    )  # fmt: skip
