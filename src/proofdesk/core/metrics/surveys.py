"""Survey scores. Raw answers are kept; below 30 answers a score is shown as uncertain; no answers, no score."""

from collections.abc import Sequence

import msgspec

FEW = 30


class Surveys(msgspec.Struct, frozen=True, kw_only=True):
    csat: float | None = None
    """Share of answers of 4 or 5, of 5."""
    ces_mean: float | None = None
    ces_share_5_7: float | None = None
    ces_index: float | None = None
    """100 x (share of 6-7 minus share of 1-3): one of three published conventions."""
    nps: float | None = None
    uncertain: tuple[str, ...] = ()
    """Scores with fewer than FEW answers."""


def score_surveys(csat: Sequence[int] = (), ces: Sequence[int] = (), nps: Sequence[int] = ()) -> Surveys:
    """CSAT on 1-5, CES on 1-7, NPS on 0-10. Raises ValueError for an answer off its scale."""
    for name, answers, low, high in (("csat", csat, 1, 5), ("ces", ces, 1, 7), ("nps", nps, 0, 10)):
        wrong = next((answer for answer in answers if not low <= answer <= high), None)
        if wrong is not None:
            raise ValueError(f"{name}: an answer of {wrong} is off the scale {low} to {high}")
    few = tuple(name for name, answers in (("csat", csat), ("ces", ces), ("nps", nps)) if len(answers) < FEW)
    return Surveys(
        csat=_share(csat, 4, 5),
        ces_mean=sum(ces) / len(ces) if ces else None,
        ces_share_5_7=_share(ces, 5, 7),
        ces_index=_balance(ces, (6, 7), (1, 3)),
        nps=_balance(nps, (9, 10), (0, 6)),
        uncertain=few,
    )


def _share(answers: Sequence[int], low: int, high: int) -> float | None:
    return sum(low <= answer <= high for answer in answers) / len(answers) if answers else None


def _balance(answers: Sequence[int], good: tuple[int, int], bad: tuple[int, int]) -> float | None:
    if not answers:
        return None
    gap = sum(good[0] <= a <= good[1] for a in answers) - sum(bad[0] <= a <= bad[1] for a in answers)
    return 100 * gap / len(answers)
