"""What a ticket is about: calibrated intents and whether it is in scope at all, in milliseconds on a CPU.

Inference needs numpy and (lazily) the sentence encoder; scipy and scikit-learn may be imported while training only.
"""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # before numpy loads: more threads cost a ticket 100 ms on a busy host

from proofdesk.language.intents.cache import CachedEncoder
from proofdesk.language.intents.encoder import Blend, Encoder, EncoderMissing
from proofdesk.language.intents.examples import Held, LabelledText, TooFewExamples
from proofdesk.language.intents.file import BadModelFile, load, save
from proofdesk.language.intents.model import SegmentTriage, StackedIntentModel
from proofdesk.language.intents.multilingual import MultilingualEncoder
from proofdesk.language.intents.segments import segments
from proofdesk.language.intents.tiers import Encoders, find_encoders
from proofdesk.language.intents.training import train

__all__ = [
    "BadModelFile", "Blend", "CachedEncoder", "Encoder", "EncoderMissing", "Encoders", "Held", "LabelledText",
    "MultilingualEncoder", "SegmentTriage", "StackedIntentModel", "TooFewExamples", "find_encoders", "load", "save",
    "segments", "train",
]  # fmt: skip
