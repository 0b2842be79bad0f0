"""A word-translation model estimated from a corpus: IBM model 1 in both directions.

Brown et al., "The Mathematics of Statistical Machine Translation" (1993), section 4.1: each form of a text is drawn
from the translations of a form of the other text, all of which are equally likely, or from an empty word. Two things
are other than there. Translations have a Dirichlet prior, so that a rare form does not claim all that stands beside it
(Moore, "Improving IBM Word-Alignment Model 1", 2004, is about that): t(f | e) = c(e, f) / (c(e) + `_PRIOR`). And what
the model says of a form is compared with the form's frequency q, so that a form which nothing ever explains says
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.align.wordforms import Forms, forms
from pipelines.text.characters import chunks

UInt64 = npt.NDArray[np.uint64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_EMPTY: Final = 0.2  # probability of the empty word, to begin with
_PRIOR: Final = 2.0  # occurrences of a form that the prior weighs as much as
_UNSEEN: Final = 1.0  # occurrences of each form that are taken to be the empty word's, before any are counted
_ROUNDS: Final = 6
_LEAST: Final = 3e-3  # translations less likely than this in both directions are forgotten
_CELLS: Final = 1 << 21  # pairs of forms that are scored at a time


@dataclass(frozen=True)
class Direction:
    """The translations of one language's forms into another's.

    `given` [g] and `made` [m] (uint64) are the hashes of the forms, ascending. The translations of given form i are
    those from `starts[i]` to `starts[i + 1]` (int64 [g + 1]): their places in `made` (`translation`, int32 [l]) and
    their `probability` (float32 [l]). `share` (float32 [m]) is the frequency q of a made form, `alone` (float32 [m])
    the part of its occurrences that nothing explains.
    """

    given: UInt64
    made: UInt64
    starts: Int64
    translation: Int32
    probability: Float32
    share: Float32
    alone: Float32

    def shares(self, places: Int64) -> Float32:
        """Return the frequencies of made forms by their `places`; that of the rarest form for -1, which is unknown."""
        if not len(self.share):
            return np.ones(len(places), np.float32)
        return np.where(places >= 0, self.share[places], self.share.min())

    def unexplained(self, places: Int64) -> Float32:
        """Return which part of the occurrences of made forms nothing explains, by their `places`; 1 for -1."""
        if not len(self.share):
            return np.ones(len(places), np.float32)
        return np.where(places >= 0, self.alone[places], np.float32(1))


@dataclass(frozen=True)
class Lexicon:
    """A word-translation model: from source to target and back."""

    forward: Direction
    backward: Direction


def estimate(sources: Forms, targets: Forms) -> Lexicon:
    """Estimate a lexicon from row-aligned texts, of which most are translations of each other.

    Works in memory of about 100 bytes for each pair of different forms within a row. Raises ValueError where the sides
    have different numbers of texts.
    """
    if len(sources.starts) != len(targets.starts):
        raise ValueError(f"{len(sources.starts) - 1} sources stand beside {len(targets.starts) - 1} targets")
    source, target = _Side.of(sources), _Side.of(targets)
    given, made = _crossed(source, target)
    keys, pair = np.unique(source.form[given] * len(target.names) + target.form[made], return_inverse=True)
    of_source, of_target = np.divmod(keys, max(len(target.names), 1))
    forward: Float64 = np.ones(len(keys))
    backward: Float64 = np.ones(len(keys))
    source_alone, target_alone = source.share * _EMPTY, target.share * _EMPTY
    for _ in range(_ROUNDS):
        ahead = _summed(pair, _expected(source, target, given, made, forward[pair], target_alone), len(keys))
        back = _summed(pair, _expected(target, source, made, given, backward[pair], source_alone), len(keys))
        target_alone, source_alone = _left_alone(target, of_target, ahead), _left_alone(source, of_source, back)
        forward = ahead / (_summed(of_source, ahead, len(source.names))[of_source] + _PRIOR)
        backward = back / (_summed(of_target, back, len(target.names))[of_target] + _PRIOR)
    kept = (forward >= _LEAST) | (backward >= _LEAST)
    of_source, of_target = of_source[kept], of_target[kept]
    return Lexicon(
        _direction(source, target, of_source, of_target, forward[kept], target_alone),
        _direction(target, source, of_target, of_source, backward[kept], source_alone),
    )


def empty() -> Lexicon:
    """Return the lexicon that knows no form."""
    nothing = forms([])
    return estimate(nothing, nothing)


def scores(lexicon: Lexicon, sources: Sequence[str], targets: Sequence[str]) -> tuple[Float32, Float32]:
    """Return how well each pair of texts translates each other, forward and backward: float32 [n] each.

    Forward is the mean over the target's forms f of log( P(f | source) / q(f) ) in nats, with P by the lexicon: about
    1 and more for translations, below 0 for texts that have nothing to do with each other, 0 where the lexicon does
    not know their forms. Backward is the same for the source's forms. A side without forms scores 0.
    """
    first, second = forms(sources), forms(targets)
    return _mean_gain(lexicon.forward, first, second), _mean_gain(lexicon.backward, second, first)


def gain(explained: Float32, given: npt.NDArray[Any], share: Float32, alone: Float32) -> Float32:
    """Return log( P(f | text) / q(f) ) of forms f with the shares q(f), in nats; broadcasts.

    `explained` is the sum of the probabilities of f over the text's forms, `given` how many those are, `alone` the
    part of f's occurrences that nothing explains.
    """
    ratio: Float32 = explained / (np.maximum(given, 1).astype(np.float32) * share)
    logarithm: Float32 = np.log(ratio * np.float32(1 - _EMPTY) + alone)
    return logarithm


def to_table(lexicon: Lexicon) -> pa.Table:
    """Return the lexicon as a table of two rows, forward and backward, with a list for each field of `Direction`."""
    columns = {}
    for field in fields(Direction):
        sides = [getattr(side, field.name) for side in (lexicon.forward, lexicon.backward)]
        offsets = np.cumsum([0, *map(len, sides)])
        columns[field.name] = pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(sides)))
    return pa.table(columns)


def from_table(table: pa.Table) -> Lexicon:
    """Return the lexicon of a table that `to_table` made; its arrays are the table's own memory."""
    columns = [table.column(field.name).combine_chunks() for field in fields(Direction)]
    return Lexicon(*(Direction(*(column[row].values.to_numpy() for column in columns)) for row in range(2)))


def place(ascending: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> Int64:
    """Return where each wanted value stands in `ascending`, -1 where it does not: int64 [n]."""
    if not len(ascending):
        return np.full(len(wanted), -1)
    found = np.searchsorted(ascending, wanted)
    found[found == len(ascending)] = 0
    return np.where(ascending[found] == wanted, found, -1)


@dataclass(frozen=True)
class _Side:
    """The different forms of each text: `form` [e], its place in `names`, and `count`, its copies in the text.

    `totals` [e] are how many forms the entry's text has, copies counted; `share` [names] how frequent each form is.
    """

    names: UInt64
    form: Int64
    count: Float64
    starts: Int64
    totals: Float64
    share: Float64

    @classmethod
    def of(cls, texts: Forms) -> "_Side":
        names, form = np.unique(texts.hashes, return_inverse=True)
        many = max(len(names), 1)
        rows = np.repeat(np.arange(len(texts.counts)), texts.counts)
        keys, count = np.unique(rows * many + form, return_counts=True)
        starts = np.searchsorted(keys, np.arange(len(texts.starts)) * many)
        totals = np.repeat(texts.counts, np.diff(starts)).astype(np.float64)
        share = np.bincount(form, minlength=len(names)) / max(len(form), 1)
        return cls(names, keys % many, count.astype(np.float64), starts, totals, share)


def _crossed(source: _Side, target: _Side) -> tuple[Int64, Int64]:
    """Return every pair of entries of the two sides that stand in one row, target by target."""
    sizes = np.diff(target.starts)
    partners = np.repeat(np.diff(source.starts), sizes)
    made = np.repeat(np.arange(len(target.form)), partners)
    first = np.repeat(source.starts[:-1], sizes) - (np.cumsum(partners) - partners)
    return np.arange(len(made)) + np.repeat(first, partners), made


def _expected(
    given: _Side, made: _Side, of_given: Int64, of_made: Int64, probability: Float64, alone: Float64
) -> Float64:
    """Return for each pair of entries how many copies of the made form are expected to be drawn from the given one."""
    weight = given.count[of_given] / given.totals[of_given] * probability * (1 - alone.sum())
    total = _summed(of_made, weight, len(made.form)) + alone[made.form]
    expected: Float64 = weight / total[of_made] * made.count[of_made]
    return expected


def _left_alone(made: _Side, of_made: Int64, expected: Float64) -> Float64:
    """Return how probable it is that a form of a text is a certain one and drawn from the empty word: [names]."""
    tokens = made.count.sum()
    rest = np.maximum(made.share * tokens - _summed(of_made, expected, len(made.names)), 0)
    alone: Float64 = (rest + _UNSEEN) / max(tokens + len(made.names), 1)
    return alone


def _summed(places: Int64, weights: Float64, count: int) -> Float64:
    sums: Float64 = np.bincount(places, weights, count).astype(np.float64)
    return sums


def _direction(
    given: _Side, made: _Side, of_given: Int64, of_made: Int64, probability: Float64, alone: Float64
) -> Direction:
    order = np.lexsort((of_made, of_given))
    return Direction(
        given.names,
        made.names,
        np.searchsorted(of_given[order], np.arange(len(given.names) + 1)),
        of_made[order].astype(np.int32),
        probability[order].astype(np.float32),
        made.share.astype(np.float32),
        np.minimum(alone / made.share, 1).astype(np.float32),
    )


def _mean_gain(direction: Direction, given: Forms, made: Forms) -> Float32:
    """Return the mean gain of the made texts' forms, each with the given text of its row: float32 [n]."""
    out = np.zeros(len(made.counts), np.float32)
    rows = np.repeat(np.arange(len(direction.given)), np.diff(direction.starts))
    keys = rows * max(len(direction.made), 1) + direction.translation
    for begin, end in chunks(given.counts * made.counts, _CELLS):
        ours, theirs = given.part(begin, end), made.part(begin, end)
        source, target = place(direction.given, ours.hashes), place(direction.made, theirs.hashes)
        partners = np.repeat(ours.counts, theirs.counts)
        of_made = np.repeat(np.arange(len(target)), partners)
        first = np.repeat(ours.starts[:-1], theirs.counts) - (np.cumsum(partners) - partners)
        of_given = np.arange(len(of_made)) + np.repeat(first, partners)
        known = (source[of_given] >= 0) & (target[of_made] >= 0)
        found = place(keys, np.where(known, source[of_given] * len(direction.made) + target[of_made], -1))
        probability = np.zeros(len(found))
        probability[found >= 0] = direction.probability[found[found >= 0]]
        explained = np.bincount(of_made, probability, len(target)).astype(np.float32)
        gains = gain(explained, partners, direction.shares(target), direction.unexplained(target))
        summed = np.bincount(np.repeat(np.arange(end - begin), theirs.counts), gains, end - begin)
        out[begin:end] = summed / np.maximum(theirs.counts, 1)
    return out
