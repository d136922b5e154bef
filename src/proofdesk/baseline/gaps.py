"""What an export cannot tell, why, and which column would. Said, never guessed."""

from collections.abc import Callable

from proofdesk.core.audit import Underivable

Has = Callable[[str], bool]


def underivable(has: Has) -> tuple[Underivable, ...]:
    """`has(field)`: whether any ticket has a value for it."""
    gaps: list[Underivable] = []

    def gap(metric: str, why: str, needs: str, *fields: str) -> None:
        """A gap where none of the fields is there."""
        if not any(has(field) for field in fields):
            gaps.append(Underivable(metric=metric, why=why, needs=needs))

    gap("first contact resolution", "nobody can be recognised when they write again", "requester", "requester")
    gap("one touch", "replies are not counted", "public agent replies", "replies")
    gap("transfers", "owners are not counted", "number of assignees", "owners")
    gap("time to first reply", "its time is absent", "first reply at", "first_reply", "first_reply_minutes")
    gap(
        "time to first human reply", "replies of bots and people are not told apart",
        "first human reply at, or an event log with roles", "first_human",
    )  # fmt: skip
    gap("time to resolution", "the time of the solution is absent", "solved at", "solved", "resolution_minutes")
    gap("time to resolution less pending", "pending intervals are not in a ticket export", "status history")
    gap("reopenings", "they are not recorded", "reopened at, or reopen count", "reopened", "reopens")
    if has("reopens"):
        gap("reopenings within the window", "they have a count but no time", "reopened at", "reopened")
    gap(
        "average handling time, cost per contact and resolution",
        "active minutes are absent; elapsed time is never used for it", "handle minutes", "handle_minutes",
    )  # fmt: skip
    gap("CSAT", "there are no survey answers", "csat", "csat")
    gap("SLA attainment", "there are no SLA states", "SLA status", "sla_first", "sla_resolution")
    gap(
        "figures by intent, use-case map", "tickets have no intent and no text to find topics in",
        "category, topic or subject", "intent",
    )  # fmt: skip
    gap("determinism", "how tickets were resolved is not recorded", "resolution code or macro", "resolution_code")
    return tuple(gaps)
