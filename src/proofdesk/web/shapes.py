"""What the API takes and gives besides what the flows already define. Answers have no optional fields."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from proofdesk.flows.approve import Verdict
from proofdesk.flows.handed import MAX_REPLY_CHARS
from proofdesk.flows.intake import MAX_SUBJECT_CHARS, MAX_TEXT_CHARS
from proofdesk.flows.people import LOGIN_PATTERN, Person, Role
from proofdesk.flows.queries import LeafView, TicketLine
from proofdesk.flows.waiting import ApprovalView, HandoffView, MailView

DeliveryId = Annotated[
    str, Meta(min_length=1, max_length=200, description="The caller's id of this message; repeating it is harmless.")
]
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS, pattern=r"\S")]
MAX_REDACTED_CHARS = 500_000
Login = Annotated[str, Meta(pattern=LOGIN_PATTERN)]


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class NewTicket(_Body, frozen=True, kw_only=True):
    """`verified`: the calling system vouches that `sender` is its logged-in user (see the route's roles)."""

    delivery_id: DeliveryId
    sender: Annotated[str, Meta(min_length=1, max_length=320, pattern=r"\S")]
    text: Text
    subject: Annotated[str, Meta(max_length=MAX_SUBJECT_CHARS)] = ""
    verified: bool = False


class NewMessage(_Body, frozen=True, kw_only=True):
    delivery_id: DeliveryId
    text: Text


class NewRating(_Body, frozen=True, kw_only=True):
    score: Annotated[int, Meta(ge=1, le=5)]


class Redacted(_Body, frozen=True, kw_only=True):
    text: Annotated[str, Meta(min_length=1, max_length=MAX_REDACTED_CHARS)]


class NewReply(_Body, frozen=True, kw_only=True):
    text: Annotated[str, Meta(min_length=1, max_length=MAX_REPLY_CHARS, pattern=r"\S")]
    solved: bool = False


class Decide(_Body, frozen=True, kw_only=True):
    verdict: Verdict


class NewPerson(_Body, frozen=True, kw_only=True):
    login: Login
    roles: Annotated[list[Role], Meta(max_length=16)]


class TicketCreated(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID


class Tickets(msgspec.Struct, frozen=True, kw_only=True):
    """`next_offset` is null on the last page."""

    items: list[TicketLine]
    next_offset: int | None


class Leaves(msgspec.Struct, frozen=True, kw_only=True):
    items: list[LeafView]


class Handoffs(msgspec.Struct, frozen=True, kw_only=True):
    items: list[HandoffView]


class Mails(msgspec.Struct, frozen=True, kw_only=True):
    items: list[MailView]


class Approvals(msgspec.Struct, frozen=True, kw_only=True):
    items: list[ApprovalView]


class People(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Person]


class KeyIssued(msgspec.Struct, frozen=True, kw_only=True):
    """`key` is shown this once."""

    login: str
    prefix: str
    key: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    status: str
