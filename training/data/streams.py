"""One stream of training examples for each objective, read to a budget of tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data import random
from training.data.order import Order
from training.data.sequences import Examples, Pairs, contrast_pairs, join, mixup_pairs, translation_pairs
from training.data.shards import NumberColumn, TokenColumn

_PURPOSE: dict[Objective, int] = {"mlm": 1, "tlm": 2, "xlco": 3}

_FAR: Final = 1 << 40  # examples

Read = Callable[[NDArray[np.int64]], Examples]
"""Examples by number (int64 `[n]`, ascending): a pure function."""


@dataclass(frozen=True)
class Corpus:
    """The training split: for each language (or language pair) the tables of its files, in a fixed order."""

    text: dict[str, list[pa.Table]]
    pairs: dict[str, list[pa.Table]]
    vocabulary: int


@dataclass(frozen=True)
class Cursor:
    """How far a stream was read: examples taken and the tokens that they had for the trained encoder."""

    examples: int = 0
    tokens: int = 0


@dataclass(frozen=True)
class Stream:
    """Examples read one after another, a fixed number of tokens for each step. It has no state of its own.

    After step s the tokens read are as near below `s * tokens_per_step` as whole sequences allow: what one step
    leaves over, the next one gets. So two arms differ by less than one sequence for each of their streams.
    """

    read: Read
    tokens_per_step: float

    def next(self, cursor: Cursor, step: int) -> tuple[Examples, Cursor]:
        """Return the examples of a step, counted from 1, that stand at a cursor, and the cursor behind them."""
        room = int(step * self.tokens_per_step) - cursor.tokens
        guess = 64 + room // 16
        while True:
            examples = self.read(cursor.examples + np.arange(guess, dtype=np.int64))
            ends = np.cumsum(examples.sequences.lengths)
            count = int(np.searchsorted(ends, room, side="right"))
            if count < guess:
                break
            guess *= 2
        taken = int(ends[count - 1]) if count else 0
        return examples.head(count), Cursor(cursor.examples + count, cursor.tokens + taken)


def streams(corpus: Corpus, arm: PretrainArm) -> dict[Objective, Stream]:
    """Return a stream for each objective of the arm, with its share of the step's tokens."""
    readers: dict[Objective, Callable[[Corpus, PretrainArm], Read]] = {
        "mlm": _texts,
        "tlm": _translations,
        "xlco": _contrasts,
    }
    return {
        name: Stream(readers[name](corpus, arm), arm.token_share(name) * arm.tokens_per_step) for name in arm.objectives
    }


def prefill_stream(corpus: Corpus, arm: PretrainArm) -> Stream:
    """Return examples of the contrast to fill the queue with.

    They stand so far on in the order that training never comes to them: a query's own key is not in the queue.
    """
    read = _contrasts(corpus, arm)
    return Stream(lambda numbers: read(numbers + _FAR), arm.token_share("xlco") * arm.tokens_per_step)


def _texts(corpus: Corpus, arm: PretrainArm) -> Read:
    order = _order(corpus.text, arm, "mlm")
    ids = TokenColumn(_flat(corpus.text), "ids")
    return lambda numbers: Examples(join([ids.gather(order.rows(numbers), arm.data.max_tokens)]))


def _translations(corpus: Corpus, arm: PretrainArm) -> Read:
    pairs = _pairs(corpus, arm, "tlm")
    seed = random.key(arm.seed, _PURPOSE["tlm"], 2)
    return lambda numbers: translation_pairs(pairs(numbers), random.bits(numbers, seed))


def _contrasts(corpus: Corpus, arm: PretrainArm) -> Read:
    pairs = _pairs(corpus, arm, "xlco")
    seed = random.key(arm.seed, _PURPOSE["xlco"], 2)

    def read(numbers: NDArray[np.int64]) -> Examples:
        bits = random.bits(numbers, seed)
        if not arm.contrast.mixup:
            return contrast_pairs(pairs(numbers), bits)
        return mixup_pairs(pairs((2 * numbers[:, None] + np.arange(2)).ravel()), bits)

    return read


def _pairs(corpus: Corpus, arm: PretrainArm, objective: Objective) -> Callable[[NDArray[np.int64]], Pairs]:
    tables = _flat(corpus.pairs)
    source, target = TokenColumn(tables, "source"), TokenColumn(tables, "target")
    group = NumberColumn(tables, "group")
    order = _order(corpus.pairs, arm, objective)
    longest = arm.data.max_tokens

    def read(positions: NDArray[np.int64]) -> Pairs:
        rows = order.rows(positions)
        return Pairs(
            source.gather(rows, longest), target.gather(rows, longest), group.gather(rows), order.languages(rows)
        )

    return read


def _order(tables: dict[str, list[pa.Table]], arm: PretrainArm, objective: Objective) -> Order:
    return Order(
        sizes=tuple(sum(table.num_rows for table in group) for group in tables.values()),
        exponent=arm.data.sampling_exponent,
        seed=random.key(arm.seed, _PURPOSE[objective], 1),
        chunk_rows=arm.data.chunk_rows,
        window_chunks=arm.data.window_chunks,
    )


def _flat(tables: dict[str, list[pa.Table]]) -> Sequence[pa.Table]:
    return [table for group in tables.values() for table in group]
