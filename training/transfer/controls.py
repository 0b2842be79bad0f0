"""What a task gives without an encoder: its most frequent class, and a linear classifier of character n-grams.

Both learn from the English training examples alone; what can be chosen of the second is chosen on English dev.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import f1_score

from training.retrieval.pools import folded

Example = tuple[str, str]
"""A text and its label; for a tagger a word with its neighbours and its tag."""

Predict = Callable[[Sequence[str]], list[str]]
"""From texts to a label for each."""

LENGTHS: Final = ((1, 3), (1, 4), (2, 5))
STRENGTHS: Final = (0.1, 1.0, 10.0)
TAG_LENGTHS: Final = ((1, 3), (1, 4))
TAG_PENALTIES: Final = (1e-7, 1e-6)
_FEATURES: Final = 2**20
_EPOCHS: Final = 5


def majority(labels: Iterable[str]) -> str:
    """Return the most frequent label, of equals the first in the alphabet."""
    return min(Counter(labels).items(), key=lambda item: (-item[1], item[0]))[0]


def ngram_classifier(train: Sequence[Example], dev: Sequence[Example]) -> tuple[Predict, dict[str, Any]]:
    """Return a classifier of texts, and what was chosen by macro-F1 on dev.

    TF-IDF of character n-grams inside words (sublinear counts), and multinomial logistic regression.
    """
    vectorizers = {
        lengths: TfidfVectorizer(
            analyzer="char_wb", ngram_range=lengths, sublinear_tf=True, preprocessor=folded, dtype=np.float32
        )
        for lengths in LENGTHS
    }
    models = {f"C={strength:g}": partial(LogisticRegression, C=strength, max_iter=500) for strength in STRENGTHS}
    return _best(vectorizers, models, train, dev)


def ngram_tagger(train: Sequence[Example], dev: Sequence[Example], seed: int) -> tuple[Predict, dict[str, Any]]:
    """Return a tagger of words with their neighbours (`contexts`), and what was chosen by macro-F1 on dev.

    Hashed character n-grams of the word, and of its neighbours apart from those, and logistic regression (one against
    all) by averaged stochastic gradients in an order drawn from `seed`.
    """
    vectorizers = {
        lengths: HashingVectorizer(
            analyzer=partial(_grams, lengths=lengths), n_features=_FEATURES, alternate_sign=False, dtype=np.float32
        )
        for lengths in TAG_LENGTHS
    }
    models = {
        f"alpha={penalty:g}": partial(
            SGDClassifier,
            loss="log_loss",
            alpha=penalty,
            max_iter=_EPOCHS,
            tol=None,
            average=True,
            random_state=seed,
        )
        for penalty in TAG_PENALTIES
    }
    return _best(vectorizers, models, train, dev)


def contexts(words: Sequence[str]) -> list[str]:
    """Return for each word of a sentence itself, the one before and the one after, folded, parted by tabs."""
    plain = ["", *map(folded, words), ""]
    return ["\t".join((plain[place], plain[place - 1], plain[place + 1])) for place in range(1, len(plain) - 1)]


def _best(
    vectorizers: Mapping[tuple[int, int], Any],
    models: Mapping[str, Callable[[], Any]],
    train: Sequence[Example],
    dev: Sequence[Example],
) -> tuple[Predict, dict[str, Any]]:
    """Return the classifier that is best on dev, the first of equals, and its setting."""
    (texts, labels), (dev_texts, dev_labels) = zip(*train, strict=True), zip(*dev, strict=True)
    best: tuple[float, dict[str, Any], Predict] | None = None
    for lengths, vectorizer in vectorizers.items():
        counted, dev_counted = vectorizer.fit_transform(texts), vectorizer.transform(dev_texts)
        for name, make in models.items():
            model = make().fit(counted, labels)
            score = 100 * float(f1_score(dev_labels, model.predict(dev_counted), average="macro", zero_division=0))
            if best is None or score > best[0]:
                setting = {"lengths": list(lengths), "model": name, "dev": round(score, 2)}
                best = score, setting, partial(_predict, vectorizer, model)
    assert best is not None
    return best[2], best[1]


def _predict(vectorizer: Any, model: Any, texts: Sequence[str]) -> list[str]:
    return [str(label) for label in model.predict(vectorizer.transform(texts))]


def _grams(context: str, lengths: tuple[int, int]) -> list[str]:
    """Return the n-grams of a word and its neighbours, edges marked, and the words whole, each with its side."""
    found = []
    for side, word in zip("0-+", context.split("\t"), strict=True):
        marked = f"<{word}>"
        found.append(f"{side}={word}")
        for length in range(lengths[0], lengths[1] + 1):
            found += [side + marked[begin : begin + length] for begin in range(len(marked) - length + 1)]
    return found
