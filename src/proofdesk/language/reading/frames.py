"""From sentences to frames: one act each, with everything the words around it say about it, not yet resolved."""

from collections.abc import Mapping, Sequence

from proofdesk.core.reading import Hint, Mood
from proofdesk.language.reading.body import Body
from proofdesk.language.reading.document import Document
from proofdesk.language.reading.frame import Frame
from proofdesk.language.reading.mentions import Mention
from proofdesk.language.reading.narrative import clauses, is_story, set_deadlines_aside
from proofdesk.language.reading.profile import Profile

MAX_FRAMES = 20
MAX_PPM = 999_999

_MOODS: tuple[tuple[str, Mood], ...] = (
    ("negation", "retracted"), ("condition", "conditional"), ("hypothetical", "hypothetical"), ("question", "question"),
    ("report", "conditional"), ("revision", "hypothetical"),
)  # fmt: skip


def build_frames(doc: Document, profiles: Mapping[str, Profile]) -> list[Frame]:
    """The frames of a message in its order, each parsed up to the next act of its sentence."""
    frames: list[Frame] = []
    set_deadlines_aside(doc)
    for number, (start, end) in enumerate(doc.sentences):
        acts = _acts(doc, start, end)
        for i, act in enumerate(acts[: MAX_FRAMES - len(frames)]):
            first = start if i == 0 else act.start
            last = acts[i + 1].start if i + 1 < len(acts) else end
            frame = Frame(procedures=act.payload, act=act, start=first, end=last, sentence=number)
            told = all(profiles[name].kind == "information" for name in act.payload)
            frame.mood = _mood(doc, first, act.start, end)
            if i and (denial := _denial_before(doc, acts[i - 1], act)):
                frame.mood = "retracted"
                doc.use(denial)
            if told and frame.mood in ("question", "hypothetical"):
                frame.mood = "asserted"
            Body(doc, frame, profiles).parse()
            frames.append(frame)
    return frames


def hinted_frames(doc: Document, hints: Sequence[Hint], profiles: Mapping[str, Profile]) -> list[Frame]:
    """A frame for the surest proposal of the model. Several procedures proposed are no proposal: nothing is chosen."""
    known = [hint for hint in hints if hint.procedure in profiles]
    if len({hint.procedure for hint in known}) != 1:
        return []
    best = max(known, key=lambda hint: (hint.score_ppm, -hint.span.start))
    places = doc.covered(best.span)
    if not places:
        return []
    number, (start, end) = next((i, s) for i, s in enumerate(doc.sentences) if s[0] <= places[0] < s[1])
    act = Mention(kind="act", start=start, end=start, payload=(best.procedure,))
    frame = Frame(
        procedures=act.payload, act=act, start=start, end=end, sentence=number, hint_ppm=min(best.score_ppm, MAX_PPM)
    )
    told = profiles[best.procedure].kind == "information"
    barred = {"negation", "condition"} if told else {kind for kind, _ in _MOODS}
    spoken = {kind for at in range(start, end) for kind in doc.kinds(at) if not doc.kinds(at) & {"polite", "filler"}}
    if spoken & barred:
        frame.mood = "hypothetical"
    Body(doc, frame, profiles).parse()
    return [frame]


def _acts(doc: Document, start: int, end: int) -> list[Mention]:
    """The acts of a sentence without those that only repeat a part of the one around them."""
    found: list[Mention] = []
    for at in range(start, end):
        act = doc.starting(at, "act")
        if act is None:
            continue
        around = next((one for one in found if act.start < one.end), None)
        if around is not None and (set(act.payload) & set(around.payload) or act.start in around.tokens()):
            doc.use(act.tokens())
            continue
        found.append(act)
    return found


def _wish_start(doc: Document, first: int, act: int) -> int:
    """Where the wish begins in "I cannot come and I want to cancel": a negation before it denies something else."""
    for at in range(first, act - 1):
        wish = doc.starting(at + 1, "polite")
        if wish is not None and wish.end == act and _joins(doc, at):
            return at + 1
    return first


def _denial_before(doc: Document, earlier: Mention, act: Mention) -> list[int]:
    """The words of "… but I don't want to" right before a later act of a sentence: they deny this act, not the first.

    Of the same operation twice, one denied, it is not certain what is meant: that stays unread.
    """
    if set(earlier.payload) & set(act.payload):
        return []
    start, at = earlier.end, act.start - 1
    while at >= start and doc.kinds(at) & {"filler", "polite", "to"} and not _joins(doc, at):
        at -= 1
    if at < start or "negation" not in doc.kinds(at) or doc.kinds(at) & {"filler", "polite"}:
        return []
    found = [at]
    while at > start and doc.kinds(at - 1) & {"filler", "subject"} and not _joins(doc, at - 1):
        at -= 1
    if at > start and "contrast" in doc.kinds(at - 1):
        found.append(at - 1)
    return found


def _joins(doc: Document, at: int) -> bool:
    return doc.forms.low[at] in doc.tongue[at].words.joiner


def _denied(doc: Document, first: int, act: int) -> bool:
    """ "I no longer need to cancel": words that elsewhere are a reason deny the act they stand right before."""
    at = act - 1
    if at > first and "to" in doc.kinds(at):
        at -= 1
    reason = next((m for m in doc.at.get(at, ()) if m.kind == "enum" and m.start >= first), None)
    if reason is None or at < first:
        return False
    said = " ".join(doc.forms.low[place] for place in reason.tokens())
    return any(f" {word} " in f" {said} " for word in doc.tongue[at].words.of_class("negation"))


def _mood(doc: Document, start: int, act: int, end: int) -> Mood:
    """How the act is meant, from the words before it and the sentence's last mark."""
    asks = {at for at in range(act + 1, end) if doc.tokens[at - 1].text in ",;:¿" and "polite" in doc.kinds(at)}
    polite = bool(asks) or any("polite" in doc.kinds(at) for at in range(start, act))
    first = start
    opener = doc.starting(start, "opener")
    if opener is not None and doc.tokens[opener.end].text == ",":
        first = opener.end
    for clause_start, clause_end in clauses(doc, first, act):
        if clause_end < act and clause_start == first and is_story(doc, clause_start, clause_end):
            first = clause_end + 1
    if _denied(doc, first, act):
        return "retracted"
    wish = _wish_start(doc, first, act)
    for kind, mood in _MOODS:
        begin = wish if kind == "negation" else first
        if any(kind in doc.kinds(at) and not doc.kinds(at) & {"polite", "filler"} for at in range(begin, act)):
            return mood
    if end > start and doc.tokens[end - 1].text == "?":
        if not polite:
            return "question"
        doc.use([end - 1])
    return "asserted"
