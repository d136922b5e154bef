"""Tickets about subscriptions, seats, roles and invoices that can be done."""

from typing import Any

from examples.backoffice.model import Customer, Subscription
from examples.tickets.recipes import Draft, Phrasings, dealt, holes_of, informed, recipe, resolved
from examples.tickets.subjects import Subjects
from examples.tickets.ticket import Gold

NEXT_PLAN = {"plan-solo": "plan-team", "plan-team": "plan-business", "plan-business": "plan-enterprise"}


def about(found: Subscription, customer: Customer, language: str, text: str, gold: Gold, **more: Any) -> Draft:
    holes = holes_of(customer, sub=found.id, **more)
    return Draft(
        language=language, text=text, holes=holes, customer=customer, gold=gold, plain="@" in holes.get("email", "")
    )


@recipe
def roles(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for found, customer in subjects.subscriptions(language, "active"):
            workspace = subjects.world.workspaces[found.workspace_id]
            inside = {member.customer_id for member in workspace.members}
            others = [
                one for one in subjects.world.customers.values()
                if one.account_id and one.account_id == customer.account_id and one.id not in inside
            ]  # fmt: skip
            if not others or len(workspace.members) >= found.seats:
                continue
            subjects.take(found.id)
            gold = resolved(
                "grant_permission", "workspaces.grant_role", workspace_id=workspace.id, customer_id=others[0].id,
                role="editor",
            )  # fmt: skip
            return about(found, customer, language, text, gold, email=others[0].email, role="editor")
        return None

    return dealt(texts, "grant_permission", 3, pick)


@recipe
def leaving(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for found, customer in subjects.subscriptions(language, "active", "past_due"):
            workspace = subjects.world.workspaces[found.workspace_id]
            others = [member for member in workspace.members if member.customer_id != workspace.owner_id]
            if not others:
                continue
            subjects.take(found.id)
            gold = resolved(
                "revoke_permission", "workspaces.revoke_role", workspace_id=workspace.id,
                customer_id=others[0].customer_id,
            )  # fmt: skip
            return about(found, customer, language, text, gold, email=others[0].email)
        return None

    return dealt(texts, "revoke_permission", 2, pick)


@recipe
def end(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for found, customer in subjects.subscriptions(language, "active"):
            if "{sub}" in text or len(customer.subscription_ids) == 1:
                subjects.take(found.id)
                gold = resolved("cancel_subscription", "subscriptions.cancel", subscription_id=found.id)
                return about(found, customer, language, text, gold)
        return None

    return dealt(texts, "cancel_subscription", 10, pick)


@recipe
def plan(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for found, customer in subjects.subscriptions(language, "active", "trial"):
            new = NEXT_PLAN.get(found.plan_id)
            if new is None:
                continue
            subjects.take(found.id)
            gold = resolved("change_plan", "subscriptions.change_plan", subscription_id=found.id, plan_id=new)
            name = new.removeprefix("plan-").capitalize()
            return about(found, customer, language, text, gold, plan=name)
        return None

    return dealt(texts, "change_plan", 8, pick)


@recipe
def seats(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for found, customer in subjects.subscriptions(language, "active"):
            if found.plan_id == "plan-solo":
                continue
            subjects.take(found.id)
            gold = resolved(
                "change_seats", "subscriptions.change_seats", subscription_id=found.id, seats=found.seats + 3
            )
            return about(found, customer, language, text, gold, seats=found.seats + 3, now=found.seats)
        return None

    return dealt(texts, "change_seats", 5, pick)


@recipe
def more_seats(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for found, customer in subjects.subscriptions(language, "active"):
            if found.plan_id == "plan-solo":
                continue
            subjects.take(found.id)
            gold = resolved("add_seats", "subscriptions.change_seats", subscription_id=found.id, seats=found.seats + 2)
            return about(found, customer, language, text, gold, more=2)
        return None

    return dealt(texts, "add_seats", 4, pick)


@recipe
def invoice(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for found, customer in subjects.subscriptions(language, "active"):
            subjects.take(found.id)
            number = int(found.id.removeprefix("SUB-")) - 3000
            gold = resolved(
                "invoice_copy", "invoices.send_copy", invoice_id=f"INV-*-{number:03d}", email=customer.email
            )
            return about(found, customer, language, text, gold)
        return None

    return dealt(texts, "invoice_copy", 6, pick)


@recipe
def how_is_it(subjects: Subjects, texts: Phrasings) -> list[Draft]:
    def pick(language: str, text: str) -> Draft | None:
        for found, customer in subjects.subscriptions(language, "active", "trial"):
            subjects.take(found.id)
            return about(found, customer, language, text, informed("subscription_status"))
        return None

    return dealt(texts, "subscription_status", 9, pick)
