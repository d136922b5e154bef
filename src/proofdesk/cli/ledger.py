"""`ledger export` and `ledger checkpoint`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofdesk.cli.house import in_house, the_tenant
from proofdesk.cli.output import print_json, say
from proofdesk.cli.people import Tenant, accepted
from proofdesk.cli.running import Home, Json

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.flows.proofs import CheckpointView
    from proofdesk.ledger.export import ExportSummary

app = typer.Typer(no_args_is_help=True)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="A new folder for the export.")],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Write the tenant's ledger as plain files that proofdesk-verify checks without us."""

    async def work(house: "House", _: bool) -> "ExportSummary":
        from proofdesk.app import export as export_of

        return await export_of(house, await the_tenant(house, tenant), out)

    done = in_house(work, home)
    if json:
        print_json(done)
        return
    say(f"{out}: {done.leaves} leaves, {done.checkpoints} signed checkpoints")
    say(f"Verify it with: proofdesk-verify {out} --vkey {out / 'key.vkey'} (better: the key you kept from earlier)")


@app.command()
def checkpoint(
    tenant: Tenant = None,
    out: Annotated[Path | None, typer.Option(help="Write the signed note there; keep it elsewhere.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """The newest signed checkpoint. Whoever keeps it can prove later that nothing before it was changed."""

    async def work(house: "House", _: bool) -> "CheckpointView":
        from proofdesk.flows.proofs import Proofs
        from proofdesk.ledger.notes import encode_vkey

        proofs = Proofs(house.shell.pool, encode_vkey(house.keys.log.public))
        return accepted(await proofs.checkpoint(await the_tenant(house, tenant)))

    found = in_house(work, home)
    if out is not None:
        out.write_text(found.note, encoding="utf-8")
    if json:
        print_json(found)
        return
    say(found.note)
    say(f"Key: {found.vkey}")
