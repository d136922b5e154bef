"""The plain result page: the same figures as the API, to look at. Opened with an API key, kept in a session."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from litestar import MediaType, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect

from proofdesk.flows import queries, totals
from proofdesk.flows.people import hash_secret, parse_key
from proofdesk.web import tickets
from proofdesk.web.access import PUBLIC, ROLES_OPT, Caller
from proofdesk.web.body import StrictRequest
from proofdesk.web.faults import ApiError
from proofdesk.web.markup import Html, chip, figures, link, page, pre, safe, table
from proofdesk.web.sessions import COOKIE, LIFE_S
from proofdesk.web.state import web_of

STYLE = (Path(__file__).parent / "assets" / "proofdesk.css").read_text(encoding="utf-8")
VIEWERS: frozenset[str] = tickets.READERS[ROLES_OPT]
SHOWN = 50
MAX_FORM_BYTES = 1_000


@get("/", opt=PUBLIC, include_in_schema=False)
async def home(request: StrictRequest) -> Response[str]:
    """The totals and the newest tickets; the sign-in form without a session."""
    caller = await _viewer(request)
    if caller is None:
        return _sign_in("", 200)
    web = web_of(request)
    found = await totals.summary(web.shell, caller.tenant)
    lines = await queries.list_tickets(web.shell.pool, caller.tenant, status="", limit=SHOWN, offset=0)
    body = (
        _head(f"proofdesk: {caller.tenant}"),
        *_stopped(found.ledger_stopped),
        figures(
            [
                ("Tickets", sum(each.tickets for each in found.tickets)),
                ("Verified resolutions", found.verified),
                ("Charged", found.charged),
                ("Credited", found.credited),
                ("Ledger leaves under a checkpoint", found.ledger_size),
                ("Mails not taken", found.mails_rejected),
                ("Leaves not yet numbered", found.unsequenced_leaves),
            ]
        ),
        table("By status", ("Status", "Tickets"), [(chip(each.status), each.tickets) for each in found.tickets]),
        table(
            "Open handoffs by reason",
            ("Reason", "Handoffs"),
            [(each.reason, each.handoffs) for each in found.open_handoffs],
        ),
        table(
            "Newest tickets",
            ("Ticket", "Status", "Subject", "Created"),
            [
                (link(f"/t/{each.ticket_id}", str(each.ticket_id)), chip(each.status), each.subject, each.created_at)
                for each in lines
            ],
        ),
    )
    return Response(page(f"proofdesk: {caller.tenant}", *body), media_type=MediaType.HTML)


def _stopped(why: str) -> list[Html]:
    return [table("The ledger is stopped: nothing is acted on", ("Why",), [(why,)])] if why else []


@get("/t/{ticket_id:str}", opt=PUBLIC, include_in_schema=False)
async def ticket_page(request: StrictRequest, ticket_id: FromPath[UUID]) -> Response[str]:
    caller = await _viewer(request)
    if caller is None:
        return _sign_in("", 200)
    pool = web_of(request).shell.pool
    seen = await queries.ticket_view(pool, caller.tenant, ticket_id)
    leaves = await queries.ticket_leaves(pool, caller.tenant, ticket_id)
    if seen is None or leaves is None:
        raise tickets.NOT_FOUND
    body = (
        _head(seen.subject or f"Ticket {ticket_id}"),
        Html(f"<p>{link('/', 'All tickets')} {chip(seen.status)} {safe(seen.sender)}</p>"),
        table(
            "Messages",
            ("At", "From", "Text"),
            [(each.at, each.author, pre(each.text)) for each in seen.messages],
        ),
        table(
            "Requests",
            ("Procedure", "Status", "Slots", "Path", "Reason"),
            [
                (
                    f"{each.procedure} {each.version}",
                    chip(each.status),
                    ", ".join(f"{slot.name} = {slot.shown or slot.value}" for slot in each.slots),
                    " > ".join(each.path),
                    each.reason,
                )
                for each in seen.requests
            ],
        ),
        table(
            "Effects and their read-backs",
            ("Capability", "State", "Receipt"),
            [(each.capability, chip(each.state), each.receipt) for each in seen.effects],
        ),
        table(
            "Billing",
            ("At", "Kind", "Grade", "Minor units"),
            [
                (each.at, each.kind, each.grade, f"{each.sign * each.price_minor} {each.currency}")
                for each in seen.billing
            ],
        ),
        Html(
            ""
            if seen.handoff is None
            else f'<h2>Handoff</h2><div class="card kpi">{pre(seen.handoff.packet_text)}</div>'
        ),
        table(
            "Ledger",
            ("Seq", "At", "Kind", "Leaf hash"),
            [(each.seq, each.ts, each.kind, each.leaf_hash) for each in leaves],
        ),
    )
    return Response(page(seen.subject or "Ticket", *body), media_type=MediaType.HTML)


@post("/session", opt=PUBLIC, include_in_schema=False, status_code=303)
async def sign_in(request: StrictRequest) -> Response[str] | Redirect:
    """Exchange an API key for a session cookie: HttpOnly, same site only, gone with the browser or after 8 hours."""
    _same_origin(request)
    key = await _form_value(request, "key")
    web, parsed = web_of(request), parse_key(key.strip())
    caller = await web.door.caller(key.strip())
    if parsed is None or caller is None:
        return _sign_in("This is not an API key in use.", 401)
    if not caller.roles & VIEWERS:
        return _sign_in("This key's roles may not look at tickets.", 403)
    session = web.sessions.open(parsed[0], hash_secret(parsed[1]))
    cookie = Cookie(
        key=COOKIE,
        value=session,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        max_age=int(LIFE_S),
        path="/",
    )
    return Redirect("/", status_code=303, cookies=[cookie])


@post("/session/end", opt=PUBLIC, include_in_schema=False, status_code=303)
async def sign_out(request: StrictRequest) -> Redirect:
    _same_origin(request)
    web_of(request).sessions.close(request.cookies.get(COOKIE, ""))
    return Redirect("/", status_code=303, cookies=[Cookie(key=COOKIE, value="", max_age=0, path="/")])


@get("/assets/proofdesk.css", opt=PUBLIC, include_in_schema=False)
async def style() -> Response[str]:
    return Response(STYLE, media_type="text/css")


async def _viewer(request: StrictRequest) -> Caller | None:
    web = web_of(request)
    session = web.sessions.find(request.cookies.get(COOKIE, ""))
    if session is None:
        return None
    caller = await web.door.caller_by_hash(session.prefix, session.secret_hash)
    if caller is None or not caller.roles & VIEWERS:
        return None
    if (wait := web.door.wait_s(caller.prefix)) > 0:
        raise ApiError(429, "too_many_requests", "this key has used up its requests", retry_after_s=wait)
    return caller


def _same_origin(request: StrictRequest) -> None:
    """A form of another site may not sign anybody in or out."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise ApiError(403, "forbidden", "the form was sent from another site")


async def _form_value(request: StrictRequest, name: str) -> str:
    body = await request.body()
    if len(body) > MAX_FORM_BYTES:
        raise ApiError(413, "too_large", "the form is too large")
    try:
        fields = parse_qs(body.decode(), max_num_fields=4)
    except ValueError as error:
        raise ApiError(400, "invalid", "the form cannot be read", field=name) from error
    return fields.get(name, [""])[0]


def _head(title: str) -> Html:
    return Html(
        f'<div class="top"><h1>{safe(title)}</h1><form method="post" action="/session/end">'
        "<button>Sign out</button></form></div>"
    )


def _sign_in(note: str, status: int) -> Response[str]:
    form = Html(
        '<h1>proofdesk</h1><form method="post" action="/session"><label>API key'
        '<input name="key" type="password" autocomplete="off" required></label>'
        f'<button class="p">Look</button></form><p class="note">{safe(note)}</p>'
        '<p><a href="/api/docs">API documentation</a></p>'
    )
    return Response(page("proofdesk", form), media_type=MediaType.HTML, status_code=status)


HANDLERS = (home, ticket_page, sign_in, sign_out, style)
