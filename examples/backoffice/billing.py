"""Operations on subscriptions of Larkfield Plan and their invoices."""

from examples.backoffice.api import Call, operation, read
from examples.backoffice.model import (
    CancelSubscription,
    ChangePlan,
    ChangeSeats,
    CopyList,
    Invoice,
    InvoiceCopy,
    InvoiceList,
    PlanList,
    SendCopy,
    Subscription,
    SubscriptionList,
)
from examples.backoffice.world import No

_SUBSCRIPTION = ("subscriptions", "subscription_id")
operation("getSubscription", "GET /subscriptions/{subscription_id}", scope="subscriptions:read", answer=Subscription)(
    read(*_SUBSCRIPTION)
)
operation("getInvoice", "GET /invoices/{invoice_id}", scope="invoices:read", answer=Invoice)(
    read("invoices", "invoice_id")
)


@operation("listPlans", "GET /plans", scope="subscriptions:read", answer=PlanList)
def list_plans(call: Call) -> PlanList:
    """Plans and their price per seat and month."""
    return PlanList(items=list(call.world.plans.values()))


@operation("listCustomerSubscriptions", "GET /customers/{customer_id}/subscriptions", scope="subscriptions:read",
           answer=SubscriptionList)  # fmt: skip
def list_customer_subscriptions(call: Call) -> SubscriptionList:
    """All subscriptions a customer pays for."""
    customer = call.world.get("customers", call.path["customer_id"])
    return SubscriptionList(items=[call.world.subscriptions[found] for found in customer.subscription_ids])


@operation("listInvoices", "GET /subscriptions/{subscription_id}/invoices", scope="invoices:read", answer=InvoiceList)
def list_invoices(call: Call) -> InvoiceList:
    """Invoices of a subscription, oldest first."""
    found = call.world.get(*(_SUBSCRIPTION[0], call.path["subscription_id"]))
    return InvoiceList(items=[inv for inv in call.world.invoices.values() if inv.subscription_id == found.id])


@operation("listInvoiceCopies", "GET /invoices/{invoice_id}/copies", scope="invoices:read", answer=CopyList)
def list_invoice_copies(call: Call) -> CopyList:
    """Copies of an invoice that were sent."""
    invoice = call.world.get("invoices", call.path["invoice_id"])
    return CopyList(items=[copy for copy in call.world.invoice_copies.values() if copy.invoice_id == invoice.id])


def _open(call: Call) -> Subscription:
    found: Subscription = call.world.get("subscriptions", call.path["subscription_id"])
    if found.status == "cancelled" or found.cancels_on is not None:
        raise No(409, "already_cancelled", f"subscription {found.id} is cancelled")
    return found


@operation("changePlan", "POST /subscriptions/{subscription_id}/plan", scope="subscriptions:write",
           answer=Subscription, body=ChangePlan, subject=_SUBSCRIPTION,
           business=lambda call: f"plan {call.path['subscription_id']} {call.body.plan_id}")  # fmt: skip
def change_plan(call: Call) -> Subscription:
    """Change to another plan from the next period on; Solo takes one seat only. Not while an invoice is overdue."""
    found = _open(call)
    plan = call.world.plans.get(call.body.plan_id)
    if plan is None:
        raise No(422, "unknown_plan", f"there is no plan {call.body.plan_id}")
    if plan.id == found.plan_id:
        raise No(409, "same_plan", f"subscription {found.id} has {plan.name} already")
    if found.status == "past_due":
        raise No(409, "past_due", "an invoice is overdue; the plan cannot change until it is paid")
    if plan.id == "plan-solo" and found.seats > 1:
        raise No(409, "too_many_seats", f"{plan.name} has one seat, {found.id} uses {found.seats}")
    found.plan_id, found.plan_name, found.seat_price_minor = plan.id, plan.name, plan.seat_price_minor
    found.version += 1
    return found


@operation("changeSeats", "POST /subscriptions/{subscription_id}/seats", scope="subscriptions:write",
           answer=Subscription, body=ChangeSeats, subject=_SUBSCRIPTION,
           business=lambda call: f"seats {call.path['subscription_id']} {call.body.seats}")  # fmt: skip
def change_seats(call: Call) -> Subscription:
    """Set the number of seats; never fewer than the workspace has members."""
    found = _open(call)
    if found.plan_id == "plan-solo" and call.body.seats > 1:
        raise No(409, "plan_has_one_seat", "Larkfield Plan Solo has one seat")
    members = len(call.world.workspaces[found.workspace_id].members)
    if call.body.seats < members:
        raise No(409, "seats_in_use", f"{members} members use seats")
    if call.body.seats == found.seats:
        raise No(409, "same_seats", f"subscription {found.id} has {found.seats} seats already")
    found.seats = call.body.seats
    found.version += 1
    return found


@operation("cancelSubscription", "POST /subscriptions/{subscription_id}/cancel", scope="subscriptions:write",
           answer=Subscription, body=CancelSubscription, subject=_SUBSCRIPTION,
           business=lambda call: f"cancel subscription {call.path['subscription_id']}")  # fmt: skip
def cancel_subscription(call: Call) -> Subscription:
    """End a subscription when the paid period ends."""
    found = _open(call)
    found.cancels_on = found.renews_on
    found.version += 1
    return found


@operation("sendInvoiceCopy", "POST /invoices/{invoice_id}/copies", scope="invoices:write", answer=InvoiceCopy,
           body=SendCopy, status=201,
           business=lambda call: f"copy {call.path['invoice_id']} {call.body.email.lower()}")  # fmt: skip
def send_invoice_copy(call: Call) -> InvoiceCopy:
    """Send an invoice again, to the address of the customer or of a billing member of the workspace."""
    invoice = call.world.get("invoices", call.path["invoice_id"])
    subscription = call.world.subscriptions[invoice.subscription_id]
    workspace = call.world.workspaces[subscription.workspace_id]
    allowed = {call.world.customers[subscription.customer_id].email}
    allowed |= {member.email for member in workspace.members if member.role in ("billing", "admin")}
    if call.body.email.lower() not in allowed:
        raise No(409, "address_not_allowed", "invoices go to the customer or to a billing member only")
    copy = InvoiceCopy(
        id=call.world.new_id("IC"), invoice_id=invoice.id, sent_to=call.body.email.lower(), created_at=call.world.now()
    )
    call.world.invoice_copies[copy.id] = copy
    return copy
