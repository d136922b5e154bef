"""What the reader knows of a procedure: the words that ask for it and the slots to fill."""

from typing import Literal

import msgspec

from proofdesk.core.reading import SlotType


class SlotProfile(msgspec.Struct, frozen=True, kw_only=True):
    """`values`: enum value -> the words for it (the value itself always counts). `of`: the order slot of lines.
    `stated`: a method that must be named, never the one that paid before."""

    type: SlotType
    ask: str = ""
    values: dict[str, tuple[str, ...]] = {}
    of: str = ""
    optional: bool = False
    stated: bool = False
    allow: tuple[str, ...] = ()
    """Of a method: the kinds possible, and "original" for the one that paid for the order; empty: every kind."""
    otherwise: str = ""
    """Of an enum: the value where a reason is told that none of the words names."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """`acts`: words that name the operation, in any language; of a phrase, up to six other words may stand between
    its first word and the rest ("change address" reads "change the shipping address"). `serves`: record kind ->
    statuses in which the operation is possible."""

    procedure: str
    kind: Literal["action", "information"] = "action"
    """Information only tells: a question is then the request itself."""
    examples: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    serves: dict[str, tuple[str, ...]] = {}
    slots: dict[str, SlotProfile] = {}

    def slot_of(self, *types: SlotType) -> str:
        """The name of the first slot of one of `types`, or ""."""
        return next((name for name, slot in self.slots.items() if slot.type in types), "")
