"""`topics`: what the texts of a file are about, measured where the file gives labels."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from proofdesk.cli.output import fail, print_json, say, table
from proofdesk.cli.running import Json

if TYPE_CHECKING:
    from proofdesk.language.topics import Topics

MAX_SHOWN = 40


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the input: {"text", "id"?, "intent"?}; other fields are ignored."""

    text: str
    id: str | None = None
    intent: str | None = None


def topics(
    source: Annotated[Path, typer.Option("--in", help="JSON lines with `text`, and `id` and `intent` where known.")],
    out: Annotated[Path, typer.Option("--out", help="One JSON line a text: `id`, `topic` (or null), `score`.")],
    json: Json = False,
) -> None:
    """Group texts into topics without labels; accuracy, nmi and ari where every line gives its `intent`."""
    from proofdesk.language.topics import UNASSIGNED, TooManyRows, discover, find_vectors

    lines = list(_lines(source))
    texts = [line.text for line in lines]
    vectors, notice = find_vectors(texts)
    try:
        found = discover(texts, vectors)
    except TooManyRows as error:
        fail(f"{source}: {error}")
    with out.open("wb") as target:
        for number, (line, label, score) in enumerate(zip(lines, found.labels, found.scores, strict=True)):
            topic = None if label == UNASSIGNED else label
            row = {"id": line.id or str(number), "topic": topic, "score": score}
            target.write(msgspec.json.encode(row) + b"\n")
    result = _result(lines, found) | ({"notice": notice} if notice else {})
    if json:
        print_json(result)
        return
    if notice:
        say(notice)
    shown = [(i, t.size, t.name) for i, t in enumerate(found.topics[:MAX_SHOWN])]
    table(f"{out}: {result['assigned']} texts in {len(found.topics)} topics", ("topic", "texts", "name"), list(shown))
    say(", ".join(f"{key} {result[key]}" for key in ("unassigned", "accuracy", "nmi", "ari") if key in result))


def _result(lines: list[Line], found: "Topics") -> dict[str, Any]:
    from proofdesk.language.topics import UNASSIGNED, agreement

    assigned = sum(label != UNASSIGNED for label in found.labels)
    result: dict[str, Any] = {
        "topics": [{"topic": i, "name": t.name, "terms": t.terms, "size": t.size} for i, t in enumerate(found.topics)],
        "assigned": assigned,
        "unassigned": len(lines) - assigned,
    }
    truth = [line.intent for line in lines]
    if lines and None not in truth:
        measured = agreement(truth, found.labels)
        result |= {key: round(value, 4) for key, value in msgspec.structs.asdict(measured).items()}
    return result


def _lines(source: Path) -> Iterator[Line]:
    from proofdesk.language.topics import MAX_ROWS

    if not source.is_file():
        fail(f"{source}: no such file")
    with source.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            if number > MAX_ROWS:
                fail(f"{source}:{number}: more than {MAX_ROWS} lines; take fewer days at once")
            if not raw.strip():
                continue
            try:
                yield msgspec.json.decode(raw, type=Line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                fail(f"{source}:{number}: {error}; a line is a JSON object with `text`")
