"""What a flow answers when it does not do what it was asked: an expected outcome, so a value."""

from typing import Literal

import msgspec


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag="refusal"):
    """`message` says what to do instead; `field` names the input at fault where there is one."""

    code: Literal["not_found", "conflict", "forbidden", "invalid"]
    message: str
    field: str = ""
