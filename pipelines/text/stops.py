"""Which stops end no sentence: behind abbreviations, initials, ordinals, and before what goes on.

All rules look at the few characters around each stop, for all stops of a batch at once.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import xxhash

from pipelines.text.abbreviations import ABBREVIATIONS, EVERYWHERE, ORDINALS, ROMAN
from pipelines.text.characters import SPACE, SPACED, STOP, UNSPACED, Characters

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]

# What a character is to these rules, as bits. SKIPPED stands between an end and the next word: spaces, opening brackets
# and quotation marks, dashes, bullets.
LOWER, UPPER, CASELESS, NUMBER, SKIPPED, COMMA, OPENING = 1, 2, 4, 8, 16, 32, 64
LETTERS: Final = LOWER | UPPER | CASELESS

_CATEGORIES = {"Ll": LOWER, "Lu": UPPER, "Lt": UPPER, "Lo": CASELESS, "Lm": CASELESS, "Mn": CASELESS, "Mc": CASELESS,
               "Nd": NUMBER, "Nl": NUMBER, "No": NUMBER, "Zs": SKIPPED, "Ps": SKIPPED | OPENING,
               "Pi": SKIPPED | OPENING, "Pf": SKIPPED | OPENING, "Pd": SKIPPED}  # fmt: skip
_SKIPPED = "\n*_~•·¿¡"
_OPENING = "\"'“”„‘’«»¿¡*_"
_COMMAS = ",;:،؛、，；："
_REACH = 16  # characters behind an end in which the next word is looked for
_WORD = 12  # characters of the longest abbreviation
_LATIN_ENDS = 0x250  # the first character behind the Latin letters of European languages
_WHOLE_WORD = 5  # letters from which on a word before a small letter is no abbreviation that the lists lack
_ORDINAL = 2  # digits
_WITH_ORDINALS: Final = frozenset(ORDINALS.split())
_HIRAGANA = (0x3041, 0x309F)
_QUOTING = (ord("と"), ord("っ"))  # what was said, and: と言った
_KHMER_STOP, _KHMER_REST = ord("។"), ord("ល")  # ។ល។ is "and so on"
_FULL_WIDTH_STOP = ord("．")
_CJK = 0x2E80  # the first character of the unspaced scripts that have stops of their own beside "."


@dataclass(frozen=True)
class Stops:
    """Candidates [k] for the end of a sentence.

    `at` (int64) is the stop, the last one of a run, `end` the position behind it and the closing marks after it,
    `language` (int32) the place of its text's language in `languages`.
    """

    chars: Characters
    at: Int64
    end: Int64
    language: npt.NDArray[np.int32]
    languages: Sequence[str]


def that_end(stops: Stops) -> Bool:
    """Return which of the stops end a sentence: bool [k]."""
    codes, flags = stops.chars.codes, stops.chars.flags
    following = _next_word(stops)
    kind = kinds().take(codes.take(following, mode="clip"))
    dash = _dash_between(stops, following)
    spaced = _has(flags, stops.at, SPACED)
    closed = stops.end > stops.at + 1
    dot = codes.take(stops.at) == ord(".")
    several = _has(flags, stops.at - 1, STOP)  # an ellipsis, or "?!"
    ellipsis = (dot & (codes.take(stops.at - 1) == ord("."))) | (codes.take(stops.at) == ord("…"))
    small = spaced & ((kind & LOWER) != 0)
    goes_on = small & (ellipsis | closed | dash)
    goes_on |= (kinds().take(codes.take(stops.end, mode="clip")) & COMMA) != 0
    goes_on |= _quoted(stops, closed) | _inside(stops)
    word = np.flatnonzero(dot & ~several & ~goes_on)
    goes_on[word] = _behind_abbreviation(stops, word, (kind[word] & NUMBER) != 0, small[word])
    ends: Bool = ~goes_on
    return ends


def _next_word(stops: Stops) -> Int64:
    """Return the position of the first character behind each end that is not skipped; the text's end at the latest."""
    codes = stops.chars.codes
    at = stops.end.copy()
    moving = np.arange(len(at))
    for _ in range(_REACH):
        code = codes.take(at[moving], mode="clip")
        moving = moving[((kinds().take(code) & SKIPPED) != 0) & (code != ord("\n"))]
        if not len(moving):
            break
        at[moving] += 1
    return at


def _dash_between(stops: Stops, following: Int64) -> Bool:
    """Return behind which ends a dash stands before the next word, as in dialogue."""
    found = np.zeros(len(stops.at), np.bool_)
    for distance in (1, 2):
        code = stops.chars.codes.take(stops.end + distance, mode="clip")
        found |= (stops.end + distance < following) & ((code == ord("–")) | (code == ord("—")) | (code == ord("-")))
    return found


def _quoted(stops: Stops, closed: Bool) -> Bool:
    """Return where a Japanese sentence goes on behind what it quotes: 「はい。」と言った, or (笑！)の."""
    code = stops.chars.codes.take(stops.end, mode="clip")
    hiragana = (code >= _HIRAGANA[0]) & (code <= _HIRAGANA[1])
    found: Bool = hiragana & (closed | (code == _QUOTING[0]) | (code == _QUOTING[1]))
    return found


def _inside(stops: Stops) -> Bool:
    """Return which stops stand inside a word or number: ３．５, Khmer ។ល។."""
    codes = stops.chars.codes
    own, after, second = (codes.take(stops.at + step, mode="clip") for step in range(3))
    number = (own == _FULL_WIDTH_STOP) & ((kinds().take(after) & NUMBER) != 0)
    found: Bool = number | ((own == _KHMER_STOP) & (after == _KHMER_REST) & (second == _KHMER_STOP))
    return found


def _behind_abbreviation(stops: Stops, which: Int64, before_number: Bool, before_small: Bool) -> Bool:
    """Return for the stops `which` [m], full stops, whether an abbreviation, initial or ordinal stands before each.

    Before a small letter any short word, and what is no word, is taken for an abbreviation.
    """
    at = stops.at[which]
    reach = np.arange(_WORD, 0, -1)
    window = stops.chars.codes.take(np.maximum(at[:, None] - reach, 0))  # [m, _WORD], the last is before the stop
    kind = kinds().take(window)
    begins = ((kind & OPENING) != 0) | ((stops.chars.flags.take(np.maximum(at[:, None] - reach, 0)) & SPACE) != 0)
    inside = ~np.maximum.accumulate(begins[:, ::-1], axis=1)[:, ::-1]
    length = inside.sum(axis=1)
    last = kind[:, -1]
    joined = (length > 1) & ((window[:, -2] == ord(".")) | (window[:, -2] == ord("-")))  # U.S., J.-P.
    latin = window[:, -1] < _LATIN_ENDS  # elsewhere the lists say which: "т. д." may end a sentence, "т. е." may not
    alone = (length == 1) & (((last & UPPER) != 0) | (((last & LOWER) != 0) & latin))
    initial = alone | (((last & UPPER) != 0) & joined)
    hashes = _hashes(np.where(inside, window, 0)) ^ _salts(stops.languages)[stops.language[which]]
    short = length < _WORD
    words, before_numbers = _words(stops.languages)
    known = _among(hashes, words) | (_among(hashes, before_numbers) & before_number)
    digits = ((kind & NUMBER) != 0) | ~inside
    has_ordinals = np.array([language in _WITH_ORDINALS for language in stops.languages], np.bool_)
    ordinal = digits.all(axis=1) & (length > 0) & (length <= _ORDINAL) & has_ordinals[stops.language[which]]
    unlisted = before_small & ((length < _WHOLE_WORD) | ~(((kind & LETTERS) != 0) | ~inside).all(axis=1))
    found: Bool = initial | (known & short) | ordinal | unlisted
    return found


@cache
def kinds() -> npt.NDArray[np.uint8]:
    """Return what each code point is to these rules: uint8 [0x110000]."""
    table = np.zeros(0x110000, np.uint8)
    for point in (*range(0x18000), *range(0x1B000, 0x20000)):
        table[point] = _CATEGORIES.get(unicodedata.category(chr(point)), 0)
    table[0x20000:0x32000] = CASELESS
    for bit, characters in ((SKIPPED, _SKIPPED), (OPENING, _OPENING), (COMMA, _COMMAS)):
        table[list(map(ord, characters))] |= bit
    return table


def is_cjk(codes: npt.NDArray[np.uint32], flags: npt.NDArray[np.uint16]) -> Bool:
    """Return which characters are Han or Kana."""
    found: Bool = (codes >= _CJK) & ((flags & UNSPACED) != 0)
    return found


def _has(flags: npt.NDArray[np.uint16], positions: Int64, bits: int) -> Bool:
    found: Bool = (flags.take(positions) & bits) != 0
    return found


@cache
def _weights() -> UInt64:
    return np.array([xxhash.xxh3_64_intdigest(bytes([place])) | 1 for place in range(_WORD)], np.uint64)


def _hashes(window: npt.NDArray[np.uint32]) -> UInt64:
    """Return a hash of the words that stand at the right of `window` [m, _WORD], 0 before them."""
    hashes: UInt64 = window.astype(np.uint64) @ _weights()
    return hashes


def _salts(languages: Iterable[str]) -> UInt64:
    return np.array([_salt(language) for language in languages], np.uint64)


@cache
def _salt(language: str) -> int:
    return xxhash.xxh3_64_intdigest(_base(language).encode())


def _base(language: str) -> str:
    return language if language in ABBREVIATIONS else language.partition("-")[0]


def _words(languages: Iterable[str]) -> tuple[UInt64, UInt64]:
    """Return the hashes of the languages' abbreviations: those that count everywhere, and those before digits."""
    found = [(np.zeros(0, np.uint64),) * 2, *(_words_of(base) for base in {_base(language) for language in languages})]
    always, before = (np.sort(np.concatenate(hashes)) for hashes in zip(*found, strict=True))
    return always, before


@cache
def _words_of(language: str) -> tuple[UInt64, UInt64]:
    entries = f"{EVERYWHERE} {ABBREVIATIONS.get(language, '')} {ROMAN if language in _WITH_ORDINALS else ''}".split()
    salt = np.uint64(_salt(language))
    always = _hashed(entry for entry in entries if not entry.startswith("#")) ^ salt
    before = _hashed(entry[1:] for entry in entries if entry.startswith("#")) ^ salt
    return always, before


def _among(hashes: UInt64, ordered: UInt64) -> Bool:
    found: Bool = ordered.take(np.searchsorted(ordered, hashes), mode="clip") == hashes
    return found


def _hashed(entries: Iterable[str]) -> UInt64:
    words = [word for entry in entries for word in _written(entry)]
    window = np.zeros((len(words), _WORD), np.uint32)
    for place, word in enumerate(words):
        window[place, _WORD - len(word) :] = list(map(ord, word))
    return _hashes(window)


def _written(entry: str) -> Iterator[str]:
    """Yield an abbreviation as it may be written."""
    yield entry
    if entry == entry.lower() != entry.upper():
        yield entry[0].upper() + entry[1:]
        yield entry.upper()
