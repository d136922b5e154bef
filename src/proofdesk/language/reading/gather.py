"""What one message says in several places about one request: frames that repeat it, and what stands apart from it."""

from collections.abc import Mapping, Sequence

from proofdesk.core.reading import SlotType
from proofdesk.language.reading.addresses import find_addresses
from proofdesk.language.reading.document import Document
from proofdesk.language.reading.frame import Frame, Item
from proofdesk.language.reading.profile import Profile

_PLAIN: tuple[SlotType, ...] = ("subscription", "plan", "email", "date", "number", "amount", "text")


def gather(doc: Document, frames: Sequence[Frame], profiles: Mapping[str, Profile]) -> list[Frame]:
    """The frames to resolve: repetitions and mere consequences left out, lone ids and items taken in."""
    kept: list[Frame] = []
    for frame in frames:
        if any(_consequence(doc, frame, one, profiles) for one in kept):
            continue
        payee = next((one for one in kept if _pays(frame, one, profiles)), None)
        if payee is not None:
            payee.methods += frame.methods
            payee.original = payee.original or frame.original
            continue
        earlier = next((one for one in kept if _same_request(doc, one, frame, profiles)), None)
        if earlier is None:
            kept.append(frame)
        elif not _owns_content(earlier) and _owns_content(frame):
            _join(doc, earlier, frame)
            kept[kept.index(earlier)] = frame
        else:
            _join(doc, frame, earlier)
    _take_order(doc, kept, frames, profiles)
    _take_addresses(doc, kept, profiles)
    _take_item(doc, kept, profiles)
    return kept


def _owns_content(frame: Frame) -> bool:
    return bool(
        frame.orders or frame.reference_orders or frame.items or frame.excluded or frame.literals or frame.count
        or frame.original or frame.home or frame.methods
    )  # fmt: skip


def _typed(doc: Document, frame: Frame, profiles: Mapping[str, Profile]) -> set[str]:
    """Kinds of plain values the frame holds for slots that take them."""
    if not any(profiles[name].slot_of(*_PLAIN) for name in frame.procedures):
        return set()
    kinds = {doc.tokens[at].kind for at in frame.places()} & {"id", "number", "email"}
    return kinds | ({"number"} if any("count" in doc.kinds(at) for at in frame.places()) else set())


def _bare(doc: Document, frame: Frame, profiles: Mapping[str, Profile]) -> bool:
    """Whether the frame holds nothing but its act."""
    return not (_owns_content(frame) or frame.enums or _typed(doc, frame, profiles))


def _same_request(doc: Document, one: Frame, other: Frame, profiles: Mapping[str, Profile]) -> bool:
    """The same act twice, where one says nothing of its own, or only what the other one leaves open."""
    if not set(one.procedures) & set(other.procedures) or "asserted" not in (one.mood, other.mood):
        return False
    if not {one.mood, other.mood} <= {"asserted", "question"}:
        return False
    if _bare(doc, one, profiles) or _bare(doc, other, profiles):
        return True
    if _owns_content(one) and _owns_content(other):
        return False
    both_typed = _typed(doc, one, profiles) & _typed(doc, other, profiles)
    return not both_typed and not set(one.enums) & set(other.enums)


def _join(doc: Document, less: Frame, full: Frame) -> None:
    """`full` takes up what `less` says; where one of them asks how, the other one says that it is wanted."""
    for frame in (less, full):
        if frame.mood == "question":
            before = range(frame.start, frame.act.start)
            doc.use(at for at in before if "question" in doc.kinds(at) or doc.forms.low[at] in ("do", "can", "i"))
    full.mood = "asserted"
    shared = tuple(name for name in full.procedures if name in less.procedures)
    full.procedures = shared or full.procedures
    full.enums.update(less.enums)
    full.parts += [(less.start, less.end), *less.parts]


def _pays(frame: Frame, first: Frame, profiles: Mapping[str, Profile]) -> bool:
    """A further act in the same sentence that only says how the money should come back."""
    takes = all(profiles[name].slot_of("method") for name in first.procedures)
    takes_too = any(profiles[name].slot_of("method") for name in frame.procedures)
    says = frame.original or frame.methods
    return bool(
        frame.sentence == first.sentence and takes and not takes_too and says and frame.mood == first.mood == "asserted"
        and not (frame.orders or frame.items or frame.enums or frame.count or frame.literals or frame.home)
    )  # fmt: skip


def _consequence(doc: Document, frame: Frame, first: Frame, profiles: Mapping[str, Profile]) -> bool:
    """An act in the same sentence without anything of its own, and impossible in the state the first one needs:
    "cancel it and give me my money back" asks for one thing."""
    if frame.sentence != first.sentence or frame.mood != "asserted" or first.mood != "asserted":
        return False
    if not _bare(doc, frame, profiles):
        return False
    needs = {status for name in first.procedures for status in profiles[name].serves.get("order", ())}
    serves = {status for name in frame.procedures for status in profiles[name].serves.get("order", ())}
    return bool(needs) and bool(serves) and not needs & serves


def _take_order(doc: Document, kept: Sequence[Frame], every: Sequence[Frame], profiles: Mapping[str, Profile]) -> None:
    """The one order a message names anywhere is the one its requests are about."""
    named = {known[1] for at in range(len(doc.tokens)) if (known := doc.id_at(at)) and known[0] == "order"}
    if len(named) != 1 or any(frame.reference_orders for frame in every):
        return
    if not any(frame.orders for frame in every) and _praised(doc, "order"):
        return
    for frame in kept:
        if not frame.orders and any(profiles[name].slot_of("order") for name in frame.procedures):
            frame.orders.append(next(iter(named)))
    if any(frame.orders for frame in kept):
        doc.use(at for at in range(len(doc.tokens)) if (known := doc.id_at(at)) and known[1] in named)


def _praised(doc: Document, kind: str) -> bool:
    """Whether a sentence without an act praises the order or the goods it names: hardly what should be changed."""
    for start, end in doc.sentences:
        kinds = {one for at in range(start, end) for one in doc.kinds(at)}
        kinds |= {known[0] for at in range(start, end) if (known := doc.id_at(at))}
        if "pleased" in kinds and kind in kinds and "act" not in kinds and "negation" not in kinds:
            return True
    return False


def _take_item(doc: Document, kept: Sequence[Frame], profiles: Mapping[str, Profile]) -> None:
    """Goods named apart from the one request that needs them, where they are a single thing."""
    takers = [
        frame for frame in kept
        if any(profiles[name].slot_of("lines", "line_changes") for name in frame.procedures)
    ]  # fmt: skip
    loose = [m for m in doc.mentions if m.kind == "head" and not doc.used & set(m.tokens())]
    if len(takers) != 1 or not loose or len({m.payload for m in loose}) != 1 or _praised(doc, "head"):
        return
    frame, head = takers[0], loose[0]
    named = [item for item in frame.items if item.heads]
    if not named and frame.count != "all":
        unnamed = next((item for item in frame.items if not item.line_id), None)
        text = doc.text[doc.tokens[head.start].start : doc.tokens[head.end - 1].end]
        if unnamed is None:
            frame.items.append(Item(heads=head.payload, head_text=text, at=head.start))
        else:
            unnamed.heads, unnamed.head_text = head.payload, text
    elif len(named) != 1 or set(named[0].heads) != set(head.payload):
        return
    for mention in loose:
        doc.use(mention.tokens())
        _use_only(doc, mention.start)


def _use_only(doc: Document, head: int) -> None:
    """ "Only the lamp …": the lamp is all that is taken in, so the word is heeded."""
    at = head - 1
    while at > 0 and "determiner" in doc.kinds(at):
        at -= 1
    if at >= 0 and "only" in doc.kinds(at):
        doc.use((at,))


def _take_addresses(doc: Document, kept: Sequence[Frame], profiles: Mapping[str, Profile]) -> None:
    """Addresses written out belong to the one request that takes one; with several requests, to the one around."""
    takers = [frame for frame in kept if any(profiles[name].slot_of("address") for name in frame.procedures)]
    for written in find_addresses(doc.text) if takers else ():
        places = doc.covered(written.span)
        around = [frame for frame in takers if places and frame.start <= places[0] < frame.end]
        chosen = takers if len(takers) == 1 else around
        for frame in chosen:
            frame.addresses.append(written)
            doc.use(places)
