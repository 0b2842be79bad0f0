import math
from collections import Counter
from random import Random

import pytest
from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer, models, normalizers

from pipelines.datasets.errors import UserError
from pipelines.datasets.sentencepiece_file import NORMAL, UNKNOWN, unigram_model
from training.xtreme.xtune.segmentation import Segmenter

PIECES = [("▁", -3.0), ("a", -2.0), ("b", -2.5), ("▁a", -1.0), ("ab", -1.5), ("▁ab", -4.0)]
SPECIALS = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]


def tokenizer(**more: object) -> Tokenizer:
    made = Tokenizer(models.Unigram(SPECIALS + PIECES, unk_id=3, **more))
    made.normalizer = normalizers.NFKC()
    made.add_special_tokens([name for name, _ in SPECIALS])
    return made


def drawn(segmenter: Segmenter, word: str, times: int) -> Counter[tuple[int, ...]]:
    random = Random(5)
    return Counter(tuple(segmenter.draw(word, random)) for _ in range(times))


def test_segmentations_come_as_often_as_their_tempered_probability() -> None:
    # ids from 4 on, in the order of PIECES; ▁ab is ▁+a+b, ▁+ab, ▁a+b or ▁ab
    scores = {(4, 5, 6): -7.5, (4, 8): -4.5, (7, 6): -3.5, (9,): -4.0}
    total = sum(math.exp(0.3 * score) for score in scores.values())
    times = 20_000
    found = drawn(Segmenter(tokenizer(), alpha=0.3), "ab", times)
    assert set(found) == set(scores)
    for ids, score in scores.items():
        share = math.exp(0.3 * score) / total
        assert found[ids] / times == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / times))


def test_sentencepiece_draws_them_as_often() -> None:
    model = unigram_model([("<unk>", 0.0, UNKNOWN), *((text, score, NORMAL) for text, score in PIECES)], b"", False)
    theirs = SentencePieceProcessor(model_proto=model)
    times = 5_000
    expected = Counter(tuple(theirs.sample_encode_as_ids("abba", -1, 0.3)) for _ in range(times))
    found = drawn(Segmenter(tokenizer()), "abba", times)
    ours = Counter({tuple(number - 3 for number in ids): count for ids, count in found.items()})
    for ids in {*expected, *ours}:
        assert abs(expected[ids] - ours[ids]) < 5 * math.sqrt(expected[ids] + ours[ids] + 1), ids


def test_a_large_alpha_gives_the_best_segmentation_which_is_the_tokenizers() -> None:
    made = tokenizer()
    segmenter = Segmenter(made, alpha=1000.0)
    for word in ("ab", "aab", "baba", "bb"):
        best = [made.token_to_id(token.value) for token in made.model.tokenize("▁" + word)]
        assert set(drawn(segmenter, word, 20)) == {tuple(best)}


def test_the_same_seed_draws_the_same() -> None:
    segmenter = Segmenter(tokenizer())
    assert [segmenter.draw("abab", Random(3)) for _ in range(5)] == [segmenter.draw("abab", Random(3))] * 5


def test_neighbouring_unknown_characters_are_one_token() -> None:
    assert set(drawn(Segmenter(tokenizer(), alpha=1000.0), "a☃☃b☃", 5)) == {(7, 3, 6, 3)}


def test_unknown_characters_fall_back_to_bytes_where_the_model_does() -> None:
    vocabulary = SPECIALS + [("▁a", -1.0)] + [(f"<0x{byte:02X}>", -5.0) for byte in range(256)]
    segmenter = Segmenter(Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=True)))
    assert segmenter.draw("aé", Random(0)) == [4, 5 + 0xC3, 5 + 0xA9]


def test_words_are_normalised_and_may_be_empty_then() -> None:
    segmenter = Segmenter(tokenizer(), alpha=1000.0)
    assert segmenter.draw("ａ", Random(0)) == [7]  # a fullwidth a
    assert segmenter.draw("\u00a0", Random(0)) == []


def test_the_names_of_special_tokens_are_no_pieces() -> None:
    assert 0 not in Segmenter(tokenizer(), alpha=1000.0).draw("a<s>", Random(0))


def test_a_tokenizer_without_scores_is_refused() -> None:
    with pytest.raises(UserError, match="needs a tokenizer with a Unigram model; the encoder's is WordLevel"):
        Segmenter(Tokenizer(models.WordLevel({"a": 0}, unk_token="a")))
