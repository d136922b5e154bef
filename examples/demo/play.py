"""Plays everybody around the desk over the REST API: requesters who write and answer, and the second person."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import msgspec

from examples.score import Happened
from examples.tickets.ticket import Ticket

API = "/api/v1"
PER_SECOND = 12.0
PAGE = 200
POLL_S = 0.3
END_LIMIT_S = 150.0
CLOSE_LIMIT_S = 60.0
RESTING = ("solved", "closed", "handed_off")


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """API keys of three people: the requesters' system, the approver, and one who may look at everything."""

    requester: str
    approver: str
    auditor: str


class Turn(msgspec.Struct):
    """How far the conversation about one ticket has come."""

    ticket: Ticket
    ticket_id: str
    answered: int = 0
    """Messages of ours the requester has reacted to."""
    later: list[str] = []
    silent: bool = False
    """It waits for an answer this requester never gives."""


class Played(msgspec.Struct, frozen=True, kw_only=True):
    ids: dict[str, str]
    """Ticket of the example -> its id in proofdesk."""
    happened: dict[str, Happened]
    views: dict[str, dict[str, Any]]
    approvals: int
    answer_ms: tuple[float, ...]
    """From the arrival of a message to the record of our answer, both by the server's clock."""
    took_s: float


class Desk:
    def __init__(self, url: str, keys: Keys) -> None:
        self._client = httpx.AsyncClient(base_url=url + API, timeout=30.0)
        self._keys = keys
        self.approvals = 0

    async def close(self) -> None:
        await self._client.aclose()

    async def play(self, tickets: Sequence[Ticket], progress: Callable[[int, int], None]) -> Played:
        """Send every ticket, answer until all rest. `progress`: (sent, resting) as it goes."""
        began = time.monotonic()
        turns: list[Turn] = []
        sending = asyncio.create_task(self._send(tickets, turns, began))
        deadline = began + len(tickets) / PER_SECOND + END_LIMIT_S
        while time.monotonic() < deadline:
            resting = await self._round(turns)
            progress(len(turns), resting)
            if sending.done() and resting == len(tickets):
                break
            await asyncio.sleep(POLL_S)
        await sending
        took_s = time.monotonic() - began
        views = {turn.ticket.id: await self._get(f"/tickets/{turn.ticket_id}", self._keys.auditor) for turn in turns}
        return Played(
            ids={turn.ticket.id: turn.ticket_id for turn in turns},
            happened={turn.ticket.id: found for turn in turns if (found := ended(views[turn.ticket.id], turn))},
            views=views,
            approvals=self.approvals,
            answer_ms=tuple(ms for view in views.values() for ms in answer_times_ms(view["messages"])),
            took_s=took_s,
        )

    async def until_closed(self) -> dict[str, int]:
        """Wait until no ticket stands before the end of its verification window. Gives tickets by status."""
        deadline = time.monotonic() + CLOSE_LIMIT_S
        while True:
            summary = await self._get("/summary", self._keys.auditor)
            counts = {each["status"]: each["tickets"] for each in summary["tickets"]}
            if set(counts) <= {"closed", "handed_off"} or time.monotonic() > deadline:
                return counts
            await asyncio.sleep(POLL_S)

    async def summary(self) -> dict[str, Any]:
        return await self._get("/summary", self._keys.auditor)

    async def invoice(self, month: str) -> dict[str, Any]:
        return await self._get(f"/invoice/preview?month={month}", self._keys.auditor)

    async def _send(self, tickets: Sequence[Ticket], turns: list[Turn], began: float) -> None:
        for number, ticket in enumerate(tickets):
            await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
            body = {
                "delivery_id": ticket.id,
                "sender": ticket.sender or "unknown@visitor.example",
                "text": ticket.text,
                "subject": ticket.subject,
                "verified": ticket.verified,
            }
            made = await self._post("/tickets", body, self._keys.requester)
            turns.append(Turn(ticket=ticket, ticket_id=made["ticket_id"], later=list(ticket.later)))

    async def _round(self, turns: list[Turn]) -> int:
        """Everybody who is waited for reacts once. Gives how many tickets rest."""
        lines = await self._lines()
        for approval in (await self._get("/approvals", self._keys.approver))["items"]:
            path = f"/approvals/{approval['approval_id']}/decide"
            await self._post(path, {"verdict": "approved"}, self._keys.approver)
            self.approvals += 1
        resting = 0
        for turn in list(turns):
            line = lines.get(turn.ticket_id)
            if line is None:
                continue
            if line["status"] == "waiting_requester" and not turn.silent:
                await self._react(turn)
            resting += line["status"] in RESTING or (line["status"] == "waiting_requester" and turn.silent)
        return resting

    async def _react(self, turn: Turn) -> None:
        status = await self._get(f"/tickets/{turn.ticket_id}/status", self._keys.requester)
        said = sum(message["direction"] == "out" for message in status["messages"])
        if status["status"] != "waiting_requester" or said <= turn.answered:
            return
        turn.answered = said
        if status["waiting_for"] == "confirm":
            text: str = turn.ticket.confirm
        elif turn.later:
            text = turn.later.pop(0)
        else:
            turn.silent = True
            return
        body = {"delivery_id": f"{turn.ticket.id}/{said}", "text": text}
        await self._post(f"/tickets/{turn.ticket_id}/messages", body, self._keys.requester)

    async def _lines(self) -> dict[str, dict[str, Any]]:
        lines: dict[str, dict[str, Any]] = {}
        offset: int | None = 0
        while offset is not None:
            page = await self._get(f"/tickets?limit={PAGE}&offset={offset}", self._keys.auditor)
            lines |= {line["ticket_id"]: line for line in page["items"]}
            offset = page["next_offset"]
        return lines

    async def _get(self, path: str, key: str) -> dict[str, Any]:
        return self._answer(await self._client.get(path, headers={"Authorization": f"Bearer {key}"}))

    async def _post(self, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        return self._answer(await self._client.post(path, json=body, headers={"Authorization": f"Bearer {key}"}))

    def _answer(self, answer: httpx.Response) -> dict[str, Any]:
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def ended(view: dict[str, Any], turn: Turn) -> Happened | None:
    """How the ticket ended, None when it is still under way."""
    if view["status"] == "handed_off":
        return Happened(outcome="escalated", reason=view["handoff"]["reason"])
    if view["status"] == "waiting_requester" and turn.silent:
        return Happened(outcome="asked")
    if view["status"] == "waiting_approval":
        return Happened(outcome="escalated", waits_for_approval=True)
    if view["status"] not in ("solved", "closed"):
        return None
    statuses = [request["status"] for request in view["requests"]]
    for status, outcome in (("done", "resolved"), ("informed", "informed")):
        if status in statuses:
            return Happened(outcome=outcome)
    reasons = [request["reason"] for request in view["requests"] if request["reason"]]
    return Happened(outcome="refused", reason=reasons[0] if reasons else "")


def answer_times_ms(messages: Sequence[dict[str, Any]]) -> list[float]:
    """For each message of the requester that was answered next: milliseconds until the answer."""
    ordered = sorted(messages, key=lambda message: message["at"])
    return [
        (datetime.fromisoformat(then["at"]) - datetime.fromisoformat(first["at"])).total_seconds() * 1000
        for first, then in pairwise(ordered)
        if (first["direction"], then["direction"]) == ("in", "out")
    ]
