import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofdesk.connectors.channel.email.message import InboundMessage
from proofdesk.connectors.channel.email.thread import (
    Answerable,
    Belongs,
    ForeignSender,
    Ignored,
    KnownMessage,
    LoopLimits,
    NewIssue,
    OwnId,
    Silent,
    decide_answering,
    decide_issue,
    message_id_of,
    read_message_id,
    referenced_ids,
)

DOMAIN = "shop.example"
OURS = message_id_of("k1", "t1", DOMAIN)


def message(**changes: object) -> InboundMessage:
    fields: dict[str, object] = {"message_id": "<m@example.com>", "from_addr": "Ada@example.com", **changes}
    return InboundMessage(**fields)  # type: ignore[arg-type]


def known(message_id: str, issue: str, *participants: str) -> KnownMessage:
    return KnownMessage(message_id=message_id, issue_id=issue, participants=participants)


def test_our_ids_say_whose_they_are() -> None:
    assert OURS == "<k1.t1@proofdesk.shop.example>"
    assert message_id_of("a/b é", "t.1", "Shop.Example") == "<a=2Fb=20=C3=A9.t=2E1@proofdesk.shop.example>"


@given(st.text(min_size=1, max_size=15), st.text(min_size=1, max_size=15))
def test_ids_are_safe_and_read_back(key: str, tenant: str) -> None:
    message_id = message_id_of(key, tenant, DOMAIN)
    assert message_id.isascii() and message_id.isprintable() and " " not in message_id
    assert message_id.count("<") == message_id.count(">") == message_id.count("@") == 1
    assert read_message_id(message_id, DOMAIN) == OwnId(key=key, tenant=tenant)


@pytest.mark.parametrize(
    "other",
    ["", "<x@y>", "<k1.t1@proofdesk.other.example>", "<=6B1.t1@proofdesk.shop.example>",
     "<k1@proofdesk.shop.example>",
              "<=FF.t1@proofdesk.shop.example>", "<=.t1@proofdesk.shop.example>"]
)  # fmt: skip
def test_other_ids_are_not_ours(other: str) -> None:
    assert read_message_id(other, DOMAIN) is None


@pytest.mark.parametrize(("key", "domain"), [("", DOMAIN), ("x" * 201, DOMAIN), ("k", "a b"), ("k", "")])
def test_an_impossible_id_is_a_fault_of_the_caller(key: str, domain: str) -> None:
    with pytest.raises(ValueError):
        message_id_of(key, "t", domain)


def test_the_nearest_message_decides() -> None:
    mail = message(in_reply_to="<3@x>", references=("<1@x>", "<2@x>", "<3@x>"))
    assert referenced_ids(mail) == ("<3@x>", "<2@x>", "<1@x>")
    rows = (known("<1@x>", "i1", "ada@example.com"), known("<2@x>", "i2", "help@x", "ADA@example.com"))
    assert decide_issue(mail, rows) == Belongs(issue_id="i2", by="<2@x>")
    assert decide_issue(mail, ()) == NewIssue()


def test_a_stranger_who_names_our_message_gets_an_issue_of_their_own() -> None:
    mail = message(from_addr="eve@example.net", in_reply_to=OURS)
    assert decide_issue(mail, (known(OURS, "i1", "ada@example.com"),)) == ForeignSender(issue_id="i1", by=OURS)


def test_a_stranger_part_of_an_older_message_belongs_there() -> None:
    mail = message(references=("<1@x>", OURS))
    rows = (known(OURS, "i2", "bob@example.com"), known("<1@x>", "i1", "ada@example.com"))
    assert decide_issue(mail, rows) == Belongs(issue_id="i1", by="<1@x>")


LIMITS = LoopLimits()


@pytest.mark.parametrize(
    ("changes", "auto_mails", "replies", "kind"),
    [
        ({}, 99, 0, Answerable),
        ({}, 0, 20, Silent),
        ({"auto_submitted": True}, 0, 0, Silent),
        ({"auto_submitted": True}, 4, 0, Silent),
        ({"auto_submitted": True}, 5, 0, Ignored),
        ({"is_list": True}, 0, 0, Silent),
        ({"is_out_of_office": True}, 0, 0, Silent),
        ({"is_bounce": True}, 0, 0, Silent),
        ({"null_return_path": True}, 0, 0, Silent),
        ({"suppresses_replies": True}, 99, 0, Silent),
        ({"message_id": OURS}, 0, 0, Ignored),
    ],
)
def test_the_loop_guard(changes: dict[str, object], auto_mails: int, replies: int, kind: type) -> None:
    outcome = decide_answering(message(**changes), DOMAIN, auto_mails=auto_mails, replies=replies, limits=LIMITS)
    assert isinstance(outcome, kind)


def test_two_robots_fall_silent() -> None:
    """Each answers whatever may be answered; without marks on the mails only the count of replies ends it."""
    replies = 0
    while isinstance(decide_answering(message(), DOMAIN, auto_mails=0, replies=replies, limits=LIMITS), Answerable):
        replies += 1
    assert replies == LIMITS.replies
