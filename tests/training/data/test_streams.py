"""Streams: every step its tokens, every example in turn, the same wherever one starts."""

from collections.abc import Callable

import numpy as np
import pytest

from training.config.pretrain import PretrainArm
from training.data.streams import Corpus, Cursor, Stream, streams


@pytest.mark.parametrize("objective", ["mlm", "tlm", "xlco"])
def test_tokens_stay_within_one_sequence_of_the_budget(
    corpus: Corpus, recipe: Callable[..., PretrainArm], objective: str
) -> None:
    arm = recipe()
    stream = streams(corpus, arm)[objective]  # type: ignore[index]
    cursor = Cursor()
    for step in range(1, 30):
        _, cursor = stream.next(cursor, step)
        behind = step * stream.tokens_per_step - cursor.tokens
        assert 0 <= behind < arm.longest_sequence + 1


def test_examples_follow_each_other_without_a_gap(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    stream = streams(corpus, recipe())["tlm"]
    parts, cursor = [], Cursor()
    for step in range(1, 6):
        examples, cursor = stream.next(cursor, step)
        parts.append(examples.sequences)
    whole = stream.read(np.arange(cursor.examples)).sequences
    assert np.concatenate([part.values for part in parts]).tolist() == whole.values.tolist()


def test_a_pair_s_sides_belong_together(corpus: Corpus, recipe: Callable[..., PretrainArm]) -> None:
    translations: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
    for (table,) in corpus.pairs.values():
        for source, target in zip(table["source"].to_pylist(), table["target"].to_pylist(), strict=True):
            translations.setdefault(tuple(source[:16]), set()).add(tuple(target[:16]))
    examples = streams(corpus, recipe(contrast={"mixup": False}))["xlco"].read(np.arange(40))
    assert examples.keys is not None
    assert examples.key_is_source is not None
    sides = zip(examples.sequences.tolist(), examples.keys.tolist(), examples.key_is_source, strict=True)
    for query, key, key_is_source in sides:
        source, target = (key, query) if key_is_source else (query, key)
        assert tuple(target[1:-1]) in translations[tuple(source[1:-1])]


def test_a_stream_of_long_examples_finds_enough_of_them() -> None:
    from training.data.sequences import Examples
    from training.data.shards import Ragged

    def read(numbers: np.ndarray) -> Examples:  # type: ignore[type-arg]
        return Examples(Ragged(np.zeros(3 * len(numbers), dtype=np.int32), np.full(len(numbers), 3)))

    stream = Stream(read, 3000.0)
    assert len(stream.next(Cursor(10, 1000), 1)[0].sequences) == 666
