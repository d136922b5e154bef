"""Exact small-sample statistics. The one room of the core that may use numpy and scipy.

Counts in, probabilities out. Draws happen only where a seed is passed in, so that the same seed gives the same
result twice. Own code, because the libraries that exist are wrong or unmaintained for parts of this; each function
is tested against worked examples.
"""

from proofdesk.core.statistics.bounds import (
    Bounds,
    clopper_pearson,
    clopper_pearson_lower,
    clopper_pearson_upper,
    jeffreys,
    jeffreys_lower,
    newcombe,
    wilson,
    wilson_lower,
    zero_failure_n,
)
from proofdesk.core.statistics.calibration import (
    adaptive_calibration_error,
    auroc,
    brier_score,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    maximum_calibration_error,
    tempered,
)
from proofdesk.core.statistics.thresholds import (
    Band,
    certified_threshold,
    certify_ppm,
    error_p_value,
    risk_controlled_threshold,
)

__all__ = [
    "Band", "Bounds", "adaptive_calibration_error", "auroc", "brier_score", "certified_threshold", "certify_ppm",
    "clopper_pearson", "clopper_pearson_lower", "clopper_pearson_upper", "error_p_value",
    "expected_calibration_error", "fit_temperature", "jeffreys", "jeffreys_lower", "log_loss",
    "maximum_calibration_error", "newcombe", "risk_controlled_threshold", "tempered", "wilson", "wilson_lower",
    "zero_failure_n",
]  # fmt: skip
