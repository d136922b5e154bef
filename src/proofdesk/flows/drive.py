"""Drives one procedure as far as it goes without writing: look-ups and replies inside, everything else comes out.

What went in (run, facts, outcomes) and what came out is one replayable decision.
"""

from typing import assert_never

import msgspec

from proofdesk.core.directive import (
    Act,
    Ask,
    Authenticate,
    Close,
    Compensate,
    Confirm,
    Directive,
    Done,
    Escalate,
    Facts,
    LookedUp,
    Lookup,
    LookupRefused,
    Outcome,
    ReadBack,
    Refuse,
    Reply,
    Run,
)
from proofdesk.core.interpreter import next_step, resume
from proofdesk.core.procedure import Evaluate, Procedure
from proofdesk.flows.transition import hash_of
from proofdesk.ports import Answer, BackOffice, Refused

MAX_LOOKUPS = 40


class DriveFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of one drive, complete: with the procedure of `run.procedure_hash` it gives DriveOutput again."""

    run: Run
    facts: Facts
    outcomes: tuple[Outcome, ...]
    resumed: bool
    """The first outcome answers the directive `run` was stored with; the others answer this drive's own."""


class DriveOutput(msgspec.Struct, frozen=True, kw_only=True):
    run: Run
    directive: Directive
    replies: tuple[str, ...]


class Accessed(msgspec.Struct, frozen=True, kw_only=True):
    """A read of somebody's data, for the ledger: what was asked, by its SHA-256, never what was answered."""

    capability: str
    args_hash: str


async def drive(
    procedure: Procedure, run: Run, facts: Facts, first: Outcome | None, evaluate: Evaluate, back_office: BackOffice
) -> tuple[DriveFacts, DriveOutput, list[Accessed]]:
    """Go on from `run` (after `first`, the outcome it waited for) to the next thing only the shell can do.

    Raises ConnectorError when a look-up gave no answer: nothing has been decided then.
    """
    start, outcomes, accesses, replies = run, [], [], []
    if first is not None:
        outcomes.append(first)
        run = resume(procedure, run, first)
    for _ in range(MAX_LOOKUPS):
        run, directive = next_step(procedure, run, facts, evaluate)
        outcome: Outcome
        match directive:
            case Lookup():
                accesses.append(Accessed(capability=directive.capability, args_hash=hash_of(directive.args)))
                outcome = looked_up(await back_office.call(directive.capability, directive.args))
            case Reply():
                replies.append(directive.text)
                outcome = Done()
            case _:
                output = DriveOutput(run=run, directive=directive, replies=tuple(replies))
                return (
                    DriveFacts(run=start, facts=facts, outcomes=tuple(outcomes), resumed=first is not None),
                    output,
                    accesses,
                )
        outcomes.append(outcome)
        run = resume(procedure, run, outcome)
    output = DriveOutput(
        run=run, directive=Escalate(step="end", reason="procedure_error", note="too many look-ups"), replies=()
    )
    return DriveFacts(run=start, facts=facts, outcomes=tuple(outcomes), resumed=first is not None), output, accesses


def looked_up(answer: Answer | Refused) -> Outcome:
    if isinstance(answer, Refused):
        return LookupRefused(code=answer.code, message=answer.message)
    return LookedUp(value=answer.value)


def replay_drive(procedure: Procedure, given: DriveFacts, evaluate: Evaluate) -> DriveOutput:
    """The same decision again, from its facts alone. Pure."""
    run, replies = given.run, []
    pending = list(given.outcomes)
    if given.resumed:
        run = resume(procedure, run, pending.pop(0))
    for _ in range(MAX_LOOKUPS):
        run, directive = next_step(procedure, run, given.facts, evaluate)
        match directive:
            case Reply():
                replies.append(directive.text)
            case Lookup():
                pass
            case (
                Act() | Ask() | Authenticate() | Close() | Compensate() | Confirm() | Escalate() | ReadBack() | Refuse()
            ):
                return DriveOutput(run=run, directive=directive, replies=tuple(replies))
            case _:
                assert_never(directive)
        if not pending:
            break
        run = resume(procedure, run, pending.pop(0))
    return DriveOutput(
        run=run, directive=Escalate(step="end", reason="procedure_error", note="too many look-ups"), replies=()
    )
