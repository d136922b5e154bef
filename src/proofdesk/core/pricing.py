"""Pricing models side by side: what one verified resolution costs under each. Prices in units of the currency."""

import msgspec


class PriceModels(msgspec.Struct, frozen=True, kw_only=True):
    outcome_price: float
    conversation_price: float
    action_price: float
    actions_per_ticket: float
    seats: int
    seat_price: float


class PerVerified(msgspec.Struct, frozen=True, kw_only=True):
    """None where nothing is resolved: then the price of a resolution is undefined, not zero."""

    outcome: float
    conversation: float | None
    action: float | None
    seats: float | None
    """Can be lower at volume, but leaves labour unchanged."""


def per_verified(models: PriceModels, *, tickets: int, resolution_rate: float) -> PerVerified:
    resolved = tickets * resolution_rate
    return PerVerified(
        outcome=models.outcome_price,
        conversation=models.conversation_price / resolution_rate if resolution_rate else None,
        action=models.action_price * models.actions_per_ticket / resolution_rate if resolution_rate else None,
        seats=models.seats * models.seat_price / resolved if resolved else None,
    )


def seat_break_even(models: PriceModels) -> float:
    """Verified resolutions above which seats are cheaper than outcomes."""
    return models.seats * models.seat_price / models.outcome_price


def break_even_rate(conversation_price: float, outcome_price: float) -> float:
    """Resolution rate above which a price per conversation is cheaper than one per outcome."""
    return conversation_price / outcome_price


def outcome_bill(models: PriceModels, *, tickets: int, resolution_rate: float) -> float:
    return tickets * resolution_rate * models.outcome_price


def conversation_bill(price: float, *, tickets: int) -> float:
    return tickets * price
