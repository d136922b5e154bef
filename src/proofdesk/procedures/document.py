"""The YAML document of a procedure as types. The JSON Schema editors use is generated from these."""

from typing import Annotated, Any, Literal

import msgspec

from proofdesk.core.procedure import Kind
from proofdesk.core.reading import SlotType

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="lower-case letters, digits, _")]
Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]
Phrase = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
AuthMethod = Literal[
    "verified_sender", "order_postcode", "one_time_code", "name_postcode", "id_postcode",
    "email_on_record", "id_on_record",
]  # fmt: skip
RecordKind = Literal["order", "subscription"]


class _Doc(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class UnderstandDoc(_Doc, frozen=True, kw_only=True):
    """How a message is recognised as asking for this."""

    examples: Annotated[list[Phrase], msgspec.Meta(min_length=3, max_length=500)]
    acts: list[Phrase] = []
    serves: dict[RecordKind, list[Phrase]] = {}


class SlotDoc(_Doc, frozen=True, kw_only=True):
    type: SlotType
    ask: Sentence
    values: dict[str, list[Phrase]] = {}
    of: str = ""
    optional: bool = False
    stated: bool = False
    allow: list[Name] = []
    """Of a method: the kinds possible, and "original" for the one that paid for the order."""
    otherwise: str = ""
    """Of an enum: the value where a reason is told that none of the words names."""


class CallDoc(_Doc, frozen=True, kw_only=True):
    capability: Phrase
    args: dict[str, Any] = {}


class LookupDoc(CallDoc, frozen=True, kw_only=True, rename={"as_": "as"}):
    as_: Name


class AmountDoc(_Doc, frozen=True, kw_only=True):
    """Money that moves: integer minor units (cents) and an ISO 4217 code, usually expressions."""

    minor: int | str
    currency: str


class ReadBackDoc(CallDoc, frozen=True, kw_only=True):
    expect: Sentence


class CompensateDoc(CallDoc, frozen=True, kw_only=True):
    """`read_back` where the act's own cannot show the undoing (the record is gone, the undoing makes a new one)."""

    read_back: ReadBackDoc | None = None


class ActDoc(CallDoc, frozen=True, kw_only=True):
    amount: AmountDoc | None = None
    read_back: ReadBackDoc | None = None
    compensate: CompensateDoc | None = None


class EndingDoc(_Doc, frozen=True, kw_only=True):
    """Exactly one of refuse, escalate, ask."""

    refuse: Name | None = None
    escalate: Name | None = None
    ask: Name | None = None
    say: Sentence | None = None


class BranchDoc(_Doc, frozen=True, kw_only=True, rename={"else_": "else"}):
    when: Sentence
    then: "list[StepDoc]"
    else_: "list[StepDoc]" = []


class StepDoc(_Doc, frozen=True, kw_only=True, rename={"else_": "else"}):
    """Exactly one of lookup, require, branch, set, confirm, act, reply, ask, refuse, escalate, close."""

    id: Name | None = None
    lookup: LookupDoc | None = None
    on_refused: EndingDoc | None = None
    require: Sentence | None = None
    else_: EndingDoc | None = None
    branch: BranchDoc | None = None
    set: dict[Name, Any] | None = None
    confirm: Sentence | None = None
    declined: Sentence | None = None
    act: ActDoc | None = None
    reply: Sentence | None = None
    ask: Name | None = None
    refuse: Name | None = None
    escalate: Name | None = None
    say: Sentence | None = None
    close: Literal["resolved", "informed"] | None = None


class ExpectedAct(_Doc, frozen=True, kw_only=True):
    capability: str
    args: dict[str, Any] | None = None


class ExpectDoc(_Doc, frozen=True, kw_only=True):
    """What a test must find; what is not named is not checked."""

    acts: list[ExpectedAct] | None = None
    replies: list[str] | None = None
    outcome: str | None = None
    path: list[str] | None = None


class CaseDoc(_Doc, frozen=True, kw_only=True):
    name: Phrase
    requester: dict[str, Any] | None = {}
    authenticated_by: str | None = None
    now: str = "2026-01-15T12:00:00Z"
    slots: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    confirm: bool = True
    expect: ExpectDoc


class ProcedureDoc(_Doc, frozen=True, kw_only=True):
    procedure: Name
    version: Annotated[int, msgspec.Meta(ge=1)]
    title: Phrase
    kind: Kind
    understand: UnderstandDoc
    slots: dict[Name, SlotDoc] = {}
    authenticate: list[AuthMethod] = []
    steps: Annotated[list[StepDoc], msgspec.Meta(min_length=1)]
    tests: list[CaseDoc] = []


VERBS = ("lookup", "require", "branch", "set", "confirm", "act", "reply", "ask", "refuse", "escalate", "close")


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a procedure file, for editors and the API."""
    schema = msgspec.json.schema(ProcedureDoc)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "proofdesk procedure", **schema}
