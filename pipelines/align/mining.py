"""Nearest neighbours among sentence vectors, exactly or nearly, of a database that need not be in memory whole.

What pairs they make is told in `pipelines.align.margins`. Vectors come in as arrays; where they come from is no
business of this module.
"""

from collections.abc import Iterable
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from pipelines.align.margins import Neighbours, Vectors

_LISTS_PER_ROOT = 4  # inverted lists for each square root of a shard's vectors, as FAISS's guide to indexes advises
_TRAINING_PER_LIST = 64  # vectors that each list's centroid is estimated from
_PROBED_SHARE = 1 / 16  # of the lists are searched
_SEED = 1
_BLOCK = 16_384  # queries that are searched for at a time

faiss.omp_set_num_threads(1)  # processes share the cores; and so the result is one thread's, whatever their number


def exact_index(vectors: Vectors) -> faiss.Index:
    """Return an index of unit vectors `[n, d]` that compares a query with all of them."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))
    return index


def approximate_index(vectors: Vectors) -> faiss.Index:
    """Return an index of unit vectors `[n, d]`, kept as float16, that looks only where a query's neighbours likely are.

    Inverted lists (Johnson et al. 2017, section 2.2), a sixteenth of which is searched. The same vectors always give
    the same index.
    """
    rows, width = vectors.shape
    lists = max(1, min(int(_LISTS_PER_ROOT * rows**0.5), rows // _TRAINING_PER_LIST))
    quantizer = faiss.IndexFlatIP(width)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, width, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed = _SEED
    index.by_residual = False
    sample = np.linspace(0, rows - 1, min(rows, lists * _TRAINING_PER_LIST)).astype(np.int64)
    index.train(np.ascontiguousarray(vectors[sample], np.float32))
    index.add(np.ascontiguousarray(vectors, np.float32))
    index.nprobe = max(1, round(lists * _PROBED_SHARE))
    return index


def nearest(queries: npt.NDArray[np.floating[Any]], shards: Iterable[faiss.Index], k: int) -> Neighbours:
    """Return the k nearest of a database that is searched shard by shard; only one shard need be in memory.

    queries: unit vectors `[n, d]`, float16 or float32. Rows of the database are counted through all shards in their
    order. Of rows that are equally near, the first win.
    """
    best = Neighbours(np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64))
    first = 0
    for shard in shards:
        best = _merged(best, _in_shard(queries, shard, min(k, shard.ntotal), first), k)
        first += shard.ntotal
    return best


def _in_shard(queries: npt.NDArray[np.floating[Any]], shard: faiss.Index, k: int, first: int) -> Neighbours:
    similarity, index = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
    for begin in range(0, len(queries), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        similarity[block], index[block] = shard.search(np.ascontiguousarray(queries[block], np.float32), k)
    index[index >= 0] += first
    return Neighbours(similarity, index)


def _merged(one: Neighbours, other: Neighbours, k: int) -> Neighbours:
    similarity = np.concatenate([one.similarity, other.similarity], axis=1)
    index = np.concatenate([one.index, other.index], axis=1)
    order = np.lexsort((index, -similarity), axis=1)[:, :k]
    return Neighbours(np.take_along_axis(similarity, order, 1), np.take_along_axis(index, order, 1))
