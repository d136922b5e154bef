"""Rows of the topic tables."""

from datetime import datetime
from uuid import UUID

import msgspec


class TopicTextRow(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID
    subject_ref: UUID
    created_at: datetime
    subject: str
    text: str
    known: list[dict[str, str]] | None
    example_of: UUID | None
    within: bool


class TopicRow(msgspec.Struct, frozen=True, kw_only=True):
    topic_id: UUID
    name: str
    named_by: str
    state: str
    change: str
    parents: list[UUID]
    terms: list[str]
    size: int
    created_at: datetime
    updated_at: datetime


class TopicMemberRow(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID
    topic_id: UUID
    score: float


class TopicRunRow(msgspec.Struct, frozen=True, kw_only=True):
    run_id: UUID
    since: datetime
    until: datetime
    tickets: int
    unassigned: int
    topics: int
    notice: str
    run_by: str
    ran_at: datetime


class LatestChange(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime | None
