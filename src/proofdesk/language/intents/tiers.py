"""The two tiers: which encoders read a ticket at once, and which only when the first reading is not sure."""

from pathlib import Path
from typing import Literal

import msgspec

from proofdesk.language.intents.cache import CACHE_ROWS, CachedEncoder
from proofdesk.language.intents.encoder import Blend, Encoder, EncoderMissing
from proofdesk.language.intents.multilingual import MultilingualEncoder
from proofdesk.language.intents.static import StaticEncoder
from proofdesk.language.intents.transformer import TransformerEncoder

Tier = Literal["default", "accuracy"]
FAST_WEIGHTS = (0.6, 0.4)
"""Multilingual, static."""
FULL_WEIGHTS = (0.25, 0.1, 0.15, 0.3, 0.2)
"""Multilingual, transformer layers 4, 5 and 6, static."""


class Encoders(msgspec.Struct, frozen=True):
    """`fast` reads every text, `full` those of which the fast reading is unsure. `notice`: what is missing, or ""."""

    fast: Encoder | None = None
    full: Encoder | None = None
    notice: str = ""

    def of(self, encoder_hash: str) -> Encoder | None:
        return next((each for each in (self.fast, self.full) if each and each.encoder_hash == encoder_hash), None)


def find_encoders(
    tier: Tier = "default", *, rows: int = CACHE_ROWS, folder: Path | None = None, threads: int = 1
) -> Encoders:
    """The encoders of a tier, as far as they are installed whole. Nothing is loaded before the first text.

    `rows`: vectors kept in memory; `folder`: where vectors are kept across runs; `threads` of the transformer.
    """
    try:
        several = CachedEncoder(MultilingualEncoder(), rows, folder)
        static = CachedEncoder(StaticEncoder(), rows, folder)
    except EncoderMissing as missing:
        return Encoders(notice=f"{missing}. Intents are read with word statistics alone, which is less accurate.")
    fast = Blend((several, static), FAST_WEIGHTS)
    if tier == "default":
        return Encoders(fast)
    try:
        transformer = CachedEncoder(TransformerEncoder(threads=threads), rows, folder)
    except EncoderMissing as missing:
        return Encoders(fast, notice=f"{missing}. The default tier is used instead, about half a point less accurate.")
    return Encoders(fast, Blend((several, transformer, static), FULL_WEIGHTS))
