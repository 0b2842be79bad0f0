"""One stream of training examples for each objective, read to a budget of tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.datasets.errors import UserError
from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data import random
from training.data.blocks import pack
from training.data.order import Order, spread
from training.data.sampling import capped, language_quotas, language_shares
from training.data.sequences import Examples, Pairs, contrast_pairs, join, mixup_pairs, translation_pairs
from training.data.shards import NumberColumn, TokenColumn

_PURPOSE: dict[Objective, int] = {"mlm": 1, "tlm": 2, "xlco": 3}
_ORDER, _BITS, _SPREAD = 1, 2, 3

_FAR: Final = 1 << 30  # windows

Read = Callable[[int], Examples]
"""The examples of a window of the order, shuffled: a pure function of its number."""


@dataclass(frozen=True)
class Corpus:
    """The training split: for each language (or language pair) the tables of its files, in a fixed order."""

    text: dict[str, list[pa.Table]]
    pairs: dict[str, list[pa.Table]]
    vocabulary: int


@dataclass(frozen=True)
class Cursor:
    """How far a stream was read: examples taken and the tokens that they had for the trained encoder.

    The next example is the one numbered `within` of the window numbered `window`.
    """

    examples: int = 0
    tokens: int = 0
    window: int = 0
    within: int = 0


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
        parts: list[Examples] = []
        taken, window, within = 0, cursor.window, cursor.within
        while True:
            examples = self.read(window)
            ends = np.cumsum(examples.sequences.lengths[within:])
            count = int(np.searchsorted(ends, room - taken, side="right"))
            taken += int(ends[count - 1]) if count else 0
            parts.append(examples.part(within, within + count))
            within += count
            if within < len(examples.sequences):
                break
            window, within = window + 1, 0
        found = Examples.concat(parts)
        return found, Cursor(cursor.examples + len(found.sequences), cursor.tokens + taken, window, within)


def streams(corpus: Corpus, arm: PretrainArm) -> dict[Objective, Stream]:
    """Return a stream for each objective of the arm, with its share of the step's tokens.

    Raises UserError where `data.max_repeats` cannot be kept.
    """
    readers: dict[Objective, Callable[[Corpus, PretrainArm], Read]] = {
        "mlm": _texts,
        "tlm": _translations,
        "xlco": _contrasts,
    }
    return {name: _stream(readers[name](corpus, arm), arm, name) for name in arm.objectives}


def prefill_stream(corpus: Corpus, arm: PretrainArm) -> Stream:
    """Return examples of the contrast to fill the queue with.

    They stand so far on in the order that training never comes to them: a query's own key is not in the queue.
    """
    read = _contrasts(corpus, arm)
    return _stream(lambda window: read(_FAR + window), arm, "xlco")


def _stream(read: Read, arm: PretrainArm, objective: Objective) -> Stream:
    # most steps go on in the window where the step before them ended
    return Stream(lru_cache(maxsize=1)(read), arm.token_share(objective) * arm.tokens_per_step)


def _texts(corpus: Corpus, arm: PretrainArm) -> Read:
    ids = TokenColumn(_flat(corpus.text), "ids")
    blocks = arm.data.blocks
    longest, specials = (arm.block_tokens - 2, 1) if blocks else (arm.data.max_tokens, 2)
    sizes = _sizes(corpus.text)
    lengths = _mean_lengths(ids, sizes, longest) + specials
    order = _order(sizes, lengths, arm, "mlm")

    def texts(number: int) -> Examples:
        window = order.window(number)
        chosen = spread(window.languages, _generator(arm, "mlm", number))
        return Examples(join([ids.gather(window.rows[chosen], longest)]))

    def packed(number: int) -> Examples:
        window = order.window(number)
        ascending = np.lexsort((window.rows, window.laps, window.languages))
        laps, languages = window.laps[ascending], window.languages[ascending]
        run = np.cumsum((np.diff(laps, prepend=laps[:1]) != 0) | (np.diff(languages, prepend=languages[:1]) != 0))
        made, first = pack(ids.gather(window.rows[ascending], longest), run, arm.block_tokens)
        return Examples(made.take(spread(languages[first], _generator(arm, "mlm", number))))

    return packed if blocks else texts


def _translations(corpus: Corpus, arm: PretrainArm) -> Read:
    pairs = _pairs(corpus, arm, "tlm")

    def read(number: int) -> Examples:
        found = pairs(number)
        return translation_pairs(found, random.bits(np.arange(len(found.source)), _key(arm, "tlm", number)))

    return read


def _contrasts(corpus: Corpus, arm: PretrainArm) -> Read:
    pairs = _pairs(corpus, arm, "xlco")

    def read(number: int) -> Examples:
        found = pairs(number)
        examples = -(-len(found.source) // 2) if arm.contrast.mixup else len(found.source)
        bits = random.bits(np.arange(examples), _key(arm, "xlco", number))
        return mixup_pairs(found, bits) if arm.contrast.mixup else contrast_pairs(found, bits)

    return read


def _pairs(corpus: Corpus, arm: PretrainArm, objective: Objective) -> Callable[[int], Pairs]:
    tables = _flat(corpus.pairs)
    source, target = TokenColumn(tables, "source"), TokenColumn(tables, "target")
    group = NumberColumn(tables, "group")
    sizes, longest = _sizes(corpus.pairs), arm.data.max_tokens
    both = _mean_lengths(source, sizes, longest) + _mean_lengths(target, sizes, longest) + 3
    # the contrast's queries are one of two sides
    order = _order(sizes, both if objective == "tlm" else both / 2, arm, objective)

    def read(number: int) -> Pairs:
        window = order.window(number)
        chosen = spread(window.languages, _generator(arm, objective, number))
        rows = window.rows[chosen]
        return Pairs(
            source.gather(rows, longest), target.gather(rows, longest), group.gather(rows), window.languages[chosen]
        )

    return read


def _order(sizes: list[int], tokens_per_row: NDArray[np.float64], arm: PretrainArm, objective: Objective) -> Order:
    rows = np.asarray(sizes, np.int64)
    shares = language_shares(rows, tokens_per_row, arm.data.sampling_unit, arm.data.sampling_exponent)
    if arm.data.max_repeats is not None:
        whole_run = arm.steps * arm.tokens_per_step * arm.token_share(objective)
        limits = arm.data.max_repeats * rows * tokens_per_row / whole_run
        if limits.sum() < 1:
            raise UserError(
                f"pretrain.data.max_repeats: the whole run reads all that {objective} trains on {1 / limits.sum():.3g} "
                "times as often as that allows; raise it, lower pretrain.steps or give more text"
            )
        shares = capped(shares, limits)
    row_shares = shares / tokens_per_row
    return Order(
        sizes=tuple(sizes),
        quotas=language_quotas(row_shares / row_shares.sum(), rows),
        seed=random.key(arm.seed, _PURPOSE[objective], _ORDER),
        chunk_rows=arm.data.chunk_rows,
        window_chunks=arm.data.window_chunks,
    )


def _mean_lengths(column: TokenColumn, sizes: list[int], longest: int) -> NDArray[np.float64]:
    firsts = np.cumsum(sizes) - sizes
    return np.asarray([column.mean_length(int(at), size, longest) for at, size in zip(firsts, sizes, strict=True)])


def _key(arm: PretrainArm, objective: Objective, number: int) -> int:
    return random.key(arm.seed, _PURPOSE[objective], _BITS, number)


def _generator(arm: PretrainArm, objective: Objective, number: int) -> np.random.Generator:
    return random.generator(arm.seed, _PURPOSE[objective], _SPREAD, number)


def _sizes(tables: dict[str, list[pa.Table]]) -> list[int]:
    return [sum(table.num_rows for table in group) for group in tables.values()]


def _flat(tables: dict[str, list[pa.Table]]) -> Sequence[pa.Table]:
    return [table for group in tables.values() for table in group]
