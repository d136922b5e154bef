"""What an expression refers to, and the holes of a text. A scanner only: CEL itself parses and types."""

import re
from typing import NamedTuple

from proofdesk.core.procedure import Hole, Text

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
      | (?P<string>[rRbB]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''
          |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
      | (?P<number>(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)[uU]?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>&&|\|\||[=!<>]=|[-+*/%!<>?:.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_NOT_NAMES = frozenset({"true", "false", "null", "in"})
_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})


class Reference(NamedTuple):
    """A dotted name, e.g. ("order", "status"), and the characters it starts and ends at."""

    path: tuple[str, ...]
    start: int
    end: int
    in_has: bool = False


class Scan(NamedTuple):
    references: tuple[Reference, ...]
    bound: frozenset[str]
    """Names bound by all/exists/map/filter."""
    bad_at: int = -1
    """Offset of the first character no CEL token starts with, -1 where there is none."""


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


class TextFault(NamedTuple):
    offset: int
    message: str
    hint: str = ""


class PlacedHole(NamedTuple):
    hole: Hole
    offset: int
    argument_offset: int


def scan(expression: str) -> Scan:
    """All dotted names the expression reads, without functions, methods and names it binds itself."""
    tokens, bad_at = _tokens(expression)
    bound = frozenset(
        tokens[i + 2].text
        for i in range(len(tokens) - 3)
        if tokens[i].text in _MACROS and tokens[i + 1].text == "(" and tokens[i + 3].text == ","
    )
    found: list[Reference] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.kind != "word" or token.text in _NOT_NAMES or _is_member(tokens, index):
            index += 1
            continue
        first = index
        while index + 2 < len(tokens) and tokens[index + 1].text == "." and tokens[index + 2].kind == "word":
            index += 2
        last = index
        index += 1
        if index < len(tokens) and tokens[index].text == "(":
            last -= 2
        if last >= first and token.text not in bound:
            path = tuple(t.text for t in tokens[first : last + 1 : 2])
            end = tokens[last].start + len(tokens[last].text)
            in_has = first >= 2 and tokens[first - 1].text == "(" and tokens[first - 2].text == "has"
            found.append(Reference(path, token.start, end, in_has))
    return Scan(tuple(found), bound, bad_at)


def parse_text(text: str) -> tuple[Text, list[PlacedHole], list[TextFault]]:
    """Split a text into words and `{expression|filter:argument}` holes; `{{` and `}}` are braces."""
    parts: list[str | Hole] = []
    holes: list[PlacedHole] = []
    faults: list[TextFault] = []
    words = ""
    index = 0
    while index < len(text):
        char = text[index]
        if text[index : index + 2] in ("{{", "}}"):
            words += char
            index += 2
        elif char == "{":
            end = _closing(text, index)
            if end < 0:
                faults.append(TextFault(index, "this { is never closed", "write {{ for a brace in the text"))
                break
            if words:
                parts.append(words)
                words = ""
            placed = _hole(text[index + 1 : end], index + 1)
            parts.append(placed.hole)
            holes.append(placed)
            index = end + 1
        elif char == "}":
            faults.append(TextFault(index, "this } closes nothing", "write }} for a brace in the text"))
            index += 1
        else:
            words += char
            index += 1
    if words:
        parts.append(words)
    return Text(parts=tuple(parts)), holes, faults


def _tokens(expression: str) -> tuple[list[_Token], int]:
    tokens: list[_Token] = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            return tokens, position
        if match.lastgroup != "space":
            tokens.append(_Token(str(match.lastgroup), match.group(), position))
        position = match.end()
    return tokens, -1


def _is_member(tokens: list[_Token], index: int) -> bool:
    """Whether the word is a field or method of what stands before it, not a name of its own."""
    if index == 0 or tokens[index - 1].text != ".":
        return False
    before = tokens[index - 2] if index >= 2 else None
    return before is not None and (before.kind in ("word", "string", "number") or before.text in (")", "]", "}"))


def _closing(text: str, opening: int) -> int:
    """Index of the } that ends the hole opened at `opening`, braces and strings inside skipped; -1 if none."""
    depth, index, quote = 0, opening, ""
    while index < len(text):
        char = text[index]
        if quote:
            if char == "\\":
                index += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "{}":
            depth += 1 if char == "{" else -1
            if depth == 0:
                return index
        index += 1
    return -1


def _hole(inside: str, offset: int) -> PlacedHole:
    bar = _single_bar(inside)
    expression = inside if bar < 0 else inside[:bar]
    rest = "" if bar < 0 else inside[bar + 1 :]
    name, _, argument = rest.partition(":")
    lead = len(expression) - len(expression.lstrip())
    argument_offset = offset + bar + 1 + len(name) + 1 if argument else offset
    hole = Hole(expression=expression.strip(), filter=name.strip() if bar >= 0 else "", argument=argument.strip())
    return PlacedHole(hole, offset + lead, argument_offset)


def _single_bar(inside: str) -> int:
    index, quote = 0, ""
    while index < len(inside):
        char = inside[index]
        if quote:
            if char == "\\":
                index += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif inside[index : index + 2] == "||":
            index += 1
        elif char == "|":
            return index
        index += 1
    return -1
