"""Rows of the rollout tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class KpiRow(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    terms: Any
    signed_by: str
    signed_at: datetime


class RolloutRow(msgspec.Struct, frozen=True, kw_only=True):
    procedure: str
    percent: int
    holdout_ppm: int
    tiers: list[str]
    jurisdictions: list[str]
    channels: list[str]
    changed_by: str
    changed_at: datetime
    reason: str


class StopRow(msgspec.Struct, frozen=True, kw_only=True):
    stopped_by: str
    reason: str
    stopped_at: datetime


class LabelRow(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID
    reviewer: str
    worker_right: bool
    human_right: bool | None
    breach: bool
    at: datetime


class OutcomeRow(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID
    bad: bool
    kind: str
    at: datetime
