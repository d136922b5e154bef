"""From a question to sections: candidates by words and precedents, ranked by everything known about them."""

from collections.abc import Collection, Mapping, Sequence

from proofdesk.core.knowledge import Hit
from proofdesk.knowledge.retrieval.features import Asked, Candidates, Evidence, describe
from proofdesk.knowledge.retrieval.index import Entry, KnowledgeIndex
from proofdesk.knowledge.retrieval.precedents import Precedents
from proofdesk.knowledge.retrieval.question import Question, TicketHabits
from proofdesk.knowledge.retrieval.rerank import Reranker, shipped_reranker
from proofdesk.knowledge.retrieval.scope import admits

MAX_CANDIDATES = 200
MAX_BY_EVIDENCE = 50
"""Documents that join the candidates because precedents, links or the requester's products name them, each."""
MAX_LINKS = 20


class Retriever:
    """Ranks documents for a question. Pure but for the index it reads; the same inputs give the same order."""

    def __init__(
        self, index: KnowledgeIndex, *, habits: TicketHabits | None = None, precedents: Precedents | None = None,
        reranker: Reranker | None = None, links: Mapping[str, Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        """`links`: a procedure's document id to the documents it requires."""
        self.index = index
        self.habits = habits or TicketHabits()
        self.precedents = precedents or Precedents()
        self.reranker = reranker or shipped_reranker()
        self.links = links or {}

    def candidates(self, question: Question) -> Candidates | None:
        """Their features, for ranking and for training; none where no word of the question is known."""
        asked = Asked(self.index, question, self.habits)
        votes = self.precedents.votes(question.text) if len(self.precedents) else {}
        entries = self._gather(asked, question, votes)
        if not entries:
            return None
        evidence = Evidence(precedents=self.precedents, votes=votes, links=self.links)
        return describe(self.index, asked, entries, evidence, question)

    def rank(self, question: Question) -> list[Hit]:
        """One hit per document (its best section), best first, at most MAX_CANDIDATES and those by evidence."""
        found = self.candidates(question)
        if found is None:
            return []
        scores = self.reranker.score(found.matrix)
        order = sorted(range(len(scores)), key=lambda i: (-float(scores[i]), found.entries[i].id))
        return [self._hit(found, i, float(scores[i])) for i in order]

    def _hit(self, found: Candidates, at: int, score: float) -> Hit:
        entry, section = self.index.owner(found.best_rows[at])
        return Hit(section_id=section.id, document_id=entry.id, score=score)

    def _gather(self, asked: Asked, question: Question, votes: Mapping[str, float]) -> list[Entry]:
        telling, plain = self.index.postings.scores(asked.terms, asked.tells * asked.often, asked.often)
        mixed = telling / max(float(telling.max(initial=0.0)), 1e-9) + plain / max(float(plain.max(initial=0.0)), 1e-9)
        entries = {e.id: e for e in self.index.best(mixed, question.reader, MAX_CANDIDATES)}
        extra = sorted(votes, key=lambda d: (-votes[d], d))[:MAX_BY_EVIDENCE]
        own = {p.casefold() for p in question.products}
        extra += [d for f in sorted(own) if f in self.index.families for d in self.index.families[f].ids][
            :MAX_BY_EVIDENCE
        ]
        extra += [d for e in list(entries)[:MAX_LINKS] for d in self.links.get(e, ())][:MAX_BY_EVIDENCE]
        for document in extra:
            entry = self.index.documents.get(document)
            if entry is not None and any(admits(s.scope, question.reader) for s in entry.sections):
                entries.setdefault(document, entry)
        return list(entries.values())


def admitted(hits: Sequence[Hit], allowed: Collection[str], k: int) -> list[Hit]:
    """The first `k` hits whose section the database let through (ids in `allowed`)."""
    return [hit for hit in hits if hit.section_id in allowed][:k]
