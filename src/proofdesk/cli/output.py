"""What commands print: readable text on stdout, errors on stderr, with --json one JSON object as the last line."""

import sys
from typing import Any, NoReturn

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

MAX_CELL_CHARS = 200


class UserError(Exception):
    """Wrong use or input: exit 2. The message says what, where and what to do."""


class CheckFailed(Exception):
    """The check was carried out and failed: exit 1. Everything was printed already."""


def console() -> Console:
    """Made at each use, so that redirected streams are honoured."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def say(text: str, end: str = "\n") -> None:
    """Plain text, never read as markup: it may come from a customer."""
    console().print(escape(_printable(text)), end=end)


def table(title: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    drawn = Table(title=escape(title), title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(escape(_printable(str(cell))[:MAX_CELL_CHARS]) for cell in row))
    Console(file=sys.stdout, highlight=False).print(drawn)


def print_json(value: Any) -> None:
    """One object on one line: the last line of stdout."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def fail(message: str) -> NoReturn:
    raise UserError(message)


def _printable(text: str) -> str:
    """Without control characters: a message must not move the cursor of whoever reads it."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text.replace("\t", "    "))
