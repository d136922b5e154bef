"""One past ticket, what a person made of it, and what the product would have decided first."""

from typing import Literal

import msgspec

Kind = Literal["act", "answer", "refuse", "ask", "hand_over", "out_of_scope", "nothing", "unknown"]
Verdict = Literal["right", "wrong", "missed", "asked", "unjudged"]
Course = Literal["proceed", "unsure", "out_of_scope", "human_first", "thanks"]
Encoding = Literal["batch", "single", "none"]

OOS = "oos"
"""The intent of a ticket that is about none of the procedures."""
AUTONOMOUS: frozenset[Kind] = frozenset({"act", "answer", "refuse"})
"""Decisions after which no person sees the ticket."""


class Human(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome the export records. `action`: the capability that was used; empty where the export does not say."""

    intents: tuple[str, ...] = ()
    action: str = ""
    handed_over: bool = False
    """It went to a specialist, or should have."""
    amount_minor: int = 0


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """The product's first decision. `unknown` names what it would have looked up and the export does not hold."""

    kind: Kind
    reason: str = ""
    intents: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    """Capabilities of the first act of each request; an act that waits for a yes is named as well."""
    amount_minor: int = 0
    confidence_ppm: int = 0
    unknown: tuple[str, ...] = ()


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """What the intent model makes of the text alone, and what the triage gate would do with that."""

    intent: str
    score_ppm: int
    in_scope_ppm: int
    course: Course
    encoding: Encoding


class Case(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    at: str
    channel: str
    human: Human | None
    solved: bool | None
    amount_minor: int
    """At stake: what the person moved, else what the product would have moved."""
    decided: Decided
    guess: Guess


def verdict(case: Case) -> Verdict:
    """Was the first decision right? "missed": given to a person without need; "unjudged": one side is not known."""
    human, decided = case.human, case.decided
    if human is None or decided.kind == "unknown":
        return "unjudged"
    if decided.kind in AUTONOMOUS:
        return "right" if not human.handed_over and _agrees(human, decided) else "wrong"
    if decided.kind == "ask":
        return "asked"
    of_ours = bool(set(human.intents) - {OOS}) or bool(human.action)
    if decided.kind == "nothing":
        return "missed" if of_ours or human.handed_over else "right"
    return "missed" if of_ours and not human.handed_over else "right"


def _agrees(human: Human, decided: Decided) -> bool:
    if human.intents and set(human.intents) != set(decided.intents):
        return False
    if not human.action:
        return True
    if decided.kind != "act":
        return False
    if not decided.actions:
        return bool(human.intents)
    if human.action not in decided.actions:
        return False
    return not (human.amount_minor and decided.amount_minor) or human.amount_minor == decided.amount_minor
