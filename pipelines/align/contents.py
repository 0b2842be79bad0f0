"""Document alignment by content: candidates by rare words or by vectors, scored by margin, one to one.

Words that both languages write the same way (numbers, names, what is quoted) find the first pairs. Words that stand in
the same documents of these pairs are then taken for translations of each other, and all documents are compared again.
The score is a ratio margin, as in mining (Mikel Artetxe and Holger Schwenk, "Margin-based Parallel Corpus Mining with
Multilingual Sentence Embeddings", ACL 2019), of documents in place of sentences.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipelines.align.documents import DocumentPairs, Int64
from pipelines.dedup.exact import Hashes

Float32 = npt.NDArray[np.float32]

_NEIGHBOURS: Final = 4  # in the margin, as in LASER's mining
_CANDIDATES: Final = 8  # documents of the other side that are compared with each one
_BLOCK: Final = 1024  # documents whose similarities to all of the other side are held at a time
_COMMON: Final = 0.3  # words in a larger share of the documents say little and cost much
_LEAST_DOCUMENTS: Final = 50  # where there are fewer, no word is common
_SURE: Final = 1.1  # a margin from which on a pair teaches words
_TOGETHER: Final = 3  # pairs in which two words must stand together, and
_DICE: Final = 0.6  # how often they do, to be translations


@dataclass(frozen=True)
class Words:
    """The words of documents [0, count): a hash and the document of each (uint64, int64 [w]), in any order."""

    hashes: Hashes
    document: Int64
    count: int


@dataclass(frozen=True)
class _Candidates:
    """Pairs to choose from, each once, and their similarities [c]."""

    source: Int64
    target: Int64
    similarity: Float32


def pair_by_words(source: Words, target: Words, min_score: float) -> DocumentPairs:
    """Return one-to-one pairs of documents in two languages whose margin is `min_score` or more.

    With no words in common there are no pairs.
    """
    vocabulary = np.unique(np.concatenate([source.hashes, target.hashes]))
    sources, targets = _counts(source, vocabulary), _counts(target, vocabulary)
    pairs = _one_to_one(_by_words(sources, targets), source.count, target.count)
    word, translation = _translations(sources, targets, _above(pairs, _SURE))
    sources = sparse.hstack([sources, sources[:, word]], "csr")
    targets = sparse.hstack([targets, targets[:, translation]], "csr")
    return _above(_one_to_one(_by_words(sources, targets), source.count, target.count), min_score)


def pair_by_vectors(source: Float32, target: Float32, min_score: float) -> DocumentPairs:
    """Return the same for documents given by their vectors: float32 [s, d] and [t, d], of length 1.

    A document's vector is the mean of its sentences', brought to length 1.
    """
    parts = []
    for begin in range(0, len(source), _BLOCK):
        similarity = source[begin : begin + _BLOCK] @ target.T
        best = np.argsort(-similarity, axis=1, kind="stable")[:, :_CANDIDATES]
        rows = np.repeat(np.arange(len(similarity)), best.shape[1])
        parts.append(_Candidates(rows + begin, best.ravel(), similarity[rows, best.ravel()]))
    return _above(_one_to_one(_joined(parts), len(source), len(target)), min_score)


def _counts(words: Words, vocabulary: Hashes) -> sparse.csr_matrix:
    """Return how often each word of the vocabulary [v] stands in each document [d]: float32, sparse [d, v]."""
    places = np.searchsorted(vocabulary, words.hashes)
    ones = np.ones(len(places), np.float32)
    return sparse.coo_matrix((ones, (words.document, places)), (words.count, len(vocabulary))).tocsr()


def _by_words(sources: sparse.csr_matrix, targets: sparse.csr_matrix) -> _Candidates:
    """Return for each source document the most similar targets, by the cosine of their words in common.

    A word weighs by the logarithm of its count and by how rare it is; common ones do not count.
    """
    total = sources.shape[0] + targets.shape[0]
    found = sources.getnnz(0), targets.getnnz(0)
    rare = found[0] + found[1] <= max(_COMMON * total, _LEAST_DOCUMENTS)
    shared = np.flatnonzero((found[0] > 0) & (found[1] > 0) & rare)
    weights = np.log((total + 1) / (found[0] + found[1]))[shared].astype(np.float32)
    left, right = _weighed(sources[:, shared], weights), _weighed(targets[:, shared], weights).T.tocsr()
    parts = []
    for begin in range(0, left.shape[0], _BLOCK):
        block = (left[begin : begin + _BLOCK] @ right).tocoo()
        order = np.lexsort((block.col, -block.data, block.row))
        rows = block.row[order]
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        best = order[rank < _CANDIDATES]
        parts.append(_Candidates(block.row[best] + begin, block.col[best].astype(np.int64), block.data[best]))
    return _joined(parts)


def _weighed(counts: sparse.csr_matrix, weights: Float32) -> sparse.csr_matrix:
    weighed = counts.copy()
    weighed.data = (1 + np.log(weighed.data)) * weights[weighed.indices]
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    return sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ weighed


def _joined(parts: list[_Candidates]) -> _Candidates:
    if not parts:
        return _Candidates(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    source, target, similarity = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("source", "target", "similarity")
    )
    return _Candidates(source.astype(np.int64), target.astype(np.int64), similarity.astype(np.float32))


def _one_to_one(found: _Candidates, sources: int, targets: int) -> DocumentPairs:
    """Return the best pairs by margin, each document in one at most, by the place of the target."""
    near = _neighbourhood(found.source, found.similarity, sources)[found.source]
    near = near + _neighbourhood(found.target, found.similarity, targets)[found.target]
    margin = found.similarity / np.maximum(near / 2, np.finfo(np.float32).tiny)
    order = np.lexsort((found.target, found.source, -found.similarity, -margin)).tolist()
    taken: tuple[set[int], set[int]] = set(), set()
    chosen = []
    for place, source, target in zip(order, found.source[order].tolist(), found.target[order].tolist(), strict=True):
        if source not in taken[0] and target not in taken[1]:
            taken[0].add(source)
            taken[1].add(target)
            chosen.append(place)
    kept = np.array(chosen, np.int64)
    kept = kept[np.argsort(found.target[kept])]
    return DocumentPairs(found.source[kept], found.target[kept], margin[kept].astype(np.float32))


def _neighbourhood(own: Int64, similarity: Float32, count: int) -> Float32:
    """Return the mean similarity of each document's nearest neighbours: float32 [count], 0 where it has none."""
    order = np.lexsort((-similarity, own))
    rank = np.arange(len(order)) - np.searchsorted(own[order], own[order])
    nearest = order[rank < _NEIGHBOURS]
    sums = np.bincount(own[nearest], similarity[nearest], count)
    mean: Float32 = (sums / _NEIGHBOURS).astype(np.float32)
    return mean


def _above(pairs: DocumentPairs, least: float) -> DocumentPairs:
    kept = pairs.score >= least
    return DocumentPairs(pairs.source[kept], pairs.target[kept], pairs.score[kept])


def _translations(sources: sparse.csr_matrix, targets: sparse.csr_matrix, pairs: DocumentPairs) -> tuple[Int64, Int64]:
    """Return words and their translations, by their places in the vocabulary [m].

    They stand together in `_TOGETHER` pairs or more, Dice's coefficient of these is `_DICE` or more, and neither
    stands with another word more often.
    """
    left, right = (sources[pairs.source] > 0).astype(np.float32), (targets[pairs.target] > 0).astype(np.float32)
    counts = left.getnnz(0), right.getnnz(0)
    common = max(_COMMON * len(pairs.source), _TOGETHER)
    words, translations = (np.flatnonzero((count >= _TOGETHER) & (count <= common)) for count in counts)
    both = (left[:, words].T @ right[:, translations]).tocoo()
    word, translation = words[both.row], translations[both.col]
    dice = 2 * both.data / (counts[0][word] + counts[1][translation])
    sure = (both.data >= _TOGETHER) & (dice >= _DICE) & (word != translation)
    word, translation, dice = word[sure], translation[sure], dice[sure]
    best = _is_best(word, dice) & _is_best(translation, dice)
    return word[best].astype(np.int64), translation[best].astype(np.int64)


def _is_best(own: Int64, values: Float32) -> npt.NDArray[np.bool_]:
    """Return which of the `values` is the only highest, or the first, of its own word."""
    order = np.lexsort((np.arange(len(own)), -values, own))
    best = np.zeros(len(own), np.bool_)
    best[order[np.diff(own[order], prepend=-1) != 0]] = True
    return best
