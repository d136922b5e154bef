"""What flows need from the rooms, as Protocols. Rooms implement them; nothing here does input or output."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from proofdesk.core.policy import ActionRequest, Verdict
from proofdesk.core.reading import Claim, Hint, Reading, Span
from proofdesk.core.records import Records

IdempotencyClass = Literal["A", "B", "C", "D"]
"""A native key, B upsert by external key, C look up before write, D none: one attempt, then reconcile."""


class ConnectorError(Exception):
    """A call that did not give an answer.

    `permanent`: repeating it as it is cannot help. `uncertain`: the other side may have carried it out.
    """

    def __init__(self, message: str, *, permanent: bool, uncertain: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.uncertain = uncertain
        self.retry_after_s = retry_after_s


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the other system answered. `version` is its ETag or version, empty where it has none."""

    value: Any
    status: int = 200
    version: str = ""
    operation: str = ""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The other system understood the call and said no (4xx): nothing was written."""

    code: str
    message: str
    status: int = 400


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a connected system can do, with the least scope it needs. Schemas are JSON Schema documents."""

    name: str
    connector: str
    operation: str
    scope: str
    writes: bool
    idempotency: IdempotencyClass = "D"
    timeout_s: float = 0.0
    """How long one attempt may wait for its answer: so long at least a lost one may still be under way."""
    input_schema: dict[str, Any] = {}
    output_schema: dict[str, Any] = {}


class BackOffice(Protocol):
    """All capabilities of one tenant's connected systems behind one door."""

    def capabilities(self) -> Mapping[str, Capability]: ...

    async def call(self, capability: str, args: Mapping[str, Any], *, key: str = "") -> Answer | Refused:
        """Carry out `capability` once. `key` is the effect's idempotency key (required when it writes).

        Raises ConnectorError when no answer came. Retries only what is safe to repeat.
        """
        ...


class OutgoingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A reply on its way out. `key` is stable over repeats; e-mail derives its Message-ID from it."""

    key: str
    to: str
    subject: str
    text: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()


class Channel(Protocol):
    name: str

    async def send(self, message: OutgoingMessage) -> str:
        """Deliver and give the channel's own id. Raises ConnectorError."""
        ...


class PolicyGate(Protocol):
    policy_hash: str

    def judge(self, request: ActionRequest) -> Verdict: ...


class IntentScore(msgspec.Struct, frozen=True, kw_only=True):
    intent: str
    score_ppm: int


class Triage(msgspec.Struct, frozen=True, kw_only=True):
    """The model's view of one text, integer-quantised so that a decision over it replays exactly."""

    scores: tuple[IntentScore, ...]
    """Best first, calibrated probabilities in parts per million."""
    in_scope_ppm: int
    model_hash: str


class SegmentScore(Protocol):
    """One clause of a ticket, judged by itself."""

    @property
    def span(self) -> Span: ...

    @property
    def triage(self) -> Triage: ...


class IntentModel(Protocol):
    @property
    def model_hash(self) -> str: ...

    def triage(self, text: str) -> Triage: ...

    def triage_segments(self, text: str) -> Sequence[SegmentScore]:
        """Each clause judged by itself: a ticket may hold several intents."""
        ...


class RequestReader(Protocol):
    def claims(self, text: str) -> tuple[Claim, ...]:
        """Who the message says it is from. Needs no records."""
        ...

    def read(self, text: str, records: Records, answers: Sequence[str] = (), hints: Sequence[Hint] = ()) -> Reading:
        """The requests in `text`, resolved against the requester's own records.

        `hints`: what the intent model takes a passage for; used only where the rules find no request at all.
        `answers`: later messages of the requester, oldest first, each an answer to a question asked.
        """
        ...
