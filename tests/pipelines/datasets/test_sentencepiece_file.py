"""What a SentencePiece file says of itself, by its wire format, and files that are written."""

import io
from pathlib import Path

import pytest
import sentencepiece

from pipelines.datasets.sentencepiece_file import (
    BYTE,
    CONTROL,
    NORMAL,
    UNKNOWN,
    Description,
    Normalization,
    describe,
    unigram_model,
)

SPECIALS = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]


def trained(**settings: object) -> bytes:
    model = io.BytesIO()
    given = {"vocab_size": 12, "hard_vocab_limit": False, "minloglevel": 2, **settings}
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["a b c ab"] * 9), model_writer=model, **given)
    return model.getvalue()


def test_by_hand() -> None:
    # field 1 (a piece, 2 bytes), field 2 (TrainerSpec): model_type 2, byte_fallback 1;
    # field 3 (NormalizerSpec): charsmap "AB", add_dummy_prefix 0; field 9 as 4 bytes
    trainer = b"\x18\x02" + b"\x98\x02\x01"
    spec = b"\x12\x02AB" + b"\x18\x00"
    model = b"\x0a\x02xy" + b"\x12" + bytes([len(trainer)]) + trainer
    model += b"\x1a" + bytes([len(spec)]) + spec + b"\x4d\x01\x02\x03\x04"
    assert describe(model) == Description("bpe", True, False, Normalization(b"AB", add_dummy_prefix=False))


def test_defaults_where_nothing_is_said() -> None:
    assert describe(b"") == Description("unigram", False, False, Normalization(b"", True, True, True))


def test_long_numbers() -> None:
    spec = b"\x12\xac\x02" + b"z" * 300  # 300 as a varint
    assert len(describe(b"\x1a\xaf\x02" + spec).normalization.charsmap) == 300


@pytest.mark.parametrize("kind", ["unigram", "bpe", "word", "char"])
def test_real_models(kind: str) -> None:
    found = describe(trained(model_type=kind))
    assert (found.kind, found.byte_fallback) == (kind, False)
    assert len(found.normalization.charsmap) > 100_000
    assert found.marks_words


def test_settings_of_real_models() -> None:
    assert describe(trained(byte_fallback=True, vocab_size=300)).byte_fallback
    assert not describe(trained(treat_whitespace_as_suffix=True)).marks_words
    assert not describe(trained(add_dummy_prefix=False)).marks_words
    assert not describe(trained(remove_extra_whitespaces=False)).marks_words


@pytest.mark.parametrize("rule", ["nfkc", "nmt_nfkc", "nfkc_cf", "nmt_nfkc_cf", "identity"])
def test_no_rule_of_sentencepieces_own_holds_a_space(rule: str) -> None:
    assert not describe(trained(normalization_rule_name=rule)).normalization.knows_spaces


def test_a_rule_with_a_space_is_found(tmp_path: Path) -> None:
    rules = tmp_path / "rules.tsv"
    rules.write_text("61 20 62\t63\n")  # "a b" becomes "c"
    found = describe(trained(normalization_rule_tsv=str(rules)))
    assert found.normalization.knows_spaces
    assert not found.marks_words


def test_a_written_file_is_sentencepieces() -> None:
    pieces = [*SPECIALS, ("▁", -2.0, NORMAL), ("ab", -1.5, NORMAL), ("a", -3.0, NORMAL)]
    model = unigram_model([*pieces, *((f"<0x{n:02X}>", 0.0, BYTE) for n in range(256))], b"", byte_fallback=True)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    assert [processor.id_to_piece(n) for n in range(6)] == [text for text, _, _ in pieces]
    assert processor.get_score(4) == -1.5
    assert processor.encode("  ab   aé") == [3, 4, 3, 5, 6 + 0xC3, 6 + 0xA9]
    assert describe(model) == Description("unigram", True, False, Normalization(b""))


@pytest.mark.parametrize("data", [b"\x1a\x09abc", b"\x1a\xff", b"\x0f", b"\x12\x02\x18\x09"])
def test_a_file_that_is_no_model_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="SentencePiece model"):
        describe(data)
