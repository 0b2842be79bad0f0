"""The vocabulary: deterministic, numbered as XLM-R numbers its own, and each word segmented as in its text."""

import io
from functools import cache

import pyarrow as pa
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.errors import UserError
from pipelines.datasets.sentencepiece_file import CONTROL, NORMAL, UNKNOWN, unigram_model
from pipelines.text.vocabulary import UNKNOWN as UNKNOWN_ID
from pipelines.text.vocabulary import Vocabulary, train_unigram

TEXTS = [f"{word} {other}" for word in ("red", "green", "blue", "grün") for other in ("light", "house", "licht")] * 5
SPECIALS = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]


@pytest.fixture(scope="module")
def model() -> bytes:
    return train_unigram(TEXTS, 24, 0.9995, 1)


def ids(model: bytes, *texts: str) -> list[list[int]]:
    found: list[list[int]] = Vocabulary(model).encode(pa.array(texts, pa.string())).to_pylist()
    return found


def test_training_twice_gives_the_same_bytes(model: bytes) -> None:
    assert train_unigram(TEXTS, 24, 0.9995, 1) == model


def test_ids_are_sentencepieces_plus_one(model: bytes) -> None:
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    found = Vocabulary(model)
    assert (found.pieces, found.size) == (24, 26)  # and <pad>, which SentencePiece lacks, and <mask>
    assert ids(model, "red light") == [[piece + 1 for piece in processor.encode("red light")]]


def test_unknown_characters_become_id_three(model: bytes) -> None:
    (found,) = ids(model, "red 木")
    assert found[-1] == UNKNOWN_ID == 3
    assert min(found) >= 3


def test_bytes_spell_what_is_unknown() -> None:
    model = train_unigram(TEXTS, 280, 0.9995, 1, byte_fallback=True)
    found = Vocabulary(model)
    (spelt,) = ids(model, "red 木")
    assert [bool(found.is_byte[one]) for one in spelt[-3:]] == [True] * 3
    assert (len(found.is_byte), sum(found.is_byte)) == (found.size, 256)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    assert [processor.id_to_piece(one - 1) for one in spelt[-3:]] == [f"<0x{byte:02X}>" for byte in "木".encode()]


def test_width_does_not_matter_and_case_does_unless_it_is_folded(model: bytes) -> None:
    plain, wide, upper = ids(model, "green house", "ｇreen  house", "GREEN house")
    assert plain == wide != upper
    folded = train_unigram(TEXTS, 24, 0.9995, 1, normalization="nmt_nfkc_cf")
    plain, upper = ids(folded, "green house", "ＧREEN  House")
    assert plain == upper


def test_rows_keep_their_place(model: bytes) -> None:
    encoded = Vocabulary(model).encode(pa.array(["", "red", "", " "]))
    assert encoded.type == pa.list_(pa.uint16())
    assert [len(row) > 0 for row in encoded.to_pylist()] == [False, True, False, False]
    assert ids(model) == []


def test_a_slice_of_an_array_is_encoded_as_what_it_is(model: bytes) -> None:
    texts = pa.array(["red light", "blue house", "green", "red"]).slice(1, 2)
    assert Vocabulary(model).encode(texts).to_pylist() == ids(model, "blue house", "green")


@pytest.mark.parametrize(("pieces", "bits"), [(65_534, 16), (65_535, 32)])
def test_ids_are_as_wide_as_the_vocabulary_needs(pieces: int, bits: int) -> None:
    filling = ((chr(0x20000 + number), -9.0, NORMAL) for number in range(pieces - len(SPECIALS) - 1))
    found = Vocabulary(unigram_model([*SPECIALS, ("▁", -1.0, NORMAL), *filling], b"", byte_fallback=False))
    assert found.id_type == (pa.uint16() if bits == 16 else pa.uint32())
    assert found.encode(pa.array([chr(0x20000)])).to_pylist() == [[4, 5]]


SIGNS = st.sampled_from([*"abredlight üß", "木", " ", " ", "\t", "\u3000", "\u00a0", "\u00a8", "\u0308", "\u200b", "½"])


@cache
def trained(byte_fallback: bool) -> tuple[Vocabulary, sentencepiece.SentencePieceProcessor]:
    model = train_unigram(TEXTS, 280 if byte_fallback else 24, 0.9995, 1, byte_fallback=byte_fallback)
    return Vocabulary(model), sentencepiece.SentencePieceProcessor(model_proto=model)


@pytest.mark.parametrize("byte_fallback", [False, True])
@given(texts=st.lists(st.text(SIGNS, max_size=30), max_size=4))
def test_each_text_has_sentencepieces_own_ids(byte_fallback: bool, texts: list[str]) -> None:
    found, processor = trained(byte_fallback)
    expected = [[n + 1 if n else 3 for n in processor.encode(text)] for text in texts]
    assert found.encode(pa.array(texts, pa.string())).to_pylist() == expected


def test_pieces_that_span_words_are_found_in_whole_texts() -> None:
    pieces = [*SPECIALS, ("▁", -3.0, NORMAL), ("▁of▁the", -1.0, NORMAL), *((c, -5.0, NORMAL) for c in "ofthe")]
    assert ids(unigram_model(pieces, b"", byte_fallback=False), "of the") == [[5]]


def test_too_little_text_is_said_to_be_so() -> None:
    with pytest.raises(
        UserError,
        match=r"cannot make 5,000 pieces of this text \(Vocabulary size too high .*\); change tokenize\.vocabulary",
    ):
        train_unigram(TEXTS, 5000, 0.9995, 1)


def test_too_few_pieces_for_bytes_are_said_to_be_so() -> None:
    with pytest.raises(UserError, match=r"cannot make 100 pieces of this text \(.*\); change tokenize\.vocabulary"):
        train_unigram(TEXTS, 100, 0.9995, 1, byte_fallback=True)


def other(**settings: object) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_writer=model, vocab_size=24, minloglevel=2, **settings
    )
    return model.getvalue()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (b"no model at all", "not a SentencePiece model"),
        (other(model_type="bpe"), "a bpe model, and XLM-R's kind is unigram"),
        (
            other(pad_id=0, unk_id=1, bos_id=2, eos_id=3),
            "a model whose first pieces are <pad> <unk> <s>, and XLM-R's are <unk> <s> </s>",
        ),
    ],
)
def test_a_model_that_is_not_as_xlm_rs_is_refused(model: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Vocabulary(model)
