"""`redact`: personal data out of the texts of a file, measured where the true spans are given."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec
import typer

from proofdesk.cli.output import fail, print_json, say
from proofdesk.cli.running import Json
from proofdesk.language.pii import Kind, KnownEntity, PiiSpan
from proofdesk.language.pii import redact as redact_text

MAX_LINES = 1_000_000


OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "CARD": ("CREDIT_CARD", "CREDIT_CARD_NUMBER", "CARD_NUMBER", "PAN"),
    "CVV": ("CREDIT_CARD_CVV", "CVC"),
    "IBAN": ("IBAN_CODE",),
    "BANK_ACCOUNT": ("BANK_ACCOUNT_NUMBER", "US_BANK_NUMBER", "ACCOUNT_NUMBER"),
    "EMAIL": ("EMAIL_ADDRESS", "E_MAIL"),
    "PHONE": ("PHONE_NUMBER", "TELEPHONE", "TELEPHONE_NUMBER"),
    "SSN": ("US_SSN", "SOCIAL_SECURITY_NUMBER"),
    "NATIONAL_ID": ("NATIONAL_ID_NUMBER", "ID_NUMBER", "TAX_ID", "US_ITIN", "UK_NINO", "UK_NHS", "ES_NIF", "ES_NIE",
                    "IT_FISCAL_CODE", "PL_PESEL", "FI_PERSONAL_IDENTITY_CODE", "IN_PAN", "IN_AADHAAR", "SG_NRIC_FIN",
                    "AU_TFN", "DE_TAX_ID", "NL_BSN", "BR_CPF", "FR_NIR", "PT_NIF", "SE_PERSONNUMMER", "BE_NN",
                    "CH_AHV"),
    "IP": ("IP_ADDRESS", "IPV4", "IPV6", "IPV4_ADDRESS", "IPV6_ADDRESS"),
    "MAC": ("MAC_ADDRESS",),
    "ADDRESS": ("STREET_ADDRESS",),
    "POSTCODE": ("ZIP_CODE", "POSTAL_CODE", "ZIPCODE"),
    "LICENCE": ("US_DRIVER_LICENSE", "DRIVER_LICENSE", "DRIVING_LICENCE"),
    "PASSPORT": ("US_PASSPORT", "PASSPORT_NUMBER"),
    "URL": ("DOMAIN_NAME",),
    "SECRET": ("API_KEY", "PASSWORD", "TOKEN", "CREDENTIAL"),
    "CRYPTO": ("CRYPTO_ADDRESS", "BITCOIN_ADDRESS"),
    "BIRTH_DATE": ("DATE_OF_BIRTH", "DOB"),
}  # fmt: skip
"""What others call our kinds. Scores are shown under the names the input uses."""
_OURS = {name: kind for kind in get_args(Kind) for name in (kind, *OTHER_NAMES.get(kind, ()))}
_ALSO_RIGHT = {"BIRTH_DATE": frozenset({"DATE_TIME", "DATE"})}
"""A wider type of the input that a find of ours may stand for: found rightly, though that type is not looked for."""


class TrueSpan(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: ours or another's name for it (OTHER_NAMES); other types are counted, and found only by chance."""

    start: int
    end: int
    kind: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the input: {"text", "known"?: [{"value", "kind"}], "spans"?: […]}; a span is
    {"start", "end", "kind"} (or "type") or [start, end, type], in characters."""

    text: str
    known: tuple[KnownEntity, ...] = ()
    spans: tuple[dict[str, Any] | tuple[int, int, str], ...] | None = None

    def true_spans(self) -> tuple[TrueSpan, ...] | None:
        """Raises ValueError naming the span that is none."""
        return None if self.spans is None else tuple(_true_span(number, span) for number, span in enumerate(self.spans))


def _true_span(number: int, span: dict[str, Any] | tuple[int, int, str]) -> TrueSpan:
    if not isinstance(span, dict):
        start, end, kind = span
        return TrueSpan(start=start, end=end, kind=kind)
    given = {**span, "kind": span.get("kind") or span.get("type") or span.get("entity_type")}
    try:
        return msgspec.convert(given, TrueSpan)
    except msgspec.ValidationError as error:
        raise ValueError(f"spans[{number}]: {error}; write start, end and kind") from error


def redact(
    source: Annotated[Path, typer.Option("--in", help="JSON lines with `text`, or plain text, one text a line.")],
    out: Annotated[Path, typer.Option("--out", help="The redacted texts: JSON lines with `text` and `spans`.")],
    json: Json = False,
) -> None:
    """Replace personal data by tokens; recall and precision are measured where the input gives the true spans.

    Times are processor time for each text, in milliseconds: other programs on the machine do not count.
    """
    spans: Counter[str] = Counter()
    score = _Score()
    took_ms: list[float] = []
    with out.open("wb") as target:
        for number, line in _lines(source):
            try:
                true = line.true_spans()
                began = time.thread_time_ns()
                done = redact_text(line.text, line.known)
            except ValueError as error:
                fail(f"{source}:{number}: {error}")
            took_ms.append((time.thread_time_ns() - began) / 1e6)
            spans.update(span.kind for span in done.spans)
            if true is not None:
                score.add(true, done.spans)
            shown = [{"start": s.start, "end": s.end, "kind": s.kind, "token": s.token} for s in done.spans]
            target.write(msgspec.json.encode({"text": done.text, "spans": shown}) + b"\n")
    result: dict[str, Any] = {"texts": len(took_ms), "spans": dict(sorted(spans.items()))}
    if score.given:
        result |= {"recall": score.recall(), "precision": score.precision()}
    result |= {"p50_ms": _percentile(took_ms, 50), "p99_ms": _percentile(took_ms, 99)}
    if json:
        print_json(result)
    else:
        say(f"{out}: {result['texts']} texts, {sum(spans.values())} spans: {result['spans']}")


class _Score:
    """A true span is found when one of ours of the same type covers more than half of it; one of ours is right when
    more than half of it, or of a true span of its type, is shared."""

    def __init__(self) -> None:
        self.given = False
        self._names: dict[str, str] = {}
        self._true: Counter[str] = Counter()
        self._hit: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        self._right: Counter[str] = Counter()

    def add(self, true: Sequence[TrueSpan], found: Sequence[PiiSpan]) -> None:
        self.given = True
        for wanted in true:
            kind = _OURS.get(wanted.kind.upper(), "")
            self._names.setdefault(kind, wanted.kind)
            self._true[wanted.kind] += 1
            self._hit[wanted.kind] += any(one.kind == kind and _shared(one, wanted) > 0.5 for one in found)
        for one in found:
            self._found[one.kind] += 1
            self._right[one.kind] += any(_same_type(one, wanted) and _touch(one, wanted) for wanted in true)

    def recall(self) -> dict[str, float]:
        return {kind: round(self._hit[kind] / n, 4) for kind, n in sorted(self._true.items())}

    def precision(self) -> dict[str, float]:
        return {self._names.get(kind, kind): round(self._right[kind] / n, 4) for kind, n in sorted(self._found.items())}


def _same_type(one: PiiSpan, wanted: TrueSpan) -> bool:
    name = wanted.kind.upper()
    return _OURS.get(name) == one.kind or name in _ALSO_RIGHT.get(one.kind, ())


def _shared(one: PiiSpan | TrueSpan, whole: PiiSpan | TrueSpan) -> float:
    """The part of `whole` that `one` covers, 0 to 1."""
    return max(0, min(one.end, whole.end) - max(one.start, whole.start)) / max(1, whole.end - whole.start)


def _touch(one: PiiSpan, wanted: TrueSpan) -> bool:
    return _shared(one, wanted) > 0.5 or _shared(wanted, one) > 0.5


def _lines(source: Path) -> Iterator[tuple[int, Line]]:
    with source.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            if number > MAX_LINES:
                fail(f"{source}: more than {MAX_LINES} lines")
            if not raw.strip():
                continue
            try:
                if raw.lstrip().startswith(b"{"):
                    yield number, msgspec.json.decode(raw, type=Line)
                else:
                    yield number, Line(text=raw.decode().rstrip("\r\n"))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                fail(f"{source}:{number}: {error}")


def _percentile(values: list[float], percent: int) -> float:
    """Nearest rank; 0 for no values."""
    ordered = sorted(values)
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], 4) if ordered else 0.0
