"""What the intent model learns from, as a value."""

import msgspec


class LabelledText(msgspec.Struct, frozen=True, kw_only=True):
    """One text and the intent a person (or a procedure's author) gave it."""

    text: str
    intent: str


class TooFewExamples(msgspec.Struct, frozen=True, kw_only=True):
    """Training is not possible: what is missing, in words for the person who can add it."""

    reason: str


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Rows kept apart from training: they calibrate the model and carry its certificates. `oos`: of no intent."""

    examples: tuple[LabelledText, ...]
    oos: tuple[str, ...] = ()
