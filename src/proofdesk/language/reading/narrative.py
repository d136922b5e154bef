"""What people tell beside what they want: lists, stories, deadlines and purposes, recognised so that they may be left.

Every rule here asks that nothing in the passage could change a request: no act, no identifier, no goods or options that
a rule has not taken up, no wish, no condition, no choice, no revision. A negation is part of a story only after its
subject and with a verb of state ("it does not fit"): "do not …" is not.
"""

from collections.abc import Mapping, Sequence

from proofdesk.language.reading.document import STRONG_KINDS, Document
from proofdesk.language.reading.frame import Frame
from proofdesk.language.reading.profile import Profile

MAX_LIST_NUMBER = 20
_CUTS = frozenset(",;:()–—")
_BARRED = frozenset(STRONG_KINDS) - {"same"}
_RISKY = ("condition", "quantifier", "comparative", "revision", "money", "hypothetical", "question", "report")


def use_narrative(doc: Document, frames: Sequence[Frame], profiles: Mapping[str, Profile]) -> None:
    """Marks as explained what changes nothing."""
    acts = {at for frame in frames for at in frame.act.tokens()}
    _use_list_numbers(doc)
    if _one_referent(doc):
        doc.use(at for at in range(len(doc.tokens)) if doc.risk(at) == "anaphora")
    for start, end in doc.sentences:
        for first, last in clauses(doc, start, end):
            act = next((at for at in range(first, last) if at in acts), last)
            joined = [at for at in range(first, act) if doc.forms.low[at] in doc.tongue[at].words.joiner]
            end_of_story = last if act == last else joined[-1] if joined else first
            if end_of_story > first and is_story(doc, first, end_of_story):
                doc.use(range(first, end_of_story))
    for frame in frames:
        _use_purpose(doc, frame, profiles)


def clauses(doc: Document, start: int, end: int) -> list[tuple[int, int]]:
    """Parts of a sentence between commas, colons, brackets and dashes."""
    found = []
    first = start
    for at in range(start, end):
        if doc.tokens[at].text in _CUTS:
            if at > first:
                found.append((first, at))
            first = at + 1
    if end > first:
        found.append((first, end))
    return found


def _use_list_numbers(doc: Document) -> None:
    for at, token in enumerate(doc.tokens[:-1]):
        opens = at == 0 or doc.tokens[at - 1].text in ".!?:;," or "\n" in doc.text[doc.tokens[at - 1].end : token.start]
        if token.kind == "number" and opens and doc.tokens[at + 1].text in ".)" and token.text.isdigit():
            nearby = doc.tokens[at + 1].start == token.end
            if nearby and int(token.text) <= MAX_LIST_NUMBER:
                doc.use((at, at + 1))


def _one_referent(doc: Document) -> bool:
    """Whether "it" can mean one thing only: at most one order, one subscription and one kind of goods are named."""
    ids = [known for at in range(len(doc.tokens)) if (known := doc.id_at(at))]
    orders = {one for kind, one in ids if kind == "order"}
    subscriptions = {one for kind, one in ids if kind == "subscription"}
    goods = {mention.payload for mention in doc.mentions if mention.kind == "head"}
    return len(orders) <= 1 and len(subscriptions) <= 1 and len(goods) <= 1


def is_story(doc: Document, first: int, last: int) -> bool:
    """Whether tokens [first, last) only tell something, given what is explained so far."""
    places = range(first, last)
    spoken = {kind for at in places for kind in doc.kinds(at)}
    if "act" in spoken or any("wish" in doc.kinds(at) and not _is_noun(doc, at) for at in places):
        return False
    foreign_person = any("others" in doc.kinds(at) for at in places)
    past = [at for at in places if _tells(doc, at) or ("enum" in doc.kinds(at) and at in doc.used)]
    if not past:
        return False
    for at in places:
        if at in doc.used:
            continue
        kinds = doc.kinds(at)
        if _is_noun(doc, at) or (at == first and "contrast" in kinds):
            continue
        if doc.tokens[at].kind in ("id", "number", "literal", "email") and at not in doc.claimed:
            return False
        if kinds & _BARRED and not (foreign_person and not kinds & {"act", "head", "count"}):
            return False
        if "negation" in kinds and not _has_subject(doc, first, at):
            return False
        if "condition" in kinds and "when_past" in kinds and any(one > at for one in past):
            continue
        if kinds & set(_RISKY) and not kinds & {"softener", "filler", "polite", "pay_context"}:
            return False
    return True


def _is_noun(doc: Document, at: int) -> bool:
    """A word of doubt or wish behind an article names a thing ("the planning tool", "our plan")."""
    kinds = doc.kinds(at)
    return at > 0 and bool(kinds & {"hypothetical", "wish"}) and "determiner" in doc.kinds(at - 1)


def _tells(doc: Document, at: int) -> bool:
    """A verb of state or past."""
    token = doc.tokens[at]
    if "state" in doc.kinds(at):
        return True
    return doc.tongue[at].code == "en" and token.kind == "word" and token.low.endswith("ed") and len(token.low) > 4


def _has_subject(doc: Document, first: int, negation: int) -> bool:
    if any("subject" in doc.kinds(at) for at in range(first, negation)):
        return True
    return doc.tokens[negation].low in ("it's", "that's") and "state" in doc.kinds(negation)


def set_deadlines_aside(doc: Document) -> None:
    """ "before it ships": done now, it is done before."""
    barred = {"act", "head", "value", "enum", "negation", "quantifier", "hypothetical", "comparative", "pay"}
    for start, end in doc.sentences:
        for first, last in clauses(doc, start, end):
            begin = next((at for at in range(first, last) if doc.starting(at, "before")), last)
            rest = range(begin, _without_marks(doc, begin, last))
            plain = all(doc.tokens[at].kind in ("word", "mark") and not doc.kinds(at) & barred for at in rest)
            if len(rest) > 1 and plain:
                doc.use(rest)
                doc.aside.update(rest)


def _use_purpose(doc: Document, frame: Frame, profiles: Mapping[str, Profile]) -> None:
    """Whose wish it is ("our auditors ask for …") and what it is for ("… for our vendor review").

    Only where nothing but a choice of words is to be filled: elsewhere such a phrase could name what is wanted.
    """
    slots = {slot.type for name in frame.procedures for slot in profiles[name].slots.values()}
    if not frame.enums or slots - {"enum", "text"}:
        return
    act = frame.act.start
    if act - 2 >= frame.start and "determiner" in doc.kinds(act - 2) and _plain(doc, act - 1):
        doc.use((act - 1,))
    last = _without_marks(doc, act, frame.end)
    start = last
    while start > act and _plain(doc, start - 1):
        start -= 1
    if start < last and start - 2 > act and "determiner" in doc.kinds(start - 1) and "to" in doc.kinds(start - 2):
        doc.use(range(start, last))


def _without_marks(doc: Document, first: int, last: int) -> int:
    while last > first and doc.tokens[last - 1].text in ".!?":
        last -= 1
    return last


def _plain(doc: Document, at: int) -> bool:
    """A word that no list knows and that carries no risk."""
    return doc.tokens[at].kind == "word" and not doc.kinds(at) and not doc.risk(at) and at not in doc.forms.doubtful
