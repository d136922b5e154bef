"""What support did for retention: claimed only from accounts held out at random, and with its interval."""

import msgspec

from proofdesk.core.statistics import Bounds, newcombe


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    churned: int
    accounts: int


class RetentionEffect(msgspec.Struct, frozen=True, kw_only=True):
    """Churn avoided per account (holdout minus AI), and its worth over all AI accounts, in units of the currency."""

    effect: float
    interval: Bounds
    value: float
    value_interval: Bounds

    @property
    def shown(self) -> bool:
        """An interval that contains 0 shows no effect."""
        return self.interval.low > 0 or self.interval.high < 0


def retention_effect(holdout: Arm, ai: Arm, lifetime_value: float) -> RetentionEffect | None:
    """None without a holdout: then nothing may be claimed."""
    if not holdout.accounts or not ai.accounts:
        return None
    effect = holdout.churned / holdout.accounts - ai.churned / ai.accounts
    interval = newcombe((holdout.churned, holdout.accounts), (ai.churned, ai.accounts))
    worth = ai.accounts * lifetime_value
    return RetentionEffect(
        effect=effect, interval=interval, value=effect * worth,
        value_interval=Bounds(interval.low * worth, interval.high * worth),
    )  # fmt: skip
