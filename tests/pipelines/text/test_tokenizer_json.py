"""A tokenizer.json of `tokenizers` as a SentencePiece model: the same ids."""

import base64
import json
from typing import Any

import pyarrow as pa
import pytest
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from pipelines.datasets.sentencepiece_file import describe
from pipelines.text.tokenizer_json import sentencepiece_of
from pipelines.text.vocabulary import Vocabulary, train_unigram

TEXTS = [f"{word} {other}" for word in ("red", "green", "blue", "grün") for other in ("light", "house", "licht")] * 5
CHARSMAP = describe(train_unigram(TEXTS, 24, 0.9995, 1)).normalization.charsmap
SPECIALS = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
PIECES = [("▁", -2.0), ("red", -3.25), ("▁red", -4.0), ("e", -5.0), ("r", -5.5), ("d", -6.0), ("ü", -7.0)]


def tokenizer(byte_fallback: bool = False, **changes: Any) -> Tokenizer:
    spelt = [(f"<0x{byte:02X}>", 0.0) for byte in range(256)] if byte_fallback else []
    vocabulary = changes.get("vocabulary", [*SPECIALS, *PIECES, *spelt, ("<mask>", 0.0)])
    made = Tokenizer(models.Unigram(vocabulary, unk_id=changes.get("unk_id", 3), byte_fallback=byte_fallback))
    collapsing = [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    made.normalizer = normalizers.Sequence([normalizers.Precompiled(CHARSMAP), *collapsing])
    metaspace = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=changes.get("prepend_scheme", "always"))
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    return made


@pytest.mark.parametrize("byte_fallback", [False, True])
@pytest.mark.parametrize("text", ["red", "  redder\u3000ｒed ", "grün", "木 red 木木", ""])
def test_the_same_ids(text: str, byte_fallback: bool) -> None:
    theirs = tokenizer(byte_fallback)
    model = sentencepiece_of(theirs.to_str().encode())
    (ids,) = Vocabulary(model).encode(pa.array([text])).to_pylist()
    assert ids == theirs.encode(text).ids


def test_the_size_and_the_table_of_characters_are_kept() -> None:
    model = sentencepiece_of(tokenizer(byte_fallback=True).to_str().encode())
    assert Vocabulary(model).size == len(SPECIALS) + len(PIECES) + 256 + 1
    assert describe(model).normalization.charsmap == CHARSMAP
    assert describe(model).byte_fallback


def test_an_older_file_is_read_too() -> None:
    found = json.loads(tokenizer().to_str())
    found["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(CHARSMAP).decode()}
    found["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}
    assert sentencepiece_of(json.dumps(found).encode()) == sentencepiece_of(tokenizer().to_str().encode())


LOWER = tokenizer()
LOWER.normalizer = normalizers.Lowercase()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", r"not a tokenizer\.json of `tokenizers`"),
        (b'{"model": null}', r"not a tokenizer\.json of `tokenizers`"),
        (Tokenizer(models.BPE()).to_str().encode(), "a BPE tokenizer, and XLM-R's is Unigram"),
        (
            tokenizer(vocabulary=[("<unk>", 0.0), *PIECES], unk_id=0).to_str().encode(),
            "a tokenizer whose vocabulary does not begin with <s> <pad> </s> <unk> and end with <mask>",
        ),
        (LOWER.to_str().encode(), "a tokenizer with the step 'Lowercase', which XLM-R's has not"),
        (
            tokenizer(prepend_scheme="never").to_str().encode(),
            "a tokenizer with the step 'Metaspace', which XLM-R's has not",
        ),
    ],
)
def test_what_is_not_as_xlm_rs_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sentencepiece_of(data)
