"""Fits the language model to our own word lists, phrases and invented sentences, and prints how it does on others.

python -m bench.language.fit_langid [--write]

Learnt from: the function words in languages.yaml beside this file, the words and phrases of the reading room, the
phrasings of the example tickets, tests/data/language_sentences.yaml and the `learn` part of tone_fragments.yaml.
Measured on the `held` part of that file.
"""

import re
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from bench.language.tone_texts import FRAGMENTS, tone_texts
from proofdesk.core.statistics import expected_calibration_error
from proofdesk.language.langid import BUCKETS, Head, features

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "src" / "proofdesk" / "language" / "langid.model"
LISTS = Path(__file__).with_name("languages.yaml")
SENTENCES = ROOT / "tests" / "data" / "language_sentences.yaml"
PHRASINGS = ROOT / "examples" / "tickets" / "phrasings.yaml"
READ = ("en", "de", "fr", "es", "it", "nl")
AMONG = (*READ, "pt")
VERSION = "own-texts-1"
MAX_ECE = 0.05
"""Above this a share is marked uncalibrated."""
C = 10.0
CHUNKS, CHUNK_WORDS = 60, 6
Rows = list[tuple[str, str]]


def main() -> None:
    texts, words = sentences(), single_words()
    codes = list(yaml.safe_load(LISTS.read_text("utf-8")))
    machine = fitted(texts + words)
    order = [list(machine.classes_).index(code) for code in codes]
    full = machine.coef_[order].T
    unit = float(np.abs(full).max()) / 127
    weights = np.clip(np.rint(full / unit), -127, 127).astype(np.int8)
    heat = temperature(texts, words)
    scale, bias = unit / heat, machine.intercept_[order] / heat
    calibrated = []
    for name, held in held_out().items():
        sure, right = judged(codes, weights * scale, bias, held)
        ece = expected_calibration_error(sure, right)
        print(f"{name}: {len(held)}, accuracy {np.mean(right):.4f}, ECE {ece:.4f}")
        calibrated.append(ece <= MAX_ECE)
    head = Head(
        version=VERSION, codes=codes, scale=round(scale, 9), bias=[round(float(each), 6) for each in bias],
        calibrated=list(READ) if all(calibrated) else [],
    )  # fmt: skip
    print(f"learnt from {len(texts)} texts and {len(words)} words, temperature {heat:.3f}, {head.calibrated=}")
    if "--write" in sys.argv:
        TARGET.write_bytes(msgspec.json.encode(head) + b"\n" + weights.tobytes())


def sentences() -> Rows:
    """Whole texts and phrases of several words."""
    pieces = yaml.safe_load(FRAGMENTS.read_text("utf-8"))["learn"]
    rows = [(text, code) for code, kinds in pieces.items() for texts in kinds.values() for text in texts]
    codes = list(yaml.safe_load(LISTS.read_text("utf-8")))
    for by_language in yaml.safe_load(PHRASINGS.read_text("utf-8")).values():
        for code in set(by_language) & set(codes):
            rows += [(re.sub(r"\{\w+\}", "", text), code) for text in by_language[code]]
    own = yaml.safe_load(SENTENCES.read_text("utf-8"))
    rows += 2 * [(text, code) for code, texts in own.items() for text in texts]
    return sorted(rows)


def single_words() -> Rows:
    """Word lists, word by word and in random rows of CHUNK_WORDS."""
    chance, rows = np.random.default_rng(0), []
    for code, listed in yaml.safe_load(LISTS.read_text("utf-8")).items():
        words = list(dict.fromkeys(listed.split()))
        rows += [(word, code) for word in words]
        rows += [(" ".join(chance.choice(words, CHUNK_WORDS)), code) for _ in range(CHUNKS)]
    for code in READ:
        file = resources.files("proofdesk.language.reading").joinpath(f"words_{code}.yaml")
        rows += [(words, code) for words in strings(yaml.safe_load(file.read_text("utf-8")))]
    return rows


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def fitted(rows: Rows) -> LogisticRegression:
    return LogisticRegression(C=C, max_iter=500).fit(matrix([text for text, _ in rows]), [code for _, code in rows])


def matrix(texts: list[str]) -> csr_matrix:
    found = [features(text) for text in texts]
    at = np.repeat(np.arange(len(found)), [len(each) for each in found])
    columns = [bucket for each in found for bucket in each]
    return csr_matrix(([v for each in found for v in each.values()], (at, columns)), shape=(len(texts), BUCKETS))


def temperature(texts: Rows, words: Rows) -> float:
    """What the logits of texts left out of five folds must be divided by to be least surprised, among AMONG."""
    rows = [row for row in texts if row[1] in AMONG]
    rest = [row for row in texts if row[1] not in AMONG] + words
    logits, truth = [], []
    for learn, test in StratifiedKFold(5, shuffle=True, random_state=0).split(rows, [code for _, code in rows]):
        left = {rows[place][0] for place in test}
        machine = fitted([rows[place] for place in learn if rows[place][0] not in left] + rest)
        among = [list(machine.classes_).index(code) for code in AMONG]
        logits.append(machine.decision_function(matrix([rows[place][0] for place in test]))[:, among])
        truth += [AMONG.index(rows[place][1]) for place in test]
    gathered = np.vstack(logits)
    return float(min(np.geomspace(0.2, 5.0, 200), key=lambda heat: surprise(gathered / heat, truth)))


def surprise(logits: NDArray[np.float64], truth: list[int]) -> float:
    shifted = logits - logits.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(truth)), truth]))


def held_out() -> dict[str, Rows]:
    pieces = yaml.safe_load(FRAGMENTS.read_text("utf-8"))["held"]
    short = [(text, code) for code, kinds in pieces.items() for texts in kinds.values() for text in texts]
    return {"texts": [(each.text, each.language) for each in tone_texts("held")], "pieces": short}


def judged(
    codes: list[str], weights: NDArray[np.float64], bias: NDArray[np.float64], rows: Rows
) -> tuple[list[float], list[bool]]:
    """Probability of the best language and whether it is the right one, among AMONG."""
    among = [codes.index(code) for code in AMONG]
    logits = (matrix([text for text, _ in rows]) @ weights + bias)[:, among]
    chance = np.exp(logits - logits.max(1, keepdims=True))
    chance /= chance.sum(1, keepdims=True)
    best = chance.argmax(1)
    return [float(each) for each in chance.max(1)], [AMONG[b] == code for b, (_, code) in zip(best, rows, strict=True)]


if __name__ == "__main__":
    main()
