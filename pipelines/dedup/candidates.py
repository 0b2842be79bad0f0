"""Which documents are compared: those that share a band key."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.dedup.exact import Hashes

Ids = npt.NDArray[np.int64]

NEIGHBOURS: Final = 16  # of those that share a key, how many each is paired with, beside the first


def pairs_sharing(keys: Hashes, ids: Ids) -> tuple[Ids, Ids]:
    """Return pairs of different documents that share a key, the smaller id first, each pair once, sorted.

    Of those that share one key each is paired with the first and with the `NEIGHBOURS` after it: all pairs while
    there are few, a star and a chain where there are many, so that the pairs grow with the documents and not with
    their square. Keys are compared by as many high bits as fit beside a position: a pair too many costs a look, and
    verification throws it out.
    """
    if len(keys) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    bits = np.uint64(max(int(len(keys) - 1).bit_length(), 1))
    order = np.argsort(ids, kind="stable")
    positions = np.arange(len(keys), dtype=np.uint64)
    packed = np.sort((keys[order] >> bits << bits) | positions)
    key, member = packed >> bits, ids[order][(packed & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)]
    shared = np.flatnonzero(_in_runs(key))
    key, member = key[shared], member[shared]
    if not len(key):
        return member, member
    begins = np.concatenate([[True], key[1:] != key[:-1]])
    firsts = member[np.flatnonzero(begins)][np.cumsum(begins) - 1]
    left, right = [firsts], [member]
    for step in range(1, min(NEIGHBOURS, len(key) - 1) + 1):
        same = key[step:] == key[:-step]
        if not same.any():
            break
        left.append(member[:-step][same])
        right.append(member[step:][same])
    return unique_pairs(np.concatenate(left), np.concatenate(right))


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
    same = np.concatenate([[False], ordered[1:] == ordered[:-1], [False]])
    in_runs: npt.NDArray[np.bool_] = same[1:] | same[:-1]
    return in_runs


def encode(parts: Sequence[tuple[int, npt.NDArray[np.uint32]]]) -> Ids:
    """Return one id for each (file, row): int64 [n], in the order of files and rows."""
    return np.concatenate([(np.int64(file) << 32) | rows.astype(np.int64) for file, rows in parts])
