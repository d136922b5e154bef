"""The transition table, chaining to an issue, and what is only thanks."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.core.thanks import MAX_THANKS_CHARS, is_thanks
from proofdesk.core.ticket import STATUSES, Illegal, IssueRef, Status, TicketEvent, advance, is_terminal, issue_of

EVENTS = get_args(TicketEvent)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW_S = 7 * 86_400


def test_the_ordinary_life() -> None:
    status: Status = "new"
    for event in (
        "triaged",
        "asked",
        "requester_replied",
        "effect_sent",
        "effect_settled",
        "resolved",
        "window_passed",
    ):
        following = advance(status, event)  # type: ignore[arg-type]
        assert not isinstance(following, Illegal), (status, event)
        status = following
    assert status == "closed" and is_terminal(status)


def test_every_open_status_can_reach_a_person() -> None:
    for status in STATUSES:
        if status != "closed":
            assert advance(status, "handed_off") == "handed_off", status


def test_the_requester_may_write_in_every_status_that_is_not_closed() -> None:
    for status in STATUSES:
        if status != "closed":
            assert not isinstance(advance(status, "requester_replied"), Illegal), status


@given(st.sampled_from(STATUSES), st.sampled_from(EVENTS))
def test_the_table_is_closed_and_refusals_say_what_is_possible(status: Status, event: TicketEvent) -> None:
    following = advance(status, event)
    if isinstance(following, Illegal):
        assert event not in following.allowed and following.allowed
    else:
        assert following in STATUSES
    if event == "thanked" and not isinstance(following, Illegal):
        assert following == status


def test_a_pending_effect_or_approval_is_not_lost_to_a_message() -> None:
    assert advance("waiting_approval", "requester_replied") == "waiting_approval"
    assert advance("waiting_window", "requester_replied") == "waiting_window"
    assert isinstance(advance("waiting_window", "resolved"), Illegal)


def ref(issue: str, days_ago: int, *, requester: str = "r", matter: str = "refund", is_open: bool = False) -> IssueRef:
    at = NOW - timedelta(days=days_ago)
    return IssueRef(issue_id=issue, requester_id=requester, matter=matter, last_activity_at=at, open=is_open)


def test_chaining_needs_requester_matter_and_window() -> None:
    assert issue_of("r", "refund", NOW, [ref("i", 7)], reopen_window_s=WINDOW_S) == "i"
    assert issue_of("r", "refund", NOW, [ref("i", 8)], reopen_window_s=WINDOW_S) is None
    assert issue_of("r", "refund", NOW, [ref("i", 90, is_open=True)], reopen_window_s=WINDOW_S) == "i"
    assert issue_of("r", "refund", NOW, [ref("i", 1, requester="q")], reopen_window_s=WINDOW_S) is None
    assert issue_of("r", "refund", NOW, [ref("i", 1, matter="cancel")], reopen_window_s=WINDOW_S) is None
    assert issue_of("r", "refund", NOW, [ref("i", 5), ref("j", 2)], reopen_window_s=WINDOW_S) == "j"
    assert issue_of("", "refund", NOW, [ref("i", 1, requester="")], reopen_window_s=WINDOW_S) is None


@pytest.mark.parametrize(
    "text",
    ["Thanks!", "thank you so much", "Thank you for your help.", "Vielen Dank!", "Danke für die schnelle Antwort",
     "Merci beaucoup", "Muchas gracias por su ayuda", "Perfect, thanks. Have a nice day!", "THX", "Cheers, thanks 👍",
     "Grazie mille", "That worked, thank you"],
)  # fmt: skip
def test_plain_thanks(text: str) -> None:
    assert is_thanks(text)


@pytest.mark.parametrize(
    "text",
    ["", "ok", "Thanks but it still fails", "Thanks, when will it arrive?", "thanks for nothing", "Danke, aber nein",
     "Thanks. Help!", "thanks 2 days late", "Thanks\n> quoted line", "thank you, please cancel", "No thanks",
     "Merci de rappeler", "thanks " * 40, "That worked", "Thanks, it is not great", "gracias, no funciona"],
)  # fmt: skip
def test_anything_more_is_contact(text: str) -> None:
    assert not is_thanks(text)


@given(st.text(max_size=2 * MAX_THANKS_CHARS))
def test_never_fails_and_never_swallows_a_question(text: str) -> None:
    assert not is_thanks(text + "?")
    assert is_thanks(text) in (True, False)
