"""HTML as a stream of texts and tags. Pure, linear, never raises: html.parser is quadratic on unclosed comments.

Comments, declarations and whatever is inside elements that a reader would not see are left out: it is where
instructions to machines hide. Callers hear of it by `Hidden`.
"""

import html
import re
from collections.abc import Callable, Iterator

import msgspec

MAX_TAG_CHARS = 4_000
_TAG_NAME = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|\shidden(?=[\s=/>]|$)", re.I
)
UNSEEN = frozenset(("head", "script", "style", "title", "template", "noscript", "object", "svg"))
BLOCKS = frozenset(
    ("address", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
     "header", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul", "article", "body")
)  # fmt: skip
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)


class Tag(msgspec.Struct, frozen=True):
    """`inside`: the raw attributes. `name` is lower case."""

    name: str
    closing: bool
    inside: str


class Hidden(msgspec.Struct, frozen=True):
    """An element left out with all it holds. `styled`: made invisible on purpose; False for head, script and such."""

    name: str
    styled: bool
    content: str


def hides(inside: str) -> bool:
    """Whether these attributes make an element invisible."""
    return _HIDDEN.search(inside) is not None


def scan(source: str, invisible: Callable[[str], bool] = hides) -> Iterator[str | Tag | Hidden]:
    """Texts (entities decoded), tags and what was left out, in order. `invisible` judges an element's attributes."""
    at, hidden = 0, _Hiding()
    while at < len(source):
        opening = source.find("<", at)
        end = opening if opening >= 0 else len(source)
        if end > at and not hidden.name:
            yield html.unescape(source[at:end])
        if opening < 0:
            break
        tag, at = _markup(source, opening)
        if hidden.name:
            if isinstance(tag, Tag) and (done := hidden.leaves(tag)):
                yield Hidden(done[0], done[1], source[hidden.start : opening])
        elif isinstance(tag, str):
            yield tag
        elif tag is not None:
            styled = invisible(tag.inside)
            if not tag.closing and tag.name not in _VOID and (styled or tag.name in UNSEEN):
                hidden.enter(tag.name, styled, at)
            else:
                yield tag
    if hidden.name:
        yield Hidden(hidden.name, hidden.styled, source[hidden.start :])


class _Hiding:
    """Hidden elements are counted by name, so that a stray close tag cannot reveal or swallow text."""

    def __init__(self) -> None:
        self.name, self.styled, self.depth, self.start = "", False, 0, 0

    def enter(self, name: str, styled: bool, start: int) -> None:
        self.name, self.styled, self.depth, self.start = name, styled, 1, start

    def leaves(self, tag: Tag) -> tuple[str, bool] | None:
        """What ended with this tag."""
        if tag.name != self.name or tag.inside.endswith("/"):
            return None
        self.depth += -1 if tag.closing else 1
        if self.depth > 0:
            return None
        done, self.name = (self.name, self.styled), ""
        return done


def _markup(source: str, at: int) -> tuple[Tag | str | None, int]:
    """What starts at `at` (None: a comment or declaration), and where the text goes on."""
    if source.startswith("<!--", at):
        end = source.find("-->", at + 4)
        return None, end + 3 if end >= 0 else len(source)
    name = _TAG_NAME.match(source, at + 1)
    end = source.find(">", at, at + MAX_TAG_CHARS)
    if end >= 0 and name is not None:
        return Tag(name[2].lower(), bool(name[1]), source[name.end() : end]), end + 1
    if end >= 0 and source[at + 1 : at + 2] in ("!", "?", "/"):
        return None, end + 1
    return "<", at + 1
