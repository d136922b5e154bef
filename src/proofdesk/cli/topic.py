"""`topic find`, `list`, `confirm`, `merge`, `split`: the topics of a tenant's tickets."""

import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from proofdesk.cli.house import in_house, parse_id, the_tenant
from proofdesk.cli.output import print_json, say, table
from proofdesk.cli.people import Tenant, accepted
from proofdesk.cli.running import Home, Json

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.flows.context import Shell
    from proofdesk.flows.curate import TopicList, TopicView
    from proofdesk.flows.topics import TopicsFound

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)
TopicId = Annotated[str, typer.Argument(metavar="TOPIC", help="The topic's id.")]


@app.command()
def find(
    days: Annotated[int, typer.Option(help="Tickets of this many last days.")] = 90,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Find the topics of recent tickets. What people confirmed, named, merged or split stays so."""

    async def work(shell: "Shell", name: str, by: str) -> "TopicsFound":
        from proofdesk.flows.topics import find_topics

        return accepted(await find_topics(shell, name, days=days, by=by))

    done = with_tenant(work, tenant, home)
    if json:
        print_json(done)
        return
    say(f"{done.tickets} tickets, {done.topics} topics, {done.unassigned} tickets resemble none: proofdesk topic list")
    if done.notice:
        say(f"note: {done.notice}")


@app.command("list")
def list_topics(
    retired: Annotated[bool, typer.Option("--retired", help="Also those merged or found no more.")] = False,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """The topics of the last run, largest first."""

    async def work(shell: "Shell", name: str, _: str) -> "TopicList":
        from proofdesk.flows.curate import list_topics as listed

        return await listed(shell, name, retired=retired)

    done = with_tenant(work, tenant, home)
    if json:
        print_json(done)
    elif done.ran_at is None:
        say("No topics were looked for yet: proofdesk topic find")
    else:
        rows: list[tuple[object, ...]] = [(i.topic_id, i.size, i.state, i.change, i.name) for i in done.items]
        table(f"Topics of {done.tickets} tickets", ("id", "tickets", "state", "change", "name"), rows)
        say(f"{done.unassigned} tickets resemble no topic")


@app.command()
def confirm(
    topic: TopicId,
    name: Annotated[str | None, typer.Option(help="Call it so from now on.")] = None,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Say that a topic is real: later runs keep it."""
    topic_id = parse_id(topic, "topic")

    async def work(shell: "Shell", tenant_name: str, by: str) -> "TopicView":
        from proofdesk.flows.curate import confirm_topic

        return accepted(await confirm_topic(shell, tenant_name, topic_id, by=by, name=name))

    _said(with_tenant(work, tenant, home), json=json)


@app.command()
def merge(
    topic: TopicId,
    into: Annotated[str, typer.Option(help="Id of the topic it becomes part of.")],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make one topic part of another for good."""
    topic_id, into_id = parse_id(topic, "topic"), parse_id(into, "topic")

    async def work(shell: "Shell", name: str, by: str) -> "TopicView":
        from proofdesk.flows.curate import merge_topics

        return accepted(await merge_topics(shell, name, topic_id, into_id, by=by))

    _said(with_tenant(work, tenant, home), json=json)


@app.command()
def split(
    topic: TopicId,
    name: Annotated[str, typer.Option(help="What the new topic is called.")],
    tickets: Annotated[list[str], typer.Option("--ticket", help="A ticket of the new topic; repeat it.")],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a new topic of some tickets of another."""
    topic_id, chosen = parse_id(topic, "topic"), [parse_id(each, "ticket") for each in tickets]

    async def work(shell: "Shell", tenant_name: str, by: str) -> "TopicView":
        from proofdesk.flows.curate import split_topic

        return accepted(await split_topic(shell, tenant_name, topic_id, chosen, name, by=by))

    _said(with_tenant(work, tenant, home), json=json)


def with_tenant(work: "Callable[[Shell, str, str], Awaitable[T]]", tenant: str | None, home: Path | None) -> T:
    """Run `work` with the shell, the chosen tenant and who asks."""

    async def inside(house: "House", _: bool) -> T:
        return await work(house.shell, await the_tenant(house, tenant), f"console:{getpass.getuser()}")

    return in_house(inside, home)


def _said(topic: "TopicView", *, json: bool) -> None:
    if json:
        print_json(topic)
    else:
        say(f"{topic.topic_id}: {topic.name}, {topic.size} tickets, {topic.state}")
