"""How it goes on with a change whose call was not plainly answered: call, look first, repeat, or say uncertain. Pure.

Class A and B changes repeat under the same key. The others look first, and money is never sent twice on a guess.
"""

from typing import Literal

import msgspec

from proofdesk.core.compensation import fate_of
from proofdesk.core.directive import Acted, Directive, Facts, Outcome, Read, ReadBack, Run
from proofdesk.core.interpreter import next_step, resume
from proofdesk.core.procedure import Evaluate, Procedure

Point = Literal["before_call", "refused", "unanswered", "no_rules"]
Course = Literal["call", "let_it_arrive", "look", "look_last", "repeat_later", "refused", "given_up", "uncertain"]
"""look_last: nothing is repeated whatever is seen."""
Seen = Literal["there", "repeat", "uncertain"]


class CourseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the decision, complete. `fresh`: this worker has just committed the intent, so nobody has called yet."""

    point: Point
    fresh: bool
    idempotency: str = ""
    tries: int = 0
    """Calls before this one that ended without an answer."""
    in_doubt: bool = False
    """One of them may have been carried out all the same."""
    permanent: bool = False
    uncertain: bool = False
    """Of the answer that did not come: it never will; the call may have been carried out."""
    attempts: int = 0
    max_attempts: int = 0


def decide_course(facts: CourseFacts) -> Course:
    doubt = may_have_arrived(fresh=facts.fresh, tries=facts.tries, in_doubt=facts.in_doubt)
    match facts.point:
        case "no_rules":
            # Nobody can look whether it happened: what needs no looking is that a fresh one never went out.
            return "given_up" if facts.fresh else "uncertain"
        case "before_call":
            if facts.fresh or facts.idempotency in ("A", "B"):
                return "call"
            # The worker that intended it died: its call may have just left.
            return "let_it_arrive" if facts.tries == 0 else "look"
        case "refused":
            # After a call in doubt, the refusal may only say that it has been done already.
            return "look_last" if doubt else "refused"
        case "unanswered":
            if facts.permanent:
                return "look_last" if facts.uncertain or doubt else "given_up"
            # An earlier attempt may have arrived even when the last one surely did not.
            return "look_last" if facts.attempts >= facts.max_attempts else "repeat_later"


def may_have_arrived(*, fresh: bool, tries: int, in_doubt: bool) -> bool:
    """Whether a call before this one may have been carried out: it got no answer, or its worker died."""
    return in_doubt or (not fresh and tries == 0)


class LookFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the judgement of a look whether a change is there, complete with the procedure of `run`."""

    run: Run
    """As it waits for the change."""
    facts: Facts
    found: Outcome | None
    """What the read-back said; None where none could be made."""
    compensation: bool
    last: bool
    idempotency: str
    amount_minor: int


def expected_read_back(procedure: Procedure, run: Run, facts: Facts, evaluate: Evaluate) -> tuple[Run, Directive]:
    """What `run` would read if the change had been answered; a ReadBack where it can be looked for."""
    return next_step(procedure, resume(procedure, run, Acted(value={})), facts, evaluate)


def judge_look(procedure: Procedure, given: LookFacts, evaluate: Evaluate) -> Seen:
    """Whether the change is there; where it is not, whether it may be called again.

    Class C looked and did not find it; class D is never repeated, money and undoing never without a native key.
    """
    run, directive = expected_read_back(procedure, given.run, given.facts, evaluate)
    if not isinstance(directive, ReadBack) or given.found is None:
        return "uncertain"
    after, _ = next_step(procedure, resume(procedure, run, given.found), given.facts, evaluate)
    if fate_of(after, directive.step) == "undone" if given.compensation else directive.step in after.acted:
        return "there"
    repeatable = given.idempotency == "C" and given.amount_minor == 0 and not given.compensation
    return "repeat" if isinstance(given.found, Read) and not given.last and repeatable else "uncertain"
