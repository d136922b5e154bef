"""Fills the slots that are not lines: methods, addresses, reasons and plain values."""

import re
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from proofdesk.core.reading import Doubt, DoubtKind, SlotValue, Span
from proofdesk.core.records import Address, Method, Order, Records
from proofdesk.language.reading.document import Document
from proofdesk.language.reading.frame import Frame
from proofdesk.language.reading.profile import SlotProfile
from proofdesk.language.reading.tokens import phrase

_AMOUNT = re.compile(
    r"(?:[$€£]|USD|EUR|GBP)?\s?(\d{1,9})(?:[.,](\d{2}))?\s?(?:USD|EUR|GBP|dollars?|euros?|[$€£])?(?!\w)", re.IGNORECASE
)
MAX_DIGITS = 6
MAX_SAME_ADDRESSES = 3
NUMBER_AIMS = frozenset({"to", "auf", "à", "a", "naar"})
NUMBER_STARTS = frozenset({"from", "von", "de", "da", "van"})
"""Words right before the number that should be, and before the one that was, in the languages read."""
_CURRENCY = {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "usd": "USD",
    "eur": "EUR",
    "gbp": "GBP",
    "dollar": "USD",
    "euro": "EUR",
}


def fill_method(
    frame: Frame, records: Records, order: Order | None, current: str, slot: str, ask: str
) -> SlotValue | Doubt:
    """The requester's own method meant; unsaid, the one that now pays for the order (shown before anything is done)."""
    own = records.requester.methods
    if frame.original and not frame.methods:
        return _method(
            _by_id(own, (order.method_ids[:1] or ("",))[0] if order else ""), own, slot, ask, "original_method"
        )
    if not frame.methods:
        return _method(_by_id(own, current), own, slot, ask, "method_of_order")
    fitting = [m for m in own if all(_method_fits(m, kind, value) for kind, value in frame.methods)]
    if frame.original and (not fitting or order is None or fitting[0].id not in order.method_ids[:1]):
        fitting = []
    return _method(fitting, own, slot, ask, "method_named")


def fill_address(
    doc: Document, frame: Frame, records: Records, order: Order | None, slot: str, ask: str
) -> SlotValue | Doubt:
    """A literal, another order's address, or the account's own; several that disagree are a question."""
    found: list[tuple[Address, str, Span | None]] = []
    for at in frame.literals:
        address, owner = _literal_address(doc, at)
        if address is None or (owner and order is not None and owner != order.id.casefold().lstrip("#")):
            return Doubt(kind="conflict", slot=slot, question=ask or "What is the full address?")
        found.append((address, "requester", doc.span(at, at + 1)))
    found += [(written.address, "requester", written.span) for written in frame.addresses]
    by_id = {one.id: one for one in records.orders}
    for reference in frame.reference_orders:
        other = by_id[reference].address
        if other is not None:
            found.append((other, "record", None))
    if frame.home and records.requester.address is not None:
        found.append((records.requester.address, "record", None))
    if not found:
        return Doubt(kind="missing", slot=slot, question=ask or "What is the full address?")
    if any(not same_address(found[0][0], other) for other, _, _ in found[1:]) or len(found) > MAX_SAME_ADDRESSES:
        return Doubt(
            kind="conflict",
            slot=slot,
            question=ask or "Which address do you mean?",
            options=tuple(shown_address(a) for a, _, _ in found),
        )
    address, _provenance, span = found[0]
    confirmed = any(source == "record" for _, source, _ in found)
    value = {
        "line1": address.line1, "line2": address.line2, "city": address.city, "region": address.region,
        "postcode": address.postcode, "country": address.country,
    }  # fmt: skip
    return SlotValue(
        value=value,
        provenance="record" if confirmed else "requester",
        shown=shown_address(address),
        span=span,
        rule="address",
    )


def fill_enum(doc: Document, frame: Frame, name: str, slot: SlotProfile) -> SlotValue | Doubt:
    said = frame.enums.get(name, [])
    if len(said) == 1:
        return SlotValue(
            value=said[0],
            provenance="requester",
            shown=said[0],
            span=doc.span(frame.start, frame.end),
            rule="enum_words",
        )
    kind = "ambiguous" if said else "missing"
    return Doubt(kind=kind, slot=name, question=slot.ask or f"Which {name}?", options=tuple(slot.values))  # type: ignore[arg-type]


def fill_plain(doc: Document, frame: Frame, records: Records, name: str, slot: SlotProfile) -> SlotValue | Doubt:
    """Subscriptions, plans, e-mail addresses, numbers, amounts, dates and free text."""
    missing = Doubt(kind="missing", slot=name, question=slot.ask or f"What is the {name}?")
    places = frame.places()
    span = doc.span(frame.start, frame.end)
    if slot.type == "subscription":
        named = _subscriptions(doc, places) or _subscriptions(doc, range(len(doc.tokens)))
        choices = [s for s in records.subscriptions if s.id in named] if named else list(records.subscriptions)
        if len(choices) != 1:
            return (
                missing
                if not choices
                else Doubt(kind="ambiguous", slot=name, question=missing.question, options=tuple(s.id for s in choices))
            )
        doc.use(at for at in range(len(doc.tokens)) if (known := doc.id_at(at)) and known[1] == choices[0].id)
        return SlotValue(
            value=choices[0].id, provenance="record", shown=choices[0].plan_name, span=span, rule="subscription"
        )
    if slot.type == "plan":
        said = [(plan, at) for plan in records.plans if (at := _places_of(doc, places, phrase(plan.name)))]
        if len(said) != 1:
            return msgspec.structs.replace(missing, kind="ambiguous" if said else "missing")
        doc.use(said[0][1])
        return SlotValue(value=said[0][0].id, provenance="record", shown=said[0][0].name, span=span, rule="plan")
    if slot.type == "text":
        text = doc.text[span.start : span.end].strip()
        doc.use(range(frame.start, frame.end))
        return SlotValue(value=text, provenance="requester", shown=text, span=span, rule="text")
    if slot.type == "number":
        return _number(doc, frame, missing)
    return _typed(doc, frame, slot, span) or missing


def _subscriptions(doc: Document, places: Iterable[int]) -> list[str]:
    return [known[1] for at in places if (known := doc.id_at(at)) and known[0] == "subscription"]


def _number(doc: Document, frame: Frame, missing: Doubt) -> SlotValue | Doubt:
    """The number said. Of "from 6 to 9" it is the second; several others are a question."""
    found: dict[int, int] = {}
    aimed: list[int] = []
    for at in frame.places():
        value = _whole_number(doc, at)
        if value is None:
            continue
        found[at] = value
        if at and doc.forms.low[at - 1] in NUMBER_AIMS:
            aimed.append(at)
    started = [at for at in found if at and doc.forms.low[at - 1] in NUMBER_STARTS]
    chosen = aimed or [at for at in found if at not in started]
    values = {found[at] for at in chosen}
    if len(values) != 1 or (started and not aimed):
        kind: DoubtKind = "ambiguous" if found else "missing"
        return msgspec.structs.replace(missing, kind=kind)
    doc.use((*chosen, *started))
    text = str(values.pop())
    return SlotValue(
        value=int(text), provenance="requester", shown=text, span=doc.span(chosen[0], chosen[0] + 1), rule="number"
    )


def _whole_number(doc: Document, at: int) -> int | None:
    token = doc.tokens[at]
    if at in doc.claimed or (at in doc.used and token.kind == "number"):
        return None
    if token.kind == "number":
        return int(token.text) if token.text.isdigit() and len(token.text) <= MAX_DIGITS else None
    mention = doc.starting(at, "count")
    return mention.payload if mention is not None and isinstance(mention.payload, int) else None


def _typed(doc: Document, frame: Frame, slot: SlotProfile, span: Span) -> SlotValue | None:
    for at in frame.places():
        token = doc.tokens[at]
        value: object = None
        if slot.type == "email" and token.kind == "email":
            value = token.text
        elif slot.type == "date" and (day := _date(doc.text[token.start : token.start + 10])):
            value = day
        elif slot.type == "amount" and token.kind == "number":
            value = _amount(doc, at)
        if value is not None:
            width = 10 if slot.type == "date" else len(token.text)
            doc.use(i for i, t in enumerate(doc.tokens) if token.start <= t.start < token.start + width)
            return SlotValue(value=value, provenance="requester", shown=token.text, span=span, rule=slot.type)
    return None


def shown_address(address: Address) -> str:
    return ", ".join(
        part for part in (address.line1, address.line2, address.city, address.region, address.postcode) if part
    )


def same_address(one: Address, other: Address) -> bool:
    return all(
        getattr(one, field).casefold() == getattr(other, field).casefold()
        for field in ("line1", "line2", "city", "region", "postcode", "country")
    )


def _literal_address(doc: Document, at: int) -> tuple[Address | None, str]:
    fields: dict[str, str] = {}
    for key, value in doc.literal(at).items():
        named = next((field for field, keys in doc.tongues.first.words.address_fields.items() if key in keys), "")
        if not named or named in fields:
            return None, ""
        fields[named] = value
    owner = fields.pop("order", "").casefold().lstrip("#")
    if not {"line1", "city", "postcode"} <= fields.keys():
        return None, owner
    return Address(**fields), owner


def _by_id(methods: Sequence[Method], method_id: str) -> list[Method]:
    return [method for method in methods if method.id == method_id]


def _method_fits(method: Method, kind: str, value: str) -> bool:
    return {"id": method.id, "kind": method.kind, "brand": method.brand, "last4": method.last4}[kind] == value


def _method(fitting: Sequence[Method], own: Sequence[Method], slot: str, ask: str, rule: str) -> SlotValue | Doubt:
    if len(fitting) == 1:
        return SlotValue(value=fitting[0].id, provenance="record", shown=shown_method(fitting[0]), rule=rule)
    return Doubt(
        kind="ambiguous" if fitting else "missing",
        slot=slot,
        question=ask or "Which payment method?",
        options=tuple(m.id for m in own),
    )


def shown_method(method: Method) -> str:
    name = method.kind.replace("_", " ")
    return f"{method.brand} {name} ending in {method.last4}" if method.last4 else name


def _places_of(doc: Document, places: Sequence[int], wanted: Sequence[str]) -> list[int]:
    """The tokens among `places` that say `wanted`, once."""
    size = len(wanted)
    for i in range(len(places) - size + 1 if size else 0):
        found = places[i : i + size]
        if [doc.forms.base[at] for at in found] == list(wanted):
            return list(found)
    return []


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _amount(doc: Document, at: int) -> dict[str, object] | None:
    token = doc.tokens[at]
    start = doc.tokens[at - 1].start if at and doc.tokens[at - 1].text in _CURRENCY else token.start
    match = _AMOUNT.match(doc.text, start)
    if match is None:
        return None
    marks = [doc.tokens[i] for i in (at - 1, at + 1) if 0 <= i < len(doc.tokens) and doc.tokens[i].base in _CURRENCY]
    doc.use(i for i in (at - 1, at + 1) if 0 <= i < len(doc.tokens) and doc.tokens[i].base in _CURRENCY)
    currency = _CURRENCY[marks[0].base] if marks else ""
    return {"minor": int(match[1]) * 100 + int(match[2] or 0), "currency": currency}
