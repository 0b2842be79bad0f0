"""A bilingual dictionary of whole words, taken out of aligned texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.align.lexicon import Direction, estimate, place
from pipelines.align.wordforms import Forms
from pipelines.text.characters import characters, chunks
from pipelines.text.words import Int64, Tokens, UInt64, tokenized, windows

LONGEST: Final = 4  # characters of a word in a script without spaces, other than Katakana

_HIRAGANA: Final = (0x3041, 0x309F)
_KATAKANA: Final = (0x30A1, 0x30FF)


@dataclass(frozen=True)
class Words:
    """The words of some texts, as forms for `lexicon.estimate`, and the name of each different one.

    `hashes` (uint64 [w]) ascend; `names` (list of w) are in lower case, `counts` (int64 [w]) their occurrences.
    """

    forms: Forms
    hashes: UInt64
    names: list[str]
    counts: Int64


@dataclass(frozen=True)
class Entry:
    """A word, a translation of it, and how sure that is: the geometric mean of t(translation | word) and back."""

    word: str
    translation: str
    certainty: float


def words(texts: Sequence[str]) -> Words:
    """Return the words of `texts`, equal where they fold alike.

    In scripts without spaces every run of up to `LONGEST` characters may be one (`_spans`).
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    parts = [_chunk(texts[begin:end]) for begin, end in chunks(lengths)]
    hashes, names, counts = np.zeros(0, np.uint64), np.zeros(0, object), np.zeros(0, np.int64)
    if parts:
        all_hashes = np.concatenate([part.hashes for part in parts])
        hashes, first, of = np.unique(all_hashes, return_index=True, return_inverse=True)
        names = np.array([name for part in parts for name in part.names], object)[first]
        counts = np.bincount(of, np.concatenate([part.counts for part in parts])).astype(np.int64)
    return Words(Forms.joined([part.forms for part in parts]), hashes, names.tolist(), counts)


def extract(sources: Sequence[str], targets: Sequence[str], most: int, least: float, seen: int) -> list[Entry]:
    """Return the dictionary of row-aligned texts, by word, the surest translations first.

    Kept are words that are `seen` as often or more and their translations with a certainty of `least` or more, at
    most `most` for each word; no word as its own translation, and none with a digit.
    """
    source, target = words(sources), words(targets)
    lexicon = estimate(source.forms, target.forms)
    word, translation, certainty = _certainties(lexicon.forward, lexicon.backward)
    word, translation = (
        place(side.hashes, own)
        for side, own in ((source, lexicon.forward.given[word]), (target, lexicon.forward.made[translation]))
    )
    kept = (certainty >= least) & (source.counts[word] >= seen) & (target.counts[translation] >= seen)
    pairs = zip(*(values[kept].tolist() for values in (word, translation, certainty)), strict=True)
    entries = (Entry(source.names[w], target.names[t], round(c, 4)) for w, t, c in pairs)
    fit = sorted(filter(_is_fit, entries), key=lambda one: (one.word, -one.certainty, -len(one.translation)))
    return [entry for _, own in groupby(fit, key=lambda one: one.word) for entry in _surest(own, most)]


def _surest(entries: Iterable[Entry], most: int) -> list[Entry]:
    """Return the first translations of a word, without parts of those before: in a script without spaces a part of a
    word comes as surely as the word.
    """
    kept: list[Entry] = []
    for entry in entries:
        if len(kept) < most and not any(entry.translation in before.translation for before in kept):
            kept.append(entry)
    return kept


def _is_fit(entry: Entry) -> bool:
    return entry.word != entry.translation and all(
        name.isprintable() and any(map(str.isalpha, name)) and not any(map(str.isdigit, name))
        for name in (entry.word, entry.translation)
    )


def _certainties(forward: Direction, backward: Direction) -> tuple[Int64, Int64, npt.NDArray[np.float64]]:
    """Return the pairs that are translations both ways: given and made form of `forward`, and their certainty."""
    word = np.repeat(np.arange(len(forward.given)), np.diff(forward.starts))
    back = np.repeat(np.arange(len(backward.given)), np.diff(backward.starts))
    many = max(len(forward.made), 1)
    made_there = place(forward.made, backward.given)
    given_there = place(forward.given, backward.made)
    keys = given_there[backward.translation] * many + made_there[back]
    order = np.argsort(keys)
    found = place(keys[order], word * many + forward.translation)
    both = found >= 0
    certainty = np.sqrt(
        forward.probability[both].astype(np.float64) * backward.probability[order][found[both]].astype(np.float64)
    )
    return word[both], forward.translation[both].astype(np.int64), certainty


def _chunk(texts: Sequence[str]) -> Words:
    chars = characters(texts)
    tokens = tokenized(chars)
    first, size = _spans(tokens, chars.codes[tokens.starts])
    starts, ends = tokens.starts[first], tokens.ends[first + size - 1]
    alone = size == 1
    hashes = np.where(alone, tokens.hashes[first], windows(tokens.hashes, first, size))
    different, place_of, counts = np.unique(hashes, return_index=True, return_counts=True)
    text = chars.codes.tobytes().decode("utf-32-le")
    names = [text[begin:end].lower() for begin, end in zip(starts[place_of], ends[place_of], strict=True)]
    rows = np.searchsorted(chars.text_of(starts), np.arange(len(texts) + 1))
    return Words(Forms(hashes, np.zeros(len(hashes), np.uint64), rows), different, names, counts)


def _spans(tokens: Tokens, codes: npt.NDArray[np.uint32]) -> tuple[Int64, Int64]:
    """Return which runs of tokens are taken for words: the first token of each and how many it has, in their order.

    `codes` are the tokens' first characters. A run of Katakana is one word; Hiragana, which mostly inflects, is in no
    run with another script.
    """
    katakana = tokens.unspaced & (codes >= _KATAKANA[0]) & (codes <= _KATAKANA[1])
    hiragana = tokens.unspaced & (codes >= _HIRAGANA[0]) & (codes <= _HIRAGANA[1])
    touches = tokens.unspaced[:-1] & tokens.unspaced[1:] & (tokens.ends[:-1] == tokens.starts[1:])
    touches &= (katakana[:-1] == katakana[1:]) & (hiragana[:-1] == hiragana[1:])
    run_first = np.flatnonzero(~np.concatenate([np.zeros(min(len(codes), 1), np.bool_), touches]))
    run_size = np.diff(run_first, append=len(codes))
    whole = katakana[run_first]
    first = np.flatnonzero(~katakana)
    left = np.repeat(run_first + run_size, run_size)  # where each token's run ends
    firsts, sizes = [run_first[whole]], [run_size[whole]]
    for size in range(1, LONGEST + 1):
        first = first[first + size <= left[first]]
        firsts.append(first)
        sizes.append(np.full(len(first), size))
    order = np.argsort(np.concatenate(firsts), kind="stable")
    return np.concatenate(firsts)[order], np.concatenate(sizes)[order]
