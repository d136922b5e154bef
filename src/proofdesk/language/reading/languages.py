"""Which language each part of a message is in, by its function words: customers mix them within one message."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from proofdesk.language.reading.mentions import Index, Mention, Words, find_mentions
from proofdesk.language.reading.tokens import Token
from proofdesk.language.reading.vocabulary import language_index
from proofdesk.language.reading.words import RISK_CLASSES, FunctionWords, function_words

MAX_SHORT_NO = 4


class Tongue(msgspec.Struct, frozen=True, kw_only=True):
    """One language the reader knows. `index`: its function words on top of what procedures and tenant name."""

    code: str
    words: FunctionWords
    index: Index


class Tongues:
    """The languages of a reader; the first one counts where nothing tells."""

    def __init__(self, codes: Sequence[str], base: Index) -> None:
        self.by_code: dict[str, Tongue] = {}
        for code in codes:
            words = function_words(code)
            index = language_index(words)
            index.base = base
            self.by_code[code] = Tongue(code=code, words=words, index=index)
        self.risk_words = frozenset(word for word in self.risky() if " " not in word)
        joiners = self.merged("joiner")
        self.short_no = frozenset(
            word for word in self.merged("negation") if len(word) <= MAX_SHORT_NO and word not in joiners
        )
        """Negations so short that another language's dictionary may hold them ("non", "ne", "pas")."""
        self.first = next(iter(self.by_code.values()))

    def risky(self) -> frozenset[str]:
        every = (tongue.words for tongue in self.by_code.values())
        return frozenset(word for words in every for name in RISK_CLASSES for word in words.of_class(name))

    def merged(self, name: str) -> tuple[str, ...]:
        """The words of one class in every language."""
        return tuple(dict.fromkeys(w for tongue in self.by_code.values() for w in tongue.words.of_class(name)))

    def cues(self, name: str) -> tuple[str, ...]:
        """The words that announce one kind of identity claim, in every language."""
        every = (tongue.words.claim_cues.get(name, ()) for tongue in self.by_code.values())
        return tuple(dict.fromkeys(itertools.chain.from_iterable(every)))

    def of(self, tokens: Sequence[Token], sentences: Sequence[tuple[int, int]]) -> list[Tongue]:
        """The language of each sentence: its own where the words say so, else that of the whole message."""
        if len(self.by_code) == 1:
            return [self.first] * len(sentences)
        counts = [self._counts(tokens[start:end]) for start, end in sentences]
        whole = {code: sum(count[code] for count in counts) for code in self.by_code}
        main = max(whole, key=lambda code: whole[code])
        chosen = []
        for count in counts:
            best = max(count, key=lambda code: count[code])
            own = count[best] > count[main] and (count[main] == 0 or count[best] >= count[main] + 2)
            chosen.append(self.by_code[best if own else main])
        return chosen

    def _counts(self, tokens: Sequence[Token]) -> Mapping[str, int]:
        words = {(token.low, token.base) for token in tokens if token.kind == "word"}
        return {
            code: sum(low in tongue.index.words or base in tongue.index.words for low, base in words)
            for code, tongue in self.by_code.items()
        }


class Forms:
    """What each token is compared by, each in the language of its sentence, and what the message mentions."""

    def __init__(self, tokens: Sequence[Token], runs: Iterable[tuple[int, int, Tongue]], own: Index) -> None:
        self.base: list[str] = []
        self.low: list[str] = []
        self.repaired: set[int] = set()
        self.doubtful: set[int] = set()
        self.mentions: list[Mention] = []
        for start, end, tongue in runs:
            index = own.on(tongue.index)
            part = tokens[start:end]
            words = Words(part, index, tongue.code)
            self.base += words.base
            self.low += words.low
            self.repaired |= {start + at for at in words.repaired}
            self.doubtful |= {start + at for at in words.doubtful}
            self.mentions += [mention.moved(start) for mention in find_mentions(part, words, index)]
