"""What one message says in several places about one request: frames that repeat it, and what stands apart from it."""

from collections.abc import Mapping, Sequence

from proofdesk.language.reading.document import Document
from proofdesk.language.reading.frame import Frame, Item
from proofdesk.language.reading.profile import Profile

_PLAIN = ("subscription", "plan", "email", "date", "number", "amount", "text")


def gather(doc: Document, frames: Sequence[Frame], profiles: Mapping[str, Profile]) -> list[Frame]:
    """The frames to resolve: repetitions and mere consequences left out, lone ids and items taken in."""
    kept: list[Frame] = []
    for frame in frames:
        if any(_consequence(doc, frame, one, profiles) for one in kept):
            continue
        earlier = next((one for one in kept if _same_request(doc, one, frame, profiles)), None)
        if earlier is None:
            kept.append(frame)
        elif _bare(doc, earlier, profiles):
            _join(earlier, frame)
            kept[kept.index(earlier)] = frame
        else:
            _join(frame, earlier)
    _take_order(doc, kept, frames, profiles)
    _take_item(doc, kept, profiles)
    return kept


def _bare(doc: Document, frame: Frame, profiles: Mapping[str, Profile]) -> bool:
    """Whether the frame holds nothing but its act."""
    if (
        frame.orders or frame.reference_orders or frame.items or frame.excluded or frame.methods or frame.original
        or frame.home or frame.enums or frame.literals or frame.count
    ):  # fmt: skip
        return False
    if not any(profiles[name].slot_of(*_PLAIN) for name in frame.procedures):
        return True
    return not any(
        doc.tokens[at].kind in ("id", "number", "email") or "count" in doc.kinds(at)
        for at in range(frame.start, frame.end)
    )


def _same_request(doc: Document, one: Frame, other: Frame, profiles: Mapping[str, Profile]) -> bool:
    """The same act twice, one of them without anything of its own and at least one of them a wish."""
    if not set(one.procedures) & set(other.procedures) or "asserted" not in (one.mood, other.mood):
        return False
    if not {one.mood, other.mood} <= {"asserted", "question"}:
        return False
    return _bare(doc, one, profiles) or _bare(doc, other, profiles)


def _join(bare: Frame, full: Frame) -> None:
    full.mood = "asserted"
    shared = tuple(name for name in full.procedures if name in bare.procedures)
    full.procedures = shared or full.procedures


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
    """The one order (or subscription) a message names anywhere is the one its requests are about."""
    named = {known[1] for at in range(len(doc.tokens)) if (known := doc.id_at(at)) and known[0] == "order"}
    if len(named) != 1 or any(frame.reference_orders for frame in every):
        return
    for frame in kept:
        if not frame.orders and any(profiles[name].slot_of("order") for name in frame.procedures):
            frame.orders.append(next(iter(named)))
    if any(frame.orders for frame in kept):
        doc.use(at for at in range(len(doc.tokens)) if (known := doc.id_at(at)) and known[1] in named)


def _take_item(doc: Document, kept: Sequence[Frame], profiles: Mapping[str, Profile]) -> None:
    """Goods named apart from the one request that needs them, where they are a single thing."""
    takers = [
        frame for frame in kept
        if any(profiles[name].slot_of("lines", "line_changes") for name in frame.procedures)
    ]  # fmt: skip
    loose = [m for m in doc.mentions if m.kind == "head" and not doc.used & set(m.tokens())]
    if len(takers) != 1 or not loose or len({m.payload for m in loose}) != 1:
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
