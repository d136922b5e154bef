"""Marks what the tokens of a message mention: ids, products, option values, acts, reasons, and function words."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from proofdesk.language.reading.tokens import Token, base_form, is_matter, known_word, phrase, tokenise

MAX_GAP = 6
"""Words that may stand between the first word of an act and each next one."""
MIN_TYPO_LENGTH = 5
STORY_KINDS = frozenset({"state", "subject", "wish", "others", "pleased", "softener"})


class Entry(msgspec.Struct, frozen=True):
    words: tuple[str, ...]
    kind: str
    payload: Any = None
    exact: str = ""
    """Where set, the surface must be written exactly so (single letters are too easily something else)."""
    surface: bool = False
    """Compared as written, not by base form: the base forms are English ones, and "nos" is no "no"."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens [start, end) mean `payload` as `kind`. `spread`: the tokens of an act with words in between."""

    kind: str
    start: int
    end: int
    payload: Any = None
    spread: tuple[int, ...] = ()

    def tokens(self) -> Sequence[int]:
        return self.spread or range(self.start, self.end)

    def moved(self, by: int) -> "Mention":
        if not by:
            return self
        spread = tuple(at + by for at in self.spread)
        return msgspec.structs.replace(self, start=self.start + by, end=self.end + by, spread=spread)


class Index:
    """Entries by their first word, on top of those of `base`."""

    def __init__(self, entries: Iterable[Entry] = (), base: "Index | None" = None) -> None:
        self.base = base
        self.by_first: dict[str, list[Entry]] = {}
        self.words: set[str] = set()
        self.targets: set[str] = set()
        """What a slip may be repaired to: not the words that only mark a story, with which no request is made."""
        self.choices: list[str] | None = None
        """The targets long enough to be meant by a slip, listed when first needed."""
        for entry in entries:
            if entry.words:
                self.by_first.setdefault(entry.words[0], []).append(entry)
                self.words.update(entry.words)
                if entry.kind not in STORY_KINDS:
                    self.targets.update(entry.words)

    def on(self, base: "Index") -> "Index":
        """The same entries on top of another base."""
        moved = Index(base=base)
        moved.by_first, moved.words, moved.targets = self.by_first, self.words, self.targets
        return moved

    def starting(self, word: str) -> list[Entry]:
        found = self.by_first.get(word, [])
        return found + self.base.starting(word) if self.base else found

    def has(self, word: str) -> bool:
        return word in self.words or bool(self.base and self.base.has(word))

    def near(self, word: str) -> set[str]:
        """The words of the index that `word` may be a slip of."""
        allowed = 1 if len(word) < 9 else 2
        best: list[str] = []
        index: Index | None = self
        while index:
            if index.choices is None:
                index.choices = sorted(known for known in index.targets if len(known) >= MIN_TYPO_LENGTH - 1)
            found = process.extract(
                word, index.choices, scorer=DamerauLevenshtein.distance, score_cutoff=allowed, limit=None
            )
            best += [known for known, _, _ in found]
            index = index.base
        return set(best)


def surfaces(entries: Iterable[str], kind: str, payload: Any = None) -> list[Entry]:
    """Phrases that keep their surface words: "cancelled" must not ask to cancel, and an "order" is no "ordered".

    A word that ends in an apostrophe ("dell'") stands for itself.
    """
    found = []
    for text in entries:
        cut = text.endswith("'") and " " not in text
        words = (text,) if cut else tuple(token.low for token in tokenise(text) if is_matter(token))
        found.append(Entry(words, kind, payload, surface=True))
    return found


def phrases(entries: Iterable[str], kind: str, payload: Any = None) -> list[Entry]:
    return [Entry(words, kind, payload) for text in entries if (words := phrase(text))]


class Words:
    """The comparable word of each token, typing slips repaired towards the index only."""

    def __init__(self, tokens: Sequence[Token], index: Index, language: str = "en") -> None:
        self.base: list[str] = []
        self.low: list[str] = []
        self.repaired: set[int] = set()
        self.doubtful: set[int] = set()
        """Unknown words that may be slips of several known ones."""
        for at, token in enumerate(tokens):
            base, low = token.base, token.low
            if (
                token.kind == "word"
                and len(low) >= MIN_TYPO_LENGTH
                and not index.has(base)
                and not index.has(low)
                and not known_word(low, language)
                and not _is_name(tokens, at)
                and (near := index.near(low) or index.near(base))
            ):
                if len(near) == 1:
                    low = near.pop()
                    base = base_form(low)
                    self.repaired.add(at)
                else:
                    self.doubtful.add(at)
            self.base.append(base)
            self.low.append(low)


def _is_name(tokens: Sequence[Token], at: int) -> bool:
    """A capitalised word beside another one in mid sentence is left alone: people and places."""
    token = tokens[at]
    if not token.text[0].isupper() or token.text.isupper():
        return False
    before = tokens[at - 1] if at else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    return any(near is not None and near.kind == "word" and near.text[0].isupper() for near in (before, after))


def find_mentions(tokens: Sequence[Token], words: Words, index: Index) -> list[Mention]:
    """Non-overlapping mentions, the longest first at each place; act phrases may enclose others."""
    matter = [at for at, token in enumerate(tokens) if is_matter(token)]
    place = {at: i for i, at in enumerate(matter)}
    found = [m for at in matter if (m := _act_at(tokens, words, index, at)) is not None]
    taken = {at for mention in found for at in mention.tokens()}
    i = 0
    while i < len(matter):
        at = matter[i]
        if at in taken:
            i += 1
            continue
        mentions = _longest(tokens, words, index, matter[i:], taken)
        found.extend(mentions)
        i = place[mentions[0].end - 1] + 1 if mentions else i + 1
    return sorted(found, key=lambda mention: (mention.start, mention.end))


def _longest(
    tokens: Sequence[Token], words: Words, index: Index, ahead: Sequence[int], taken: set[int]
) -> list[Mention]:
    best: list[Entry] = []
    length = 0
    for key in {words.base[ahead[0]], words.low[ahead[0]]}:
        for entry in index.starting(key):
            size = len(entry.words)
            if entry.kind == "act" or size < length or size > len(ahead):
                continue
            span = ahead[:size]
            if not _adjacent(tokens, span) or any(at in taken for at in span):
                continue
            if not _says(words, entry, span):
                continue
            if entry.exact and tokens[ahead[0]].text != entry.exact:
                continue
            if size > length:
                best, length = [], size
            best.append(entry)
    end = ahead[length - 1] + 1 if length else 0
    return [Mention(kind=entry.kind, start=ahead[0], end=end, payload=entry.payload) for entry in best]


def _says(words: Words, entry: Entry, span: Sequence[int]) -> bool:
    pairs = zip(entry.words, span, strict=True)
    if entry.surface:
        return all(word == words.low[at] for word, at in pairs)
    return all(word in (words.base[at], words.low[at]) for word, at in pairs)


def _adjacent(tokens: Sequence[Token], span: Sequence[int]) -> bool:
    """Words of one phrase follow each other; only hyphens and the like may stand between."""
    return all(
        after == before + 1 or all(tokens[at].text in "-/'’\"." for at in range(before + 1, after))
        for before, after in itertools.pairwise(span)
    )


def _act_at(tokens: Sequence[Token], words: Words, index: Index, at: int) -> Mention | None:
    """The most specific act phrase that begins at `at`; phrases of equal length share one mention."""
    best: list[Entry] = []
    spread: tuple[int, ...] = ()
    for entry in index.starting(words.low[at]):
        if entry.kind != "act":
            continue
        places = _spread(tokens, words, entry.words, at)
        if places and len(places) > len(spread):
            best, spread = [entry], places
        elif places and len(places) == len(spread):
            best.append(entry)
    if not best:
        return None
    procedures = tuple(dict.fromkeys(name for entry in best for name in entry.payload))
    return Mention(kind="act", start=at, end=spread[-1] + 1, payload=procedures, spread=spread)


def _spread(tokens: Sequence[Token], words: Words, wanted: tuple[str, ...], at: int) -> tuple[int, ...]:
    places = [at]
    for word in wanted[1:]:
        reach = range(places[-1] + 1, min(places[-1] + 2 + MAX_GAP, len(tokens)))
        for place in reach:
            if tokens[place].text in ".;!?,":
                return ()
            if words.low[place] == word or words.base[place] == word:
                places.append(place)
                break
        else:
            return ()
    return tuple(places)
