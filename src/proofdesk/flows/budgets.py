"""Spending limits as reservations: what is under way counts as spent, so concurrent refunds cannot pass the limit.

Each currency has its own sum and its own limit. The limit that counts is the one in force now, also for a window that
began under a higher one.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from proofdesk.core.directive import Act
from proofdesk.flows.context import Desk
from proofdesk.flows.tenancy import Budget
from proofdesk.store import tables as t
from proofdesk.store.pool import Connection, tenant_transaction


class BudgetExhausted(Exception):
    """The reservation would pass the limit; the transition was rolled back."""


class BudgetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy gate learns of the budget over an act. Minor units of the act's currency; 0 where none is."""

    spent_minor: int = 0
    """Reserved plus spent in the running window."""
    limit_minor: int = 0
    missing: str = ""
    """Why nothing may be moved in this currency; empty where a budget has it or no budget covers the act."""


def budget_for(desk: Desk, act: Act) -> Budget | None:
    """The budget over the act's capability; None where no money moves or no budget names it."""
    if act.amount_minor == 0:
        return None
    return next((b for b in desk.runtime.settings.budgets if act.capability in b.capabilities), None)


def window_start(budget: Budget, now: datetime) -> datetime:
    """Windows are counted from 1970-01-01T00:00Z, so every worker sees the same one."""
    length = budget.window_h * 3600
    return datetime.fromtimestamp(int(now.timestamp()) // length * length, UTC)


async def budget_facts(desk: Desk, act: Act) -> BudgetFacts:
    budget = budget_for(desk, act)
    if budget is None:
        return BudgetFacts()
    if act.currency not in budget.limits_minor:
        return BudgetFacts(missing=f"budget {budget.scope} states no amount in {act.currency}")
    async with tenant_transaction(desk.shell.pool, desk.runtime.tenant) as conn:
        row = await t.load_budget(conn, **_place(desk, budget, act))
    spent = row.reserved_minor + row.spent_minor if row else 0
    return BudgetFacts(spent_minor=spent, limit_minor=budget.limits_minor[act.currency])


def reserve_write(desk: Desk, budget: Budget, effect_key: str, act: Act) -> Callable[[Connection], Awaitable[None]]:
    """The statement that holds the act's amount for an effect, in its own transaction. Raises BudgetExhausted."""
    place, limit_minor = _place(desk, budget, act), budget.limits_minor[act.currency]

    async def write(conn: Connection) -> None:
        await t.open_budget(conn, **place, limit_minor=limit_minor)
        if await t.reserve(conn, **place, amount_minor=act.amount_minor, limit_minor=limit_minor) != 1:
            raise BudgetExhausted(f"{budget.scope} in {act.currency}")
        await t.hold(conn, **place, effect_key=effect_key, amount_minor=act.amount_minor)

    return write


def _place(desk: Desk, budget: Budget, act: Act) -> dict[str, Any]:
    start = window_start(budget, desk.now)
    return {"tenant": desk.runtime.tenant, "scope": budget.scope, "currency": act.currency, "window_start": start}
