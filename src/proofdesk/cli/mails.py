"""`mail list` and `mail show`: mails that became no ticket, and the bytes of one."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofdesk.cli.house import in_house, parse_id, the_tenant
from proofdesk.cli.output import fail, print_json, say, table
from proofdesk.cli.people import Tenant
from proofdesk.cli.running import Home, Json

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.flows.waiting import MailView

app = typer.Typer(no_args_is_help=True)


class Outcome(StrEnum):
    REJECTED = "rejected"
    IGNORED = "ignored"


@app.command("list")
def list_mails(
    outcome: Annotated[Outcome, typer.Option(help="rejected: look at them; ignored: machines' mail.")] = (
        Outcome.REJECTED
    ),
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Mails that became no ticket, newest first, and why."""

    async def work(house: "House", _: bool) -> "list[MailView]":
        from proofdesk.flows.waiting import mails_not_taken

        return await mails_not_taken(house.shell.pool, await the_tenant(house, tenant), outcome.value)

    found = in_house(work, home)
    if json:
        print_json({"mails": found})
    elif not found:
        say(f"No mail was {outcome.value}.")
    else:
        cells: list[tuple[object, ...]] = [
            (each.inbox_id, f"{each.received_at:%Y-%m-%d %H:%M}", each.reason, each.place, "yes" if each.kept else "")
            for each in found
        ]
        table(f"Mails {outcome.value}", ("id", "at (UTC)", "why", "in the mailbox", "kept"), cells)


@app.command()
def show(
    mail: Annotated[str, typer.Argument(metavar="ID", help="The mail's id from `mail list`.")],
    out: Annotated[Path, typer.Option(help="Write the mail there as it came. It may be malicious: open with care.")],
    tenant: Tenant = None,
    home: Home = None,
) -> None:
    """Write a rejected mail to a file, as it was received."""
    inbox_id = parse_id(mail, "mail")

    async def work(house: "House", _: bool) -> bytes | None:
        from proofdesk.flows.set_aside import read_raw

        return await read_raw(house.shell, await the_tenant(house, tenant), inbox_id)

    raw = in_house(work, home)
    if raw is None:
        fail(f"no mail {mail} was kept here; `proofdesk mail list` says where it lies in the mailbox")
    out.write_bytes(raw)
    say(f"{out}: {len(raw)} bytes")
