"""Requests of one message seen together: changes of one order merged, in an order in which all can be carried out."""

from collections.abc import Mapping, Sequence

from proofdesk.core.reading import Doubt, SlotValue
from proofdesk.language.reading.profile import Profile
from proofdesk.language.reading.requests import Draft


def together(drafts: Sequence[Draft], profiles: Mapping[str, Profile]) -> list[Draft]:
    """Merged and sorted drafts; prohibitions leave, or become a doubt where they contradict a request."""
    kept = _without_prohibitions(drafts)
    merged: list[Draft] = []
    for draft in kept:
        earlier = next((one for one in merged if _mergeable(one, draft, profiles)), None)
        if earlier is None:
            merged.append(draft)
        else:
            _merge(earlier, draft, profiles[draft.procedure])
    _mark_conflicts(merged, profiles)
    return _sorted(merged, profiles)


def _without_prohibitions(drafts: Sequence[Draft]) -> list[Draft]:
    asserted = {draft.procedure for draft in drafts if draft.mood == "asserted"}
    return [draft for draft in drafts if draft.mood != "retracted" or draft.procedure in asserted]


def _line_slot(draft: Draft, profiles: Mapping[str, Profile]) -> str:
    return profiles[draft.procedure].slot_of("lines", "line_changes")


def _mergeable(one: Draft, other: Draft, profiles: Mapping[str, Profile]) -> bool:
    slot = _line_slot(one, profiles)
    return (
        one.procedure == other.procedure
        and one.mood == other.mood
        and one.order is not None
        and other.order is not None
        and one.order.id == other.order.id
        and slot in one.slots
        and slot in other.slots
    )


def _merge(into: Draft, other: Draft, profile: Profile) -> None:
    """Lines are joined; every other slot must agree."""
    for name, value in other.slots.items():
        mine = into.slots.get(name)
        if mine is not None and profile.slots[name].type in ("lines", "line_changes"):
            into.slots[name] = SlotValue(
                value=[*mine.value, *value.value],
                provenance="record",
                shown=f"{mine.shown}; {value.shown}",
                rule=mine.rule,
            )
        elif mine is None:
            into.slots[name] = value
        elif mine.value != value.value and value.rule != "method_of_order":
            if mine.rule == "method_of_order":
                into.slots[name] = value
            else:
                question = profile.slots[name].ask or f"Which {name}?"
                into.doubts.append(
                    Doubt(kind="conflict", slot=name, question=question, options=(str(mine.value), str(value.value)))
                )
    into.doubts.extend(other.doubts)


def _mark_conflicts(drafts: Sequence[Draft], profiles: Mapping[str, Profile]) -> None:
    """An order that is taken whole, or whose lines go two ways, leaves no sure end: ask."""
    for i, draft in enumerate(drafts):
        for other in drafts[i + 1 :]:
            if draft.order is None or other.order is None or draft.order.id != other.order.id:
                continue
            if _clash(draft, other, profiles):
                question = (
                    f"You ask for more than one thing on order {draft.order.id} that exclude each other. Which one?"
                )
                options = (draft.procedure, other.procedure)
                doubt = Doubt(kind="conflict", question=question, options=options)
                draft.doubts.append(doubt)
                other.doubts.append(doubt)


def _clash(one: Draft, other: Draft, profiles: Mapping[str, Profile]) -> bool:
    if one.procedure == other.procedure:
        return True
    both_lines = bool(_line_slot(one, profiles)) and bool(_line_slot(other, profiles))
    return both_lines or any(_takes_whole(draft, profiles) for draft in (one, other))


def _takes_whole(draft: Draft, profiles: Mapping[str, Profile]) -> bool:
    """A procedure with no slot but the order and a choice of words ends the order rather than amends it."""
    types = {slot.type for slot in profiles[draft.procedure].slots.values()}
    return not types & {"lines", "line_changes", "method", "address"}


def _sorted(drafts: Sequence[Draft], profiles: Mapping[str, Profile]) -> list[Draft]:
    """Message order, except that changes of lines come after the other changes of their order: they freeze it."""
    result: list[Draft] = []
    for draft in drafts:
        place = len(result)
        if draft.order is not None and not _line_slot(draft, profiles):
            for i, one in enumerate(result):
                if one.order is not None and one.order.id == draft.order.id and _line_slot(one, profiles):
                    place = i
                    break
        result.insert(place, draft)
    return result
