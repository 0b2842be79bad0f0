"""Cheap measures of paragraphs, for all rows of a batch at once.

Every character of the batch is looked up once (`pipelines.text.characters`); counts by row are cut out of running
totals. No row is looked at by itself but those with a placeholder or a closing "]".
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from pipelines.text.characters import DIGIT, LETTER, PUNCTUATION, SPACE, UNSPACED, Characters, characters, chunks
from pipelines.text.placeholders import placeholders, without_placeholders
from pipelines.text.sentences import ends_sentence, ends_with_ellipsis, last_characters
from pipelines.text.words import runs, shares

# Colin Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", JMLR 2020,
# section 2.2, and its code: tensorflow_datasets/text/c4_utils.py
_BOILERPLATE = (
    *("javascript", "terms of use", "privacy policy"),
    *("cookie policy", "uses cookies", "use of cookies", "use cookies"),
)

Int32 = npt.NDArray[np.int32]
Float32 = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Measures:
    """One value for each row.

    `chars` are code points. `words` are runs without white space; characters of scripts without spaces count as their
    share of a word instead (`pipelines.text.words`), and punctuation beside them as none. `letters` (with their marks),
    `digits` (all numbers) and `punctuation` are shares of the characters that are neither white space nor in a
    placeholder, 0 where there are none. `longest_word` is in characters: of a run without white space and without
    characters of an unspaced script, where there is one.

    `terminal` says whether the row ends a sentence as C4 asks: with a stop of its script or a quotation mark, maybe
    before closing brackets and citations such as [12], but not with an ellipsis. Thai and Lao have no stops: a row
    that ends with one of their letters is terminal. `boilerplate` says whether it holds "javascript" or one of C4's
    phrases about terms of use and cookies, in any letter case.
    """

    chars: Int32
    words: Int32
    letters: Float32
    digits: Float32
    punctuation: Float32
    placeholders: Int32
    longest_word: Int32
    terminal: Bool
    boilerplate: Bool


def measure(texts: Sequence[str]) -> Measures:
    """Return the measures of normalised texts (single spaces, none at the ends)."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    parts = [_measure(texts[begin:end]) for begin, end in chunks(lengths)] or [_measure([])]
    return Measures(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Measures)))


def holding(texts: Sequence[str], phrases: Sequence[str]) -> Bool:
    """Return which texts [n] hold one of the `phrases`, which are ASCII in small letters, in any case of ASCII.

    `texts` are normalised: they hold no line feed.
    """
    data = "\n".join(texts).encode().lower()
    found = []
    for phrase in phrases:
        wanted = phrase.encode()
        position = data.find(wanted)
        while position >= 0:
            found.append(position)
            position = data.find(wanted, position + len(wanted))
    held = np.zeros(len(texts), np.bool_)
    if found:
        held[np.searchsorted(np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")), found)] = True
    return held


def _measure(texts: Sequence[str]) -> Measures:
    chars = characters(texts)
    words, longest = _words(chars)
    last = last_characters(chars, texts)
    letters, digits, punctuation = _shares(chars)
    marks = _placeholders(texts, chars)
    held = np.flatnonzero(marks)
    if len(held):
        bare = characters([without_placeholders(texts[row]) for row in held.tolist()])
        letters[held], digits[held], punctuation[held] = _shares(bare)
    return Measures(
        chars=(chars.ends - chars.starts).astype(np.int32),
        words=words,
        letters=letters,
        digits=digits,
        punctuation=punctuation,
        placeholders=marks,
        longest_word=longest,
        terminal=ends_sentence(chars, last) & ~ends_with_ellipsis(chars, last),
        boilerplate=holding(texts, _BOILERPLATE),
    )


def _shares(chars: Characters) -> tuple[Float32, Float32, Float32]:
    """Return the shares of letters, digits and punctuation in what is not white space."""
    visible = np.maximum(chars.ends - chars.starts - chars.count(SPACE), 1)
    letters, digits, punctuation = (
        (chars.count(bit) / visible).astype(np.float32) for bit in (LETTER, DIGIT, PUNCTUATION)
    )
    return letters, digits, punctuation


def _placeholders(texts: Sequence[str], chars: Characters) -> Int32:
    counts = np.zeros(len(texts), np.int32)
    signs = np.flatnonzero((chars.codes == ord("{")) | (chars.codes == ord("%")))
    for row in np.unique(chars.text_of(signs)).tolist():
        counts[row] = len(placeholders(texts[row]))
    return counts


def _words(chars: Characters) -> tuple[Int32, Int32]:
    """Return the words of each row, and the characters of its longest."""
    found = runs(chars)
    firsts = np.searchsorted(found.starts, chars.starts)
    borders = np.append(firsts, len(found.starts))
    counted = np.append(0, np.cumsum(found.counted))
    words = (counted[borders[1:]] - counted[borders[:-1]]).astype(np.float64)
    longest = np.zeros(len(chars.starts), np.int32)
    rows = np.flatnonzero(borders[1:] > borders[:-1])
    if len(rows):
        longest[rows] = np.maximum.reduceat(found.ends - found.starts, firsts[rows])
    single = np.flatnonzero((chars.flags & UNSPACED) != 0)
    if len(single):
        row = chars.text_of(single)
        words += np.bincount(row, shares(chars.codes[single]), len(words))
        longest[row] = np.maximum(longest[row], 1)
    return np.maximum(np.rint(words), chars.ends > chars.starts).astype(np.int32), longest
