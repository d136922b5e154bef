"""Sentiment, urgency and frustration of a message: a small logistic model over counted signs, six languages.

The signs are phrases of `tone.yaml` and marks of writing (capitals, exclamation marks); the weights in `weights.json`
were fitted to invented texts by `bench/language/fit_tone.py`.
"""

from proofdesk.language.tone.model import LANGUAGES, ToneModel, default_model, features

__all__ = ["LANGUAGES", "ToneModel", "default_model", "features"]
