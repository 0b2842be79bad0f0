"""Exact copies by hash: two texts are copies if they are equal in the form that is asked for, usually folded.

Hashes are 64 bits of xxh3. Among a billion different texts about 0.03 pairs are expected to share a hash.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xxhash

from pipelines.text.fold import fold_all
from pipelines.text.words import mixed, unmixed

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

_PLACE: Final = np.uint64(0x9E3779B97F4A7C15)
_DOCUMENT: Final = np.uint64(0x5851F42D4C957F2D)  # so that a document of one text is no copy of that text


@dataclass(frozen=True)
class Copies:
    """What is known of hashes [n] that may have equals: how many there are of each in all, itself included, and which
    of these it is by their order, from 0 (both int32 [n])."""

    size: npt.NDArray[np.int32]
    rank: npt.NDArray[np.int32]


def hash_texts(texts: Sequence[str], forms: Callable[[Sequence[str]], list[bytes]] = fold_all) -> Hashes:
    """Return the hash of each text in the form that makes texts equal, whatever its language: uint64 [n]."""
    return hash_forms(forms(texts))


def hash_forms(forms: Sequence[bytes]) -> Hashes:
    """Return the hash of each text that is in such a form already: uint64 [n]."""
    return np.fromiter(map(xxhash.xxh3_64_intdigest, forms), np.uint64, len(forms))


def cluster_keys(language: npt.NDArray[np.int32], names: Sequence[str], *sides: Hashes) -> Hashes:
    """Return one key for each row from its language and the hashes of its sides: uint64 [n].

    `language` holds places in `names`. A text has one side, a pair two. Rows have equal keys if languages and sides
    are equal, and texts and pairs never share one.
    """
    keys = _languages(language, names, len(sides))
    for side in sides:
        keys = mixed(keys ^ side)
    return keys


def sides_in_keys(keys: Hashes, language: npt.NDArray[np.int32], names: Sequence[str]) -> Hashes:
    """Return the hashes of the texts that `cluster_keys` made these keys from: uint64 [n]."""
    return unmixed(keys) ^ _languages(language, names, sides=1)


def document_hashes(texts: Hashes, document_row: npt.NDArray[np.int32], documents: int) -> Hashes:
    """Return a hash of each document's texts in their order: uint64 [documents].

    `texts` are the hashes of the paragraphs [n], `document_row` the document of each, ascending.
    """
    sizes = np.bincount(document_row, minlength=documents)
    place = (np.arange(len(texts)) - np.repeat(np.cumsum(sizes) - sizes, sizes)).astype(np.uint64)
    sums = np.zeros(len(texts) + 1, np.uint64)
    np.cumsum(mixed(texts + (place + np.uint64(1)) * _PLACE), out=sums[1:])
    ends = np.cumsum(sizes)
    return mixed((sums[ends] - sums[ends - sizes]) ^ _DOCUMENT)


def group_mask(group: int) -> np.uint64:
    """Return what keys of a group of splits are combined with (exclusive or), so that groups share none."""
    return np.uint64(mixed(np.array([group + 1], np.uint64))[0])


def among(hashes: Hashes, ordered: Hashes) -> npt.NDArray[np.bool_]:
    """Return which of `hashes` are in `ordered`, which is ascending: bool [n]."""
    if not len(ordered):
        return np.zeros(len(hashes), bool)
    found: npt.NDArray[np.bool_] = ordered[np.minimum(np.searchsorted(ordered, hashes), len(ordered) - 1)] == hashes
    return found


def find_copies(chunks: Callable[[], Iterable[Hashes]]) -> Iterator[Copies]:
    """Yield the copies of each chunk of hashes; `chunks` is called twice and gives the same both times.

    Memory is for one chunk and for the different hashes of all, however often one of them is repeated.
    """
    repeated, sizes = find_repeated(chunks())
    met = np.zeros(len(repeated), np.int32)
    for hashes in chunks():
        size, rank = np.ones(len(hashes), np.int32), np.zeros(len(hashes), np.int32)
        if len(repeated):
            place = np.minimum(np.searchsorted(repeated, hashes), len(repeated) - 1)
            copies = np.flatnonzero(repeated[place] == hashes)
            place = place[copies]
            order = np.argsort(place, kind="stable")
            which, starts, counts = _runs(place[order])
            size[copies] = sizes[place]
            rank[copies[order]] = np.arange(len(copies)) - np.repeat(starts, counts) + np.repeat(met[which], counts)
            met[which] += counts.astype(np.int32)
        yield Copies(size, rank)


def find_repeated(chunks: Iterable[Hashes]) -> tuple[Hashes, npt.NDArray[np.int32]]:
    """Return the hashes that stand more than once in all chunks together, ascending, and how often.

    Memory is for one chunk and for the different hashes of all.
    """
    known, counts = np.zeros(0, np.uint64), np.zeros(0, np.int32)
    for hashes in chunks:
        own, _, own_counts = _runs(np.sort(hashes))  # sorting and a mask: several times faster than np.unique
        if len(known):
            order = np.argsort(np.concatenate([known, own]), kind="stable")
            both = np.concatenate([counts, own_counts])[order]
            own, starts, _ = _runs(np.concatenate([known, own])[order])
            own_counts = np.add.reduceat(both, starts) if len(starts) else both
        known, counts = own, own_counts.astype(np.int32)
    several = counts > 1
    return known[several], counts[several]


def _languages(language: npt.NDArray[np.int32], names: Sequence[str], sides: int) -> Hashes:
    hashes = [xxhash.xxh3_64_intdigest(f"{sides}\0{name}".encode()) for name in names]
    return np.array(hashes, np.uint64)[language] if len(language) else np.zeros(0, np.uint64)


def _runs(ordered: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Positions, Positions]:
    """Return each different value of an ascending array, where its run starts, and how long that is."""
    starts = np.flatnonzero(np.concatenate([np.ones(min(len(ordered), 1), bool), ordered[1:] != ordered[:-1]]))
    return ordered[starts], starts, np.diff(np.append(starts, len(ordered)))
