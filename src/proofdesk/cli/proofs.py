"""`replay`, `check`, `erase` and `invoice preview`: what can be proven, and what is forgotten."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofdesk.cli.house import in_house, parse_id, tenant_of_ticket, tenants_of, the_tenant
from proofdesk.cli.output import CheckFailed, fail, print_json, say, table
from proofdesk.cli.people import Tenant, accepted
from proofdesk.cli.running import Home, Json

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.flows.erase import Deferred, Erased, NothingToErase
    from proofdesk.flows.invoice import Invoice
    from proofdesk.flows.replay import CannotReplay, Replayed

invoice_app = typer.Typer(no_args_is_help=True)


def replay(
    ticket: Annotated[str, typer.Argument(metavar="TICKET", help="The ticket's id.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Decide every recorded decision of a ticket again from its facts; exit 1 when one differs. Of an erased person's
    ticket only the ledger's word is left: "erased" says so and is no fault."""
    ticket_id = parse_id(ticket, "ticket")

    async def work(house: "House", _: bool) -> "Replayed | CannotReplay":
        from proofdesk.flows.replay import replay_ticket

        return await replay_ticket(house.shell, await tenant_of_ticket(house, ticket_id), ticket_id)

    from proofdesk.flows.replay import CannotReplay

    found = in_house(work, home)
    if isinstance(found, CannotReplay):
        fail(found.message)
    for each in () if json else found.decisions:
        place = "unnumbered" if each.seq is None else f"leaf {each.seq}"
        say(f"{each.ordinal:3} {each.kind:15} {place:12} {'DIFFERS' if each.outcome == 'differs' else each.outcome}")
        if each.difference:
            say(f"    {each.difference.path}: recorded {each.difference.recorded}")
            say(f"    now {each.difference.recomputed}")
    if json:
        print_json({"decisions": found.decisions, "agrees": found.agrees})
    else:
        said = {True: "all agree", False: "NOT all agree", None: "erased: their facts cannot be read any more"}
        say(f"{len(found.decisions)} decisions, {said[found.agrees]}")
    if found.agrees is False:
        raise CheckFailed


@invoice_app.command()
def preview(
    month: Annotated[str, typer.Option(help="UTC month, YYYY-MM.")],
    tenant: Tenant = None,
    out: Annotated[Path | None, typer.Option(help="Write the JSON there too, for proofdesk-verify invoice.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """The invoice of a month as it stands now, recomputed from the ledger's events."""

    async def work(house: "House", _: bool) -> "Invoice":
        from proofdesk.flows.invoice import preview as preview_invoice

        return accepted(await preview_invoice(house.shell, await the_tenant(house, tenant), month))

    import msgspec

    made = in_house(work, home)
    if out is not None:
        out.write_bytes(msgspec.json.encode(made) + b"\n")
    if json:
        print_json(made)
        return
    rows: list[tuple[object, ...]] = [
        (line.issue_id, line.kind, line.grade, line.price_minor, line.leaf_seq) for line in made.lines
    ]
    if rows:
        table(f"Invoice {made.month}", ("issue", "kind", "proof", f"price ({made.currency} minor)", "leaf"), rows)
    say(f"{len(made.lines)} lines, {len(made.credits)} credits, total {made.total_minor} {made.currency} (minor units)")
    if made.unnumbered_events:
        say(f"note: {made.unnumbered_events} events are not numbered yet and left out")


def check(tenant: Tenant = None, home: Home = None, json: Json = False) -> None:
    """Check the books of every tenant against each other; exit 1 when something does not add up."""

    async def work(house: "House", _: bool) -> dict[str, list[str]]:
        from proofdesk.flows.self_check import self_check

        names = [tenant] if tenant else await tenants_of(house)
        return {
            name: [
                f"{found.check} {found.subject}: {found.detail}"
                for found in await self_check(house.shell.pool, name, house.shell.clock.now())
            ]
            for name in names
        }

    found = in_house(work, home)
    faults = sum(len(each) for each in found.values())
    if json:
        print_json({"ok": not faults, "tenants": found})
    else:
        for name, each in found.items():
            say(f"{name}: {'the books agree' if not each else f'{len(each)} fault(s)'}")
            for fault in each:
                say(f"  {fault}")
    if faults:
        raise CheckFailed


def erase(
    subject: Annotated[str, typer.Option(help="The data subject's address, as in their messages.")],
    tenant: Tenant = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: this cannot be undone.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Destroy the key of a data subject: everything personal about them becomes unreadable, proofs stay valid."""
    if not yes and not typer.confirm(f"Erase everything personal of {subject}? This cannot be undone."):
        fail("nothing was erased")

    async def work(house: "House", _: bool) -> "Erased | Deferred | NothingToErase":
        from proofdesk.flows.erase import NothingToErase, erase_subject, find_subject

        name = await the_tenant(house, tenant)
        found = await find_subject(house.shell, name, subject)
        if found is None:
            return NothingToErase()
        return await erase_subject(house.shell, name, found, requested_by=f"console:{getpass.getuser()}")

    from proofdesk.flows.erase import Deferred, Erased

    done = in_house(work, home)
    if isinstance(done, Deferred):
        fail("nothing was erased: an action of these tickets is under way in another system; try again in a minute")
    if not isinstance(done, Erased):
        fail(f"there is no data subject with the address {subject}, or it was erased before")
    if json:
        print_json({"subject_ref": done.subject_ref, "tickets": done.tickets})
    else:
        say(f"erased: {done.tickets} tickets of data subject {done.subject_ref} cannot be read any more")
