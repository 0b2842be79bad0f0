"""A word-translation model estimated from a corpus: IBM model 1 in both directions.

Brown et al., "The Mathematics of Statistical Machine Translation" (1993), section 4.1: each form of a text is drawn
from the translations of a form of the other text, all of which are equally likely, or from an empty word. Two things
are other than there. Translations have a Dirichlet prior, so that a rare form does not claim all that stands beside it
(Moore, "Improving IBM Word-Alignment Model 1", 2004, is about that): t(f | e) = c(e, f) / (c(e) + `_PRIOR`). And what
the model says of a form is compared with the form's frequency q, so that a form which nothing ever explains says
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
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
    (lexicon,) = estimate_without(sources, targets, np.zeros(len(sources.counts), np.int64), [-1])
    return lexicon


def estimate_without(sources: Forms, targets: Forms, parts: Int64, left_out: Sequence[int]) -> tuple[Lexicon, ...]:
    """Estimate a lexicon for each part that is `left_out`, as `estimate` does, from the rows of the other parts.

    `parts` [n] says in which part each row is. Which form translates which is worked out once, with all rows; then the
    part's own occurrences are left out of the counts.
    """
    if len(sources.starts) != len(targets.starts):
        raise ValueError(f"{len(sources.starts) - 1} sources stand beside {len(targets.starts) - 1} targets")
    source, target = _Side.of(sources), _Side.of(targets)
    given, made = _crossed(source, target)
    links, pair = _links(source, target, given, made)
    model = links.first()
    ahead = back = np.zeros(0)
    for _ in range(_ROUNDS):
        ahead = _expected(source, target, given, made, model.forward[pair], model.target_alone)
        back = _expected(target, source, made, given, model.backward[pair], model.source_alone)
        model = links.model(_summed(pair, ahead, len(links)), _summed(pair, back, len(links)))
    found = []
    for part in left_out:
        rest = links.counted(source.occurrences(parts != part), target.occurrences(parts != part))
        kept = parts[target.row[made]] != part
        found.append(rest.lexicon(*(_summed(pair[kept], counts[kept], len(rest)) for counts in (ahead, back))))
    return tuple(found)


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

    `row` [e] is the entry's text, `totals` [e] how many forms that has, copies counted.
    """

    names: UInt64
    form: Int64
    count: Float64
    row: Int64
    starts: Int64
    totals: Float64

    @classmethod
    def of(cls, texts: Forms) -> "_Side":
        names, form = np.unique(texts.hashes, return_inverse=True)
        many = max(len(names), 1)
        rows = np.repeat(np.arange(len(texts.counts)), texts.counts)
        keys, count = np.unique(rows * many + form, return_counts=True)
        starts = np.searchsorted(keys, np.arange(len(texts.starts)) * many)
        row, form = np.divmod(keys, many)
        return cls(names, form, count.astype(np.float64), row, starts, texts.counts[row].astype(np.float64))

    def occurrences(self, rows: npt.NDArray[np.bool_]) -> Float64:
        """Return how often each form stands in some of the texts: [names]."""
        return _summed(self.form, self.count * rows[self.row], len(self.names))


@dataclass(frozen=True)
class _Links:
    """The pairs of forms [l] that stand in one row, by their places in `sources` and `targets`.

    `source_count` [sources] and `target_count` [targets] are how often each form stands in the rows that count.
    """

    sources: UInt64
    targets: UInt64
    of_source: Int64
    of_target: Int64
    source_count: Float64
    target_count: Float64

    def __len__(self) -> int:
        return len(self.of_source)

    def counted(self, source_count: Float64, target_count: Float64) -> "_Links":
        return replace(self, source_count=source_count, target_count=target_count)

    def first(self) -> "_Model":
        """Return the model in which all translations are as likely."""
        alone = (count / max(count.sum(), 1) * _EMPTY for count in (self.source_count, self.target_count))
        return _Model(np.ones(len(self)), np.ones(len(self)), *alone)

    def model(self, ahead: Float64, back: Float64) -> "_Model":
        """Return the model by how often each form is expected to be drawn from the other: [l] each."""
        from_source = _summed(self.of_source, ahead, len(self.sources))
        from_target = _summed(self.of_target, back, len(self.targets))
        return _Model(
            ahead / (from_source[self.of_source] + _PRIOR),
            back / (from_target[self.of_target] + _PRIOR),
            _left_alone(self.source_count, _summed(self.of_source, back, len(self.sources))),
            _left_alone(self.target_count, _summed(self.of_target, ahead, len(self.targets))),
        )

    def lexicon(self, ahead: Float64, back: Float64) -> Lexicon:
        """Return the lexicon of the model, with the forms that stand in rows that count."""
        model = self.model(ahead, back)
        kept = (model.forward >= _LEAST) | (model.backward >= _LEAST)
        return Lexicon(
            _direction(self, kept, model.forward, model.target_alone),
            _direction(self._turned(), kept, model.backward, model.source_alone),
        )

    def _turned(self) -> "_Links":
        return _Links(self.targets, self.sources, self.of_target, self.of_source, self.target_count, self.source_count)


@dataclass(frozen=True)
class _Model:
    """t(target | source) and t(source | target) of each link [l], and the probability of each form [names] to be drawn
    from the empty word.
    """

    forward: Float64
    backward: Float64
    source_alone: Float64
    target_alone: Float64


def _links(source: _Side, target: _Side, given: Int64, made: Int64) -> tuple[_Links, Int64]:
    """Return the links, and which of them each pair of entries is."""
    many = max(len(target.names), 1)
    found = pa.array(source.form[given] * many + target.form[made]).dictionary_encode()  # five times as fast as unique
    of_source, of_target = np.divmod(found.dictionary.to_numpy(), many)
    everywhere = (side.occurrences(np.ones(len(side.starts) - 1, np.bool_)) for side in (source, target))
    return _Links(source.names, target.names, of_source, of_target, *everywhere), found.indices.to_numpy()


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
    weight = (given.count / given.totals)[of_given] * probability * (1 - alone.sum())
    total = _summed(of_made, weight, len(made.form)) + alone[made.form]
    expected: Float64 = weight * (made.count / total)[of_made]
    return expected


def _left_alone(count: Float64, expected: Float64) -> Float64:
    """Return how probable it is that a form of a text is a certain one and drawn from the empty word: [names]."""
    alone: Float64 = (np.maximum(count - expected, 0) + _UNSEEN) / max(count.sum() + (count > 0).sum(), 1)
    return alone


def _summed(places: npt.NDArray[Any], weights: Float64, count: int) -> Float64:
    sums: Float64 = np.bincount(places, weights, count).astype(np.float64)
    return sums


def _direction(links: _Links, kept: npt.NDArray[np.bool_], probability: Float64, alone: Float64) -> Direction:
    """Return the translations of the sources of some `links` into targets."""
    given, made = links.source_count > 0, links.target_count > 0
    kept = kept & given[links.of_source] & made[links.of_target]
    of_given, of_made = (np.cumsum(given) - 1)[links.of_source[kept]], (np.cumsum(made) - 1)[links.of_target[kept]]
    order = np.lexsort((of_made, of_given))
    share = links.target_count[made] / max(links.target_count.sum(), 1)
    return Direction(
        links.sources[given],
        links.targets[made],
        np.searchsorted(of_given[order], np.arange(given.sum() + 1)),
        of_made[order].astype(np.int32),
        probability[kept][order].astype(np.float32),
        share.astype(np.float32),
        np.minimum(alone[made] / share, 1).astype(np.float32),
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
