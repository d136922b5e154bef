"""`status`: each tenant's totals, and loudly what stands still."""

from typing import TYPE_CHECKING

from proofdesk.cli.house import in_house, tenants_of
from proofdesk.cli.output import CheckFailed, print_json, say
from proofdesk.cli.people import Tenant
from proofdesk.cli.running import Home, Json

if TYPE_CHECKING:
    from proofdesk.app import House
    from proofdesk.flows.totals import Summary


def status(tenant: Tenant = None, home: Home = None, json: Json = False) -> None:
    """Tickets, handoffs and ledger of every tenant; exit 1 when a ledger is stopped, so that nothing is acted on."""

    async def work(house: "House", _: bool) -> "list[Summary]":
        from proofdesk.flows.totals import summary

        names = [tenant] if tenant else await tenants_of(house)
        return [await summary(house.shell, name) for name in names]

    found = in_house(work, home)
    stopped = [each.tenant for each in found if each.ledger_stopped]
    if json:
        print_json({"ok": not stopped, "tenants": found})
    for each in () if json else found:
        counts = ", ".join(f"{line.tickets} {line.status}" for line in each.tickets) or "no tickets"
        waiting = sum(line.handoffs for line in each.open_handoffs)
        say(f"{each.tenant}: {counts}; {waiting} wait for a person; ledger of {each.ledger_size} leaves")
        if each.mails_rejected:
            say(f"  {each.mails_rejected} mails could not become tickets; proofdesk mail list says why")
        if each.ledger_stopped:
            say(f"  LEDGER STOPPED, its tickets do nothing: {each.ledger_stopped}")
    if stopped:
        raise CheckFailed
