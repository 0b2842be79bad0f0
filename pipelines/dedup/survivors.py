"""Which copy is kept, and which rows would leak what is held out: plain functions over arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipelines.dedup.exact import Hashes
from pipelines.text.words import mixed

TRAIN: Final = 0
DEV: Final = 1
TEST: Final = 2
SPLITS: Final = ("train", "dev", "test")  # the more held out, the later

Levels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

KEPT: Final = 0
COPY: Final = 1
NEAR: Final = 2


@dataclass(frozen=True)
class Highest:
    """Different hashes, ascending, and the highest number that was seen with each (both uint64 [n])."""

    hashes: Hashes
    numbers: npt.NDArray[np.uint64]

    def beats(self, hashes: Hashes, numbers: npt.NDArray[Any]) -> Mask:
        """Return which rows' hashes were seen with a higher number: bool [n]."""
        if not len(self.hashes):
            return np.zeros(len(hashes), bool)
        place = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        beaten: Mask = (self.hashes[place] == hashes) & (self.numbers[place] > numbers)
        return beaten


def highest(chunks: Iterable[tuple[Hashes, npt.NDArray[Any]]]) -> Highest:
    """Return the highest number of each hash. Memory is for the different hashes, however often one is repeated."""
    known = Highest(np.zeros(0, np.uint64), np.zeros(0, np.uint64))
    waiting: list[Highest] = []
    for hashes, numbers in chunks:
        waiting.append(_highest(hashes, numbers.astype(np.uint64)))
        if sum(len(part.hashes) for part in waiting) >= len(known.hashes):  # so that each is sorted a few times at most
            known, waiting = _merged([known, *waiting]), []
    return _merged([known, *waiting])


def lowest_kept(chunks: Iterable[tuple[Hashes, npt.NDArray[Any]]], most: int) -> Highest:
    """Return the lowest number of each hash that is among its `most` highest; 0 where it has fewer numbers.

    What that beats are the rows beyond. The numbers of a hash differ. Memory is for the numbers that are kept.
    """
    hashes, numbers = np.zeros(0, np.uint64), np.zeros(0, np.uint64)
    for more, given in chunks:
        hashes, numbers = np.concatenate([hashes, more]), np.concatenate([numbers, given.astype(np.uint64)])
        order = np.lexsort((~numbers, hashes))
        hashes, numbers = hashes[order], numbers[order]
        kept = _place(hashes) < most
        hashes, numbers = hashes[kept], numbers[kept]
    last = np.flatnonzero(np.append(hashes[1:] != hashes[:-1], np.ones(min(len(hashes), 1), bool)))
    return Highest(hashes[last], np.where(_place(hashes)[last] == most - 1, numbers[last], np.uint64(0)))


def _place(ordered: Hashes) -> npt.NDArray[np.int64]:
    """Return the place of each among those that are equal to it: int64 [n]."""
    starts = np.flatnonzero(np.concatenate([np.ones(min(len(ordered), 1), bool), ordered[1:] != ordered[:-1]]))
    return np.arange(len(ordered)) - np.repeat(starts, np.diff(np.append(starts, len(ordered))))


def order_of(levels: Levels, file: int) -> npt.NDArray[np.uint64]:
    """Return for the rows of a file which comes first in the corpus, the highest: by level, then file, then row."""
    rows = np.uint64(file) << np.uint64(32) | np.arange(len(levels), dtype=np.uint64)
    return levels.astype(np.uint64) << np.uint64(62) | (np.uint64((1 << 62) - 1) - rows)


def precedence(levels: Levels, ranks: npt.NDArray[np.int32]) -> npt.NDArray[np.uint64]:
    """Return which of a cluster's copies is kept, the highest: what is held out the most, then the lowest rank."""
    return levels.astype(np.uint64) << np.uint64(32) | (np.uint64(0xFFFFFFFF) - ranks.astype(np.uint64))


def losers(clusters: Hashes, levels: Levels, ranks: npt.NDArray[np.int32]) -> Mask:
    """Return which rows are dropped as copies: bool [n], one row of each cluster False.

    The rows given are those that passed the thresholds, so no text is lost because its first copy did not pass.
    """
    numbers = precedence(levels, ranks)
    return highest([(clusters, numbers)]).beats(clusters, numbers)


def _merged(parts: Sequence[Highest]) -> Highest:
    return _highest(np.concatenate([part.hashes for part in parts]), np.concatenate([part.numbers for part in parts]))


def _highest(hashes: Hashes, numbers: npt.NDArray[np.uint64]) -> Highest:
    order = np.argsort(hashes)
    ordered = hashes[order]
    starts = np.flatnonzero(np.concatenate([np.ones(min(len(ordered), 1), bool), ordered[1:] != ordered[:-1]]))
    return Highest(ordered[starts], np.maximum.reduceat(numbers[order], starts) if len(starts) else numbers)


@dataclass(frozen=True)
class Documents:
    """Documents [n] of which some row passed the thresholds, in their order.

    `clusters` are equal for copies of each other, `marks` for documents whose rows passed at the same places;
    `levels` say how held out they are, `rows` (int64) how many of their rows passed.
    """

    clusters: Hashes
    marks: Hashes
    levels: Levels
    rows: npt.NDArray[np.int64]


def document_losers(documents: Documents, first: Hashes, second: Hashes) -> npt.NDArray[np.uint8]:
    """Return what becomes of each document: uint8 [n], `KEPT`, `COPY` or `NEAR`.

    (`first`, `second`) are the clusters that were verified to be near duplicates [pairs]. A document is a lost copy
    only if the same rows of a copy that is kept have passed. Near duplicates are then gone through in order: more
    held out first, then more rows that passed, then the order of the documents; each is kept unless it is near to one
    that is kept already. So whatever is dropped has a verified pair with what is kept, and no chain joins two
    documents that are not alike.
    """
    order = np.arange(len(documents.clusters), dtype=np.int32)
    fate = losers(mixed(mixed(documents.clusters) ^ documents.marks), documents.levels, order).astype(np.uint8) * COPY
    nodes, node = np.unique(documents.clusters, return_inverse=True)
    known = np.isin(first, nodes) & np.isin(second, nodes)
    left, right = np.searchsorted(nodes, first[known]), np.searchsorted(nodes, second[known])
    best = np.lexsort((order, -documents.rows, -documents.levels.astype(np.int8)))
    places = np.zeros(len(nodes), np.int64)
    places[node[best[::-1]]] = np.arange(len(best))[::-1]  # of each cluster its best document's
    fate[greedy_losers(places, left, right)[node]] = NEAR
    return fate


def greedy_losers(places: npt.NDArray[np.int64], left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> Mask:
    """Return which nodes lose: bool [n]. In the order of `places` each node is kept unless a neighbour is already.

    All nodes that have no undecided neighbour before them are kept at once, and their neighbours lose, until no edge
    (`left`, `right`) is left.
    """
    lost = np.zeros(len(places), bool)
    is_earlier = places[left] < places[right]
    earlier, later = np.where(is_earlier, left, right), np.where(is_earlier, right, left)
    while len(earlier):
        waits = np.zeros(len(places), bool)
        waits[later] = True
        kept = ~waits[earlier]
        lost[later[kept]] = True
        undecided = ~kept & ~lost[earlier] & ~lost[later]
        earlier, later = earlier[undecided], later[undecided]
    return lost
