"""Milliseconds of one call at a time."""

import time
from collections.abc import Callable, Sequence

import numpy as np


def times(call: Callable[[str], object], texts: Sequence[str]) -> dict[str, float]:
    call("a first text to warm up")
    spent = []
    for text in texts:
        start = time.perf_counter()
        call(text)
        spent.append((time.perf_counter() - start) * 1e3)
    return {f"p{p}": float(np.percentile(spent, p)) for p in (50, 95, 99)}
