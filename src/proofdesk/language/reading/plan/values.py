"""The plan as it is read from a message, before any record decides what it means: steps with references, wanted
changes, preferences, guards and what to do instead. Mutable while it is put together; spans are tokens [start, end).
"""

from typing import Literal

import msgspec

from proofdesk.core.reading import Mood
from proofdesk.language.reading.vocabulary import ValueSense

Op = Literal[
    "eq", "ne", "at_least", "at_most", "grade", "nearest", "rung", "delta", "extreme", "same", "keep_value", "any",
    "flag", "other",
]  # fmt: skip
Failure = Literal["any", "step", "pay", "change", "part"]
"""What a guard heeds the failing of: the whole step, the way to pay, the wanted variant, handling only a part."""


class Constraint(msgspec.Struct, kw_only=True):
    """One thing said about the options of goods. `direction` 1 more, -1 less; `number` an amount or rungs."""

    op: Op
    senses: tuple[ValueSense, ...] = ()
    option: str = ""
    options: tuple[str, ...] = ()
    """Options an adjective may grade; the one the product has counts."""
    number: float = 0
    direction: int = 0
    start: int = 0
    end: int = 0


class OrderRef(msgspec.Struct, kw_only=True):
    ids: list[str] = []
    digits: str = ""
    """A part of an id: "ends in 66", "9502127" without its prefix."""
    statuses: list[str] = []
    places: list[str] = []
    """Cities or regions it is sent to."""
    contains: list["Ref"] = []
    recent: int = 0
    every: bool = False
    other: bool = False


class Ref(msgspec.Struct, kw_only=True):
    """Goods of the requester's own orders."""

    heads: tuple[str, ...] = ()
    text: str = ""
    line_id: str = ""
    source: list[Constraint] = []
    literal: dict[str, str] | None = None
    count: int | Literal["all"] = 0
    rank: int = 0
    """1 the dearer, -1 the cheaper of those that fit."""
    everything: bool = False
    excluded: list["Ref"] = []
    order: OrderRef | None = None
    same_order: bool = False
    pronoun: bool = False
    start: int = 0
    end: int = 0


class Change(msgspec.Struct, kw_only=True):
    """What goods should become."""

    hard: list[Constraint] = []
    prefs: list[list[Constraint]] = []
    """Each an ordered list of alternatives, the first ones preferred; earlier lists count before later ones."""
    price: int = 0
    """-1 the cheapest of all that fit, 1 the dearest."""
    keep: Literal["silent", "rest", "free"] = "silent"
    literal: dict[str, str] | None = None
    variant_id: str = ""
    like: Ref | None = None
    identical: bool = False
    """The same thing again."""
    cheaper: bool = False
    foreign: bool = False
    """Another kind of goods altogether."""

    def empty(self) -> bool:
        return not (
            self.hard or self.prefs or self.price or self.literal is not None or self.variant_id or self.like
            or self.identical or self.foreign
        )  # fmt: skip


class Item(msgspec.Struct, kw_only=True):
    ref: Ref
    change: Change | None = None
    instead: list[Change] = []
    """Tried in order where `change` cannot be had."""
    give_up: bool = False
    """Left out where it cannot be had."""


class Pay(msgspec.Struct, kw_only=True):
    """`kind` original, swapped (that of the other order), other, or a (what, value) pair of a method."""

    kind: Literal["original", "swapped", "other", "method"] = "method"
    facts: list[tuple[str, str]] = []


class Address(msgspec.Struct, kw_only=True):
    literal: int = -1
    """The token of a {literal}, or -1."""
    written: int = -1
    """Which of the addresses written out, or -1."""
    account: bool = False
    previous: bool = False
    places: list[str] = []
    street: tuple[str, ...] = ()
    order: OrderRef | None = None


class Step(msgspec.Struct, kw_only=True):
    procedures: tuple[str, ...]
    verb: str = ""
    items: list[Item] = []
    orders: list[OrderRef] = []
    pays: list[Pay] = []
    """In order of preference; further ones only where an earlier one is not possible."""
    address: Address | None = None
    account: bool = False
    """The address of the account, not of orders."""
    whole: bool = False
    """The whole orders its goods are in."""
    reasons: list[tuple[str, str, str]] = []
    told: bool = False
    """A reason of its own is told; another step's does not stand in for it."""
    mood: Mood = "asserted"
    guard: str = ""
    instead: list["Step"] = []
    give_up: bool = False
    """Where it cannot be done, nothing is done in its place."""
    part_only: bool = False
    """These goods and no others: where only more than them can be handled, nothing is done."""
    after: "Step | None" = None
    """Done only if that one is done."""
    heeds: Failure = "any"
    rule: str = ""
    sentence: int = -1
    start: int = 0
    end: int = 0


class Plan(msgspec.Struct, kw_only=True):
    steps: list[Step] = []
    pays: list[Pay] = []
    queries: list[tuple[int, int]] = []
    human: bool = False
    unread: list[int] = []
    reason_given: bool = False
    reasons: list[tuple[str, str, str]] = []
    """Procedure, slot and value of every reason named anywhere."""
    trouble: list[tuple[str, int, int]] = []
    """Rule and place of what was recognised but cannot be read with certainty."""
