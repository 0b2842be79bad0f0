"""Streams: every step its tokens, every example in turn, each language its share, the same wherever one starts."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pytest

from pipelines.datasets.errors import UserError
from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data.sequences import Examples
from training.data.shards import Ragged
from training.data.streams import Corpus, Cursor, Stream, streams

Recipe = Callable[..., PretrainArm]
NO_BLOCKS = {"blocks": False}


@pytest.mark.parametrize("objective", ["mlm", "tlm", "xlco"])
def test_tokens_stay_within_one_sequence_of_the_budget(corpus: Corpus, recipe: Recipe, objective: Objective) -> None:
    arm = recipe()
    stream, cursor = streams(corpus, arm)[objective], Cursor()
    for step in range(1, 30):
        _, cursor = stream.next(cursor, step)
        behind = step * stream.tokens_per_step - cursor.tokens
        assert 0 <= behind < arm.model.positions


@pytest.mark.parametrize("objective", ["mlm", "tlm", "xlco"])
def test_examples_follow_each_other_without_a_gap(corpus: Corpus, recipe: Recipe, objective: Objective) -> None:
    stream, cursor = streams(corpus, recipe())[objective], Cursor()
    parts: list[list[int]] = []
    for step in range(1, 30):
        examples, cursor = stream.next(cursor, step)
        parts += examples.sequences.tolist()
    whole = [row for window in range(cursor.window + 1) for row in stream.read(window).sequences.tolist()]
    assert cursor.window > 1
    assert parts == whole[: len(parts)]
    assert cursor.examples == len(parts)


def ids(table: pa.Table, column: str, longest: int = 16) -> list[tuple[int, ...]]:
    return [tuple(row[:longest]) for row in table[column].to_pylist()]


def epoch(stream: Stream, windows: int) -> list[list[int]]:
    return [row for window in range(windows) for row in stream.read(window).sequences.tolist()]


def texts_of(blocks: Sequence[Sequence[int]]) -> Counter[tuple[int, ...]]:
    """Return the texts in sequences `<s> text </s> text </s>`."""
    found: Counter[tuple[int, ...]] = Counter()
    for block in blocks:
        assert block[0] == 0
        assert block[-1] == 2
        inner = list(block[1:])
        while inner:
            end = inner.index(2)
            found[tuple(inner[:end])] += 1
            inner = inner[end + 1 :]
    return found


@pytest.mark.parametrize("blocks", [True, False])
def test_an_epoch_reads_every_text_of_every_language_once(corpus: Corpus, recipe: Recipe, blocks: bool) -> None:
    arm = recipe(data={"sampling_exponent": 1.0, "blocks": blocks})
    longest = 60 if blocks else 16
    given = Counter(text for group in corpus.text.values() for table in group for text in ids(table, "ids", longest))
    rows = sum(given.values())
    windows = -(-rows // 16)  # of four chunks of four rows
    assert texts_of(epoch(streams(corpus, arm)["mlm"], windows)) == given


def test_an_epoch_reads_every_pair_once(corpus: Corpus, recipe: Recipe) -> None:
    arm = recipe(data={"sampling_exponent": 1.0}, contrast={"mixup": True, "mask_inputs": False})
    given: Counter[tuple[int, ...]] = Counter()
    for group in corpus.pairs.values():
        for table in group:
            given.update(ids(table, "source") + ids(table, "target"))
    windows = -(-sum(table.num_rows for group in corpus.pairs.values() for table in group) // 16)
    read = streams(corpus, arm)
    assert texts_of(epoch(read["tlm"], windows)) == given
    sides = [(part.sequences, part.keys) for part in map(read["xlco"].read, range(windows))]
    both = [row for queries, keys in sides if keys for side in (queries, keys.sequences) for row in side.tolist()]
    # 360 pairs make 180 examples, none of which is left out
    assert texts_of(both) == given


def test_a_block_is_of_one_language_and_no_longer_than_the_release_s(corpus: Corpus, recipe: Recipe) -> None:
    owner = {text: name for name, group in corpus.text.items() for table in group for text in ids(table, "ids", 60)}
    found = epoch(streams(corpus, recipe())["mlm"], 20)
    assert max(map(len, found)) <= 62
    assert np.mean([len(block) for block in found]) > 35  # two or three texts of a small window
    for block in found:
        texts = texts_of([block])
        assert len({owner[text] for text in texts}) == 1


def test_a_block_holds_no_text_twice(recipe: Recipe) -> None:
    # of two languages drawn alike, the one with three texts is read many times over in each window
    small = [[number] * 5 for number in (4, 5, 6)]
    large = [[100 + number, 7] for number in range(200)]
    corpus = made({"aa": small, "bb": large})
    stream = streams(corpus, recipe(data={"sampling_exponent": 0.0, "chunk_rows": 64}))["mlm"]
    found = epoch(stream, 3)
    assert any(texts_of([block])[(4,) * 5] for block in found)
    assert all(max(texts_of([block]).values()) == 1 for block in found)


def made(text: dict[str, list[list[int]]]) -> Corpus:
    tables = {name: [pa.table({"ids": pa.array(rows, pa.list_(pa.uint16()))})] for name, rows in text.items()}
    pairs = pa.table(
        {name: pa.array([[9, 9]] * 4000, pa.list_(pa.uint16())) for name in ("source", "target")}
        | {"group": pa.array(range(4000), pa.uint64())}
    )
    return Corpus(tables, {"en-aa": [pairs]}, 400)


def tokens_by_language(corpus: Corpus, arm: PretrainArm, tokens: int) -> list[int]:
    """Return the tokens read of `aa`, whose ids are below 50, and of `bb`."""
    found, read = [0, 0], 0
    stream, cursor = streams(corpus, arm)["mlm"], Cursor()
    step = 0
    while read < tokens:
        step += 1
        examples, cursor = stream.next(cursor, step)
        read = cursor.tokens
        for row in examples.sequences.tolist():
            found[row[1] >= 50] += len(row)
    return found


def test_languages_are_drawn_by_tokens_or_by_rows(recipe: Recipe) -> None:
    # 100 texts of 14 + 2 tokens and 100 of 2 + 2: 1600 and 400 tokens
    corpus = made({"aa": [[5] * 14] * 100, "bb": [[77] * 2] * 100})
    for unit, share in (("tokens", 2 / 3), ("rows", 4 / 5)):
        arm = recipe(data={"sampling_exponent": 0.5, "sampling_unit": unit} | NO_BLOCKS)
        first, second = tokens_by_language(corpus, arm, 20_000)
        assert first / (first + second) == pytest.approx(share, abs=0.01)


def test_no_language_is_read_more_often_than_the_cap(recipe: Recipe) -> None:
    # 100 and 1600 tokens; the whole run reads 4000 of MMLM
    corpus = made({"aa": [[5] * 8] * 10, "bb": [[77] * 14] * 100})
    run = {"steps": 40, "tokens_per_step": 400}
    for cap, most in ((None, 2000), (5.0, 500), (2.5, 250)):
        arm = recipe(**run, data={"sampling_exponent": 0.0, "max_repeats": cap} | NO_BLOCKS)
        first, _ = tokens_by_language(corpus, arm, 3980)
        assert first == pytest.approx(most, rel=0.08)
    with pytest.raises(UserError, match=r"all that mlm trains on 2\.35 times as often as that allows; raise it"):
        streams(corpus, recipe(**run, data={"max_repeats": 1.0} | NO_BLOCKS))


def test_a_pair_s_sides_belong_together(corpus: Corpus, recipe: Recipe) -> None:
    translations: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
    for (table,) in corpus.pairs.values():
        for source, target in zip(ids(table, "source"), ids(table, "target"), strict=True):
            translations.setdefault(source, set()).add(target)
    examples = streams(corpus, recipe(contrast={"mixup": False}))["xlco"].read(3)
    assert examples.keys is not None
    sides = zip(examples.sequences.tolist(), examples.keys.sequences.tolist(), examples.keys.is_source, strict=True)
    for query, key, key_is_source in sides:
        source, target = (key, query) if key_is_source else (query, key)
        assert tuple(target[1:-1]) in translations[tuple(source[1:-1])]


def test_a_contrast_batch_is_of_many_languages(corpus: Corpus, recipe: Recipe) -> None:
    arm = recipe(data={"chunk_rows": 4, "window_chunks": 64})
    stream, cursor = streams(corpus, arm)["xlco"], Cursor()
    for step in range(1, 30):
        examples, cursor = stream.next(cursor, step)
        assert examples.keys is not None
        # a language with a third of the window is in any stretch of six pairs
        assert len(set(examples.keys.languages.ravel().tolist())) == 3


def test_a_step_may_take_several_windows() -> None:
    def read(window: int) -> Examples:
        return Examples(Ragged(np.full(3 * 100, window, dtype=np.int32), np.full(100, 3)))

    examples, cursor = Stream(read, 3000.0).next(Cursor(10, 1000, window=4, within=60), 1)
    assert len(examples.sequences) == 666
    assert cursor == Cursor(676, 2998, window=11, within=26)
    assert np.bincount(examples.sequences.values).tolist() == [0, 0, 0, 0, 120, *[300] * 6, 78]
