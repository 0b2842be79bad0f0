"""The vocabulary: deterministic, folded, and numbered as XLM-R numbers its own."""

import pyarrow as pa
import pytest
import sentencepiece

from pipelines.datasets.errors import UserError
from pipelines.text.vocabulary import UNKNOWN, Vocabulary, train_unigram

TEXTS = [f"{word} {other}" for word in ("red", "green", "blue", "grün") for other in ("light", "house", "licht")] * 5


@pytest.fixture(scope="module")
def model() -> bytes:
    return train_unigram(TEXTS, 24, 0.9995, 1)


def test_training_twice_gives_the_same_bytes(model: bytes) -> None:
    assert train_unigram(TEXTS, 24, 0.9995, 1) == model


def test_ids_are_sentencepieces_plus_one(model: bytes) -> None:
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    vocabulary = Vocabulary(model)
    assert (vocabulary.pieces, vocabulary.size) == (24, 26)  # and <pad>, which SentencePiece lacks, and <mask>
    assert vocabulary.encode(["red light"]).to_pylist() == [[piece + 1 for piece in processor.encode("red light")]]


def test_unknown_characters_become_id_three(model: bytes) -> None:
    (ids,) = Vocabulary(model).encode(["red 木"]).to_pylist()
    assert ids[-1] == UNKNOWN == 3
    assert min(ids) >= 3


def test_case_and_width_do_not_matter(model: bytes) -> None:
    plain, other = Vocabulary(model).encode(["green house", "ＧREEN  House"]).to_pylist()
    assert plain == other


def test_rows_keep_their_place(model: bytes) -> None:
    encoded = Vocabulary(model).encode(["", "red", ""])
    assert encoded.type == pa.list_(pa.uint16())
    assert [len(ids) > 0 for ids in encoded.to_pylist()] == [False, True, False]
    assert Vocabulary(model).encode([]).to_pylist() == []


def test_too_little_text_is_said_to_be_so() -> None:
    with pytest.raises(
        UserError,
        match=r"cannot make 5,000 pieces of this text \(Vocabulary size too high .*\); change tokenize\.vocabulary",
    ):
        train_unigram(TEXTS, 5000, 0.9995, 1)
