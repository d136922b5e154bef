"""Topics over HTTP: find them, look at them, say what they are."""

from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from proofdesk.flows import curate
from proofdesk.flows import topics as found
from proofdesk.flows.outcome import Refusal
from proofdesk.web.access import roles
from proofdesk.web.body import StrictRequest
from proofdesk.web.faults import refused
from proofdesk.web.state import web_of

T = TypeVar("T")
MAX_TICKETS = 10_000
"""Of more tickets a request reads the newest: `proofdesk topic find` takes ten times as many, beside the server."""
READERS = roles("agent", "manager", "auditor", "administrator")
CURATORS = roles("manager", "administrator")
Name = Annotated[str, Meta(min_length=1, max_length=curate.MAX_NAME_CHARS, pattern=r"\S")]


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class FindTopics(_Body, frozen=True, kw_only=True):
    days: Annotated[int, Meta(ge=1, le=found.MAX_DAYS)] = 90


class NameTopic(_Body, frozen=True, kw_only=True):
    name: Name


class MergeTopic(_Body, frozen=True, kw_only=True):
    into: UUID


class SplitTopic(_Body, frozen=True, kw_only=True):
    """`tickets` of the topic that make up the new one."""

    tickets: Annotated[list[UUID], Meta(min_length=1, max_length=curate.MAX_SPLIT)]
    name: Name


@get("/topics", opt=READERS, summary="Topics of the last run, largest first", tags=["topics"])
async def list_topics(request: StrictRequest) -> curate.TopicList:
    return await curate.list_topics(web_of(request).shell, request.user.tenant)


@post("/topics/runs", opt=CURATORS, status_code=200, summary="Find topics in recent tickets", tags=["topics"])
async def find_topics(request: StrictRequest, data: JSONBody[FindTopics]) -> found.TopicsFound:
    """Takes seconds to a minute. What people confirmed, named, merged or split stays so."""
    caller, shell = request.user, web_of(request).shell
    return _done(await found.find_topics(shell, caller.tenant, days=data.days, by=caller.login, limit=MAX_TICKETS))


@post("/topics/{topic_id:str}/confirm", opt=CURATORS, status_code=200, summary="A topic is real", tags=["topics"])
async def confirm_topic(request: StrictRequest, topic_id: FromPath[UUID]) -> curate.TopicView:
    caller, shell = request.user, web_of(request).shell
    return _done(await curate.confirm_topic(shell, caller.tenant, topic_id, by=caller.login))


@post("/topics/{topic_id:str}/name", opt=CURATORS, status_code=200, summary="Name a topic", tags=["topics"])
async def name_topic(request: StrictRequest, topic_id: FromPath[UUID], data: JSONBody[NameTopic]) -> curate.TopicView:
    """A named topic is confirmed."""
    caller, shell = request.user, web_of(request).shell
    return _done(await curate.confirm_topic(shell, caller.tenant, topic_id, by=caller.login, name=data.name))


@post("/topics/{topic_id:str}/merge", opt=CURATORS, status_code=200, summary="Merge into another", tags=["topics"])
async def merge_topic(request: StrictRequest, topic_id: FromPath[UUID], data: JSONBody[MergeTopic]) -> curate.TopicView:
    caller, shell = request.user, web_of(request).shell
    return _done(await curate.merge_topics(shell, caller.tenant, topic_id, data.into, by=caller.login))


@post("/topics/{topic_id:str}/split", opt=CURATORS, status_code=200, summary="Split tickets off", tags=["topics"])
async def split_topic(request: StrictRequest, topic_id: FromPath[UUID], data: JSONBody[SplitTopic]) -> curate.TopicView:
    """Gives the new topic."""
    caller, shell = request.user, web_of(request).shell
    return _done(await curate.split_topic(shell, caller.tenant, topic_id, data.tickets, data.name, by=caller.login))


def _done(result: T | Refusal) -> T:
    if isinstance(result, Refusal):
        raise refused(result)
    return result


HANDLERS = (list_topics, find_topics, confirm_topic, name_topic, merge_topic, split_topic)
