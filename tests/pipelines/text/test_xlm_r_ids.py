"""Ids are those of Hugging Face's XLM-R; the whole vocabulary is compared by `make bench-tokenize`."""

from typing import Any

import pyarrow as pa
import pytest
from xlm_r import excerpt, xlm_r_model

from pipelines.text.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(xlm_r_model())


def test_the_vocabulary_has_xlm_rs_size(vocabulary: Vocabulary) -> None:
    assert (vocabulary.pieces, vocabulary.size) == (250_000, 250_002)  # `<mask>` is 250001
    assert vocabulary.id_type == pa.uint32()


def test_fairseqs_own_example(vocabulary: Vocabulary) -> None:
    # examples/xlmr/README.md of facebookresearch/fairseq
    assert vocabulary.encode(pa.array(["Hello world!"])).to_pylist() == [[35378, 8999, 38]]


@pytest.mark.parametrize("example", excerpt()["texts"], ids=lambda example: example["text"][:20])
def test_ids_are_hugging_faces(vocabulary: Vocabulary, example: dict[str, Any]) -> None:
    (ids,) = vocabulary.encode(pa.array([example["text"]])).to_pylist()
    assert [0, *ids, 2] == example["ids"]


def test_ids_do_not_depend_on_what_stands_beside(vocabulary: Vocabulary) -> None:
    texts, ids = zip(*((example["text"], example["ids"]) for example in excerpt()["texts"]), strict=True)
    assert [[0, *row, 2] for row in vocabulary.encode(pa.array(texts)).to_pylist()] == list(ids)
