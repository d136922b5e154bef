"""One tenant's running configuration: what was loaded from its files, and the rooms built from it.

Workers build it from the database, so that every machine works by the same revision.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec

from proofdesk.connectors.backoffice.records import RecordsMapping
from proofdesk.core.authentication import Method
from proofdesk.core.contract import Contract
from proofdesk.core.issue_type import IssueType
from proofdesk.core.procedure import ActStep, Evaluate, LookupStep, Procedure
from proofdesk.core.reading import Signal
from proofdesk.core.tone import Tone
from proofdesk.ports import BackOffice, Channel, IntentModel, PolicyGate, RequestReader


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most that these capabilities may move in one window, all tickets of the tenant together."""

    scope: str
    capabilities: tuple[str, ...]
    limits_minor: dict[str, int]
    """Currency -> amount in its own minor units, never added up. In a currency not listed nothing may be moved."""
    window_h: int = 24


class SlaTargets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Minutes of the clock from arrival, by tier; `default` must be there."""

    first_response_min: dict[str, int] = msgspec.field(default_factory=lambda: {"default": 240})
    resolution_min: dict[str, int] = msgspec.field(default_factory=lambda: {"default": 2_880})


class Email(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The support mailbox. Hosts, ports and secrets may be written as env:NAME."""

    address: str
    imap: str = ""
    smtp: str = ""
    user: str = ""
    password: str = ""
    imap_security: Literal["plain", "tls"] = "tls"
    smtp_security: Literal["plain", "starttls", "tls"] = "starttls"
    smtp_login: bool = True
    trusted_authserv: str = ""
    """Whose Authentication-Results header proves a sender; empty: no mail proves its sender."""
    mailbox: str = "INBOX"


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts per million. Below `in_scope_ppm` a text is nobody's business here; below `intent_ppm` we are unsure."""

    intent_ppm: int = 600_000
    in_scope_ppm: int = 300_000
    rule_ppm: int = 990_000
    """Confidence of a request the reading rules resolved without any doubt."""


class TenantSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """tenant.yaml. Durations in the unit their name ends with."""

    tenant: str
    name: str
    currency: str
    languages: tuple[str, ...] = ("en",)
    authentication: tuple[Method, ...]
    queues: dict[str, str] = {}
    """Reason code -> queue; `default` must be there."""
    contract: Contract
    budgets: tuple[Budget, ...] = ()
    sla: SlaTargets = SlaTargets()
    thresholds: Thresholds = Thresholds()
    max_questions: int = 3
    approval_ttl_h: int = 24
    answer_wait_h: int = 72
    email: Email | None = None
    signature: str = ""


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a flow needs of one tenant. `procedures` by id; `all_capabilities` unscoped."""

    tenant: str
    revision: int
    settings: TenantSettings
    back_office: BackOffice
    scoped: Callable[[frozenset[str]], BackOffice]
    """A view of the back office that can do nothing but the named capabilities."""
    records: RecordsMapping
    procedures: Mapping[str, Procedure]
    evaluate: Evaluate
    gate: PolicyGate
    reader: RequestReader
    model: IntentModel | None
    signals: Callable[[str], tuple[Signal, ...]]
    language_of: Callable[[str], str]
    tone_of: Callable[[str, str], Tone]
    """Of a text in a language."""
    issue_type_of: Callable[[str], IssueType]
    channels: Mapping[str, Channel]


class Tenants(Protocol):
    async def get(self, tenant: str) -> Runtime:
        """The running configuration of a tenant; the newest revision within a second or so of its loading."""
        ...

    async def rules(self, tenant: str, kind: Literal["procedure", "policy"], rule_hash: str) -> Procedure | PolicyGate:
        """A procedure or policy set as it was, for replay."""
        ...


def sla_due(settings: TenantSettings, tier: str, created_at: datetime) -> tuple[datetime, datetime]:
    """When the first response and the resolution of a ticket are due."""
    first = settings.sla.first_response_min
    solve = settings.sla.resolution_min
    return (
        created_at + timedelta(minutes=first.get(tier, first["default"])),
        created_at + timedelta(minutes=solve.get(tier, solve["default"])),
    )


def procedure_capabilities(procedure: Procedure) -> frozenset[str]:
    """The capabilities a procedure's steps name: all it may use, its least privilege."""
    names: set[str] = set()
    for instruction in procedure.instructions:
        if isinstance(instruction, LookupStep):
            names.add(instruction.call.capability)
        elif isinstance(instruction, ActStep):
            calls = (
                instruction.call,
                instruction.read_back,
                instruction.compensate,
                instruction.undo_read_back,
            )
            names.update(call.capability for call in calls if call is not None)
    return frozenset(names)
