"""One message made ready for reading: tokens, mentions, sentences, and which tokens a rule has explained so far."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence

from proofdesk.core.reading import Claim, Span
from proofdesk.language.reading.languages import Forms, Tongue, Tongues
from proofdesk.language.reading.mentions import Index, Mention
from proofdesk.language.reading.tokens import Token, base_form, paragraph_breaks, tokenise
from proofdesk.language.reading.words import RISK_CLASSES

_PAIR = re.compile(r"""["']?([\w /.-]+?)["']?\s*[:=]\s*(?:"([^"]*)"|'([^']*)'|([^,}]*))""")

STRONG_KINDS = (
    "act", "enum", "head", "value", "hinted_value", "rank", "pay", "original", "home", "same", "same_as", "count",
    "one_of",
)  # fmt: skip
"""What always could change a request, even where the word is otherwise harmless."""


class Document:
    def __init__(
        self,
        text: str,
        index: Index,
        ids: Mapping[str, tuple[str, str]],
        tongues: Tongues,
        claims: Sequence[Claim] = (),
    ) -> None:
        self.text = text
        self.tongues = tongues
        self.ids = ids
        self.tokens: list[Token] = tokenise(text, ids)
        self.at: dict[int, list[Mention]] = {}
        plain = self._sentences()
        chosen = tongues.of(self.tokens, plain)
        self.tongue = [tongue for (start, end), tongue in zip(plain, chosen, strict=True) for _ in range(start, end)]
        runs: list[tuple[int, int, Tongue]] = []
        for (start, end), tongue in zip(plain, chosen, strict=True):
            first = runs.pop()[0] if runs and runs[-1][2] is tongue else start
            runs.append((first, end, tongue))
        self.forms = Forms(self.tokens, runs, index)
        self.mentions = self.forms.mentions
        for mention in self.mentions:
            for place in mention.tokens():
                self.at.setdefault(place, []).append(mention)
        self.used: set[int] = set()
        self.aside: set[int] = set()
        """Tokens that tell a deadline or the like: explained, and nothing in them describes what is wanted."""
        self.claimed = {at for claim in claims if claim.kind != "order_id" for at in self.covered(claim.span)}
        self.sentences = self._sentences()

    @property
    def language(self) -> str:
        """The language most of the message is in."""
        codes = [tongue.code for tongue in self.tongue]
        return max(self.tongues.by_code, key=codes.count)

    def kinds(self, at: int) -> set[str]:
        return {mention.kind for mention in self.at.get(at, ())}

    def starting(self, at: int, *kinds: str) -> Mention | None:
        """The mention of one of `kinds` that begins at token `at`; earlier kinds first."""
        for kind in kinds:
            for mention in self.at.get(at, ()):
                if mention.kind == kind and mention.start == at:
                    return mention
        return None

    def use(self, places: Iterable[int]) -> None:
        self.used.update(places)

    def id_at(self, at: int) -> tuple[str, str] | None:
        token = self.tokens[at]
        return self.ids.get(token.base) if token.kind in ("id", "number") else None

    def span(self, start: int, end: int) -> Span:
        """Characters of tokens [start, end)."""
        return Span(start=self.tokens[start].start, end=self.tokens[max(start, end - 1)].end)

    def literal(self, at: int) -> dict[str, str]:
        """The pairs of a {key: value} token."""
        return {
            match[1].strip().casefold(): next((part for part in match.groups()[1:] if part is not None), "").strip()
            for match in _PAIR.finditer(self.tokens[at].text[1:-1])
        }

    def risk(self, at: int) -> str:
        """The class of risk token `at` carries, or "". Identifiers, numbers and the requester's own things count."""
        token = self.tokens[at]
        if token.kind in ("id", "number", "literal"):
            return token.kind
        kinds = self.kinds(at)
        for kind in STRONG_KINDS:
            if kind in kinds:
                return kind
        if "polite" in kinds or "filler" in kinds:
            return ""
        for kind in ("pay_context", *RISK_CLASSES):
            if kind in kinds:
                return kind
        for kind in ("status", "option"):
            if kind in kinds:
                return kind
        return "comparative" if token.kind == "word" and self._graded(at) else ""

    def _graded(self, at: int) -> bool:
        token = self.tokens[at]
        return (
            bool(endings := self.tongue[at].words.comparative_endings)
            and token.low.endswith(endings)
            and token.low != token.base
            and len(token.base) < len(token.low)
            and base_form(token.low) == token.base
            and token.low[:2] == token.base[:2]
        )

    def covered(self, span: Span | None) -> list[int]:
        """The tokens under `span`."""
        if span is None:
            return []
        return [at for at, token in enumerate(self.tokens) if token.start < span.end and span.start < token.end]

    def _sentences(self) -> list[tuple[int, int]]:
        cuts: set[int] = set()
        breaks = paragraph_breaks(self.text)
        for at, token in enumerate(self.tokens):
            if token.text in ".!?" or (token.text == ";" and self._act_follows(at + 1)):
                cuts.add(at + 1)
            while breaks and token.start > breaks[0]:
                breaks.pop(0)
                cuts.add(at)
        edges = sorted(cuts | {0, len(self.tokens)})
        return [(start, end) for start, end in itertools.pairwise(edges) if end > start]

    def _act_follows(self, start: int) -> bool:
        """Whether the part after a semicolon asks for something of its own."""
        for at in range(start, len(self.tokens)):
            if self.tokens[at].text in ".!?;":
                return False
            if self.starting(at, "act"):
                return True
        return False
