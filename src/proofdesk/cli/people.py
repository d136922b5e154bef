"""`key create`, `key revoke` and `approve`: people and what they decide."""

import getpass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from proofdesk.cli.house import in_house, parse_id, tenants_of, the_tenant
from proofdesk.cli.output import UserError, fail, print_json, say
from proofdesk.cli.running import Home, Json

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.flows.approve import ApprovalDecided, Verdict
    from proofdesk.flows.outcome import Refusal
    from proofdesk.flows.people import IssuedKey, Revoked

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)
Tenant = Annotated[str | None, typer.Option(help="Which tenant; not needed where there is only one.")]


@app.command()
def create(
    login: Annotated[str, typer.Option(help="Who will hold the key, for example ada@shop.example.")],
    roles: Annotated[
        str,
        typer.Option(
            help="Comma-separated: manager, agent, approver, finance, auditor, administrator, requester_api. "
            "Default: those the person has."
        ),
    ] = "",
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make an API key for a person, who is added when new. The key is shown once and never again."""
    wanted = [role.strip() for role in roles.split(",") if role.strip()]

    async def work(house: "House", _: bool) -> "IssuedKey":
        from proofdesk.flows.people import issue_key, save_person

        name, by = await the_tenant(house, tenant), f"console:{getpass.getuser()}"
        if wanted:
            accepted(await save_person(house.shell, name, login, wanted, by=by))  # type: ignore[arg-type]
        return accepted(await issue_key(house.shell, name, login, by=by))

    issued = in_house(work, home)
    if json:
        print_json({"login": issued.login, "prefix": issued.prefix, "key": issued.key})
        return
    say(issued.key)
    say(f"Key of {issued.login}, shown only now. Send it as `Authorization: Bearer KEY`.")
    say(f"Revoke it with: proofdesk key revoke {issued.prefix}")


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="The 12 characters after pd_.")],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make an API key useless."""

    async def work(house: "House", _: bool) -> "Revoked":
        from proofdesk.flows.people import revoke_key

        name = await the_tenant(house, tenant)
        return accepted(await revoke_key(house.shell, name, prefix, by=f"console:{getpass.getuser()}"))

    done = in_house(work, home)
    if json:
        print_json(done)
    else:
        say(f"key {done.prefix} is revoked")


def approve(
    approval: Annotated[str, typer.Argument(metavar="ID", help="The approval's id.")],
    user: Annotated[str, typer.Option("--as", help="Login of the person who decides; needs the role approver.")],
    reject: Annotated[bool, typer.Option("--reject", help="Say no instead of yes.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Approve or reject one exact action as a second person. Whoever asked for it may not decide it."""
    approval_id = parse_id(approval, "approval")

    async def work(house: "House", _: bool) -> "ApprovalDecided":
        from proofdesk.flows.approve import decide_approval
        from proofdesk.store import tables as t
        from proofdesk.store.pool import tenant_transaction

        for tenant in await tenants_of(house):
            async with tenant_transaction(house.shell.pool, tenant) as conn:
                found = await t.load_approval(conn, tenant=tenant, approval_id=approval_id)
            if found is not None:
                verdict: Verdict = "rejected" if reject else "approved"
                return accepted(await decide_approval(house.shell, tenant, approval_id, verdict, user))
        raise UserError(f"there is no approval {approval_id}")

    done = in_house(work, home)
    if json:
        print_json(done)
    else:
        say(f"{done.verdict} by {done.decided_by}; ticket {done.ticket_id} goes on")


def accepted(result: "T | Refusal") -> T:
    """The result, or the flow's no as an error for the user."""
    from proofdesk.flows.outcome import Refusal

    if isinstance(result, Refusal):
        fail(f"{result.field}: {result.message}" if result.field else result.message)
    return result
