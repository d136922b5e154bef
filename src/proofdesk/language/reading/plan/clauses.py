"""Cuts a message into clauses: pieces with at most one thing asked, told or supposed, with the words that lead
them in.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from proofdesk.language.reading.plan.atoms import Atom

Role = Literal["plain", "condition"]
LEADS = ("also", "first", "but", "join", "only", "revise")
"""Kinds that may lead a clause in."""
_BREAKS = ("comma", "semi", "open", "close", "join", "but")
_PREDICATES = (
    "human",
    "wish",
    "verb",
    "prefer",
    "keep",
    "remove",
    "say",
    "ask",
    "nothing_done",
    "dont_care",
    "confirm",
)


class Clause(msgspec.Struct, kw_only=True):
    """Atoms [start, end) of sentence `sentence`; `lead`: kinds of the words before `start` that lead it in."""

    start: int
    end: int
    sentence: int
    lead: frozenset[str] = frozenset()
    role: Role = "plain"
    bracketed: bool = False


def split(atoms: Sequence[Atom]) -> list[Clause]:
    clauses: list[Clause] = []
    first = 0
    for number, (start, end) in enumerate(_sentences(atoms)):
        depth = 0
        first = start
        at = start
        while at < end:
            atom = atoms[at]
            if at > first and _opens(atoms, at, first, end):
                _add(clauses, atoms, first, at, number, depth)
                first = at
            if atom.has("open", "close"):
                _add(clauses, atoms, first, at, number, depth)
                depth = 1 if atom.has("open") else 0
                first = at + 1
            at += 1
        _add(clauses, atoms, first, end, number, depth)
        _find_consequent(clauses, atoms, number)
    return clauses


def _find_consequent(clauses: list[Clause], atoms: Sequence[Atom], sentence: int) -> None:
    """A condition that opens its sentence and nothing after it: what stands behind its first comma is the
    consequent.
    """
    own = [clause for clause in clauses if clause.sentence == sentence]
    if not own or own[-1].role != "condition" or any(one.role == "plain" for one in own[:-1]):
        return
    last = own[-1]
    comma = next((at for at in range(last.start, last.end) if atoms[at].has("comma")), -1)
    if comma > 0 and comma + 1 < last.end:
        clauses[-1] = msgspec.structs.replace(last, end=comma)
        _add(clauses, atoms, comma + 1, last.end, sentence, 0)


def _sentences(atoms: Sequence[Atom]) -> list[tuple[int, int]]:
    found, first = [], 0
    for at, atom in enumerate(atoms):
        if atom.has("stop"):
            if at > first:
                found.append((first, at))
            first = at + 1
    if first < len(atoms):
        found.append((first, len(atoms)))
    return found


def _add(clauses: list[Clause], atoms: Sequence[Atom], first: int, end: int, sentence: int, depth: int) -> None:
    lead: set[str] = set()
    while first < end and (atoms[first].has(*_BREAKS) or _is_lead(atoms, first, end)):
        lead.update(kind for kind in LEADS if atoms[first].has(kind))
        first += 1
    while end > first and atoms[end - 1].has("comma", "semi"):
        end -= 1
    if end > first or lead - {"join"}:
        role: Role = "condition" if end > first and _is_condition(atoms, first) else "plain"
        clauses.append(
            Clause(start=first, end=end, sentence=sentence, lead=frozenset(lead), role=role, bracketed=depth > 0)
        )


def _is_lead(atoms: Sequence[Atom], at: int, end: int) -> bool:
    """ "Also", "then", "finally"; "only" and "instead" lead where something to do follows at once."""
    atom = atoms[at]
    if atom.has("revise") and at + 1 < end:
        return not atoms[at + 1].has("over")
    return atom.has("also", "first", "but", "join") and not atom.has("wish")


def _is_condition(atoms: Sequence[Atom], at: int) -> bool:
    return atoms[at].has("condition", "otherwise", "unless")


def _opens(atoms: Sequence[Atom], at: int, first: int, end: int) -> bool:  # noqa: PLR0911 - one line a rule
    """Whether a clause begins at `at`."""
    atom = atoms[at]
    before = atoms[at - 1]
    if before.has("open", "close"):
        return False
    if before.has("otherwise") and at == first + 1 + sum(a.has(*_BREAKS) for a in atoms[first:at]):
        return True
    if atom.has("condition", "otherwise", "unless") and _leads_in(atoms, at, first):
        return not all(atoms[place].has("also", "only", "but", "join", "first", *_BREAKS) for place in range(first, at))
    if atom.has("reason_mark") and at > first + 1:
        return not before.has("reason_mark")
    if atom.has("comma") and atoms[first].has("reason_mark"):
        return True
    if atom.has(*_BREAKS):
        nxt = at + 1
        while nxt < end and atoms[nxt].has("also", "first", "only", "join", "but", "revise"):
            nxt += 1
        if atoms[nxt - 1].has("but") and atoms[nxt].has("negation"):
            return False  # "more expensive yet not …" goes on
        return nxt < end and starts_predicate(atoms, nxt, end)
    if _is_condition(atoms, first) and at > first + 1:
        # The consequent without a comma: "if not I want …", "if it is not available just return it".
        return (atom.has("wish") and atom.text.startswith(("i ", "i'd", "we "))) or (
            atom.has("only") and atoms[at + 1].has("verb")
        )
    return atom.has("wish") and not atom.has("glue") and _after_goods(atoms, at)


def _leads_in(atoms: Sequence[Atom], at: int, first: int) -> bool:
    """ "if" always opens a condition; "when" and the like only at the beginning of a part, "should" only there too."""
    if atoms[at].text.startswith(("if", "only if", "but only if", "in case", "unless", "in the event")):
        return True
    return at == first or atoms[at - 1].has(*_BREAKS, "also", "first")


def _after_goods(atoms: Sequence[Atom], at: int) -> bool:
    return atoms[at].text.startswith(("i ", "we ")) and atoms[at - 1].has("close", "comma")


def starts_predicate(atoms: Sequence[Atom], at: int, end: int) -> bool:
    atom = atoms[at]
    if atom.has("revise") and atom.text.startswith("i "):
        return True
    if atom.has("condition", "otherwise", "unless", "reason_mark"):
        return True
    if atom.has(*_PREDICATES) and not (at and atoms[at - 1].has("det")):
        return not (atom.has("verb") and at + 1 < end and atoms[at + 1].has("in", "comma"))
    if atom.has("negation") and at + 1 < end and atoms[at + 1].has("verb", "say", "keep"):
        return True
    if atom.has("subject") and at + 1 < end:
        return not atoms[at + 1].has("comma", "join", "stop")
    return atom.has("pronoun") and at + 1 < end and atoms[at + 1].has("aux")
