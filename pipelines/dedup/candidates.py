"""Which documents are compared: those that share a band key."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.dedup.exact import Hashes, Positions

Ids = npt.NDArray[np.int64]

NEIGHBOURS: Final = 16  # of those that share a key, how many each is paired with, beside the first
_CHUNK: Final = 1 << 15  # of those that share a key, how many are paired at a time


def pairs_sharing(parts: Iterable[tuple[Hashes, Ids]], most: int) -> Iterator[tuple[Ids, Ids]]:
    """Yield pairs of different documents that share a key, the smaller id first, sorted and each once in its chunk.

    A part holds the keys and ids of some documents; of equal keys the ids ascend, from part to part too. Of those that
    share one key each is paired with the first and with the `NEIGHBOURS` after it: all pairs while there are few, a
    star and a chain where there are many, so that the pairs grow with the documents and not with their square. When
    more than `most` are held, only those are kept that later ones can be paired with.
    """
    keys, ids, limit = np.zeros(0, np.uint64), np.zeros(0, np.int64), most
    for own_keys, own_ids in parts:
        keys, ids = np.concatenate([keys, own_keys]), np.concatenate([ids, own_ids])
        if len(keys) > limit:
            keys, ids = _by_key(keys, ids)
            yield from _pairs(keys, ids)
            kept = _still_paired(keys)
            keys, ids = keys[kept], ids[kept]
            limit = max(most, 2 * len(keys))
    yield from _pairs(*_by_key(keys, ids))


def _by_key(keys: Hashes, ids: Ids) -> tuple[Hashes, Ids]:
    order = np.lexsort((ids, keys))
    return keys[order], ids[order]


def _still_paired(keys: Hashes) -> npt.NDArray[np.bool_]:
    """Return which of the sorted keys are the first of their run or among the last `NEIGHBOURS` of it."""
    starts, sizes = _runs(keys)
    place = np.arange(len(keys)) - np.repeat(starts, sizes)
    kept: npt.NDArray[np.bool_] = (place == 0) | (place >= np.repeat(sizes, sizes) - NEIGHBOURS)
    return kept


def _pairs(keys: Hashes, ids: Ids) -> Iterator[tuple[Ids, Ids]]:
    """Yield the pairs of documents in the order of keys and ids, so many documents at a time."""
    starts, sizes = _runs(keys)
    firsts = np.repeat(starts, sizes)
    for begin in range(0, len(keys), _CHUNK):
        end = min(begin + _CHUNK, len(keys))
        left, right = [ids[firsts[begin:end]]], [ids[begin:end]]
        for step in range(1, NEIGHBOURS + 1):
            after = firsts[begin + step : end + step]
            same = np.flatnonzero(firsts[begin : begin + len(after)] == after)
            if not len(same):
                break
            left.append(ids[begin + same])
            right.append(ids[begin + same + step])
        yield unique_pairs(np.concatenate(left), np.concatenate(right))


def _runs(keys: Hashes) -> tuple[Positions, Positions]:
    """Return where each run of equal keys starts, and how long it is."""
    starts = np.flatnonzero(np.concatenate([np.ones(min(len(keys), 1), bool), keys[1:] != keys[:-1]]))
    return starts, np.diff(np.append(starts, len(keys)))


def unique_pairs(left: Ids, right: Ids) -> tuple[Ids, Ids]:
    """Return each pair of different ids once, sorted. Ids are below 2^62."""
    different = left != right
    left, right = left[different], right[different]
    span = int(right.max(initial=0)) + 1
    if len(left) and int(left.max()) < (1 << 63) // span:
        packed = np.sort(left * span + right)
        packed = packed[np.concatenate([[True], packed[1:] != packed[:-1]])]
        return packed // span, packed % span
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    again = np.concatenate([np.ones(min(len(left), 1), bool), (left[1:] != left[:-1]) | (right[1:] != right[:-1])])
    return left[again], right[again]


def encode(files: npt.NDArray[np.int32], rows: npt.NDArray[np.uint32]) -> Ids:
    """Return one id for each file and row, in the order of both: int64 [n]."""
    ids: Ids = (files.astype(np.int64) << 32) | rows.astype(np.int64)
    return ids
