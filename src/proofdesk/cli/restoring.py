"""`ticket redacted` and `ticket restore`: a ticket's texts without personal data, and the data put back."""

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofdesk.cli.house import in_house, parse_id, tenant_of_ticket
from proofdesk.cli.output import fail, print_json, say
from proofdesk.cli.people import accepted
from proofdesk.cli.running import Home, Json

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.flows.redacted import RedactedTicket, RestoredText

MAX_BYTES = 2_000_000


def redacted(
    ticket: Annotated[str, typer.Argument(metavar="ID")],
    home: Home = None,
    json: Json = False,
) -> None:
    """A ticket's texts with tokens for personal data, as they may go to a prompt, a training set or an article."""
    ticket_id = parse_id(ticket, "ticket")

    async def work(house: "House", _: bool) -> "RedactedTicket":
        from proofdesk.flows.redacted import redacted_ticket

        return accepted(await redacted_ticket(house.shell, await tenant_of_ticket(house, ticket_id), ticket_id))

    copy = in_house(work, home)
    if json:
        print_json(copy)
        return
    say(copy.subject)
    for message in copy.messages:
        say(f"\n{message.at:%Y-%m-%d %H:%M:%S} {message.author}:\n{message.text}")
    say(f"\n{copy.packet}" if copy.packet else "")
    if not copy.known:
        say("note: nobody's records were read for this ticket; a name is masked only where the text introduces it")


def restore(
    ticket: Annotated[str, typer.Argument(metavar="ID")],
    source: Annotated[Path, typer.Option("--in", help="The redacted text; - reads the standard input.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Put the personal data back into a redacted text of this ticket; the ledger records that you did."""
    ticket_id = parse_id(ticket, "ticket")
    text = _read(source)

    async def work(house: "House", _: bool) -> "RestoredText":
        from proofdesk.flows.redacted import restore_text

        tenant = await tenant_of_ticket(house, ticket_id)
        return accepted(await restore_text(house.shell, tenant, ticket_id, text, by=getpass.getuser()))

    restored = in_house(work, home)
    if json:
        print_json(restored)
    else:
        say(restored.text)


def _read(source: Path) -> str:
    try:
        with sys.stdin.buffer if str(source) == "-" else source.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            fail(f"{source}: larger than {MAX_BYTES} bytes")
        return data.decode()
    except OSError as error:
        fail(f"{source}: {error.strerror}")
    except UnicodeDecodeError as error:
        fail(f"{source}: byte {error.start}: not UTF-8 text")
