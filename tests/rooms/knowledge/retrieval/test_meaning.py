"""Vectors passed in: near in meaning counts where no word is shared; vectors stay with their rows through edits."""

import hashlib
from collections.abc import Sequence

import numpy as np

from proofdesk.core.knowledge import Scope, Section
from proofdesk.knowledge.retrieval import KnowledgeIndex, Question, Reranker, Retriever, TicketHabits
from proofdesk.knowledge.retrieval.postings import Floats

TOPICS = {"dog": 0, "puppy": 0, "rain": 1, "drizzle": 1, "loan": 2, "credit": 2}


class Topics:
    """One axis per topic; a text without known words points nowhere in particular."""

    encoder_hash = "topics"

    def many(self, texts: Sequence[str]) -> Floats:
        out = np.zeros((len(texts), 8), np.float32)
        for row, text in enumerate(texts):
            out[row, 3 + hashlib.sha256(text.encode()).digest()[0] % 5] = 0.1
            for word in text.lower().split():
                if word.strip(".,?") in TOPICS:
                    out[row, TOPICS[word.strip(".,?")]] = 1.0
        return out


def note(document: str, text: str) -> Section:
    return Section(id=document, document_id=document, title="note", text=text, scope=Scope(audience="public"))


NEAR = Reranker(means={}, scales={}, weights={"near_max": 1.0})


def notes() -> KnowledgeIndex:
    index = KnowledgeIndex(Topics())
    index.load([note("a", "The dog of ours"), note("b", "The rain of ours"), note("c", "The loan of ours")])
    return index


def first(index: KnowledgeIndex, text: str) -> str:
    return Retriever(index, reranker=NEAR).rank(Question(text=text))[0].document_id


def test_meaning_decides_among_equal_words() -> None:
    index = notes()
    assert [first(index, f"The {word} of ours") for word in ("puppy", "drizzle", "credit")] == ["a", "b", "c"]


def test_vectors_follow_edits() -> None:
    index = notes()
    index.replace([note("a", "The credit of ours")])
    index.replace([note("c", "The puppy of ours")])
    index.replace([note("d", "The ours of ours")])
    index.remove("b")
    assert first(index, "The dog of ours") == "c"
    assert first(index, "The loan of ours") == "a"


def test_the_centre_of_tickets_is_learned_from_their_clauses() -> None:
    habits = TicketHabits(["The dog is wet. The rain is cold."], Topics())
    assert habits.centre is not None
    assert habits.centre.shape == (8,)
    assert habits.centre[0] > 0.3 < habits.centre[1]
