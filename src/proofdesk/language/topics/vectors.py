"""Which vectors topics are found in: the sentence encoder where it is installed, else word statistics."""

from collections.abc import Sequence

from proofdesk.language.intents import CachedEncoder, EncoderMissing, MultilingualEncoder
from proofdesk.language.topics.discover import Vectors
from proofdesk.language.topics.words import WordVectors


def find_vectors(texts: Sequence[str]) -> tuple[Vectors, str]:
    """Vectors for `texts` with a notice for the operator ("" when nothing is missing)."""
    try:
        return CachedEncoder(MultilingualEncoder()), ""
    except EncoderMissing:
        notice = "No sentence encoder is installed: topics are found by word statistics, less accurately."
        return WordVectors(texts), notice
