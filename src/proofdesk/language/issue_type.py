"""What kind of matter a message is: phrases counted and weighed. No labelled texts stand behind the weights.

All languages are read at once: people mix them. A question mark counts as one sign of a question.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec
import yaml

from proofdesk.core.issue_type import ISSUE_TYPES, IssueType, IssueTypeName
from proofdesk.language.phrases import Phrases, fold

MAX_CHARS: Final = 20_000
MAX_COUNT: Final = 2
"""Of signs of one kind: a third says no more."""
MAX_SIGNS: Final = 5
PRIOR: Final = 0.5
"""Weight that a request has without any sign."""


class _Rules(msgspec.Struct, frozen=True):
    weights: Mapping[IssueTypeName, float]
    phrases: Phrases


def issue_type(text: str) -> IssueType:
    """The kind whose signs weigh most; equal ones in the order incident, bug, feature_request, complaint, request,
    question."""
    rules, folded = _rules(), fold(text[:MAX_CHARS])
    signs: dict[str, list[str]] = {name: [] for name in ISSUE_TYPES}
    reached: dict[str, int] = {}
    for start, end, rule in sorted(rules.phrases.find(folded)):
        if start >= reached.get(rule, 0):  # two phrases over one place are one sign
            signs[rule].append(" ".join(text[start:end].split()))
            reached[rule] = end
    if "?" in folded:
        signs["question"].append("?")
    scores = {name: weight * min(len(signs[name]), MAX_COUNT) for name, weight in rules.weights.items()}
    scores["request"] += PRIOR
    best = max(scores, key=lambda name: scores[name])
    share = round(1e6 * scores[best] / sum(scores.values()))
    return IssueType(name=best, ppm=share, signs=tuple(dict.fromkeys(signs[best]))[:MAX_SIGNS])


@cache
def _rules() -> _Rules:
    file: dict[IssueTypeName, dict[str, Any]] = yaml.safe_load(
        resources.files("proofdesk.language").joinpath("issue_type.yaml").read_text("utf-8")
    )
    phrases = Phrases()
    for name, entry in file.items():
        for language, patterns in entry.items():
            for pattern in patterns if language != "weight" else ():
                phrases.add(pattern, name)
    return _Rules({name: entry["weight"] for name, entry in file.items()}, phrases)
