"""Packing whole texts into blocks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.blocks import pack
from training.data.shards import Ragged


def test_blocks_by_hand() -> None:
    texts = Ragged.of([[11, 12], [13], [14, 15, 16], [17], [18]])
    blocks, first = pack(texts, np.array([0, 0, 0, 0, 1]), 7)
    # 1 + 3 + 2 is 6, and the third text does not fit; the last one is of another run
    assert blocks.tolist() == [[0, 11, 12, 2, 13, 2], [0, 14, 15, 16, 2, 17, 2], [0, 18, 2]]
    assert first.tolist() == [0, 2, 4]


def greedy(texts: list[list[int]], runs: list[int], longest: int) -> list[list[int]]:
    """Pack text by text, as the definition reads."""
    blocks: list[list[int]] = []
    for number, text in enumerate(texts):
        fits = bool(blocks) and runs[number] == runs[number - 1] and len(blocks[-1]) + len(text) + 1 <= longest
        if not fits:
            blocks.append([0])
        blocks[-1] += [*text, 2]
    return blocks


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(st.integers(4, 99), max_size=8), st.booleans()), min_size=1, max_size=40))
def test_packing_is_greedy(given: list[tuple[list[int], bool]]) -> None:
    texts, changes = (list(column) for column in zip(*given, strict=True))
    runs = np.cumsum(changes)
    blocks, _ = pack(Ragged.of(texts), runs, 10)
    assert blocks.tolist() == greedy(texts, runs.tolist(), 10)
