"""Which vectors topics are found in: the best encoders that are installed, else word statistics."""

import functools
from collections.abc import Sequence

from proofdesk.language.intents import Blend, CachedEncoder, EncoderMissing, MultilingualEncoder
from proofdesk.language.intents.encoder import Encoder
from proofdesk.language.intents.static import StaticEncoder
from proofdesk.language.intents.transformer import TransformerEncoder
from proofdesk.language.topics.discover import Vectors
from proofdesk.language.topics.words import WordVectors

FULL_WEIGHTS = (0.0, 0.3, 0.5, 0.2)
"""Transformer layers 4, 5 and 6, static. The multilingual encoder would make topics of turns of phrase."""
FAST_WEIGHTS = (0.5, 0.5)
"""Multilingual, static."""
CACHE_ROWS = 20_000


def find_vectors(texts: Sequence[str]) -> tuple[Vectors, str]:
    """Vectors for `texts` with a notice for the operator ("" when nothing is missing)."""
    encoder, notice = _encoder()
    return (encoder or WordVectors(texts)), notice


@functools.cache
def _encoder() -> tuple[Encoder | None, str]:
    """Made once for a process: the weights are loaded with the first text and then stay."""
    try:
        static = CachedEncoder(StaticEncoder(), CACHE_ROWS)
    except EncoderMissing as missing:
        return None, f"{missing}. Topics are found by word statistics alone, which is less accurate."
    try:
        return Blend((CachedEncoder(TransformerEncoder(), CACHE_ROWS), static), FULL_WEIGHTS), ""
    except EncoderMissing as missing:
        lost = f"{missing}. Topics are found without the transformer, which is less accurate."
    try:
        return Blend((CachedEncoder(MultilingualEncoder(), CACHE_ROWS), static), FAST_WEIGHTS), lost
    except EncoderMissing:
        return static, lost
