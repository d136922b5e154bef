"""`knowledge ingest`, `list`, `show`, `remove`, `search`, `answer`: what the company has written down."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from proofdesk.cli.house import parse_id
from proofdesk.cli.output import CheckFailed, fail, print_json, say, table
from proofdesk.cli.people import Tenant, accepted
from proofdesk.cli.running import Home, Json
from proofdesk.cli.topic import with_tenant

if TYPE_CHECKING:
    from proofdesk.flows.context import Shell
    from proofdesk.flows.knowledge.answer import Answer, Ask, Found
    from proofdesk.flows.knowledge.ingest import Ingested, Outcome
    from proofdesk.flows.knowledge.views import DocumentView, SectionView, VersionView

app = typer.Typer(no_args_is_help=True)
Question = Annotated[str, typer.Argument(help="In the customer's words.")]
Audience = Annotated[
    Literal["public", "internal"], typer.Option(help="public: what a customer may see; internal: everything.")
]
Language = Annotated[str, typer.Option(help="Only texts in this language, and those that name none.")]
MAX_LISTED = 100_000
SHOWN_CHARS = 2_000


@app.command()
def ingest(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Folders, files, archives, or addresses.")],
    collection: Annotated[str, typer.Option(help="Name them together so; default: the folder's or archive's.")] = "",
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A host whose addresses may be fetched; repeat it.")
    ] = None,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Take documents in. What a folder no longer holds is removed; unchanged files are passed over.

    Exit 1 where a document could not be read: it keeps the version it had, the others are taken in.
    """

    async def work(shell: "Shell", name: str, by: str) -> "Ingested":
        from proofdesk.flows.knowledge.fetch import fetch, is_address
        from proofdesk.flows.knowledge.gather import GatherError, gather
        from proofdesk.flows.knowledge.ingest import ingest as take_in

        addresses = [path for path in paths if is_address(path)]
        try:
            batches = gather([Path(path) for path in paths if not is_address(path)], collection)
            if addresses:
                batches += (await fetch(addresses, allow_host or (), collection=collection),)
        except GatherError as error:
            fail(str(error))
        total = sum(len(batch.inputs) for batch in batches)
        with _Bar(total, shown=not json) as bar:
            return await take_in(shell, name, batches, by=by, progress=bar)

    done = with_tenant(work, tenant, home)
    if json:
        print_json(done)
    else:
        _report(done)
    if done.broken:
        raise CheckFailed


@app.command("list")
def list_documents(
    collection: Annotated[str, typer.Option(help="Only this collection.")] = "",
    removed: Annotated[bool, typer.Option("--removed", help="Also those no longer in force.")] = False,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """The documents in force."""

    async def work(shell: "Shell", name: str, _: str) -> "list[DocumentView]":
        from proofdesk.flows.knowledge.views import list_documents as listed

        return await listed(shell, name, collection=collection, removed=removed, limit=MAX_LISTED)

    done = with_tenant(work, tenant, home)
    if json:
        print_json({"items": done})
        return
    rows: list[tuple[object, ...]] = [
        (i.source, i.title, i.audience, i.sections, i.version, i.state, ", ".join(i.notes)) for i in done
    ]
    table(f"{len(done)} documents", ("source", "title", "audience", "sections", "version", "state", "notes"), rows)


@app.command()
def show(
    what: Annotated[str, typer.Argument(metavar="SOURCE|ID", help="A source of `list`, a document's or section's id.")],
    version: Annotated[int, typer.Option(min=0, help="Which version; 0: the newest.")] = 0,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """A document's text in one of its versions, or a cited section as it was."""

    async def work(shell: "Shell", name: str, _: str) -> "VersionView | SectionView":
        from proofdesk.flows.knowledge.views import find_document, show_section, show_version

        given = await find_document(shell, name, what) if "/" in what else parse_id(what, "document")
        found = await show_version(shell, name, given, version) if given else None
        if found is None and given is not None and "/" not in what:
            return await show_section(shell, name, given) or _nothing(what)
        return found or _nothing(what)

    done = with_tenant(work, tenant, home)
    if json:
        print_json(done)
        return
    say(f"{done.title} (version {done.version}, {done.audience})")
    if isinstance(done.document_id, UUID) and hasattr(done, "notes") and done.notes:
        say(f"notes: {', '.join(done.notes)}")
    say(done.text[:SHOWN_CHARS])


@app.command()
def remove(
    source: Annotated[str, typer.Argument(help="A source of `knowledge list`.")],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Take a document out of force. Answers that cited it still show what it said."""

    async def work(shell: "Shell", name: str, by: str) -> "Outcome":
        from proofdesk.flows.knowledge.ingest import remove as take_out

        return accepted(await take_out(shell, name, source, by=by))

    done = with_tenant(work, tenant, home)
    if json:
        print_json(done)
    else:
        say(f"{done.source}: removed")


@app.command()
def search(
    question: Question,
    audience: Audience = "internal",
    language: Language = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many sections.")] = 10,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """The sections that fit a question, best first."""

    async def work(shell: "Shell", name: str, _: str) -> "list[Found]":
        from proofdesk.flows.knowledge.answer import search as searched
        from proofdesk.flows.knowledge.index import Indexes

        return await searched(shell, Indexes(), name, _ask(question, audience, language), limit=limit)

    done = with_tenant(work, tenant, home)
    if json:
        print_json({"items": done})
        return
    rows: list[tuple[object, ...]] = [
        (f"{i.score:.2f}", i.section.title, " > ".join(i.section.path), i.section.audience, i.section.section_id)
        for i in done
    ]
    table(f"{len(done)} sections", ("score", "document", "under", "audience", "id"), rows)


@app.command()
def answer(
    question: Question,
    audience: Audience = "public",
    language: Language = "",
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Answer in the words of cited sections, as a customer would be answered; or say that a person should."""

    async def work(shell: "Shell", name: str, _: str) -> "Answer":
        from proofdesk.flows.knowledge.answer import answer as answered
        from proofdesk.flows.knowledge.index import Indexes

        return await answered(shell, Indexes(), name, _ask(question, audience, language))

    done = with_tenant(work, tenant, home)
    if json:
        print_json(done)
    elif done.outcome == "answered":
        say(done.text)
        for each in done.citations:
            say(f"- {' > '.join((each.title, *each.path))} ({each.section_id})")
    else:
        say(f"no answer ({done.reason}; {done.covered:.0%} of the question is covered): a person should reply")
        for near in done.closest:
            say(f"- closest: {' > '.join((near.title, *near.path))} ({near.section_id})")


def _ask(question: str, audience: str, language: str) -> "Ask":
    from proofdesk.flows.knowledge.answer import Ask

    return Ask(text=question, audience="internal" if audience == "internal" else "public", language=language)


def _nothing(what: str) -> "VersionView":
    fail(f"there is no document or section {what}; proofdesk knowledge list shows those there are")


def _report(done: "Ingested") -> None:
    for each in done.documents:
        detail = each.message or ", ".join(each.notes)
        say(f"{each.result:9} {each.source}{f': {detail}' if detail else ''}")
    say(
        f"{done.added} added, {done.changed} changed, {done.unchanged} unchanged, {done.removed} removed, "
        f"{done.broken} broken; {done.sections} sections"
    )


class _Bar:
    """Progress on a terminal, by documents; silent elsewhere."""

    def __init__(self, total: int, *, shown: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(file=sys.stderr)
        columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, disable=not (shown and console.is_terminal))
        self._task = self._progress.add_task("reading", total=total)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, _: "Outcome") -> None:
        self._progress.advance(self._task)
