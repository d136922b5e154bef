"""What a ticket says, as a value: identity claims, requests with typed slots, and what stayed unread.

A person can see a reading beside the message: every value keeps its span, its rule and its provenance.
Slot values are plain JSON by slot type:

| slot type | value |
|---|---|
| order, subscription, plan, method | str, the id of one of the requester's own records |
| enum, text, email, date | str (an enum value, ISO date) |
| lines | list of line ids of the slot's order (an id twice when both are meant) |
| line_changes | list of {"line_id", "variant_id"} |
| address | {"line1", "line2", "city", "region", "postcode", "country"} |
| number | int |
| amount | {"minor": int, "currency": str} |
| person | {"given_name", "family_name", "born"} (born: ISO date, "" where unsaid) |
"""

from typing import Any, Literal

import msgspec

Provenance = Literal["record", "requester", "operator", "derived"]
SlotType = Literal[
    "order", "lines", "line_changes", "subscription", "plan", "method", "address", "enum", "text", "email", "date",
    "number", "amount", "person",
]  # fmt: skip
Mood = Literal["asserted", "question", "conditional", "hypothetical", "retracted"]
DoubtKind = Literal["missing", "ambiguous", "unread", "conflict", "mood", "unsupported", "identical"]


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Characters [start, end) of the message text."""

    start: int
    end: int


class SlotValue(msgspec.Struct, frozen=True, kw_only=True):
    value: Any
    provenance: Provenance
    shown: str = ""
    """The value in words a requester understands (used in summaries and questions)."""
    span: Span | None = None
    rule: str = ""


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A reason not to act on a request yet. `question` is the one precise question that would settle it."""

    kind: DoubtKind
    slot: str = ""
    question: str = ""
    options: tuple[str, ...] = ()
    span: Span | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the requester wants. It may be acted on only when `mood` is asserted and `doubts` is empty."""

    id: str
    procedure: str
    slots: dict[str, SlotValue] = {}
    mood: Mood = "asserted"
    doubts: tuple[Doubt, ...] = ()
    confidence_ppm: int = 0
    """Calibrated probability that `procedure` is what is asked for, in parts per million."""
    span: Span | None = None


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of what a message plans, as a person can check it beside the message."""

    procedures: tuple[str, ...]
    """What it may come to; the state of the records decides."""
    verb: str = ""
    mood: str = "asserted"
    guard: str = ""
    """When it counts: "" always, "instead of N" where step N cannot be done, "after N" only with step N."""
    outcome: str = ""
    """What trying it on a copy of the records gave: done, or why not; "" where it was not needed."""
    span: Span | None = None
    rule: str = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What the message says about who wrote it; unproven until a record agrees."""

    kind: Literal["email", "name", "postcode", "requester_id", "order_id", "code"]
    value: str
    span: Span | None = None


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """What the intent model takes a passage for: a proposal, never enough by itself to fill a slot."""

    procedure: str
    score_ppm: int
    span: Span


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A sign that a person must see this ticket (legal threat, safety, asks for a human, …)."""

    code: str
    span: Span | None = None
    rule: str = ""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    requests: tuple[Request, ...] = ()
    signals: tuple[Signal, ...] = ()
    unread: tuple[Span, ...] = ()
    """Content no rule explains and that could change what is wanted."""
    plan: tuple[PlanStep, ...] = ()
    """The steps the requests come from, where the message was read as a plan; numbered from 1."""
    language: str = "en"
