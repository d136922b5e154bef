"""Tables of questions and answers: one section per row."""

import csv
import io

from proofdesk.knowledge.ingest.values import Block, Unreadable

QUESTIONS = ("question", "frage", "pregunta")
ANSWERS = ("answer", "antwort", "réponse", "reponse", "respuesta")
GROUPS = ("category", "section", "topic")
MAX_FIELD_CHARS = 100_000


def read_faq(text: str) -> list[Block]:
    """Rows with a question and an answer column (category optional) as headings and texts. Raises Unreadable."""
    csv.field_size_limit(MAX_FIELD_CHARS)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in next(rows)]
        question, answer = _place(names, QUESTIONS), _place(names, ANSWERS)
        if question is None or answer is None:
            raise Unreadable("broken", f"line 1: needs a column question and a column answer, has {', '.join(names)}")
        group = _place(names, GROUPS)
        blocks: list[Block] = []
        above = ""
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(names):
                raise Unreadable("broken", f"line {rows.line_num}: {len(row)} cells under {len(names)} columns")
            if not row[question].strip() or not row[answer].strip():
                raise Unreadable("broken", f"line {rows.line_num}: question and answer must not be empty")
            if group is not None and row[group].strip() != above:
                above = row[group].strip()
                blocks.append(Block(1, above or "Other"))
            blocks += [Block(2, " ".join(row[question].split())), Block(0, row[answer].strip())]
    except StopIteration:
        raise Unreadable("empty", "holds no rows") from None
    except csv.Error as error:
        raise Unreadable("broken", f"line {rows.line_num}: {error}") from None
    return blocks


def _place(names: list[str], wanted: tuple[str, ...]) -> int | None:
    return next((place for place, name in enumerate(names) if name in wanted), None)
