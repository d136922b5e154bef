"""What is decided about a mail before it is a ticket's: may a machine answer it, whose is it, is its sender proven.

Facts and pure judgements, recorded with the message so that they can be replayed.
"""

import msgspec

from proofdesk.connectors.channel.email.headers import sender_is_proven
from proofdesk.connectors.channel.email.message import AuthenticationResults, InboundMessage
from proofdesk.connectors.channel.email.thread import (
    Answerable,
    Belongs,
    ForeignSender,
    Ignored,
    KnownMessage,
    LoopLimits,
    NewIssue,
    Silent,
    decide_answering,
    decide_issue,
)


class AnsweringFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the decision whether a machine may answer a mail, complete."""

    mail: InboundMessage
    """Its head alone (`head_of`)."""
    domain: str
    auto_mails: int
    replies: int
    limits: LoopLimits


class ThreadingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the decision which ticket a mail belongs to, complete: its head, and the messages it names."""

    mail: InboundMessage
    known: tuple[KnownMessage, ...]


class SenderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Input of the decision whether a mail's sender line is proven, complete."""

    address: str
    results: AuthenticationResults


def judge_answering(facts: AnsweringFacts) -> Answerable | Silent | Ignored:
    """Pure."""
    return decide_answering(
        facts.mail, facts.domain, auto_mails=facts.auto_mails, replies=facts.replies, limits=facts.limits
    )


def judge_threading(facts: ThreadingFacts) -> Belongs | ForeignSender | NewIssue:
    """Pure."""
    return decide_issue(facts.mail, facts.known)


def judge_sender(facts: SenderFacts) -> bool:
    """Pure."""
    return sender_is_proven(facts.address, facts.results)


def head_of(message: InboundMessage) -> InboundMessage:
    """What the decisions about a mail look at: who, in answer to what, made how; not what it says."""
    return msgspec.structs.replace(message, subject="", text="", attachments=(), to=(), from_name="")
