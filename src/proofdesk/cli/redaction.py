"""`redact`: personal data out of the texts of a file, measured where the true spans are given."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from proofdesk.cli.output import fail, print_json, say
from proofdesk.cli.running import Json
from proofdesk.language.pii import KnownEntity
from proofdesk.language.pii import redact as redact_text

MAX_LINES = 1_000_000


class TrueSpan(msgspec.Struct, frozen=True, kw_only=True):
    start: int
    end: int
    kind: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the input: {"text", "known"?: [{"value", "kind"}], "spans"?: [{"start", "end", "kind"}]}."""

    text: str
    known: tuple[KnownEntity, ...] = ()
    spans: tuple[TrueSpan, ...] | None = None


def redact(
    source: Annotated[Path, typer.Option("--in", help="JSON lines with `text`, or plain text, one text a line.")],
    out: Annotated[Path, typer.Option("--out", help="The redacted texts: JSON lines with `text` and `spans`.")],
    json: Json = False,
) -> None:
    """Replace personal data by tokens; recall and precision are measured where the input gives the true spans."""
    spans: Counter[str] = Counter()
    score = _Score()
    took_ms: list[float] = []
    with out.open("wb") as target:
        for number, line in _lines(source):
            began = time.perf_counter_ns()
            try:
                done = redact_text(line.text, line.known)
            except ValueError as error:
                fail(f"{source}:{number}: {error}")
            took_ms.append((time.perf_counter_ns() - began) / 1e6)
            spans.update(span.kind for span in done.spans)
            if line.spans is not None:
                found = {(span.start, span.end, span.kind) for span in done.spans}
                score.add({(span.start, span.end, span.kind) for span in line.spans}, found)
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
    """A true span counts as found when a span of the same type overlaps it; a found one is right likewise."""

    def __init__(self) -> None:
        self.given = False
        self._true: Counter[str] = Counter()
        self._hit: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        self._right: Counter[str] = Counter()

    def add(self, true: set[tuple[int, int, Any]], found: set[tuple[int, int, Any]]) -> None:
        self.given = True
        for one, other, total, good in ((true, found, self._true, self._hit), (found, true, self._found, self._right)):
            for start, end, kind in one:
                total[kind] += 1
                good[kind] += any(kind == k and start < e and s < end for s, e, k in other)

    def recall(self) -> dict[str, float]:
        return {kind: self._hit[kind] / n for kind, n in sorted(self._true.items())}

    def precision(self) -> dict[str, float]:
        return {kind: self._right[kind] / n for kind, n in sorted(self._found.items())}


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
