"""How a message sounds: estimates that order work and inform a person, never reasons to refuse or to promise."""

import msgspec


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A probability in parts per million. `calibrated`: it was fitted and checked on labelled texts of this kind;
    else it orders texts but is no frequency."""

    ppm: int
    calibrated: bool = False


class Tone(msgspec.Struct, frozen=True, kw_only=True):
    """`sentiment` is the chance that the message is positive rather than negative, about half for a neutral one."""

    sentiment: Estimate
    urgency: Estimate
    frustration: Estimate
    signs: tuple[str, ...] = ()
    """What the estimates rest on: names of the signs found, the most frequent first."""
    model: str = ""
    """Which version of the model gave them."""
