"""Answers made of the very words of sections, or none: what is not written down is left to a person."""

from proofdesk.knowledge.answering.compose import (
    ANSWERABLE,
    Abstained,
    Composed,
    Passage,
    Weight,
    compose,
)

__all__ = ["ANSWERABLE", "Abstained", "Composed", "Passage", "Weight", "compose"]
