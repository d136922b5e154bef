"""What one would do without us."""

from collections.abc import Sequence

import numpy as np

from bench.language.rows import Rows


class Baseline:
    """TF-IDF of words and word pairs, logistic regression: what one would do without us."""

    def __init__(self, learn: Rows) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        self.features = TfidfVectorizer(ngram_range=(1, 2), min_df=1, sublinear_tf=True)
        matrix = self.features.fit_transform([r.text for r in learn])
        self.machine = LogisticRegression(C=20.0, tol=1e-4, max_iter=200).fit(matrix, [r.intent for r in learn])

    def chances(self, texts: Sequence[str]) -> np.ndarray:
        return np.asarray(self.machine.predict_proba(self.features.transform(texts)))

    def accuracy(self, held: Rows) -> float:
        best = self.chances([r.text for r in held]).argmax(1)
        return float(np.mean([self.machine.classes_[k] == r.intent for k, r in zip(best, held, strict=True)]))
