"""What kind of matter a ticket is: it decides the severity class where no grave sign does."""

from typing import Final, Literal, get_args

import msgspec

IssueTypeName = Literal["question", "request", "incident", "bug", "feature_request", "complaint"]
ISSUE_TYPES: Final[tuple[IssueTypeName, ...]] = get_args(IssueTypeName)


class IssueType(msgspec.Struct, frozen=True, kw_only=True):
    """`ppm`: share of the weights found that speak for it, in parts per million; a frequency only if `calibrated`.
    `signs`: the phrases it rests on; without any it is a request, the commonest kind."""

    name: IssueTypeName
    ppm: int
    calibrated: bool = False
    signs: tuple[str, ...] = ()
