"""A procedure as the interpreter sees it: typed slots, compiled instructions, and the limits of one run.

`procedures/` loads these from YAML and is the only maker; nothing here parses. Jumps only go forward, so a run
is finite. Expressions are CEL source text; `Evaluate` is handed in by the shell.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from proofdesk.core.reading import SlotType

MAX_STEPS = 200
MAX_NESTING = 8
MAX_EXPRESSION_CHARS = 2_000
MAX_INSTRUCTIONS_PER_CALL = 1_000
MAX_TEXT_CHARS = 4_000

RESERVED_NAMES = frozenset({"slots", "requester", "now", "language", "authenticated_by", "read", "answer"})
"""Names expressions may use everywhere (`read` and `answer` where there is one); no step may define them."""

Kind = Literal["action", "information"]


class EvaluationError(msgspec.Struct, frozen=True, kw_only=True):
    """An expression that gave no value: a missing field, a wrong type, division by zero, the budget."""

    message: str


class Evaluate(Protocol):
    """Evaluate one CEL expression over plain JSON values; errors are values, never exceptions."""

    def __call__(self, expression: str, scope: Mapping[str, Any]) -> Any: ...


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: SlotType
    ask: str
    values: dict[str, tuple[str, ...]] = {}
    """Of an enum: value -> phrases that mean it."""
    of: str = ""
    """Of lines and line_changes: the order slot they belong to."""
    optional: bool = False
    stated: bool = False
    """Of a method: the requester must name it; the one that paid before is not assumed."""
    allow: tuple[str, ...] = ()
    """Of a method: the kinds possible, and "original" for the one that paid for the order; empty: every kind."""
    otherwise: str = ""
    """Of an enum: the value where a reason is told that none of the words names."""


class Understand(msgspec.Struct, frozen=True, kw_only=True):
    examples: tuple[str, ...]
    acts: tuple[str, ...] = ()
    serves: dict[str, tuple[str, ...]] = {}
    """Record kind -> statuses this procedure serves, e.g. {"order": ("pending",)}."""


class Constant(msgspec.Struct, frozen=True, kw_only=True, tag="constant"):
    value: Any


class Expression(msgspec.Struct, frozen=True, kw_only=True, tag="expression"):
    source: str


class ListOf(msgspec.Struct, frozen=True, kw_only=True, tag="list"):
    items: "tuple[Term, ...]"


class MapOf(msgspec.Struct, frozen=True, kw_only=True, tag="map"):
    fields: "dict[str, Term]"


Term = Constant | Expression | ListOf | MapOf


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """A value to compute and where it comes from.

    `sources`: "slot:NAME" (that slot's provenance), "record", "operator", "derived". `combined` is false only for
    a literal or one plain reference, whose provenance is kept as it is.
    """

    term: Term
    sources: tuple[str, ...] = ()
    combined: bool = False


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """`{expression|filter:argument}` inside a text; `argument` is an expression too."""

    expression: str
    filter: str = ""
    argument: str = ""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    parts: tuple[str | Hole, ...] = ()


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a step gives up. `target` is the reason, or the slot to ask about."""

    kind: Literal["refuse", "escalate", "ask"]
    target: str
    say: Text = Text()


class Call(msgspec.Struct, frozen=True, kw_only=True):
    capability: str
    args: dict[str, Argument] = {}


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    minor: Argument
    currency: Argument


class LookupStep(msgspec.Struct, frozen=True, kw_only=True, tag="lookup"):
    step: str
    call: Call
    save_as: str
    on_refused: Ending | None = None
    needs: tuple[str, ...] = ()


class RequireStep(msgspec.Struct, frozen=True, kw_only=True, tag="require"):
    step: str
    when: str
    otherwise: Ending
    needs: tuple[str, ...] = ()


class BranchStep(msgspec.Struct, frozen=True, kw_only=True, tag="branch"):
    """True goes on with the next instruction, false jumps to `otherwise`."""

    step: str
    when: str
    otherwise: int
    needs: tuple[str, ...] = ()


class JumpStep(msgspec.Struct, frozen=True, kw_only=True, tag="jump"):
    step: str
    to: int
    needs: tuple[str, ...] = ()


class SetStep(msgspec.Struct, frozen=True, kw_only=True, tag="set"):
    step: str
    values: dict[str, Argument]
    needs: tuple[str, ...] = ()


class ConfirmStep(msgspec.Struct, frozen=True, kw_only=True, tag="confirm"):
    step: str
    summary: Text
    declined: Text
    needs: tuple[str, ...] = ()
    """Also every slot of the acts this confirmation covers: nothing may be asked between yes and act."""


class ActStep(msgspec.Struct, frozen=True, kw_only=True, tag="act"):
    step: str
    call: Call
    amount: Amount | None = None
    read_back: Call | None = None
    expect: str = ""
    compensate: Call | None = None
    undo_read_back: Call | None = None
    """Shows whether the compensation took; without it `expect` must no longer hold."""
    undo_expect: str = ""
    needs: tuple[str, ...] = ()


class ReplyStep(msgspec.Struct, frozen=True, kw_only=True, tag="reply"):
    step: str
    text: Text
    needs: tuple[str, ...] = ()


class AskStep(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """Passed over when the slot has a value; makes an optional slot required on this path."""

    step: str
    ending: Ending
    needs: tuple[str, ...] = ()


class EndStep(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    step: str
    ending: Ending
    needs: tuple[str, ...] = ()


class CloseStep(msgspec.Struct, frozen=True, kw_only=True, tag="close"):
    step: str
    outcome: Literal["resolved", "informed"]
    needs: tuple[str, ...] = ()


Instruction = (
    LookupStep
    | RequireStep
    | BranchStep
    | JumpStep
    | SetStep
    | ConfirmStep
    | ActStep
    | ReplyStep
    | AskStep
    | EndStep
    | CloseStep
)


class Procedure(msgspec.Struct, frozen=True, kw_only=True):
    """A loaded, checked procedure. `procedure_hash`: SHA-256 (hex) of the RFC 8785 form of its document."""

    id: str
    version: int
    title: str
    kind: Kind
    procedure_hash: str
    understand: Understand
    slots: dict[str, Slot] = {}
    authenticate: tuple[str, ...] = ()
    instructions: tuple[Instruction, ...] = ()
