"""What people write about, found without labels: groups of like texts with names, never a decision about a ticket.

Topics are suggestions: an operator confirms, names, merges and splits them.
"""

from proofdesk.language.topics.clusters import FREE
from proofdesk.language.topics.discover import MAX_ROWS, TooManyRows, Topic, Topics, Vectors, discover
from proofdesk.language.topics.scores import UNASSIGNED, agreement
from proofdesk.language.topics.vectors import find_vectors
from proofdesk.language.topics.words import WordVectors

__all__ = [
    "FREE", "MAX_ROWS", "UNASSIGNED", "TooManyRows", "Topic", "Topics", "Vectors", "WordVectors",
    "agreement", "discover", "find_vectors",
]  # fmt: skip
