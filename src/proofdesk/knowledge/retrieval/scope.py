"""Who asks, and whether a text may be used for them. The database enforces the same; here it keeps what would be
refused from taking a place among the candidates."""

from datetime import date

import msgspec

from proofdesk.core.knowledge import Audience, Scope


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Empty fields ask for nothing: a reader without a region gets the texts of all regions."""

    audience: Audience = "internal"
    """`public`: a customer, who sees public texts only. `internal`: our own deciding, which may read both."""
    today: date | None = None
    language: str = ""
    region: str = ""
    tier: str = ""


def admits(scope: Scope, reader: Reader) -> bool:
    if reader.audience == "public" and scope.audience != "public":
        return False
    if reader.today is not None:
        early = scope.valid_from is not None and reader.today < scope.valid_from
        late = scope.valid_to is not None and reader.today > scope.valid_to
        if early or late:
            return False
    return (
        (not reader.language or not scope.language or reader.language == scope.language)
        and (not reader.region or not scope.region or reader.region in scope.region)
        and (not reader.tier or not scope.tier or reader.tier in scope.tier)
    )
