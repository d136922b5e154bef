"""What agents, approvers and administrators do: handoffs, replies, approvals, people and their keys."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter

from proofdesk.flows import approve, handed, people, waiting
from proofdesk.flows.outcome import Refusal
from proofdesk.web.access import roles
from proofdesk.web.body import StrictRequest
from proofdesk.web.faults import refused
from proofdesk.web.shapes import Approvals, Decide, Handoffs, KeyIssued, Mails, NewPerson, NewReply, People
from proofdesk.web.state import web_of

LoginInPath = Annotated[str, PathParameter(pattern=people.LOGIN_PATTERN, max_length=127)]
PrefixInPath = Annotated[str, PathParameter(pattern=r"^[0-9a-f]{12}$", max_length=12)]
AGENT = roles("agent")
ADMINISTRATOR = roles("administrator")


@get("/handoffs", opt=roles("agent", "manager", "administrator"), summary="Open handoffs", tags=["handoffs"])
async def list_handoffs(request: StrictRequest) -> Handoffs:
    return Handoffs(items=await waiting.open_handoffs(web_of(request).shell.pool, request.user.tenant))


@post(
    "/handoffs/{handoff_id:str}/accept",
    opt=AGENT,
    status_code=200,
    summary="Take a handed-off ticket",
    tags=["handoffs"],
)
async def accept_handoff(request: StrictRequest, handoff_id: FromPath[UUID]) -> handed.Accepted:
    caller = request.user
    accepted = await handed.accept_handoff(web_of(request).shell, caller.tenant, handoff_id, caller.login)
    if isinstance(accepted, Refusal):
        raise refused(accepted)
    return accepted


@post(
    "/tickets/{ticket_id:str}/reply",
    opt=AGENT,
    status_code=200,
    summary="Answer a handed-off ticket as its owner",
    tags=["handoffs"],
)
async def reply(request: StrictRequest, ticket_id: FromPath[UUID], data: JSONBody[NewReply]) -> handed.Replied:
    """Goes out through the ticket's channel. What a person solved is never billed."""
    caller, shell = request.user, web_of(request).shell
    replied = await handed.reply(shell, caller.tenant, ticket_id, data.text, caller.login, solved=data.solved)
    if isinstance(replied, Refusal):
        raise refused(replied)
    return replied


@get(
    "/mails",
    opt=roles("agent", "manager", "administrator"),
    summary="Mails that became no ticket, newest first",
    tags=["mails"],
)
async def list_mails(request: StrictRequest, outcome: FromQuery[Literal["rejected", "ignored"]] = "rejected") -> Mails:
    """rejected: a person should look, the reason says at what; ignored: machines' mail that belongs to no ticket."""
    pool = web_of(request).shell.pool
    return Mails(items=await waiting.mails_not_taken(pool, request.user.tenant, outcome))


@get(
    "/approvals",
    opt=roles("approver", "manager", "auditor", "administrator"),
    summary="Approvals waiting for a verdict",
    tags=["approvals"],
)
async def list_approvals(request: StrictRequest) -> Approvals:
    shell = web_of(request).shell
    return Approvals(items=await waiting.open_approvals(shell.pool, request.user.tenant, shell.clock.now()))


@post(
    "/approvals/{approval_id:str}/decide",
    opt=roles("approver"),
    status_code=200,
    summary="Approve or reject one exact action",
    tags=["approvals"],
)
async def decide(
    request: StrictRequest, approval_id: FromPath[UUID], data: JSONBody[Decide]
) -> approve.ApprovalDecided:
    """Four eyes: never by the one who asked for it."""
    caller, shell = request.user, web_of(request).shell
    decided = await approve.decide_approval(shell, caller.tenant, approval_id, data.verdict, caller.login)
    if isinstance(decided, Refusal):
        raise refused(decided)
    return decided


@get("/people", opt=roles("administrator", "auditor"), summary="People and their roles", tags=["people"])
async def list_people(request: StrictRequest) -> People:
    return People(items=await people.list_people(web_of(request).shell, request.user.tenant))


@post("/people", opt=ADMINISTRATOR, status_code=200, summary="Add a person or change their roles", tags=["people"])
async def save_person(request: StrictRequest, data: JSONBody[NewPerson]) -> people.Person:
    caller, web = request.user, web_of(request)
    saved = await people.save_person(web.shell, caller.tenant, data.login, data.roles, by=caller.login)
    if isinstance(saved, Refusal):
        raise refused(saved)
    web.door.forget_all()
    return saved


@post("/people/{login:str}/keys", opt=ADMINISTRATOR, summary="Issue an API key, shown once", tags=["people"])
async def issue_key(request: StrictRequest, login: LoginInPath) -> KeyIssued:
    caller = request.user
    issued = await people.issue_key(web_of(request).shell, caller.tenant, login, by=caller.login)
    if isinstance(issued, Refusal):
        raise refused(issued)
    return KeyIssued(login=issued.login, prefix=issued.prefix, key=issued.key)


@delete("/keys/{prefix:str}", opt=ADMINISTRATOR, summary="Revoke an API key", tags=["people"])
async def revoke_key(request: StrictRequest, prefix: PrefixInPath) -> None:
    caller, web = request.user, web_of(request)
    revoked = await people.revoke_key(web.shell, caller.tenant, prefix, by=caller.login)
    if isinstance(revoked, Refusal):
        raise refused(revoked)
    web.door.forget(prefix)


HANDLERS = (
    list_handoffs,
    accept_handoff,
    reply,
    list_mails,
    list_approvals,
    decide,
    list_people,
    save_person,
    issue_key,
    revoke_key,
)
