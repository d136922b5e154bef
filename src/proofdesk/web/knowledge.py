"""Knowledge over HTTP: documents in and looked at, sections that answers cited, search and cited answers."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from proofdesk.core.knowledge import Audience
from proofdesk.flows.knowledge import answer as answers
from proofdesk.flows.knowledge import ingest as taking
from proofdesk.flows.knowledge import views
from proofdesk.flows.knowledge.gather import Batch, Input
from proofdesk.flows.outcome import Refusal
from proofdesk.knowledge.ingest import Meta as Said
from proofdesk.web.access import roles
from proofdesk.web.body import StrictRequest
from proofdesk.web.faults import ApiError, refused
from proofdesk.web.state import web_of

MAX_PAGE = 200
MAX_OFFSET = 1_000_000
OWN = frozenset({"agent", "approver", "manager", "auditor", "administrator"})
"""Who may ask as one of our own people; a key of a requesting system is answered as its customers are."""
READERS = roles("agent", "approver", "manager", "auditor", "administrator")
CURATORS = roles("manager", "administrator")
ASKERS = roles("agent", "approver", "manager", "auditor", "administrator", "requester_api")
Scope = Annotated[str, Meta(max_length=100)]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Documents on a page")]
Offset = Annotated[int, QueryParameter(ge=0, le=MAX_OFFSET, description="Documents to skip, in order of source")]


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class NewDocument(_Body, frozen=True, kw_only=True):
    """A text document; PDF, DOCX and archives go in by `proofdesk knowledge ingest`. The same name again: a version."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]
    kind: Literal["md", "html", "txt", "csv", "json"]
    text: Annotated[str, Meta(min_length=1, max_length=900_000)]
    audience: Audience = "internal"


class Asked(_Body, frozen=True, kw_only=True):
    """`audience` public: as a customer would be answered. Empty fields do not restrict."""

    text: Annotated[str, Meta(min_length=1, max_length=answers.MAX_QUESTION_CHARS)]
    audience: Audience = "public"
    language: Scope = ""
    region: Scope = ""
    tier: Scope = ""


class Documents(msgspec.Struct, frozen=True, kw_only=True):
    items: list[views.DocumentView]
    next_offset: int | None


class FoundSections(msgspec.Struct, frozen=True, kw_only=True):
    items: list[answers.Found]


@get("/knowledge/documents", opt=READERS, summary="Documents in force, by source", tags=["knowledge"])
async def list_documents(
    request: StrictRequest, removed: FromQuery[bool] = False, limit: Limit = 50, offset: Offset = 0
) -> Documents:
    items = await views.list_documents(
        web_of(request).shell, request.user.tenant, removed=removed, limit=limit + 1, offset=offset
    )
    more = len(items) > limit and offset + limit <= MAX_OFFSET
    return Documents(items=items[:limit], next_offset=offset + limit if more else None)


@post("/knowledge/documents", opt=CURATORS, status_code=200, summary="Take documents in", tags=["knowledge"])
async def add_document(request: StrictRequest, data: JSONBody[NewDocument]) -> taking.Ingested:
    """Says what became of each document: a broken one is an outcome, with what is wrong and where."""
    content = data.text.encode()
    said = Said(audience=data.audience)
    given = Input(file=f"{data.name}.{data.kind}", size=len(content), load=lambda: content, meta=said)
    batch = Batch(collection="uploads", inputs=(given,), whole=False)
    return await taking.ingest(web_of(request).shell, request.user.tenant, [batch], by=request.user.login)


@get("/knowledge/documents/{document_id:str}", opt=READERS, summary="A document's newest version", tags=["knowledge"])
async def get_document(request: StrictRequest, document_id: FromPath[UUID]) -> views.VersionView:
    found = await views.show_version(web_of(request).shell, request.user.tenant, document_id)
    if found is None:
        raise ApiError(404, "not_found", "there is no such document", field="document_id")
    return found


@post(
    "/knowledge/documents/{document_id:str}/remove",
    opt=CURATORS,
    status_code=200,
    summary="Take a document out of force",
    tags=["knowledge"],
)
async def remove_document(request: StrictRequest, document_id: FromPath[UUID]) -> taking.Outcome:
    """What cited it still shows what it said."""
    web, caller = web_of(request), request.user
    found = await views.show_version(web.shell, caller.tenant, document_id)
    if found is None:
        raise ApiError(404, "not_found", "there is no such document", field="document_id")
    done = await taking.remove(web.shell, caller.tenant, found.source, by=caller.login)
    if isinstance(done, Refusal):
        raise refused(done)
    return done


@get("/knowledge/sections/{section_id:str}", opt=READERS, summary="A cited section as it was", tags=["knowledge"])
async def get_section(request: StrictRequest, section_id: FromPath[UUID]) -> views.SectionView:
    found = await views.show_section(web_of(request).shell, request.user.tenant, section_id)
    if found is None:
        raise ApiError(404, "not_found", "there is no such section", field="section_id")
    return found


@post("/knowledge/search", opt=ASKERS, status_code=200, summary="Sections that fit a question", tags=["knowledge"])
async def search(request: StrictRequest, data: JSONBody[Asked]) -> FoundSections:
    web = web_of(request)
    items = await answers.search(web.shell, web.indexes, request.user.tenant, _ask(request, data))
    return FoundSections(items=items)


@post("/knowledge/answer", opt=ASKERS, status_code=200, summary="A cited answer, or none", tags=["knowledge"])
async def answer(request: StrictRequest, data: JSONBody[Asked]) -> answers.Answer:
    """In the words of cited sections; `abstained` where a person should reply."""
    web = web_of(request)
    return await answers.answer(web.shell, web.indexes, request.user.tenant, _ask(request, data))


def _ask(request: StrictRequest, data: Asked) -> answers.Ask:
    if data.audience == "internal" and not request.user.roles & OWN:
        raise ApiError(403, "forbidden", "this key may ask only as a customer", field="audience")
    return answers.Ask(
        text=data.text, audience=data.audience, language=data.language, region=data.region, tier=data.tier
    )


HANDLERS = (list_documents, add_document, get_document, remove_document, get_section, search, answer)
