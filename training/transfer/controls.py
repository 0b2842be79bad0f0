"""What a task gives without an encoder: its most frequent class, and a linear classifier of character n-grams.

Both learn from the English training examples alone; what can be chosen of the second is chosen on English dev.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, product
from typing import Any, Final

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import f1_score

from training.retrieval.pools import folded

Predict = Callable[[Sequence[str]], list[str]]
"""From texts (of tagging: words in their sentence, see `contexts`) to a label for each."""

LENGTHS: Final = ((1, 3), (1, 4), (2, 5))
PENALTIES: Final = (1.0, 10.0, 100.0)
TAG_LENGTHS: Final = ((1, 3), (1, 4))
TAG_PENALTIES: Final = (1e-6, 1e-5)
_FEATURES: Final = 2**20
_EPOCHS: Final = 5


def majority(labels: Iterable[str]) -> str:
    """Return the most frequent label, of equals the first in the alphabet."""
    return min(Counter(labels).items(), key=lambda item: (-item[1], item[0]))[0]


def ngram_classifier(
    train: Sequence[tuple[str, str]], dev: Sequence[tuple[str, str]]
) -> tuple[Predict, dict[str, Any]]:
    """Return a classifier of texts, and what was chosen: (text, label) pairs in, macro-F1 on dev decides.

    TF-IDF of character n-grams inside words (sublinear counts), and multinomial logistic regression.
    """
    return _best(
        {
            (lengths, strength): _texts(train, lengths, strength)
            for lengths, strength in product(LENGTHS, PENALTIES)
        },
        dev,
        ("lengths", "C"),
    )


def ngram_tagger(
    train: Sequence[tuple[str, str]], dev: Sequence[tuple[str, str]], seed: int
) -> tuple[Predict, dict[str, Any]]:
    """Return a tagger of words in their sentences, and what was chosen: (context, tag) pairs in.

    Hashed character n-grams of the word, and of its neighbours apart from those, and logistic regression (one against
    all) by averaged stochastic gradients in an order drawn from `seed`.
    """
    return _best(
        {
            (lengths, penalty): _words(train, lengths, penalty, seed)
            for lengths, penalty in product(TAG_LENGTHS, TAG_PENALTIES)
        },
        dev,
        ("lengths", "alpha"),
    )


def contexts(words: Sequence[str]) -> list[str]:
    """Return for each word of a sentence itself, the one before and the one after, folded, parted by tabs."""
    plain = ["", *map(folded, words), ""]
    return ["\t".join((plain[place], plain[place - 1], plain[place + 1])) for place in range(1, len(plain) - 1)]


def _best(
    makers: Mapping[tuple[Any, Any], Callable[[], Predict]], dev: Sequence[tuple[str, str]], names: tuple[str, str]
) -> tuple[Predict, dict[str, Any]]:
    texts, gold = zip(*dev, strict=True)
    tried = []
    for setting, make in makers.items():
        predict = make()
        tried.append((100 * float(f1_score(gold, predict(texts), average="macro", zero_division=0)), setting, predict))
    score, setting, predict = max(tried, key=lambda one: one[0])
    return predict, dict(zip(names, setting, strict=True)) | {"dev": round(score, 2)}


def _texts(train: Sequence[tuple[str, str]], lengths: tuple[int, int], strength: float) -> Callable[[], Predict]:
    def make() -> Predict:
        texts, labels = zip(*train, strict=True)
        vectorizer = TfidfVectorizer(
            analyzer="char_wb", ngram_range=lengths, sublinear_tf=True, preprocessor=folded, dtype=np.float32
        )
        model = LogisticRegression(C=strength, max_iter=500).fit(vectorizer.fit_transform(texts), labels)
        return lambda some: [str(label) for label in model.predict(vectorizer.transform(some))]

    return make


def _words(
    train: Sequence[tuple[str, str]], lengths: tuple[int, int], penalty: float, seed: int
) -> Callable[[], Predict]:
    def features(context: str) -> list[str]:
        word, before, after = context.split("\t")
        return [*_grams("0", word, lengths), *_grams("-", before, lengths), *_grams("+", after, lengths)]

    def make() -> Predict:
        contexts_, labels = zip(*train, strict=True)
        vectorizer = HashingVectorizer(
            analyzer=features, n_features=_FEATURES, alternate_sign=False, norm="l2", dtype=np.float32
        )
        model = SGDClassifier(
            loss="log_loss", alpha=penalty, max_iter=_EPOCHS, tol=None, average=True, random_state=seed
        ).fit(vectorizer.transform(contexts_), labels)
        return lambda some: [str(label) for label in model.predict(vectorizer.transform(some))]

    return make


def _grams(side: str, word: str, lengths: tuple[int, int]) -> Iterable[str]:
    """Return the n-grams of a word with its edges marked, and the whole of it, each with its side."""
    marked = f"<{word}>"
    return chain(
        (f"{side}={word}",),
        (
            side + marked[begin : begin + length]
            for length in range(lengths[0], lengths[1] + 1)
            for begin in range(len(marked) - length + 1)
        ),
    )
