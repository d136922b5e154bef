"""What one would do without us: TF-IDF of words and word pairs over whole documents."""

from collections.abc import Sequence

import numpy as np

from bench.retrieval.rows import Task
from proofdesk.core.knowledge import Section


def tfidf(sections: Sequence[Section], tasks: Sequence[Task]) -> dict[str, list[str]]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts: dict[str, str] = {}
    for section in sections:
        texts[section.document_id] = f"{texts.get(section.document_id, section.title)}\n{section.text}"
    ids = list(texts)
    features = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english")
    matrix = features.fit_transform(texts.values())
    scores = (features.transform([t.text for t in tasks]) @ matrix.T).toarray()
    order = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    return {t.id: [ids[at] for at in row] for t, row in zip(tasks, order, strict=True)}
