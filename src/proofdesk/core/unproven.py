"""What to do while nobody is proven: hand over, send a code to the address on record, or ask who it is. Pure."""

import msgspec

from proofdesk.core.one_time_code import IssuedCode, issue_code
from proofdesk.core.plan import HandOver

MAX_CODES_PER_DAY = 5
"""To one address, over all tickets: strangers' tickets must not flood a mailbox, nor buy guesses."""
_NO_QUESTION_HELPS = frozenset({"conflicting_claims", "several_requesters"})


class UnprovenFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the decision, complete. `at_s`: seconds since 1970. `least_in_scope_ppm`: the tenant's threshold."""

    ticket_id: str
    at_s: int
    asked: int
    max_questions: int
    claimed: bool
    """The text claims something about who wrote it."""
    model_hash: str
    """Of the model that judged the text; empty where none did."""
    in_scope_ppm: int
    least_in_scope_ppm: int
    reason: str = ""
    """Why nobody is proven, where no code would help."""
    code_to: str = ""
    """The address on record that a code would prove, where the tenant can send one."""
    code: IssuedCode | None = None
    """The code on its way."""
    codes_today: int = 0
    """Codes sent to `code_to` within a day, whatever ticket asked for them."""


class SendCode(msgspec.Struct, frozen=True, kw_only=True, tag="send_code"):
    code: IssuedCode


class AskWhoItIs(msgspec.Struct, frozen=True, kw_only=True, tag="ask_who_it_is"):
    pass


def decide_unproven(facts: UnprovenFacts) -> HandOver | SendCode | AskWhoItIs:
    """What none of the tenant's business is goes to a person before anybody is asked for an order number."""
    if facts.model_hash and facts.in_scope_ppm < facts.least_in_scope_ppm and not facts.claimed:
        return HandOver(reason="out_of_scope")
    if facts.asked >= facts.max_questions:
        return HandOver(reason="unauthenticated", note="asked and not proven")
    if facts.code_to:
        before = facts.code.counter + 1 if facts.code else 0
        code = issue_code(facts.ticket_id, facts.code_to, issued_before=before, now_s=facts.at_s)
        if code is None or facts.codes_today >= MAX_CODES_PER_DAY:
            return HandOver(reason="unauthenticated", note="too many codes")
        return SendCode(code=code)
    if facts.reason in _NO_QUESTION_HELPS:
        return HandOver(reason="unauthenticated", note=facts.reason)
    return AskWhoItIs()
