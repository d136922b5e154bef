"""From requests to the events of their issue: billable only when every request is verified and none was escalated.

An action request is verified by the read-back receipts of all its effects, nothing else. A request for information
is verified by the customer's confirmation (or by silence where the contract prices it). A raw claim that the state
was verified is not accepted here: it follows from receipts, or does not exist. A later receipt that no longer finds
the change counts as a roll-back at its own instant; the past is not rewritten.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from proofdesk.core.resolution import Resolution, ResolutionEvent, Terms, fold_resolution


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One effect read back from the system of record. `ok`: the postcondition held."""

    effect_id: str
    at: datetime
    ok: bool = True
    leaf_seq: int = 0


class RequestState(msgspec.Struct, frozen=True, kw_only=True):
    """How far one request of an issue has come."""

    id: str
    kind: Literal["action", "information"]
    effect_ids: tuple[str, ...] = ()
    """Effects the procedure had to have, unique in the issue; an action request without any is never verified."""
    receipts: tuple[Receipt, ...] = ()
    quality_passed: bool = False
    """Information only: the quality check of the answer passed."""
    escalated_at: datetime | None = None
    escalation_leaf_seq: int = 0


class ProofSpan(msgspec.Struct, frozen=True, kw_only=True):
    """Every effect of the issue is proven from receipt `since` on, until receipt `lost` finds one gone."""

    since: Receipt
    lost: Receipt | None = None


def fold_issue(
    requests: Sequence[RequestState], events: Iterable[ResolutionEvent], terms: Terms, as_of: datetime
) -> Resolution:
    """The resolution of one issue with one or several requests. `events` as in `fold_resolution`."""
    return fold_resolution(issue_events(requests, events), terms, as_of)


def issue_events(requests: Sequence[RequestState], events: Iterable[ResolutionEvent]) -> tuple[ResolutionEvent, ...]:
    """The given events with escalations and roll-backs added, proofs held back until every receipt is there."""
    actions = [request for request in requests if request.kind == "action"]
    informs = [request for request in requests if request.kind == "information"]
    spans = proof_spans(actions)
    silent = bool(informs) and not actions and all(request.quality_passed for request in informs)
    result = [*_escalations(requests), *_roll_backs(spans)]
    for event in events:
        match event.type:
            case "system_state_verified":
                continue
            case "customer_confirmed":
                if actions:
                    result.extend(_proofs(event, spans))
                elif informs:
                    result.append(event)
            case "proposed":
                result.append(msgspec.structs.replace(event, silence_eligible=event.silence_eligible and silent))
                if not informs:
                    result.extend(_proofs(ResolutionEvent(type="system_state_verified", ts=event.ts), spans))
            case _:
                result.append(event)
    return tuple(result)


def proof_spans(actions: Sequence[RequestState]) -> tuple[ProofSpan, ...]:
    """When all effects of all action requests were proven together; empty when one never was."""
    if not actions or any(not request.effect_ids for request in actions):
        return ()
    needed = {effect for request in actions for effect in request.effect_ids}
    receipts = [receipt for request in actions for receipt in request.receipts if receipt.effect_id in needed]
    holds: set[str] = set()
    since: Receipt | None = None
    spans: list[ProofSpan] = []
    for receipt in sorted(receipts, key=lambda each: (each.at, not each.ok, each.effect_id, each.leaf_seq)):
        if receipt.ok:
            holds.add(receipt.effect_id)
            if since is None and holds == needed:
                since = receipt
            continue
        holds.discard(receipt.effect_id)
        if since is not None:
            spans.append(ProofSpan(since=since, lost=receipt))
            since = None
    return (*spans, ProofSpan(since=since)) if since is not None else tuple(spans)


def _proofs(event: ResolutionEvent, spans: Sequence[ProofSpan]) -> Iterator[ResolutionEvent]:
    """`event` at the first instant from its own on at which the state is proven; nothing when it never is."""
    for span in spans:
        at = max(event.ts, span.since.at)
        if span.lost is None or at < span.lost.at:
            yield msgspec.structs.replace(event, ts=at, leaf_seq=event.leaf_seq or span.since.leaf_seq)
            return


def _roll_backs(spans: Sequence[ProofSpan]) -> Iterator[ResolutionEvent]:
    for span in spans:
        if span.lost is not None:
            yield ResolutionEvent(type="action_rolled_back", ts=span.lost.at, leaf_seq=span.lost.leaf_seq)


def _escalations(requests: Sequence[RequestState]) -> Iterator[ResolutionEvent]:
    for request in requests:
        if request.escalated_at is not None:
            yield ResolutionEvent(type="human_takeover", ts=request.escalated_at, leaf_seq=request.escalation_leaf_seq)
