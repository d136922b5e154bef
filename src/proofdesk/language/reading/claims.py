"""Who a message says it is from: e-mail addresses, names, postcodes, requester ids, order ids. All unproven."""

import re

from proofdesk.core.reading import Claim, Span
from proofdesk.language.reading.languages import Tongues

MAX_CLAIMS = 20

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NAME = (
    r"([^\W\d_a-z][^\W\d_]*(?:['’-][^\W\d_]+)*(?:[ \t]+(?:[^\W\d_a-z]\.|[^\W\d_a-z][^\W\d_]*(?:['’-][^\W\d_]+)*)){1,3})"
)
_SIGNATURE = re.compile(rf"(?:\A|\n)[ \t]*{_NAME}[ \t]*(?=\n|\Z)")
_LITERAL = re.compile(r"\{[^{}]*\}")
_POSTCODE = r"(\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4,6}(?:-\d{3})?)"
_LONE_POSTCODE = re.compile(r"(?<![\w#.-])(\d{5})(?![\w-])")
_REQUESTER = re.compile(r"(?<![\w@.])([a-z][a-z0-9]*(?:_[a-z0-9]+)*_\d{2,})(?![\w@])")
_ORDER_HASH = re.compile(r"(?<!\w)#(\w*\d\w*(?:-\w+)*)")
_CODE = re.compile(r"(?<!\w)(?:code)\D{0,12}(\d{6})(?!\d)", re.IGNORECASE)


def find_claims(text: str, tongues: Tongues) -> tuple[Claim, ...]:
    """Every claim in order of appearance; what stands inside {literals} is the content of a request, not a claim."""
    plain = _LITERAL.sub(lambda match: " " * len(match.group()), text)
    found: dict[tuple[str, str], Claim] = {}

    def claim(kind: str, match: re.Match[str], group: int) -> None:
        value = " ".join(match.group(group).split()).rstrip(".")
        span = Span(start=match.start(group), end=match.start(group) + len(match.group(group).rstrip(".")))
        found.setdefault((kind, value), Claim(kind=kind, value=value, span=span))  # type: ignore[arg-type]

    for match in _EMAIL.finditer(plain):
        claim("email", match, 0)
    for match in re.finditer(rf"(?<!\w)(?i:{_any(tongues.cues('name'))})[\s:,]+{_NAME}", plain):
        claim("name", match, 1)
    for match in _SIGNATURE.finditer(plain):
        claim("name", match, 1)
    for match in re.finditer(
        rf"(?<!\w)(?i:{_any(tongues.cues('postcode'))})(?:\s+is|\s+of|\s*:)?\s+{_POSTCODE}(?!\w)", plain
    ):
        claim("postcode", match, 1)
    for match in _LONE_POSTCODE.finditer(plain):
        claim("postcode", match, 1)
    for match in _REQUESTER.finditer(plain):
        claim("requester_id", match, 1)
    for match in _ORDER_HASH.finditer(plain):
        claim("order_id", match, 0)
    for match in re.finditer(
        rf"(?<!\w)(?i:{_any(tongues.cues('order_id'))})(?:\s+is|\s*:)?\s+#?((?:[A-Za-z]{{1,6}}-)?\w*\d{{3,}}\w*(?:-\w+)*)",
        plain,
    ):
        if f"#{match.group(1)}" not in {value for _, value in found}:
            claim("order_id", match, 1)
    for match in _CODE.finditer(plain):
        claim("code", match, 1)
    ordered = sorted(found.values(), key=lambda one: one.span.start if one.span else 0)
    return tuple(ordered[:MAX_CLAIMS])


def _any(cues: tuple[str, ...]) -> str:
    return "|".join(re.escape(cue) for cue in sorted(cues, key=len, reverse=True))
