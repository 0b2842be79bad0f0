"""Which documents are compared: those that share a band key."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.dedup.exact import Hashes

Ids = npt.NDArray[np.int64]

NEIGHBOURS: Final = 16  # of those that share a key, how many each is paired with, beside the first
_CHUNK: Final = 1 << 15  # of those that share a key, how many are paired at a time


def pairs_sharing(keys: Hashes, ids: Ids) -> Iterator[tuple[Ids, Ids]]:
    """Yield pairs of different documents that share a key, the smaller id first, sorted and each once in its chunk.

    Of those that share one key each is paired with the first and with the `NEIGHBOURS` after it: all pairs while
    there are few, a star and a chain where there are many, so that the pairs grow with the documents and not with
    their square.
    """
    key, member = _sharing(keys, ids)
    starts = np.flatnonzero(np.concatenate([np.ones(min(len(key), 1), bool), key[1:] != key[:-1]]))
    sizes = np.diff(np.append(starts, len(key)))
    firsts = np.repeat(starts, sizes)
    for begin in range(0, len(key), _CHUNK):
        end = min(begin + _CHUNK, len(key))
        left, right = [member[firsts[begin:end]]], [member[begin:end]]
        for step in range(1, NEIGHBOURS + 1):
            after = firsts[begin + step : end + step]
            same = np.flatnonzero(firsts[begin : begin + len(after)] == after)
            if not len(same):
                break
            left.append(member[begin + same])
            right.append(member[begin + same + step])
        yield unique_pairs(np.concatenate(left), np.concatenate(right))


def _sharing(keys: Hashes, ids: Ids) -> tuple[Hashes, Ids]:
    """Return the keys that stand more than once and whose they are, by key and id.

    What is sorted is a key's high bits with its place below them: several times faster than an order of whole keys,
    which the few that are left after it are put into.
    """
    bits = np.uint64(max(len(keys) - 1, 1).bit_length())
    packed = np.sort((keys >> bits << bits) | np.arange(len(keys), dtype=np.uint64))
    shared = packed[_in_runs(packed >> bits)]
    place = (shared & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    key, member = keys[place], ids[place]
    order = np.lexsort((member, key))
    order = order[_in_runs(key[order])]
    return key[order], member[order]


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


def _in_runs(ordered: Hashes) -> npt.NDArray[np.bool_]:
    """Return which of the sorted keys stand more than once."""
    same = ordered[1:] == ordered[:-1]
    in_runs = np.zeros(len(ordered), bool)
    in_runs[1:] |= same
    in_runs[:-1] |= same
    return in_runs


def encode(files: npt.NDArray[np.int32], rows: npt.NDArray[np.uint32]) -> Ids:
    """Return one id for each file and row, in the order of both: int64 [n]."""
    ids: Ids = (files.astype(np.int64) << 32) | rows.astype(np.int64)
    return ids
