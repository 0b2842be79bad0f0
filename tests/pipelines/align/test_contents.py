"""Document alignment by content: shared rare words pair documents, pairs teach translations, and all is one to one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.align.contents import Words, pair_by_vectors, pair_by_words
from pipelines.align.documents import DocumentPairs
from pipelines.text.words import tokens

ENGLISH = ["the night of 1813 in Jena", "a letter from Anna Weber", "the night train to Basel", "no counterpart at all"]
GERMAN = ["ein Brief von Anna Weber", "die Nacht 1813 in Jena", "ganz allein", "der Nachtzug nach Basel"]


def words(documents: list[str]) -> Words:
    found = tokens(documents)
    return Words(found.hashes, found.row.astype(np.int64), len(documents))


def pairs(found: DocumentPairs) -> list[tuple[int, int]]:
    return list(zip(found.source.tolist(), found.target.tolist(), strict=True))


def test_words_in_common_pair_documents() -> None:
    found = pair_by_words(words(ENGLISH), words(GERMAN), 0.0)
    assert pairs(found) == [(1, 0), (0, 1), (2, 3)]
    assert (found.score > 1).all()


def test_pairs_teach_translations() -> None:
    """The last documents share no word; "sea" and "Meer" stand together in three surer pairs, and only there."""
    english = [f"sea {name}" for name in ("Ahab", "Pip", "Starbuck")] + [f"land {name}" for name in ("Emma", "Harriet")]
    german = [f"Meer {name}" for name in ("Ahab", "Pip", "Starbuck")] + [f"Feld {name}" for name in ("Emma", "Harriet")]
    assert pairs(pair_by_words(words([*english, "the sea"]), words([*german, "das Meer"]), 0.0))[5:] == [(5, 5)]
    assert len(pairs(pair_by_words(words(["the sea"]), words(["das Meer"]), 0.0))) == 0


def test_a_pair_below_the_least_margin_is_none() -> None:
    assert len(pairs(pair_by_words(words(ENGLISH), words(GERMAN), 4.0))) == 3
    assert len(pairs(pair_by_words(words(ENGLISH), words(GERMAN), 4.1))) == 0


def test_vectors_by_hand() -> None:
    source = np.eye(4, dtype=np.float32)[:3]
    target = np.array([[0, 0.8, 0.6, 0], [1, 0, 0, 0], [0, 0, 0, 1]], np.float32)
    found = pair_by_vectors(source, target, 0.0)
    assert pairs(found)[:2] == [(1, 0), (0, 1)]
    # the cosine 1 against a quarter of all near ones: (1 + 0 + 0) / 4 on the one side, 1 / 4 on the other
    assert found.score[1] == pytest.approx(4.0)
    assert found.score[0] == pytest.approx(0.8 / ((0.8 / 4 + 1.4 / 4) / 2))
    assert pairs(pair_by_vectors(source, target, 1.0)) == [(1, 0), (0, 1)]


def test_nothing_gives_nothing() -> None:
    assert pairs(pair_by_words(words([]), words(GERMAN), 0.0)) == []
    assert pairs(pair_by_words(words(["a"]), words(["b"]), 0.0)) == []
    assert pairs(pair_by_vectors(np.zeros((0, 4), np.float32), np.eye(4, dtype=np.float32), 0.0)) == []


TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "d1", "e2"]), max_size=5).map(" ".join), max_size=6)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_each_document_is_in_one_pair_at_most(source: list[str], target: list[str]) -> None:
    found = pair_by_words(words(source), words(target), 0.5)
    assert len(set(found.source.tolist())) == len(set(found.target.tolist())) == len(found.source)
    assert (np.diff(found.target) > 0).all()
    assert (found.score >= 0.5).all()
