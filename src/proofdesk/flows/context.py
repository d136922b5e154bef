"""What every step of a ticket's journey needs at hand."""

from datetime import datetime

import msgspec

from proofdesk.core.rollout import Rules
from proofdesk.flows.clock import Clock
from proofdesk.flows.drive import Accessed
from proofdesk.flows.keys import Keys
from proofdesk.flows.state import State
from proofdesk.flows.subjects import Subjects
from proofdesk.flows.tenancy import Runtime, Tenants
from proofdesk.flows.transition import Transition
from proofdesk.store.pool import Pool
from proofdesk.store.rows import TicketRow


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    lease_s: float = 20.0
    max_transitions_per_job: int = 40
    max_effect_attempts: int = 5
    max_stalls: int = 5
    retry_first_s: float = 0.5
    retry_most_s: float = 60.0
    max_send_attempts: int = 18
    """With the pauses below, a mail server may be away for about five hours before a person is told."""
    resend_most_s: float = 3_600.0
    rollout_s: float = 0.25
    """How old a tenant's rungs and its stop switch may be when they are looked at."""


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """The adapters of one process, built by the composition root."""

    pool: Pool
    tenants: Tenants
    subjects: Subjects
    keys: Keys
    clock: Clock
    limits: Limits = Limits()
    rules: dict[str, Rules] = msgspec.field(default_factory=dict)
    """Rungs and stop switch per tenant as last read: a cache, filled by flows/rollout."""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """One ticket on one worker's desk."""

    shell: Shell
    runtime: Runtime
    ticket: TicketRow
    state: State
    key: bytes
    """The data subject's key."""
    now: datetime

    def transition(self) -> Transition:
        return Transition(self.runtime.tenant, self.ticket, self.state, self.now, self.key)


def access_leaf(tr: Transition, accesses: list[Accessed]) -> None:
    """One leaf for the data looked at since the last transition."""
    if accesses:
        tr.leaf(
            "data.access",
            {"reads": [{"capability": a.capability, "args_hmac": tr.keyed(a.args_hash)} for a in accesses]},
        )
