"""What a ticket remembers between transitions: one JSON value in its row."""

from typing import Literal

import msgspec

from proofdesk.core.compensation import Fate
from proofdesk.core.directive import Act, Run
from proofdesk.core.issue_type import IssueType
from proofdesk.core.one_time_code import IssuedCode
from proofdesk.core.priority import Prioritised
from proofdesk.core.reading import Reading, Request
from proofdesk.core.records import Requester
from proofdesk.core.tone import Tone
from proofdesk.language.pii import KnownEntity

Step = Literal["understand", "prepare", "execute", "finish", "send", "window", "reopened"]
WaitingFor = Literal["", "identity", "code", "slot", "confirm", "approval"]
RequestStatus = Literal["running", "confirm", "ready", "later", "done", "informed", "refused", "escalated"]
"""later: not possible as things stand, but requests before it are about to change them; tried again after those."""


class RequestState(msgspec.Struct, frozen=True, kw_only=True):
    """One request of the ticket and how far its procedure has come."""

    request: Request
    run: Run
    status: RequestStatus = "running"
    summary: str = ""
    """What the requester is asked to confirm."""
    replies: tuple[str, ...] = ()
    reason: str = ""
    effects: dict[str, str] = {}
    """Act step -> key of its effect, once it was read back."""
    undoing: dict[str, Fate] = {}
    """Key of an effect that was to be undone -> what is known of it."""


class UnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """The effect between its intent and its read-back."""

    effect_key: str
    act: Act
    undoes: str = ""
    """Of a compensation: the key of the effect it takes back."""
    tries: int = 0
    """Calls that ended without an answer."""
    in_doubt: bool = False
    """One of them may have been carried out all the same."""

    @property
    def compensation(self) -> bool:
        return bool(self.undoes)


class After(msgspec.Struct, frozen=True, kw_only=True):
    """Where the ticket goes once its outgoing messages have left."""

    status: str
    step: Step
    wait_s: float = 0.0
    """Product time to wait there; 0 means go on at once."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    step: Step = "understand"
    waiting_for: WaitingFor = ""
    asked: int = 0
    code: IssuedCode | None = None
    """The one-time code on its way."""
    confirmed_address: str = ""
    """The address a one-time code came back from."""
    requester: Requester | None = None
    authenticated_by: str = ""
    known: tuple[KnownEntity, ...] = ()
    """What the requester's records say about them: masked in every copy of the ticket that leaves it."""
    language: str = "en"
    signals: tuple[str, ...] = ()
    issue_type: IssueType | None = None
    tone: Tone | None = None
    """Of all the requester's messages together, as of the last reading."""
    prioritised: Prioritised | None = None
    confidence_ppm: int = 0
    reading: Reading | None = None
    requests: tuple[RequestState, ...] = ()
    current: int = 0
    confirmed: bool = False
    under_way: UnderWay | None = None
    approval_id: str = ""
    sends: tuple[str, ...] = ()
    after: After | None = None
    ordinal: int = 0
    """Decisions recorded so far."""
    news: bool = False
    """The requester wrote while we were at work: what we are doing may no longer be what they want."""
    stalls: int = 0
    """Times in a row that another system gave no answer."""
    faults: int = 0
    """Times in a row that a transition failed by a fault of our own."""
    unproven: bool = False
    """A mail joined by its sender line alone: what it asks for is done only after the requester's own yes."""
    for_person: str = ""
    """Why a person must read what the requester sent last: there is something no machine reads."""
    silent: str = ""
    """Why no machine may answer this requester; empty: it may."""
    claims: tuple[str, ...] = ()
    """Resolution events to record once the reply that says so has left."""
    assisted: bool = False
    """An approval by a person was part of it: priced on its own line."""
