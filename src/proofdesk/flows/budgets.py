"""Spending limits as reservations: what is under way counts as spent, so concurrent refunds cannot pass the limit."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from proofdesk.core.directive import Act
from proofdesk.flows.context import Desk
from proofdesk.flows.tenancy import Budget
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction


class BudgetExhausted(Exception):
    """The reservation would pass the limit; the transition was rolled back."""


def budget_for(desk: Desk, act: Act) -> Budget | None:
    if act.amount_minor == 0:
        return None
    return next((b for b in desk.runtime.settings.budgets if act.capability in b.capabilities), None)


def window_start(budget: Budget, now: datetime) -> datetime:
    """Windows are counted from 1970-01-01T00:00Z, so every worker sees the same one."""
    length = budget.window_h * 3600
    return datetime.fromtimestamp(int(now.timestamp()) // length * length, UTC)


async def budget_facts(desk: Desk, act: Act) -> tuple[int, int]:
    """(reserved plus spent, limit) of the running window in minor units; (0, 0) where no budget covers the act."""
    budget = budget_for(desk, act)
    if budget is None:
        return 0, 0
    start = window_start(budget, desk.now)
    async with tenant_transaction(desk.shell.pool, desk.runtime.tenant) as conn:
        row = await t.load_budget(conn, tenant=desk.runtime.tenant, scope=budget.scope, window_start=start)
    return (row.reserved_minor + row.spent_minor if row else 0), budget.limit_minor


def reserve_write(
    desk: Desk, budget: Budget, effect_key: str, amount_minor: int
) -> Callable[[Connection], Awaitable[None]]:
    """The statement that holds `amount_minor` for an effect, in its own transaction. Raises BudgetExhausted."""
    start = window_start(budget, desk.now)

    async def write(conn: Connection) -> None:
        place = {"tenant": desk.runtime.tenant, "scope": budget.scope, "window_start": start}
        await t.open_budget(conn, **place, currency=budget.currency, limit_minor=budget.limit_minor)
        if await t.reserve(conn, **place, amount_minor=amount_minor) != 1:
            raise BudgetExhausted(budget.scope)
        await t.hold(conn, **place, effect_key=effect_key, amount_minor=amount_minor)

    return write
