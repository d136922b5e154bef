"""Rows of texts in JSON lines, read with the place of every fault, and predictions written line by line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from proofdesk.cli.output import fail

if TYPE_CHECKING:
    from proofdesk.language.intents import LabelledText, StackedIntentModel

OOS = "oos"
MAX_LINES = 200_000
MAX_TEXT_CHARS = 100_000
AT_ONCE = 2_000


class _Line(msgspec.Struct, frozen=True):
    text: str
    intent: str | None = None
    id: str | int | None = None


class Texts(msgspec.Struct, frozen=True):
    """`inside`: rows with an intent, `outside`: texts labelled as of none; of unlabelled rows `lines` alone."""

    inside: list["LabelledText"]
    outside: list[str]
    lines: list[_Line]

    def texts(self) -> list[str]:
        return [line.text for line in self.lines]


def read_texts(path: Path, *, labelled: bool) -> Texts:
    """Every line checked; a fault ends with exit 2 naming file, line and field."""
    from proofdesk.language.intents import LabelledText

    found = Texts([], [], [])
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            if not raw.strip():
                continue
            line = _checked(path, number, raw, labelled=labelled)
            found.lines.append(line)
            if line.intent == OOS:
                found.outside.append(line.text)
            elif line.intent is not None:
                found.inside.append(LabelledText(text=line.text, intent=line.intent))
    if not found.lines:
        fail(f"{path}: no rows")
    return found


def _checked(path: Path, number: int, raw: bytes, *, labelled: bool) -> _Line:
    if number > MAX_LINES:
        fail(f"{path}: more than {MAX_LINES} lines")
    try:
        line = msgspec.json.decode(raw, type=_Line)
    except msgspec.DecodeError as error:
        fail(f"{path}:{number}: {error}")
    if len(line.text) > MAX_TEXT_CHARS:
        fail(f"{path}:{number}: field text: longer than {MAX_TEXT_CHARS} characters")
    if labelled and not line.text.strip():
        fail(f"{path}:{number}: field text: empty")
    if labelled and not (line.intent or "").strip():
        fail(f'{path}:{number}: field intent: missing; give the intent, or "{OOS}" for a text of none')
    return line


def predictions(model: "StackedIntentModel", given: Texts, shown: int) -> Iterator[dict[str, Any]]:
    """One object per text, in order. `encoding` says whether the text was encoded in a batch or by itself."""
    from proofdesk.language.intents.assess import accepted, exactly
    from proofdesk.language.intents.calibration import tempered
    from proofdesk.language.intents.explain import Explainer

    explainer = Explainer(model)
    for start in range(0, len(given.lines), AT_ONCE):
        lines = given.lines[start : start + AT_ONCE]
        found, singly = exactly(model, [line.text for line in lines])
        taken = accepted(model, found)
        for row, line in enumerate(lines):
            chance = tempered(found.logits[row], float(found.confidence[row]))
            order = sorted(range(len(chance)), key=lambda i: (-chance[i], model.intents[i]))[:shown]
            best = int(found.best[row])
            other = next(i for i in order if i != best)
            phrases = explainer.phrases(line.text, best, other)
            yield ({"id": line.id} if line.id is not None else {}) | {
                "intent": model.intents[best],
                "confidence": round(float(found.confidence[row]), 6),
                "top5": [{"intent": model.intents[i], "score": round(float(chance[i]), 6)} for i in order],
                "oos_score": float(_outside(float(found.odds[row]))),
                "accepted": bool(taken[row]),
                "phrases": msgspec.to_builtins(phrases),
                "second_reading": bool(found.again[row]),
                "encoding": "single" if singly[row] else "batch",
            }


def _outside(odds: float) -> float:
    """P(out of scope) from the log-odds of in scope."""
    from math import exp

    return 1.0 / (1.0 + exp(max(-40.0, min(40.0, odds))))


@contextmanager
def write_lines(path: Path) -> Iterator[BinaryIO]:
    """A file that appears only when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as target:
            yield target
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
