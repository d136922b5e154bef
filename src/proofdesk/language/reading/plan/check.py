"""The guard of a plan: whatever could change what is wanted must have been explained, or nothing is done.

In a clause no rule took only a story may stand, as the narrative rules know it, and goods that were received or bought.
"""

from proofdesk.language.reading.coverage import foreign_tokens
from proofdesk.language.reading.narrative import is_story
from proofdesk.language.reading.plan.cursor import Cursor
from proofdesk.language.reading.plan.values import Plan

_RISKS = (
    "verb", "value", "pay", "literal", "id", "strange_id", "wish", "condition", "otherwise", "unless", "prefer",
    "except", "enum",
    "nothing_done", "human", "dont_care", "cheapest", "dearest", "remove", "over", "original", "part",
    "negation", "all", "whole", "number", "amount", "only", "revise", "keep", "same", "rest", "more", "less",
    "most", "least",
    "graded", "slightly", "other", "place", "head", "option", "cheaper", "dearer", "at_least", "at_most", "status",
    "street",
    "recent", "oldest", "misspelt",
)  # fmt: skip
_TOLD = ("head", "number", "det", "value", "part", "recent", "only", "all", "option", "order_noun", "status")


def unread_atoms(cursor: Cursor, plan: Plan) -> list[int]:
    """Atoms that no rule explains and that could change what is wanted."""
    found = set(cursor.strange)
    for start, end in cursor.pieces:
        left = [at for at in range(start, end) if at not in cursor.used]
        if not left:
            continue
        whole = all(cursor.atoms[at].has("enum") for at in range(start, end) if at in cursor.used)
        if whole and _story(cursor, start, end):
            plan.reason_given = True
            continue
        found.update(at for at in left if _risky(cursor, at, whole=len(left) == end - start))
    return sorted(found)


def foreign_atoms(cursor: Cursor) -> list[int]:
    """Atoms in a language nobody listed."""
    strange = foreign_tokens(cursor.doc)
    return [
        at for at, atom in enumerate(cursor.atoms) if any(token in strange for token in range(atom.start, atom.end))
    ]


def _story(cursor: Cursor, start: int, end: int) -> bool:
    """Something only told; goods in it count as told where they were received or bought."""
    doc = cursor.doc
    first, last = cursor.atoms[start].start, cursor.atoms[end - 1].end
    told: set[int] = set()
    if cursor.any(start, end, "subject") and cursor.any(start, end, "received", "bought", "aux"):
        told = {
            token for atom in cursor.atoms[start:end] if atom.has(*_TOLD) and not atom.has("verb", "wish",
            "negation", "enum")
            for token in range(atom.start, atom.end)
        }  # fmt: skip
    told |= {
        token for at in range(start, end) if at in cursor.used
        for token in range(cursor.atoms[at].start, cursor.atoms[at].end)
    }  # fmt: skip
    before = set(doc.used)
    doc.used |= told
    story = is_story(doc, first, last)
    doc.used = before
    return (story or _surplus(cursor, start, end)) and not cursor.any(
        start, end, "verb", "wish", "prefer", "human", "nothing_done"
    )


def _surplus(cursor: Cursor, start: int, end: int) -> bool:
    """ "I received two lamps", "I have two payment methods and two orders": possession or arrival, and nothing else."""
    atoms = cursor.atoms[start:end]
    has = any(atom.has("subject") or atom.text.startswith("i ") for atom in atoms) and any(
        atom.has("received", "bought") or atom.text in ("have", "need") for atom in atoms
    )
    came = any(atom.has("received", "bought") and "have" not in atom.text for atom in atoms)
    allowed = (*(_TOLD if came else ("number", "det", "order_noun")), "subject", "received", "bought", "join", "glue",
               "pay_noun", "aux", "first", "comma")  # fmt: skip
    barred = ("verb", "wish", "negation", "pay", "id", "also")
    return has and all(atom.has(*allowed) and not atom.has(*barred) for atom in atoms)


def _risky(cursor: Cursor, at: int, *, whole: bool) -> bool:
    atom = cursor.atoms[at]
    doc = cursor.doc
    phrase = atom.end > atom.start + 1 and not atom.kinds.keys() - {"glue"}
    if whole and not phrase and any(doc.risk(at) not in ("", "anaphora") for at in range(atom.start, atom.end)):
        return True
    if atom.has("glue", "det", "bought") and not atom.has("verb", "value", "only", "negation", "wish"):
        return False
    return atom.has(*_RISKS)
