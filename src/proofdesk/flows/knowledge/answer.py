"""Search and cited answers: the index proposes, the database decides what may be seen, the words are the sections'."""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Literal
from uuid import UUID

import msgspec
import numpy as np

from proofdesk.core.knowledge import Audience, Hit
from proofdesk.flows.context import Shell
from proofdesk.flows.knowledge.index import Indexes, section_of, today_of
from proofdesk.flows.knowledge.views import SectionView, section_view
from proofdesk.knowledge.answering import Composed, Passage, Weight, compose
from proofdesk.knowledge.retrieval import KnowledgeIndex, Question, Reader, admitted
from proofdesk.store import knowledge as k
from proofdesk.store.pool import tenant_transaction

MAX_QUESTION_CHARS = 20_000
OVER_FETCH = 50
WHOLE_DOCUMENTS = 5
"""Of the best documents every section is looked at, not only the best one."""
MAX_OF_DOCUMENT = 40
CLOSEST = 3
PRIOR_ROWS = 20
"""Sections imagined beside the real ones, so that among a handful no word counts as common."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks what. `public`: for a customer, who sees public texts only."""

    text: str
    audience: Audience = "public"
    language: str = ""
    region: str = ""
    tier: str = ""
    products: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`score` is comparable within one search only."""

    score: float
    section: SectionView


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """Where words of an answer stand. `span`: characters of the section's text."""

    section_id: UUID
    document_id: UUID
    version: int
    title: str
    path: list[str]
    link: str
    quote: str
    span: tuple[int, int]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """`answered`: `text` is the citations' words alone. Else a person should answer, helped by `closest`."""

    outcome: Literal["answered", "abstained"]
    text: str
    citations: list[Citation]
    covered: float
    reason: str
    missing: list[str]
    closest: list[SectionView]


async def search(shell: Shell, indexes: Indexes, tenant: str, ask: Ask, *, limit: int = 10) -> list[Found]:
    """Best first, at most one section per document, only what the asker may see today."""
    retriever = await indexes.retriever(shell, tenant)
    hits = await asyncio.to_thread(retriever.rank, _question(shell, ask))
    rows = await _admitted(shell, tenant, ask, [hit.section_id for hit in hits[: limit + OVER_FETCH]])
    allowed = admitted(hits, rows, limit)
    return [Found(score=hit.score, section=section_view(rows[hit.section_id])) for hit in allowed]


async def answer(shell: Shell, indexes: Indexes, tenant: str, ask: Ask) -> Answer:
    """Cited words of sections in force, or an abstention with the closest sections. Reads; changes nothing."""
    retriever = await indexes.retriever(shell, tenant)
    hits = await asyncio.to_thread(retriever.rank, _question(shell, ask))
    wanted = [hit.section_id for hit in hits[:OVER_FETCH]]
    for hit in hits[:WHOLE_DOCUMENTS]:
        entry = retriever.index.documents.get(hit.document_id)
        wanted += [section.id for section in entry.sections[:MAX_OF_DOCUMENT]] if entry else []
    rows = await _admitted(shell, tenant, ask, list(dict.fromkeys(wanted)))
    order = sorted(rows, key=_place(hits))
    made = compose(ask.text, [section_of(rows[each]) for each in order], _weight(retriever.index))
    if not isinstance(made, Composed):
        return Answer(
            outcome="abstained", text="", citations=[], covered=made.covered, reason=made.reason,
            missing=list(made.missing),
            closest=[section_view(rows[hit.section_id]) for hit in admitted(hits, rows, CLOSEST)],
        )  # fmt: skip
    citations = [_citation(rows[each.section_id], each) for each in made.passages]
    return Answer(
        outcome="answered", text="\n\n".join(each.quote for each in citations), citations=citations,
        covered=made.covered, reason="", missing=[], closest=[],
    )  # fmt: skip


def _question(shell: Shell, ask: Ask) -> Question:
    reader = Reader(
        audience=ask.audience, today=today_of(shell), language=ask.language, region=ask.region, tier=ask.tier
    )
    return Question(text=ask.text[:MAX_QUESTION_CHARS], products=ask.products, reader=reader)


async def _admitted(shell: Shell, tenant: str, ask: Ask, section_ids: Sequence[str]) -> dict[str, k.SectionRow]:
    """What the database lets this asker see, by id: the one place that decides it."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        rows = await k.admitted(
            conn, tenant=tenant, section_ids=[UUID(each) for each in section_ids], internal=ask.audience == "internal",
            today=today_of(shell), language=ask.language, region=ask.region, tier=ask.tier,
        )  # fmt: skip
    return {str(row.section_id): row for row in rows}


def _place(hits: Sequence[Hit]) -> Callable[[str], tuple[int, str]]:
    """Sections that were found in their order, the others of the same documents after them."""
    places = {hit.section_id: place for place, hit in enumerate(hits)}
    return lambda section_id: (places.get(section_id, len(places)), section_id)


def _weight(index: KnowledgeIndex) -> Weight:
    vocabulary = index.postings.vocabulary

    def weight(word: str) -> float:
        number = vocabulary.ids.get(word)
        held = 0.0
        if number is not None:
            idf = float(vocabulary.idf(np.array([number], np.int32))[0])
            held = (vocabulary.rows + 1) / math.exp(idf) - 0.5
        return math.log1p((vocabulary.rows + PRIOR_ROWS - held + 0.5) / (held + 0.5))

    return weight


def _citation(row: k.SectionRow, passage: Passage) -> Citation:
    return Citation(
        section_id=row.section_id, document_id=row.document_id, version=row.version, title=row.title, path=row.path,
        link=row.link, quote=passage.text, span=passage.span,
    )  # fmt: skip
