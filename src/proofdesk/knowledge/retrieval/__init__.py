"""Finding the sections that a ticket needs: a derived, rebuildable index in memory, and what ranks its candidates.

PostgreSQL holds the record. This room gets sections, vectors and solved tickets passed in, answers with ids, and
leaves to the database what may be shown (`admitted`).
"""

from proofdesk.knowledge.retrieval.index import KnowledgeIndex
from proofdesk.knowledge.retrieval.precedents import Precedent, Precedents
from proofdesk.knowledge.retrieval.question import Question, TicketHabits, Vectors
from proofdesk.knowledge.retrieval.rerank import Example, Reranker, shipped_reranker, train_reranker
from proofdesk.knowledge.retrieval.scope import Reader, admits
from proofdesk.knowledge.retrieval.search import Retriever, admitted

__all__ = [
    "Example",
    "KnowledgeIndex",
    "Precedent",
    "Precedents",
    "Question",
    "Reader",
    "Reranker",
    "Retriever",
    "TicketHabits",
    "Vectors",
    "admits",
    "admitted",
    "shipped_reranker",
    "train_reranker",
]
