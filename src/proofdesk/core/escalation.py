"""Why a ticket goes to a person, what that person gets, and whose queue it lands in.

The set of reasons is closed: each has words for people and a suggested next step. A handoff always names a queue:
the default one is required, so no ticket is ever without an owner.
"""

from collections.abc import Iterable
from typing import Final

import msgspec


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason in words for an agent. `always`: no confidence and no policy can prevent this escalation."""

    code: str
    title: str
    why: str
    next_step: str
    always: bool = False


def _r(code: str, title: str, why: str, next_step: str, *, always: bool = False) -> Reason:
    return Reason(code=code, title=title, why=why, next_step=next_step, always=always)


_ALL: Final = (
    _r("asks_for_human", "Asks for a person", "The requester asked to speak to a person.",
       "Reply personally; the packet shows what is already known.", always=True),
    _r("legal_threat", "Legal threat", "The message mentions lawyers, courts or legal steps.",
       "Do not admit or promise anything; involve the legal contact.", always=True),
    _r("regulator_complaint", "Regulator or audit", "The message concerns a regulator, an audit or a formal complaint.",
       "Hand to compliance and note the deadline the message names.", always=True),
    _r("contract_dispute", "Contract dispute", "The requester disputes a contract or an invoice under it.",
       "Check the contract version in force and answer with the account owner.", always=True),
    _r("safety", "Safety", "Someone's health or safety may be at risk.",
       "Call back at once and follow the safety instructions.", always=True),
    _r("self_harm", "Someone may be in danger", "The message sounds like a person in distress.",
       "Answer personally and at once; name the emergency contact of your country.", always=True),
    _r("press", "Press", "The message says it comes from the press.",
       "Do not comment; hand to whoever speaks for the company.", always=True),
    _r("chargeback_threat", "Chargeback announced", "The requester says they will have their bank take the money back.",
       "Settle the matter or document it before the bank asks.", always=True),
    _r("prompt_injection", "Tries to steer the machine", "The message instructs the system, not the support.",
       "Read it as a person; nothing was done on its word.", always=True),
    _r("sla_breach_claim", "Says a promised time has passed", "The requester holds us to an agreed time.",
       "Check the agreed times, then answer with what happens next.", always=True),
    _r("reopened", "Came back after solving", "The requester wrote again after we had called it solved.",
       "Read the new message first; our claim that it was resolved has been withdrawn."),
    _r("actions_stopped", "All actions are stopped", "Somebody stopped all actions of the worker.",
       "Answer by hand; what the worker would have done is noted."),
    _r("shadow", "Runs in shadow", "This procedure may not act yet; its decision is only recorded.",
       "Answer by hand without looking at the proposal; it is compared with yours later."),
    _r("holdout", "Held out", "This account is answered by people, so that there is something to compare with.",
       "Answer by hand."),
    _r("outside_cohort", "Not in the cohort yet", "This procedure acts for part of the accounts, and not for this one.",
       "Answer by hand; the proposal is in the packet."),
    _r("reply_undelivered", "Our message was not delivered", "The requester's mail server does not take our message.",
       "Reach the requester another way; what was done is listed below."),
    _r("procedure_error", "The procedure could not go on", "A step had no value it needed, or its rules are gone.",
       "Work the ticket by hand; tell the procedure's owner which step it was."),
    _r("wrote_again", "Wrote again meanwhile", "The requester wrote while a change was being carried out.",
       "Compare the new message with what was done; it is listed below."),
    _r("security_incident", "Security incident", "The message reports unauthorised access, fraud or leaked data.",
       "Secure the account first; then answer through a verified contact.", always=True),
    _r("data_protection_request", "Privacy request", "The requester wants their data shown, corrected or erased.",
       "Start the data-subject process; a legal deadline is running.", always=True),
    _r("sla_breach", "SLA breached or about to be", "A promised time has passed or is about to.",
       "Answer now, even if only with the next certain step.", always=True),
    _r("outage", "Outage", "Several users or a whole service seem to be affected.",
       "Link the ticket to the incident and confirm that it is known.", always=True),
    _r("data_loss", "Data lost", "The message reports that stored data is gone or damaged.",
       "Stop what may overwrite it, then tell the requester what can be restored and by when.", always=True),
    _r("payment_blocked", "Payments blocked", "Many payments, or all of them, seem to fail.",
       "Link the ticket to the incident; check the payment provider first.", always=True),
    _r("unauthenticated", "Identity not proven", "The requester could not be matched with one record.",
       "Verify identity by another way before naming or changing anything."),
    _r("policy_denied", "Not permitted", "The policy does not permit this action, with or without approval.",
       "Decide as an exception, or explain the rule to the requester."),
    _r("policy_error", "Policy could not decide", "The policy failed or lacked a fact; that counts as a refusal.",
       "Report the policy's error to its owner, then decide by hand."),
    _r("approval_refused", "Approval refused", "The second person refused the action.",
       "Read the refusal and tell the requester what is possible."),
    _r("approval_expired", "Approval not given in time", "Nobody decided on the approval before it expired.",
       "Approve or refuse now."),
    _r("budget_exhausted", "Budget used up", "The money limit of this period is reserved or spent.",
       "Check the spending, then raise the limit or pay by hand."),
    _r("budget_missing", "No budget in this currency", "The budget over this action states no amount in its currency.",
       "Decide by hand; to let it run by itself, add the currency to limits_minor of the budget in tenant.yaml."),
    _r("low_confidence", "Not certain enough", "The certainty of the reading is below the threshold in force.",
       "Read the message; correct the intent if it is wrong."),
    _r("out_of_scope", "Nothing fits", "No procedure covers what is asked.",
       "Answer by hand; consider a procedure if this is frequent."),
    _r("unread_content", "Part of the message not understood", "A part that could change what is wanted was not read.",
       "Read the marked passages and carry out what they ask."),
    _r("ambiguous", "More than one reading", "Plausible readings end differently and questions did not settle it.",
       "Ask the requester the one question that separates the readings."),
    _r("missing_information", "Information missing", "A needed detail was asked for and not given.",
       "Ask once more in your own words, or find the detail in the records."),
    _r("no_answer", "No answer", "The requester did not answer in the time allowed.",
       "Decide whether to remind or to close."),
    _r("procedure_decided", "The procedure hands over here", "The procedure's own rule sends this case to a person.",
       "Follow the note of the procedure."),
    _r("refused_by_system", "Refused by the other system", "The system of record understood the call and refused it.",
       "Check the refusal; nothing was changed by it."),
    _r("connector_failed", "Other system unreachable", "Repeated calls got no answer.",
       "Check the connection; the call may be repeated safely from the ticket."),
    _r("effect_uncertain", "Result unknown", "A change was sent and it is not known whether it happened.",
       "Look in the system of record before doing anything again.", always=True),
    _r("read_back_failed", "Read-back differs", "The system of record does not show the expected change.",
       "Compare expected and found values; correct the record by hand.", always=True),
    _r("compensation_failed", "Could not be undone", "A later step failed and an earlier one could not be undone.",
       "Undo the named step by hand.", always=True),
    _r("limit_reached", "Limit reached", "The allowed number of steps, questions or repeats is used up.",
       "Take over from the last step shown."),
    _r("upset_requester", "Upset requester", "The requester is clearly dissatisfied.",
       "Reply personally; acknowledge what went wrong first."),
    _r("reply_blocked", "Reply held back", "The reply broke a rule of the brand or contained an unfilled field.",
       "Correct the draft and send it."),
    _r("autonomy_off", "Autonomy switched off", "This cohort or tenant is not allowed to act on its own now.",
       "Work the ticket by hand."),
    _r("internal_fault", "Fault on our side", "A step failed in a way that is not the requester's doing.",
       "Work the ticket by hand and report the fault with its ticket id."),
)  # fmt: skip

REASONS: Final[dict[str, Reason]] = {reason.code: reason for reason in _ALL}
ALWAYS_ESCALATE: Final = frozenset(reason.code for reason in _ALL if reason.always)
FALLBACK_REASON: Final = "procedure_decided"
"""What a code that only one tenant's procedure knows is filed under; its own word stays in the detail."""


def reason_for(code: str) -> Reason:
    """The reason of the closed set; an unknown code is the procedure's own."""
    return REASONS.get(code, REASONS[FALLBACK_REASON])


def must_escalate(signals: Iterable[str]) -> tuple[Reason, ...]:
    """Reasons among the signals of a ticket that always go to a person, in the order of the closed set."""
    seen = frozenset(signals)
    return tuple(reason for reason in _ALL if reason.always and reason.code in seen)


class RouteRule(msgspec.Struct, frozen=True, kw_only=True):
    """Goes to `queue` when every named field fits; an empty field fits everything, `signals` needs any one."""

    queue: str
    reasons: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()


class RoutingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Rules are tried in order. Raises ValueError without a default queue: a ticket needs an owner."""

    default_queue: str
    rules: tuple[RouteRule, ...] = ()

    def __post_init__(self) -> None:
        if not self.default_queue.strip():
            raise ValueError("routing: default_queue is empty; name the queue that owns what no rule catches")
        for index, rule in enumerate(self.rules):
            if not rule.queue.strip():
                raise ValueError(f"routing: rules[{index}].queue is empty; name a queue")


class Routed(msgspec.Struct, frozen=True, kw_only=True):
    queue: str
    why: str


def route_handoff(reason: str, language: str, tier: str, signals: Iterable[str], config: RoutingConfig) -> Routed:
    """The queue that owns the ticket from now on, and why it is that one."""
    seen = frozenset(signals)
    for index, rule in enumerate(config.rules):
        why: list[str] = []
        for name, wanted, has in (
            ("reason", rule.reasons, frozenset((reason,))),
            ("language", rule.languages, frozenset((language,))),
            ("tier", rule.tiers, frozenset((tier,))),
            ("signal", rule.signals, seen),
        ):
            if not wanted:
                continue
            fits = sorted(has & frozenset(wanted))
            if not fits:
                break
            why.append(f"{name} {', '.join(fits)}")
        else:
            return Routed(queue=rule.queue, why=f"rule {index + 1}: " + (" and ".join(why) or "fits every handoff"))
    return Routed(queue=config.default_queue, why="no rule fits: default queue")
