"""Sentence segmentation: paragraphs to sentences, for all texts of a batch at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipelines.text.characters import CLOSER, SPACE, SPACED, STOP, UNMARKED, UNSPACED, Characters, characters, chunks
from pipelines.text.stops import LETTERS, NUMBER, Stops, is_cjk, kinds, that_end

_OTHER_STOPS: Final = {"el": ord(";"), "hy": ord(":")}  # what is typed for the Greek question mark and Armenian ։
_ETHIOPIC_SPACE: Final = ord("፡")  # two of them are typed for ።
_NOT_LAST: Final = (ord("ๆ"), ord("ฯ"))  # a Thai space behind one of these ends nothing
_FRENCH_CLOSER: Final = ord("»")  # stands behind a space in French

# Where a script has no stops (Thai, Lao), or a writer set none (Khmer, Burmese), sentences are cut at spaces, which
# stand between clauses. Characters of the shortest, and from how many on a stretch without a stop is cut at all.
_CLAUSE: Final = 40
_STRETCH: Final = 250

_SHORT: Final = 12  # characters of a piece that may hold no letter

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Segments:
    """The sentences [s] of texts, in their order: `texts` without white space at the ends, `row` (int64) of each text.

    A text's sentences, joined, are the text up to white space. No sentence is blank; a blank text has none.
    """

    texts: list[str]
    row: Int64


def segment(texts: Sequence[str], languages: Sequence[str]) -> Segments:
    """Return the sentences of normalised `texts` [n], which are in `languages` [n]."""
    sentences: list[str] = []
    rows: list[Int64] = [np.zeros(0, np.int64)]
    for begin, end in chunks(np.fromiter(map(len, texts), np.int64, len(texts))):
        own = texts[begin:end]
        chars = characters(own)
        pieces, row = _cut(own, chars, sentence_ends(chars, languages[begin:end]))
        sentences += pieces
        rows.append(row + begin)
    return Segments(sentences, np.concatenate(rows))


def count_sentences(chars: Characters, languages: Sequence[str]) -> Int64:
    """Return how many sentences each text has [n]."""
    ends = sentence_ends(chars, languages)
    return np.bincount(chars.text_of(ends), minlength=len(chars.starts)) + (chars.ends > chars.starts)


def sentence_ends(chars: Characters, languages: Sequence[str]) -> Int64:
    """Return the positions behind all sentences of texts [n] but each text's last, ascending.

    A sentence ends with a stop of its script and the closing brackets and quotation marks after it; with one of
    ". ! ? …" only before white space or between Han or Kana. None ends behind an abbreviation of its language, an
    initial or an ordinal, before a small letter, or where nothing but numbers or marks would be left. Where there are
    no stops, spaces end sentences.
    """
    code, names = _codes(languages)
    stops = _stops(chars, code, names)
    ends = _with_letters(chars, stops.end[that_end(stops)])
    if ((chars.flags & UNSPACED) != 0).any():
        ends = _with_spaces(chars, ends)
    return ends


def _codes(languages: Sequence[str]) -> tuple[npt.NDArray[np.int32], list[str]]:
    names = sorted(set(languages))
    places = {name: place for place, name in enumerate(names)}
    return np.fromiter((places[name] for name in languages), np.int32, len(languages)), names


def _stops(chars: Characters, language: npt.NDArray[np.int32], names: list[str]) -> Stops:
    """Return the stops that may end a sentence, but for those at the ends of texts."""
    codes, flags = chars.codes, chars.flags
    found = (flags & STOP) != 0
    found[:-1] &= ~found[1:]
    others = _others(chars, language, names)
    at = np.flatnonzero(found)
    if len(others):
        at = _merged(at, others)
    end = at + 1
    needs_space = _has(chars, at, SPACED)
    while (closing := _has(chars, end, CLOSER) & (needs_space | ~_opens(codes.take(end)))).any():
        end += closing
    apart = _has(chars, end, SPACE) & (codes.take(end + 1, mode="clip") == _FRENCH_CLOSER)
    apart &= _has(chars, np.minimum(end + 2, len(codes) - 1), SPACE)
    end = np.minimum(end + 2 * apart, len(codes) - 1)
    spaced = _has(chars, at, SPACED) | ~_has(chars, at, STOP)
    between = is_cjk(codes.take(end), flags.take(end)) & is_cjk(codes.take(at - 1), flags.take(at - 1))
    row = chars.text_of(at)
    kept = (_has(chars, end, SPACE) | ~spaced | between) & (end < chars.ends[row])
    return Stops(chars, at[kept], end[kept], language[row[kept]], names)


def _opens(codes: npt.NDArray[np.uint32]) -> Bool:
    """Return which quotation marks open a quotation where no space says so: 。“ begins one, but .“ may end a German."""
    found: Bool = (codes == ord("“")) | (codes == ord("‘")) | (codes == ord("«"))
    return found


def _others(chars: Characters, language: npt.NDArray[np.int32], names: list[str]) -> Int64:
    """Return the positions of what ends a sentence in some language only."""
    found = [np.zeros(0, np.int64)]
    for name, code in _OTHER_STOPS.items():
        if name in names:
            at = np.flatnonzero(chars.codes == code)
            found.append(at[language[chars.text_of(at)] == names.index(name)])
    if "am" in names:
        spaces = chars.codes == _ETHIOPIC_SPACE
        found.append(np.flatnonzero(spaces[1:] & spaces[:-1]) + 1)
    return np.concatenate(found)


def _with_letters(chars: Characters, ends: Int64) -> Int64:
    """Return `ends` but for those that would leave a piece without a word.

    What has neither letters nor digits belongs to the sentence before it. What has digits alone, or one letter, and a
    full stop numbers what follows: "1. First". At the beginning of a text both belong to what follows.
    """
    row = chars.text_of(ends)
    first = np.diff(row, prepend=-1) != 0
    begins = np.where(first, chars.starts[row], np.roll(ends, 1))
    kept = np.ones(len(ends), np.bool_)
    letters, digits = _held(chars, begins, ends)
    dot = chars.codes.take(ends - 1) == ord(".")
    wordless = letters == 0
    numbering = ((wordless & (digits > 0)) | ((letters == 1) & (digits == 0) & _cased(chars, begins))) & dot
    kept[numbering | (wordless & first)] = False
    before = np.flatnonzero(wordless & ~numbering & ~first)
    kept[before - 1] = False
    last = np.flatnonzero(np.diff(row, append=-1) != 0)
    rest, numbers = _held(chars, ends[last], chars.ends[row[last]])
    kept[last[(rest == 0) & ((numbers == 0) | _stopped(chars, row[last]))]] = False
    return ends[kept]


def _stopped(chars: Characters, rows: Int64) -> Bool:
    return _has(chars, chars.ends[rows] - 1, STOP)


def _cased(chars: Characters, begins: Int64) -> Bool:
    """Return which pieces begin, after white space, with a letter that has a case."""
    at = begins + _has(chars, begins, SPACE)
    found: Bool = (kinds().take(chars.codes.take(at, mode="clip")) & LETTERS) != 0
    return found & ~_has(chars, np.minimum(at, len(chars.flags) - 1), UNSPACED)


def _held(chars: Characters, begins: Int64, ends: Int64) -> tuple[Int64, Int64]:
    """Return how many letters and digits each piece has, as if long ones had letters alone."""
    letters, digits = ends - begins, np.zeros(len(begins), np.int64)
    short = np.flatnonzero(ends - begins <= _SHORT)
    places = begins[short, None] + np.arange(_SHORT)
    kind = np.where(places < ends[short, None], kinds().take(chars.codes.take(places, mode="clip")), 0)
    letters[short] = ((kind & LETTERS) != 0).sum(axis=1)
    digits[short] = ((kind & NUMBER) != 0).sum(axis=1)
    return letters, digits


def _with_spaces(chars: Characters, ends: Int64) -> Int64:
    """Return `ends` with the spaces that end sentences where there are no stops."""
    flags, codes = chars.flags, chars.codes
    unspaced = ((flags & UNSPACED) != 0) & ~is_cjk(codes, flags)
    spaces = np.flatnonzero(unspaced[:-2] & unspaced[2:] & (codes[1:-1] == ord(" "))) + 1
    spaces = spaces[(codes[spaces - 1] != _NOT_LAST[0]) & (codes[spaces - 1] != _NOT_LAST[1])]
    if not len(spaces):
        return ends
    borders = _merged(ends, np.append(chars.starts, chars.ends))
    stretch = np.searchsorted(borders, spaces) - 1
    begin, stop = borders[stretch], borders[stretch + 1]
    long = _has(chars, spaces - 1, UNMARKED) | (stop - begin > _STRETCH)
    chosen = []
    last = at_stretch = -1
    for space, own, first, end in zip(*(part[long].tolist() for part in (spaces, stretch, begin, stop)), strict=True):
        if own != at_stretch:
            at_stretch, last = own, first
        if space - last >= _CLAUSE and end - space >= _CLAUSE:
            chosen.append(space)
            last = space
    return _merged(ends, np.array(chosen, np.int64))


def _cut(texts: Sequence[str], chars: Characters, ends: Int64) -> tuple[list[str], Int64]:
    """Return the pieces of `texts` between their starts, `ends` and their ends, and the text that each is of."""
    borders = _merged(ends, chars.ends[chars.ends > chars.starts])
    row = chars.text_of(borders - 1)
    first = np.diff(row, prepend=-1) != 0
    begins = np.where(first, chars.starts[row], np.roll(borders, 1))
    begins += _has(chars, begins, SPACE)
    places = zip(
        row.tolist(), (begins - chars.starts[row]).tolist(), (borders - chars.starts[row]).tolist(), strict=True
    )
    return [texts[text][begin:stop] for text, begin, stop in places], row


def _merged(positions: Int64, others: Int64) -> Int64:
    """Return the positions of both, ascending, each once."""
    both = np.sort(np.concatenate([positions, others]), kind="stable")
    once: Int64 = both[np.diff(both, prepend=-1) != 0]
    return once


def _has(chars: Characters, positions: Int64, bits: int) -> Bool:
    found: Bool = (chars.flags.take(positions) & bits) != 0
    return found
