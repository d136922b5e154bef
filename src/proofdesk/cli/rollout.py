"""`rollout`: the KPI contract, where each procedure stands, judgements, promotion, roll-back, and the stop switch."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from proofdesk.cli.house import in_house, parse_id, the_tenant
from proofdesk.cli.output import fail, print_json, say, table
from proofdesk.cli.people import Tenant, accepted
from proofdesk.cli.running import Home, Json

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.flows.context import Shell
    from proofdesk.flows.govern import Overview, Signed, Standing

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)
User = Annotated[str, typer.Option("--as", help="Login of the person who decides.")]
Reason = Annotated[str, typer.Option(help="Why; it goes into the ledger.")]
Procedure = Annotated[str, typer.Argument(help="Name of a procedure.")]


@app.command()
def sign(
    contract: Annotated[Path, typer.Argument(help="kpi.yaml: accuracy, margin, alpha, bad_rate, ...")],
    user: User,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Sign the KPI contract (role approver). From then on nothing acts that nobody promoted."""
    from proofdesk.flows.kpi_file import read_kpi

    terms = read_kpi(contract)

    async def work(shell: "Shell", name: str) -> "Signed":
        from proofdesk.flows.govern import sign_contract

        return accepted(await sign_contract(shell, name, terms, login=user))

    done = _with_tenant(work, tenant, home)
    if json:
        print_json(done)
    else:
        say(f"contract {done.version} signed by {done.signed_by}; procedures run in shadow until promoted")


@app.command()
def status(tenant: Tenant = None, home: Home = None, json: Json = False) -> None:
    """Where every procedure stands, and what the next rung still needs."""
    found = _overview(tenant, home)
    if json:
        print_json(found)
        return
    say(f"contract {found.contract_version}, signed by {found.signed_by}" if found.contract else "no KPI contract: "
        "procedures act as policy allows (proofdesk rollout sign)")  # fmt: skip
    if found.stopped:
        say(f"ALL ACTIONS ARE STOPPED: {found.stopped}")
    rows: list[tuple[object, ...]] = [
        (s.procedure, f"{s.percent} %", s.changed_by, f"{s.gate.evidence.right} of {s.gate.evidence.labels}",
         "open" if s.gate.open else "; ".join(s.gate.reasons))
        for s in found.standings
    ]  # fmt: skip
    table("rollout", ("procedure", "acts for", "by", "right", "gate to the next rung"), rows)


@app.command()
def judge(
    ticket: Annotated[str, typer.Argument(help="The ticket's id.")],
    *,
    user: User,
    right: Annotated[bool, typer.Option("--right/--wrong", help="What the worker decided.")],
    human: Annotated[bool | None, typer.Option("--human-right/--human-wrong", help="The person's answer.")] = None,
    breach: Annotated[bool, typer.Option("--breach", help="It broke a policy: rolls back at once.")] = False,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Say whether what the worker decided on a ticket was right; the evidence of every gate."""
    ticket_id = parse_id(ticket, "ticket")

    async def work(shell: "Shell", name: str) -> list[str]:
        from proofdesk.flows.govern import review_decision

        return accepted(
            await review_decision(shell, name, ticket_id, login=user, right=right, human_right=human, breach=breach)
        )

    done = _with_tenant(work, tenant, home)
    if json:
        print_json({"procedures": done})
    else:
        say(f"noted for {', '.join(done)}")


@app.command()
def promote(procedure: Procedure, user: User, tenant: Tenant = None, home: Home = None, json: Json = False) -> None:
    """One rung wider (0, 1, 5, 25, 50, 100 %); needs the open gate and the role approver."""

    async def work(shell: "Shell", name: str) -> "Standing":
        from proofdesk.flows.govern import promote as up

        return accepted(await up(shell, name, procedure, login=user))

    done = _with_tenant(work, tenant, home)
    if json:
        print_json(done)
    else:
        say(f"{procedure} acts for {done.percent} % of accounts from now on")


@app.command("roll-back")
def roll_back(procedure: Procedure, user: User, reason: Reason, tenant: Tenant = None, home: Home = None) -> None:
    """Back to shadow at once."""

    async def work(shell: "Shell", name: str) -> object:
        from proofdesk.flows.govern import roll_back as back

        return accepted(await back(shell, name, procedure, login=user, reason=reason))

    _with_tenant(work, tenant, home)
    say(f"{procedure} runs in shadow from now on")


@app.command()
def stop(user: User, reason: Reason, tenant: Tenant = None, home: Home = None) -> None:
    """Stop all actions of the tenant at once; those under way are read back and settled."""

    async def work(shell: "Shell", name: str) -> str:
        from proofdesk.flows.govern import stop_actions

        return accepted(await stop_actions(shell, name, login=user, reason=reason))

    _with_tenant(work, tenant, home)
    say("all actions are stopped: proofdesk rollout resume lifts it")


@app.command()
def resume(user: User, reason: Reason, tenant: Tenant = None, home: Home = None) -> None:
    """Lift the stop."""

    async def work(shell: "Shell", name: str) -> str:
        from proofdesk.flows.govern import resume_actions

        return accepted(await resume_actions(shell, name, login=user, reason=reason))

    _with_tenant(work, tenant, home)
    say("actions may begin again")


@app.command()
def why(
    procedure: Procedure,
    out: Annotated[Path, typer.Option(help="The page.")] = Path("why.html"),
    tenant: Tenant = None,
    home: Home = None,
) -> None:
    """A page: why may this procedure act (or not yet)? Evidence, test, threshold, approver, cohort."""
    from proofdesk.documents.trust import trust_page

    found = _overview(tenant, home)
    standing = next((each for each in found.standings if each.procedure == procedure), None)
    if standing is None:
        fail(f"there is no procedure {procedure}; there are {', '.join(s.procedure for s in found.standings)}")
    page = trust_page(
        procedure, standing.rollout, standing.gate, found.contract, signed_by=found.signed_by,
        version=found.contract_version, stopped=found.stopped, changed_by=standing.changed_by, reason=standing.reason,
        changed_at=standing.changed_at.isoformat() if standing.changed_at else "",
    )  # fmt: skip
    out.write_text(page, encoding="utf-8")
    say(f"page: {out}")


def _overview(tenant: str | None, home: Path | None) -> "Overview":
    async def work(shell: "Shell", name: str) -> "Overview":
        from proofdesk.flows.govern import overview

        return await overview(shell, name)

    return _with_tenant(work, tenant, home)


def _with_tenant(work: "Callable[[Shell, str], Awaitable[T]]", tenant: str | None, home: Path | None) -> T:
    async def inside(house: "House", _: bool) -> T:
        return await work(house.shell, await the_tenant(house, tenant))

    return in_house(inside, home)
