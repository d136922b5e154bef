"""Decides every recorded decision of a ticket again, from its facts alone, and compares the bytes.

The keyed hashes of facts and output are checked against the row and against the ledger leaf of the decision, so that
what is replayed is what was decided then. One registry says for each kind what its facts are and which function
decides. Once the data subject is erased there are no facts to decide from: whether row and leaf still belong together
is all that can be said, and the answer is "erased", neither agreement nor failure.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Generic, Literal, TypeVar, cast
from uuid import UUID

import msgspec

from proofdesk.core.approval import ApprovalFacts, judge_approval
from proofdesk.core.consent import read_consent
from proofdesk.core.effect_course import CourseFacts, LookFacts, decide_course, judge_look
from proofdesk.core.one_time_code import decide_code
from proofdesk.core.plan import PlanFacts, decide_plan
from proofdesk.core.priority import PriorityBasis, prioritise
from proofdesk.core.procedure import Procedure
from proofdesk.core.rollout import CohortFacts, decide_cohort
from proofdesk.core.unproven import UnprovenFacts, decide_unproven
from proofdesk.flows.context import Shell
from proofdesk.flows.drive import DriveFacts, replay_drive
from proofdesk.flows.execute import PolicyFacts
from proofdesk.flows.finish import ResolutionFacts, resolution_events
from proofdesk.flows.folder import TenantFolderError
from proofdesk.flows.handoff import HandoffFacts, route
from proofdesk.flows.identity import IdentityFacts, judge_identity
from proofdesk.flows.mail_judgement import (
    AnsweringFacts,
    SenderFacts,
    ThreadingFacts,
    judge_answering,
    judge_sender,
    judge_threading,
)
from proofdesk.flows.registry import UnknownTenant
from proofdesk.flows.resolve import ConsentFacts
from proofdesk.flows.subjects import SubjectErased
from proofdesk.flows.transition import canonical
from proofdesk.flows.understand import CodeFacts
from proofdesk.ledger.shred import CannotOpen, keyed_hash, open_sealed
from proofdesk.policy.gate import PolicyRefused
from proofdesk.ports import PolicyGate
from proofdesk.procedures.cel import evaluate
from proofdesk.store import tables as t
from proofdesk.store.pool import tenant_transaction
from proofdesk.store.rows import DecisionRow, LeafRow

F = TypeVar("F")
RuleKind = Literal["procedure", "policy", "codes_key"]
Rule = Procedure | PolicyGate | bytes | None
MAX_SHOWN_CHARS = 200


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where recorded and recomputed part: a path such as `$.requests[0].status`, and both values as JSON."""

    path: str
    recorded: str
    recomputed: str


class ReplayedDecision(msgspec.Struct, frozen=True, kw_only=True):
    """`seq`: place of the decision's leaf in the ledger, None while it is not numbered yet or missing."""

    seq: int | None
    ordinal: int
    kind: str
    outcome: Literal["agrees", "differs", "erased"]
    difference: Difference | None = None


class Replayed(msgspec.Struct, frozen=True, kw_only=True, tag="replayed"):
    """`agrees`: False when a decision differs; None when none does, but some cannot be made again: their data subject
    was erased."""

    decisions: tuple[ReplayedDecision, ...]
    agrees: bool | None


class CannotReplay(msgspec.Struct, frozen=True, kw_only=True, tag="cannot_replay"):
    """Nothing was replayed."""

    reason: Literal["no_such_ticket"]
    message: str


class Kind(msgspec.Struct, Generic[F], frozen=True, kw_only=True):
    """How one kind of decision is made again. `rule`: which rule it was made by: a stored procedure or
    policy by its hash, the installation's key for one-time codes, or None."""

    facts: type[F]
    decide: Callable[[F, Rule], Any]
    rule: Callable[[F], tuple[RuleKind, str] | None] = lambda _: None


def _procedure(facts: DriveFacts, rule: Rule) -> Any:
    return replay_drive(cast(Procedure, rule), facts, evaluate)


def _policy(facts: PolicyFacts, rule: Rule) -> Any:
    return cast(PolicyGate, rule).judge(facts.request)


def _look(facts: LookFacts, rule: Rule) -> Any:
    return judge_look(cast(Procedure, rule), facts, evaluate)


def _code(facts: CodeFacts, rule: Rule) -> Any:
    return decide_code(cast(bytes, rule), facts.code, facts.given, facts.at_s)


KINDS: Mapping[str, Kind[Any]] = {
    "answering": Kind(facts=AnsweringFacts, decide=lambda facts, _: judge_answering(facts)),
    "threading": Kind(facts=ThreadingFacts, decide=lambda facts, _: judge_threading(facts)),
    "sender": Kind(facts=SenderFacts, decide=lambda facts, _: judge_sender(facts)),
    "authentication": Kind(facts=IdentityFacts, decide=lambda facts, _: judge_identity(facts)),
    "code": Kind(facts=CodeFacts, decide=_code, rule=lambda _: ("codes_key", "")),
    "unproven": Kind(facts=UnprovenFacts, decide=lambda facts, _: decide_unproven(facts)),
    "priority": Kind(facts=PriorityBasis, decide=lambda facts, _: prioritise(facts)),
    "cohort": Kind(facts=CohortFacts, decide=lambda facts, _: decide_cohort(facts)),
    "plan": Kind(facts=PlanFacts, decide=lambda facts, _: decide_plan(facts)),
    "procedure": Kind(facts=DriveFacts, decide=_procedure, rule=lambda facts: ("procedure", facts.run.procedure_hash)),
    "policy": Kind(facts=PolicyFacts, decide=_policy, rule=lambda facts: ("policy", facts.policy_hash)),
    "approval": Kind(facts=ApprovalFacts, decide=lambda facts, _: judge_approval(facts)),
    "effect": Kind(facts=CourseFacts, decide=lambda facts, _: decide_course(facts)),
    "look": Kind(facts=LookFacts, decide=_look, rule=lambda facts: ("procedure", facts.run.procedure_hash)),
    "consent": Kind(facts=ConsentFacts, decide=lambda facts, _: read_consent(facts.answer)),
    "handoff": Kind(facts=HandoffFacts, decide=lambda facts, _: route(facts)),
    "resolution": Kind(facts=ResolutionFacts, decide=lambda facts, _: resolution_events(facts)),
}
"""Every kind of decision that is recorded anywhere; a test compares the two."""


async def replay_ticket(shell: Shell, tenant: str, ticket_id: UUID) -> Replayed | CannotReplay:
    """Replay all decisions of one ticket, in order. Reads only. Raises StoreUnavailable."""
    async with tenant_transaction(shell.pool, tenant) as conn:
        ticket = await t.load_ticket(conn, tenant=tenant, ticket_id=ticket_id)
        rows = await t.decisions(conn, tenant=tenant, ticket_id=ticket_id)
        leaves = await t.leaves_of_ticket(conn, tenant=tenant, ticket_id=ticket_id)
    if ticket is None:
        return CannotReplay(reason="no_such_ticket", message=f"{tenant} has no ticket {ticket_id}")
    key = await _key(shell, tenant, ticket.subject_ref)
    stated = _stated(leaves)
    place = {ordinal: number for number, ordinal in enumerate(stated)}
    decisions = [await _replay(shell, tenant, row, key, stated.pop(row.ordinal, None)) for row in rows]
    # What is left in the ledger has lost its row: somebody removed a decision.
    decisions += [_without_row(ordinal, leaf) for ordinal, leaf in stated.items()]
    decisions.sort(key=lambda each: (place.get(each.ordinal, len(place)), each.ordinal))
    outcomes = {each.outcome for each in decisions}
    agrees = False if "differs" in outcomes else None if "erased" in outcomes else True
    return Replayed(decisions=tuple(decisions), agrees=agrees)


async def _key(shell: Shell, tenant: str, subject_ref: UUID) -> bytes | None:
    """The data subject's key, None once it was destroyed."""
    try:
        return await shell.subjects.key_of(shell.pool, tenant, subject_ref)
    except SubjectErased:
        return None


class _Leaf(msgspec.Struct, frozen=True, kw_only=True):
    seq: int | None
    kind: str
    facts_hmac: str
    output_hmac: str


def _stated(leaves: list[LeafRow]) -> dict[int, _Leaf]:
    """What the ledger says about the ticket's decisions, by ordinal. A leaf that cannot be read says nothing."""
    stated: dict[int, _Leaf] = {}
    for leaf in leaves:
        if leaf.kind != "decision":
            continue
        try:
            body = msgspec.json.decode(leaf.canon)["body"]
            stated[int(body["ordinal"])] = _Leaf(
                seq=leaf.seq,
                kind=str(body["decision"]),
                facts_hmac=str(body["facts_hmac"]),
                output_hmac=str(body["output_hmac"]),
            )
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            continue
    return stated


def _without_row(ordinal: int, leaf: _Leaf) -> ReplayedDecision:
    return ReplayedDecision(
        seq=leaf.seq,
        ordinal=ordinal,
        kind=leaf.kind,
        outcome="differs",
        difference=Difference(path="$", recorded="no such decision is stored", recomputed="the ledger has its leaf"),
    )


async def _replay(
    shell: Shell, tenant: str, row: DecisionRow, key: bytes | None, leaf: _Leaf | None
) -> ReplayedDecision:
    difference = _altered(row, leaf) if key is None else await _difference(shell, tenant, row, key, leaf)
    return ReplayedDecision(
        seq=leaf.seq if leaf else None,
        ordinal=row.ordinal,
        kind=row.kind,
        outcome="differs" if difference else "erased" if key is None else "agrees",
        difference=difference,
    )


async def _difference(shell: Shell, tenant: str, row: DecisionRow, key: bytes, leaf: _Leaf | None) -> Difference | None:
    facts_opened, output_opened = open_sealed(key, row.facts), open_sealed(key, row.output)
    if isinstance(facts_opened, CannotOpen):
        return _plain("facts", "sealed", facts_opened.reason)
    if isinstance(output_opened, CannotOpen):
        return _plain("output", "sealed", output_opened.reason)
    facts_bytes, output_bytes = facts_opened.plaintext, output_opened.plaintext
    altered = _altered(
        row, leaf, [keyed_hash(key, sha256(data).digest()).hex() for data in (facts_bytes, output_bytes)]
    )
    if altered is not None:
        return altered
    kind = KINDS.get(row.kind)
    if kind is None:
        return _plain("kind", row.kind, f"no function decides this kind; known: {', '.join(KINDS)}")
    try:
        facts = msgspec.json.decode(facts_bytes, type=kind.facts)
        rule = await _rule(shell, tenant, kind.rule(facts))
    except msgspec.DecodeError as error:
        return _plain("facts", "recorded", f"do not fit {kind.facts.__name__}: {error}")
    except (UnknownTenant, TenantFolderError, PolicyRefused) as error:
        return _plain("rule", "in force then", f"cannot be loaded: {error}")
    again = canonical(kind.decide(facts, rule))
    if again == output_bytes:
        return None
    return first_difference(msgspec.json.decode(output_bytes), msgspec.json.decode(again))


async def _rule(shell: Shell, tenant: str, wanted: tuple[RuleKind, str] | None) -> Rule:
    if wanted is None:
        return None
    kind, digest = wanted
    return shell.keys.codes if kind == "codes_key" else await shell.tenants.rules(tenant, kind, digest)


def _altered(row: DecisionRow, leaf: _Leaf | None, hashes: Sequence[str] = ()) -> Difference | None:
    """Whether the row still is what was recorded: `hashes` of its opened facts and output against its own, where they
    could be opened, and its own against those that the ledger has proven since."""
    stated = [row.facts_hash.hex(), row.output_hash.hex()]
    facts_hash, output_hash = stated
    checks = list(zip(("facts_hash", "output_hash"), stated, hashes or stated, strict=True))
    if leaf is None:
        checks.append(("leaf", "no leaf of the ledger records this decision", "one leaf"))
    else:
        checks += [
            ("leaf.decision", leaf.kind, row.kind),
            ("leaf.facts_hmac", leaf.facts_hmac, facts_hash),
            ("leaf.output_hmac", leaf.output_hmac, output_hash),
        ]
    return next((_plain(path, was, now) for path, was, now in checks if was != now), None)


def _plain(path: str, recorded: str, recomputed: str) -> Difference:
    return Difference(path=path, recorded=recorded[:MAX_SHOWN_CHARS], recomputed=recomputed[:MAX_SHOWN_CHARS])


def first_difference(recorded: Any, recomputed: Any, path: str = "$") -> Difference:
    """The first place, in canonical order, where two JSON values part; both must differ."""
    if isinstance(recorded, dict) and isinstance(recomputed, dict):
        for name in sorted(recorded.keys() | recomputed.keys()):
            if name not in recorded or name not in recomputed or recorded[name] != recomputed[name]:
                return first_difference(recorded.get(name), recomputed.get(name), f"{path}.{name}")
    if isinstance(recorded, list) and isinstance(recomputed, list):
        for place, (was, now) in enumerate(zip(recorded, recomputed, strict=False)):
            if was != now:
                return first_difference(was, now, f"{path}[{place}]")
        shorter = min(len(recorded), len(recomputed))
        return _plain(f"{path}[{shorter}]", f"{len(recorded)} items", f"{len(recomputed)} items")
    return _plain(path, _shown(recorded), _shown(recomputed))


def _shown(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
