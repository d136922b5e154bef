"""Which vectors topics are found in: the sentence encoder where it is installed, else word statistics."""

from collections.abc import Sequence

from proofdesk.language.intents import find_encoder
from proofdesk.language.intents.encoder import Encoder
from proofdesk.language.topics.discover import Vectors
from proofdesk.language.topics.space import Floats
from proofdesk.language.topics.words import WordVectors


class SentenceVectors:
    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.blocks = ((encoder.width, 1.0),)

    def many(self, texts: Sequence[str]) -> Floats:
        return self._encoder.many(texts)


def find_vectors(texts: Sequence[str]) -> tuple[Vectors, str]:
    """Vectors for `texts` with a notice for the operator ("" when nothing is missing)."""
    encoder, _ = find_encoder()
    if encoder is not None:
        return SentenceVectors(encoder), ""
    return WordVectors(texts), "No sentence encoder is installed: topics are found by word statistics, less accurately."
