"""Which copy is kept, and which rows would leak what is held out: plain functions over arrays."""

from dataclasses import dataclass
from typing import Final

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


def losers(clusters: Hashes, levels: Levels, ranks: npt.NDArray[np.int32] | npt.NDArray[np.int64]) -> Mask:
    """Return which rows are dropped as copies: bool [n], one row of each cluster False.

    The row that is held out the most is kept, among equals the one of lowest rank. The rows given are those that
    passed the thresholds, so no text is lost because its first copy did not pass.
    """
    order = np.lexsort((ranks, -levels.astype(np.int8), clusters))
    ordered = clusters[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, bool)
    lost = np.ones(len(clusters), bool)
    lost[order[first]] = False
    return lost


def surplus(sides: Hashes, pairs: Hashes, levels: Levels, order: npt.NDArray[np.int64], most: int) -> Mask:
    """Return which pairs go because one of their sides stands in more than `most` pairs: bool [n].

    `sides` are equal for pairs with that side, `pairs` for copies of each other, of which `losers` keeps one: that
    one counts. The pairs that are held out the most stay, among equals the first in `order`.
    """
    counted = np.flatnonzero(~losers(pairs, levels, order))
    counted = counted[np.lexsort((order[counted], -levels[counted].astype(np.int8), sides[counted]))]
    ordered = sides[counted]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else counted
    place = np.arange(len(counted)) - np.repeat(starts, np.diff(np.append(starts, len(counted))))
    going = np.zeros(len(sides), bool)
    going[counted[place >= most]] = True
    return going


def leaks(hashes: Hashes, levels: Levels) -> Mask:
    """Return which texts are equal to one that is held out more: bool [n].

    `hashes` are of folded texts whatever their language; a pair takes part with each of its sides.
    """
    order = np.argsort(hashes)
    ordered = hashes[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else order
    highest = np.maximum.reduceat(levels[order], starts) if len(starts) else levels
    leaking = np.zeros(len(hashes), bool)
    leaking[order] = levels[order] < np.repeat(highest, np.diff(np.append(starts, len(hashes))))
    return leaking


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
