"""`tenant load` and `tenant list`."""

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from proofdesk.cli.house import in_house, tenants_of
from proofdesk.cli.output import print_json, say, table
from proofdesk.cli.running import Home, Json

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.flows.load_tenant import TenantLoaded

app = typer.Typer(no_args_is_help=True)


class TenantLine(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str
    name: str
    revision: int
    tickets: dict[str, int]


@app.command()
def load(
    folder: Annotated[
        Path, typer.Argument(help="tenant.yaml, connector*.yaml, records.yaml, policy.cedar, procedures/, people.yaml.")
    ],
    home: Home = None,
    json: Json = False,
) -> None:
    """Check a tenant's folder as a whole and put it in force as a new revision. A fault loads nothing."""

    async def work(house: "House", _: bool) -> "TenantLoaded":
        from proofdesk.flows.load_tenant import load_tenant

        return await load_tenant(
            house.shell, folder, loaded_by=getpass.getuser(), env=os.environ, encoder=house.encoder
        )

    done = in_house(work, home)
    if json:
        print_json(done)
        return
    how = "unchanged" if done.unchanged else "in force"
    say(f"{done.tenant}: revision {done.revision} {how}, {done.procedures} procedures, {done.examples} examples")
    if done.people:
        say(f"people.yaml: {done.people} added or given other roles; their keys: proofdesk key create --login LOGIN")
    if done.notice:
        say(f"note: {done.notice}")


@app.command("list")
def list_tenants(home: Home = None, json: Json = False) -> None:
    """The tenants of this installation, their revision and tickets by status."""
    lines = in_house(_lines, home)
    if json:
        print_json({"tenants": lines})
    elif lines:
        rows: list[tuple[object, ...]] = [
            (line.tenant, line.name, line.revision, ", ".join(f"{n} {s}" for s, n in line.tickets.items()) or "none")
            for line in lines
        ]
        table("Tenants", ("tenant", "name", "revision", "tickets"), rows)
    else:
        say("No tenant is loaded yet: proofdesk tenant load DIR")


async def _lines(house: "House", _: bool) -> list[TenantLine]:
    from proofdesk.store import tables as t
    from proofdesk.store.pool import tenant_transaction

    lines = []
    for tenant in await tenants_of(house):
        async with tenant_transaction(house.shell.pool, tenant) as conn:
            row = await t.load_tenant(conn, tenant=tenant)
            revision = await t.load_revision(conn, tenant=tenant)
            counts = await t.count_by_status(conn, tenant=tenant)
        lines.append(
            TenantLine(
                tenant=tenant,
                name=row.name if row else "",
                revision=revision.revision if revision else 0,
                tickets={count.status: count.n for count in counts},
            )
        )
    return lines
