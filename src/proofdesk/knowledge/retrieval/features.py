"""What is known of each candidate document for a question, one row of numbers per document.

Words and meanings are compared for the ticket as a whole and clause by clause; a clause's matches are combined by
root-sum-square (many matching clauses count), by maximum (one perfect clause counts) and by reciprocal ranks.
Numbers that depend on the question are standardised over its candidates, so that long and short tickets compare.
"""

import bisect
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from proofdesk.knowledge.retrieval.index import GENERAL, Entry, KnowledgeIndex
from proofdesk.knowledge.retrieval.postings import Floats, Ints, saturated
from proofdesk.knowledge.retrieval.precedents import Precedents
from proofdesk.knowledge.retrieval.question import Question, TicketHabits, unit
from proofdesk.knowledge.retrieval.scope import Reader, admits
from proofdesk.knowledge.retrieval.words import clauses, words

TITLE_B = 0.3
"""Titles differ little in length on purpose."""
RANK_SHIFT = 5.0
NOWHERE = 99
"""Place of a document without a product."""
RARE = 0.01
"""Added to the share of solved tickets that needed a document before its logarithm is taken."""

LEXICAL = ("section", "document", "title", "section_plain", "clauses_rss", "clauses_max", "clauses_rank", "title_max",
           "title_rss", "family_name")  # fmt: skip
DENSE = ("near_max", "near_top3", "near_mean", "near_rss", "near_rank", "near_title_max", "near_title_rss",
         "near_family")  # fmt: skip
SHAPE = ("internal", "family_internal", "first", "place", "family_size")
POOLED = tuple(f"family_{how}_{what}" for what in ("document", "title_rss", "near_rss", "clauses_rss")
               for how in ("max", "mean", "below"))  # fmt: skip
EVIDENCE = ("precedent", "often_needed", "record_product", "linked")
NAMES = LEXICAL + DENSE + SHAPE + POOLED + EVIDENCE


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """Documents to be ranked, each with the rows of its sections. `matrix`: (documents, NAMES)."""

    entries: tuple[Entry, ...]
    best_rows: tuple[int, ...]
    matrix: Floats


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside the texts. `links`: a procedure's document id to the documents it requires."""

    precedents: Precedents
    votes: Mapping[str, float]
    links: Mapping[str, Sequence[str]]


class Asked:
    """A question as numbers: its known terms with weights, the same per clause, and the clauses' vectors."""

    def __init__(self, index: KnowledgeIndex, question: Question, habits: TicketHabits) -> None:
        known = index.postings.vocabulary.ids
        count = Counter(words(question.text))
        held = {word: known[word] for word in count if word in known}
        self.column = {word: at for at, word in enumerate(held)}
        self.terms: Ints = np.fromiter(held.values(), np.int32, len(held))
        self.tells = np.array([habits.weight(w) for w in held], np.float32)
        self.often = np.array([1 + math.log(count[w]) for w in held], np.float32)
        self.parts = clauses(question.text)
        self.clauses = np.zeros((len(self.parts), len(held)), np.float32)
        for row, part in enumerate(self.parts):
            at = [self.column[w] for w in set(words(part)) if w in self.column]
            self.clauses[row, at] = self.tells[at]
        self.vectors: Floats | None = None
        if index.vectors is not None and self.parts:
            found = unit(index.vectors.many(self.parts))
            self.vectors = unit(found - (habits.centre if habits.centre is not None else 0.0))


def describe(
    index: KnowledgeIndex, asked: Asked, entries: Sequence[Entry], evidence: Evidence, question: Question
) -> Candidates:  # fmt: skip
    """The matrix of `entries`, in their order."""
    held = [_readable(entry, question.reader) for entry in entries]
    rows = [row for part in held for row in part]
    start = np.concatenate([[0], np.cumsum([len(part) for part in held])])[:-1]
    found, by_section = _lexical(index, asked, entries, rows, start)
    found |= _dense(index, asked, entries, rows, start)
    families = np.unique([e.family for e in entries], return_inverse=True)[1].astype(np.int32)
    found["family_name"] = _family_names(index, asked, entries)
    found = {name: _standard(values) for name, values in found.items()}
    found |= _pooled(found, families)
    found |= _shape(index, entries)
    found |= _evidenced(entries, found, evidence, question)
    zeros = np.zeros(len(entries), np.float32)
    matrix = np.stack([found.get(name, zeros) for name in NAMES], axis=1).astype(np.float32)
    best = tuple(rows[s + int(by_section[s : s + len(p)].argmax())] for s, p in zip(start, held, strict=True))
    return Candidates(entries=tuple(entries), best_rows=best, matrix=matrix)


def _readable(entry: Entry, reader: Reader) -> list[int]:
    """What the reader may not see must not move a document either."""
    return [row for row, s in zip(entry.rows, entry.sections, strict=True) if admits(s.scope, reader)]


def _lexical(
    index: KnowledgeIndex, asked: Asked, entries: Sequence[Entry], rows: list[int], start: Ints
) -> tuple[dict[str, Floats], Floats]:
    postings = index.postings
    counts = postings.block(rows, asked.terms)
    lengths = np.array([postings.lengths[r] for r in rows], np.float32)
    idf = postings.vocabulary.idf(asked.terms)
    sections = saturated(counts, lengths[:, None], postings.mean_length) * idf
    whole = np.add.reduceat(counts, start, axis=0)
    long = np.add.reduceat(lengths, start)
    documents = saturated(whole, long[:, None], float(long.mean()) or 1.0) * idf
    titles = _titles(index, asked, entries)
    pull = asked.tells * asked.often
    by_section = sections @ pull
    by_clause = np.maximum.reduceat(asked.clauses @ sections.T, start, axis=1)
    title_clause = asked.clauses @ titles.T
    found = {
        "section": np.maximum.reduceat(by_section, start), "document": documents @ pull, "title": titles @ pull,
        "section_plain": np.maximum.reduceat(sections @ asked.often, start), "clauses_rss": _rss(by_clause),
        "clauses_max": by_clause.max(axis=0), "clauses_rank": _reciprocal(by_clause),
        "title_max": title_clause.max(axis=0), "title_rss": _rss(title_clause),
    }  # fmt: skip
    return found, by_section


def _titles(index: KnowledgeIndex, asked: Asked, entries: Sequence[Entry]) -> Floats:
    """(documents, terms): weight of each asked word in the title, rare among titles counting more."""
    column = np.full(len(index.titles.ids) + 1, -1, np.int32)
    for word, at in asked.column.items():
        column[index.titles.ids.get(word, -1)] = at
    column[-1] = -1
    sizes = [len(e.title_terms) for e in entries]
    held = np.concatenate([e.title_terms for e in entries])
    lengths = np.repeat(np.array(sizes, np.float32), sizes)
    weights = saturated(np.ones_like(lengths), lengths, float(lengths.mean()) if len(held) else 1.0, TITLE_B)
    out = np.zeros((len(entries), len(asked.terms)), np.float32)
    wanted = column[held] >= 0
    rows = np.repeat(np.arange(len(entries)), sizes)
    out[rows[wanted], column[held[wanted]]] = (weights * index.titles.idf(held))[wanted]
    return out


def _dense(
    index: KnowledgeIndex, asked: Asked, entries: Sequence[Entry], rows: list[int], start: Ints
) -> dict[str, Floats]:
    if asked.vectors is None or index.vectors is None:
        return {}
    sections = unit(index.meanings(rows) - index.centre)
    near = np.maximum.reduceat(asked.vectors @ sections.T, start, axis=1)
    zero = np.zeros_like(index.centre)
    titles = np.stack([e.title_vector if e.title_vector is not None else zero for e in entries])
    title = asked.vectors @ unit(titles - titles.mean(axis=0)).T
    top = np.sort(near, axis=0)[-3:]
    named = {e.family: index.families[e.family].vector for e in entries}
    vectors = np.stack([v if v is not None else zero for v in named.values()])
    best = (asked.vectors @ unit(vectors - vectors.mean(axis=0)).T).max(axis=0).tolist()
    family = dict(zip(named, best, strict=True))
    return {
        "near_max": near.max(axis=0), "near_top3": top.mean(axis=0), "near_mean": near.mean(axis=0),
        "near_rss": _rss(np.maximum(near, 0)), "near_rank": _reciprocal(near), "near_title_max": title.max(axis=0),
        "near_title_rss": _rss(np.maximum(title, 0)),
        "near_family": np.array([family[e.family] for e in entries], np.float32),
    }  # fmt: skip


def _family_names(index: KnowledgeIndex, asked: Asked, entries: Sequence[Entry]) -> Floats:
    """How much of the ticket's telling words the product's name holds; rare among products counts more."""
    held, total = index.family_words, len(index.families)
    value = {
        family: sum(
            math.log1p((total - held[w] + 0.5) / (held[w] + 0.5)) * float(asked.tells[asked.column[w]])
            for w in sorted(index.families[family].words & asked.column.keys())
        )
        for family in {e.family for e in entries}
    }
    return np.array([value[e.family] for e in entries], np.float32)


def _pooled(found: Mapping[str, Floats], families: Ints) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    size = np.bincount(families)
    for name in ("document", "title_rss", "near_rss", "clauses_rss"):
        if name not in found:
            continue
        top = np.full(len(size), -np.inf, np.float32)
        np.maximum.at(top, families, found[name])
        mean = np.bincount(families, found[name]) / size
        out[f"family_max_{name}"] = _standard(top[families])
        out[f"family_mean_{name}"] = _standard(mean[families].astype(np.float32))
        out[f"family_below_{name}"] = found[name] - out[f"family_max_{name}"]
    return out


def _shape(index: KnowledgeIndex, entries: Sequence[Entry]) -> dict[str, Floats]:
    """Whose a document is and where it stands among the documents of its product (the first ones introduce it)."""
    families = [index.families[e.family] for e in entries]
    places = [bisect.bisect_left(f.ids, e.id) for f, e in zip(families, entries, strict=True)]
    at = np.array([NOWHERE if e.family == GENERAL else p for p, e in zip(places, entries, strict=True)])
    return {
        "internal": np.array([e.internal for e in entries], np.float32),
        "family_internal": np.array([f.internal / len(f.ids) for f in families], np.float32),
        "first": (at == 0).astype(np.float32), "place": (1 / (1 + at)).astype(np.float32),
        "family_size": np.array([math.log(len(f.ids)) for f in families], np.float32),
    }  # fmt: skip


def _evidenced(
    entries: Sequence[Entry], found: Mapping[str, Floats], evidence: Evidence, question: Question
) -> dict[str, Floats]:
    """Solved tickets, the requester's own products, and what the best candidates require."""
    own = {p.casefold() for p in question.products}
    strong = found["document"] + found["clauses_rss"]
    share = np.exp(strong - strong.max())
    share /= share.sum()
    needed: dict[str, float] = {}
    for entry, weight in zip(entries, share.tolist(), strict=True):
        for target in evidence.links.get(entry.id, ()):
            needed[target] = needed.get(target, 0.0) + weight
    return {
        "precedent": np.sqrt(np.array([evidence.votes.get(e.id, 0.0) for e in entries], np.float32)),
        "often_needed": np.log(RARE + np.array([evidence.precedents.share(e.id) for e in entries], np.float32)),
        "record_product": np.array([_holds(e, own) for e in entries], np.float32),
        "linked": np.sqrt(np.array([needed.get(e.id, 0.0) for e in entries], np.float32)),
    }


def _holds(entry: Entry, own: set[str]) -> bool:
    return any(p.casefold() in own for p in entry.sections[0].scope.product)


def _rss(scores: Floats) -> Floats:
    result: Floats = np.sqrt((scores * scores).sum(axis=0))
    return result


def _reciprocal(scores: Floats) -> Floats:
    order = np.argsort(-scores, axis=1, kind="stable")
    worth = np.empty_like(scores)
    np.put_along_axis(worth, order, (1 / (RANK_SHIFT + np.arange(scores.shape[1])))[None, :], axis=1)
    result: Floats = worth.sum(axis=0)
    return result


def _standard(values: Floats) -> Floats:
    result: Floats = ((values - values.mean()) / (values.std() + 1e-9)).astype(np.float32)
    return result
