"""What a rollout is worth: cash flows by month, and never one number without what it rests on.

The share of hours really released (`labour_realisation`) and the months until release (`release_lag_months`) decide
more than the price does, so both stand beside every result. Amounts are in units of the currency, months count from
1, month 0 is what is spent before the first ticket.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

import msgspec

from proofdesk.core.statistics.draws import Triangle, spread, triangular

MAX_MONTHS: Final = 120
_HALVINGS: Final = 200
_SHARES: Final = ("eligible", "peak_share", "labour_realisation", "error_rate", "ramp_after")
TORNADO_INPUTS: Final = (
    "human_cost", "labour_realisation", "volume_month_1", "eligible", "peak_share", "price", "optimisation_month",
    "one_off", "error_rate", "loss_per_error",
)  # fmt: skip


class RoiInputs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    volume_month_1: float
    human_cost: float
    """Per verified resolution that a person would have made."""
    price: float
    volume_growth_month: float = 0.0
    eligible: float = 1.0
    peak_share: float = 0.5
    """Share of eligible tickets resolved and verified once the ramp has reached 1."""
    labour_realisation: float
    release_lag_months: int
    error_rate: float = 0.0
    loss_per_error: float = 0.0
    one_off: dict[str, float] = {}
    optimisation_month: float = 0.0
    infrastructure_month: float = 0.0
    qa_month: float = 0.0
    annual_discount: float = 0.1
    months: int = 24
    ramp: tuple[float, ...] = ()
    ramp_after: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.months <= MAX_MONTHS:
            raise ValueError(f"months: {self.months} is not between 1 and {MAX_MONTHS}")
        if self.release_lag_months < 0 or self.volume_month_1 < 0 or self.annual_discount <= -1:
            raise ValueError("release_lag_months and volume_month_1 cannot be negative, annual_discount not below -1")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: a share lies between 0 and 1, not at {getattr(self, name)}")


class Roi(msgspec.Struct, frozen=True, kw_only=True):
    flows: tuple[float, ...]
    """Month 0 first."""
    verified: tuple[float, ...]
    """Resolutions per month, month 1 first."""
    npv: float
    npv12: float | None
    undiscounted: float
    payback_month: float | None
    discounted_payback_month: float | None
    peak_cash_need: float
    irr_month: float | None
    irr_year: float | None
    total_cost: float
    roi: float | None
    labour_realisation: float
    release_lag_months: int


class Swing(msgspec.Struct, frozen=True, kw_only=True):
    """NPV with one input at 0.8 and at 1.2 of its value; a share stops at 1."""

    input: str
    low: float
    high: float


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    draws: int
    seed: int
    p_negative: float
    p10: float
    median: float
    p90: float


def work_out(inputs: RoiInputs) -> Roi:
    flows = cash_flows(inputs)
    rate = monthly_rate(inputs.annual_discount)
    discounted = [flow / (1 + rate) ** month for month, flow in enumerate(flows)]
    internal = internal_rate(flows)
    cost = total_cost(inputs)
    return Roi(
        flows=tuple(flows), verified=tuple(verified(inputs)), npv=sum(discounted),
        npv12=sum(discounted[:13]) if inputs.months >= 12 else None, undiscounted=sum(flows),
        payback_month=payback(flows), discounted_payback_month=payback(discounted),
        peak_cash_need=min(0.0, *accumulate(flows)), irr_month=internal,
        irr_year=None if internal is None else (1 + internal) ** 12 - 1,
        total_cost=cost, roi=sum(flows) / cost if cost else None,
        labour_realisation=inputs.labour_realisation, release_lag_months=inputs.release_lag_months,
    )  # fmt: skip


def verified(inputs: RoiInputs) -> list[float]:
    """Verified resolutions of months 1 to `months`."""
    full = inputs.volume_month_1 * inputs.eligible * inputs.peak_share
    return [full * (1 + inputs.volume_growth_month) ** m * _ramp(inputs, m) for m in range(inputs.months)]


def cash_flows(inputs: RoiInputs) -> list[float]:
    """Month 0 is the one-off spending; a month's labour saving follows `release_lag_months` later."""
    volume = verified(inputs)
    saving = inputs.human_cost * inputs.labour_realisation
    unit = inputs.price + inputs.error_rate * inputs.loss_per_error
    flows = [-sum(inputs.one_off.values())]
    for month, now in enumerate(volume):
        released = volume[month - inputs.release_lag_months] if month >= inputs.release_lag_months else 0.0
        flows.append(released * saving - now * unit - _standing(inputs))
    return flows


def npv(inputs: RoiInputs) -> float:
    rate = monthly_rate(inputs.annual_discount)
    return sum(flow / (1 + rate) ** month for month, flow in enumerate(cash_flows(inputs)))


def monthly_rate(annual: float) -> float:
    return float((1 + annual) ** (1 / 12) - 1)


def total_cost(inputs: RoiInputs) -> float:
    unit = inputs.price + inputs.error_rate * inputs.loss_per_error
    return sum(inputs.one_off.values()) + sum(verified(inputs)) * unit + inputs.months * _standing(inputs)


def payback(flows: Sequence[float]) -> float | None:
    """Month at which the cumulative flow first reaches 0, interpolated linearly; None if it never does."""
    for month, (before, after) in enumerate(pairwise(accumulate(flows)), start=1):
        if before < 0 <= after:
            return month - 1 + before / (before - after)
    return None


def internal_rate(flows: Sequence[float]) -> float | None:
    """Monthly rate at which the flows are worth nothing; None without a change of sign."""
    if not (min(flows) < 0 < max(flows)):
        return None

    def worth(rate: float) -> float:
        return sum(flow / (1 + rate) ** month for month, flow in enumerate(flows))

    low, high = -0.99, 10.0
    if (worth(low) > 0) == (worth(high) > 0):
        return None
    falling = worth(low) > 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if (worth(middle) > 0) == falling else (low, middle)
    return (low + high) / 2


def break_even(inputs: RoiInputs, name: str) -> float | None:
    """Value of one input in which the flows are linear (human_cost, peak_share, price, ...) that makes the NPV 0."""
    at_zero = npv(_with(inputs, name, 0.0))
    at_value = npv(inputs)
    now = float(getattr(inputs, name))
    return None if at_value == at_zero else now * at_zero / (at_zero - at_value)


def tornado(inputs: RoiInputs, names: Sequence[str] = TORNADO_INPUTS) -> list[Swing]:
    """Widest swing first."""
    swings = [
        Swing(input=name, low=npv(_scaled(inputs, name, 0.8)), high=npv(_scaled(inputs, name, 1.2))) for name in names
    ]
    return sorted(swings, key=lambda swing: -abs(swing.high - swing.low))


def by_release_lag(inputs: RoiInputs, lags: Sequence[int]) -> dict[int, float]:
    return {lag: npv(msgspec.structs.replace(inputs, release_lag_months=lag)) for lag in lags}


def without_release(inputs: RoiInputs) -> float:
    """NPV when no hour of labour is released."""
    return npv(msgspec.structs.replace(inputs, labour_realisation=0.0))


def simulate(inputs: RoiInputs, shapes: Mapping[str, Triangle], *, draws: int, seed: int) -> Distribution:
    """Distribution of the NPV over independent triangular inputs; "one_off" is a factor on what is spent before.

    The NPV is linear in the discounted volume, so a draw costs a handful of products: exact, not an approximation.
    """
    allowed = {"volume_month_1", "peak_share", "human_cost", "labour_realisation", "error_rate", "loss_per_error",
               "price", "one_off"}  # fmt: skip
    unknown = sorted(set(shapes) - allowed)
    if unknown:
        raise ValueError(f"cannot vary {', '.join(unknown)}: choose from {', '.join(sorted(allowed))}")
    drawn = triangular(shapes, draws, seed)

    def of(name: str) -> Any:
        return drawn.get(name, getattr(inputs, name, 1.0) if name != "one_off" else 1.0)

    released, handled, standing = _discounted(inputs)
    units = of("volume_month_1") * of("peak_share") * inputs.eligible
    saving = of("human_cost") * of("labour_realisation") * released
    spent = (of("price") + of("error_rate") * of("loss_per_error")) * handled
    before = of("one_off") * sum(inputs.one_off.values())
    worth = units * (saving - spent) - before - standing
    low, middle, high = spread(worth)
    return Distribution(draws=draws, seed=seed, p_negative=float((worth < 0).mean()), p10=low, median=middle, p90=high)


def _discounted(inputs: RoiInputs) -> tuple[float, float, float]:
    """Discounted volume per unit of full volume (released, handled), and the discounted standing cost."""
    rate, lag = monthly_rate(inputs.annual_discount), inputs.release_lag_months
    unit = [(1 + inputs.volume_growth_month) ** m * _ramp(inputs, m) for m in range(inputs.months)]
    factor = [1 / (1 + rate) ** (m + 1) for m in range(inputs.months)]
    handled = sum(u * f for u, f in zip(unit, factor, strict=True))
    released = sum(u * f for u, f in zip(unit, factor[lag:], strict=False))
    return released, handled, _standing(inputs) * sum(factor)


def _standing(inputs: RoiInputs) -> float:
    return inputs.optimisation_month + inputs.infrastructure_month + inputs.qa_month


def _ramp(inputs: RoiInputs, month: int) -> float:
    return inputs.ramp[month] if month < len(inputs.ramp) else inputs.ramp_after


def _scaled(inputs: RoiInputs, name: str, factor: float) -> RoiInputs:
    if name == "one_off":
        return msgspec.structs.replace(inputs, one_off={key: value * factor for key, value in inputs.one_off.items()})
    value = getattr(inputs, name) * factor
    return _with(inputs, name, min(value, 1.0) if name in _SHARES else value)


def _with(inputs: RoiInputs, name: str, value: float) -> RoiInputs:
    return msgspec.structs.replace(inputs, **{name: value})
