"""Thresholds certified on labelled decisions: learn-then-test with an exact binomial, and conformal risk control."""

from collections.abc import Sequence

import msgspec
from scipy.special import bdtr

from proofdesk.core.statistics.bounds import check_counts


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Labelled decisions with confidence at or above `edge` and below the next higher edge."""

    edge: float
    n: int
    errors: int


def error_p_value(errors: int, n: int, alpha: float) -> float:
    """P(Bin(n, alpha) <= errors): small when the true error rate is credibly below `alpha`."""
    check_counts(errors, n)
    return float(bdtr(errors, n, alpha))


def certified_threshold(bands: Sequence[Band], alpha: float, delta: float) -> float | None:
    """Lowest confidence whose error rate is at most `alpha`, wrong with probability at most `delta`; None if none.

    Learn-then-test with a fixed sequence (Angelopoulos et al. 2021, arXiv 2110.01052): from the strictest band
    down, accept while the exact binomial p-value is at most `delta`, and stop at the first failure for good.
    """
    n = errors = 0
    certified: float | None = None
    for band in sorted(bands, key=lambda b: -b.edge):
        n, errors = n + band.n, errors + band.errors
        if error_p_value(errors, n, alpha) > delta:
            break
        certified = band.edge
    return certified


def risk_controlled_threshold(bands: Sequence[Band], alpha: float) -> float | None:
    """Lowest confidence with expected loss 1{acted and wrong} at most `alpha` (conformal risk control, 2208.02814)."""
    total, errors = sum(band.n for band in bands), 0
    accepted: float | None = None
    for band in sorted(bands, key=lambda b: -b.edge):
        errors += band.errors
        if (errors + 1) / (total + 1) > alpha:
            break
        accepted = band.edge
    return accepted


def certify_ppm(
    confidences_ppm: Sequence[int], right: Sequence[bool], *, alpha: float, delta: float, start_share: float = 0.4
) -> int | None:
    """A certified threshold in parts per million from labelled decisions; None where nothing can be certified.

    The sequence is fixed before the labels are seen: the strictest `start_share` of the rows, then 1 % more at a
    time. Rows of equal confidence are never split. The labels must not have been used to fit the confidences.
    """
    if len(confidences_ppm) != len(right):
        raise ValueError(f"{len(confidences_ppm)} confidences but {len(right)} labels")
    order = sorted(range(len(right)), key=lambda i: -confidences_ppm[i])
    step = max(1, len(order) // 100)
    ranks = range(max(1, round(len(order) * start_share)), len(order) + 1, step)
    edges = sorted({confidences_ppm[order[rank - 1]] for rank in ranks}, reverse=True)
    bands, upper = [], 1_000_001
    for edge in edges:
        inside = [right[i] for i in order if edge <= confidences_ppm[i] < upper]
        bands.append(Band(edge=edge, n=len(inside), errors=len(inside) - sum(inside)))
        upper = edge
    found = certified_threshold(bands, alpha, delta)
    return None if found is None else int(found)
