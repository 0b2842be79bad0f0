"""Reading a SentencePiece file's normalisation by its wire format."""

import pytest

from training.sentencepiece_file import Normalization, normalization


def test_by_hand() -> None:
    # field 1 (a piece, 2 bytes), field 3 (NormalizerSpec): charsmap "AB", add_dummy_prefix 0, field 9 as 4 bytes
    spec = b"\x12\x02AB" + b"\x18\x00"
    model = b"\x0a\x02xy" + b"\x1a" + bytes([len(spec)]) + spec + b"\x4d\x01\x02\x03\x04"
    assert normalization(model) == Normalization(b"AB", add_dummy_prefix=False, remove_extra_whitespaces=True)


def test_defaults_where_nothing_is_said() -> None:
    assert normalization(b"") == Normalization(b"", add_dummy_prefix=True, remove_extra_whitespaces=True)


def test_long_numbers() -> None:
    spec = b"\x12\xac\x02" + b"z" * 300  # 300 as a varint
    model = b"\x1a\xaf\x02" + spec
    assert len(normalization(model).charsmap) == 300


def test_a_real_model(tokenizer_model: bytes) -> None:
    found = normalization(tokenizer_model)
    assert len(found.charsmap) > 100_000
    assert found.add_dummy_prefix


@pytest.mark.parametrize("data", [b"\x1a\x09abc", b"\x1a\xff", b"\x0f"])
def test_a_file_that_is_cut_short_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="SentencePiece model"):
        normalization(data)
