"""Two texts are the same if the tokenizer's normalisation makes them so."""

import io

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.text.fold import fold, fold_all


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hello  World", "hello world"),
        ("STRASSE Straße", "strasse strasse"),
        ("ﬁne Ⅷ ①", "fine viii 1"),
        ("ＡＢＣ　ｶﾀ", "abc カタ"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("Ǆ", "dž"),
        ("", ""),
    ],
)
def test_golden(text: str, folded: str) -> None:
    assert fold(text) == folded


AWKWARD = st.sampled_from(
    [
        *"aeÀßİ \t\0\u00a0가カ…½ำΐŉǰΩſ𝐀𠀀ﬃｶﾞか\u0301\u0323\u0345\u1100\u1161\u11a8",
        *"\u0915\u093c\u094d\u095b\u3099\u1e9b\u0e38\u0e48",
    ]
)


@settings(deadline=None)  # the first call makes a table
@given(st.lists(st.text(AWKWARD) | st.text(st.characters(exclude_categories=["Cs"]))))
def test_all_texts_at_once_fold_as_each_by_itself(texts: list[str]) -> None:
    assert fold_all(texts) == [fold(text).encode() for text in texts]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.fixture(scope="module")
def sentencepiece_normalizer() -> sentencepiece.SentencePieceProcessor:
    """A model that has SentencePiece's own rule `nmt_nfkc_cf`, which is what `fold` stands for."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["some words to make a model of", "and some more of them"] * 20),
        model_writer=model, vocab_size=30, normalization_rule_name="nmt_nfkc_cf", minloglevel=2,
        hard_vocab_limit=False,
    )  # fmt: skip
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


@pytest.mark.parametrize("text", ["Ungültige Angabe", "ΣΊΣΥΦΟΣ", "한국어 주세요", "ﾊﾝｶｸ　ｶﾅ", "हिन्दी", "Ⅻ ½ ™"])
def test_it_agrees_with_sentencepiece(
    text: str, sentencepiece_normalizer: sentencepiece.SentencePieceProcessor
) -> None:
    assert fold(text) == sentencepiece_normalizer.normalize(text).replace("▁", " ").strip()


@pytest.mark.parametrize("text", ["İstanbul", "Straße  Ⅷ", "ŉ ǰ ﬃ", "ẞ"])
def test_what_is_equal_to_sentencepiece_is_equal_here(
    text: str, sentencepiece_normalizer: sentencepiece.SentencePieceProcessor
) -> None:
    assert fold(sentencepiece_normalizer.normalize(text).replace("▁", " ")) == fold(text)
