"""Another view of an input: the same words, some of them changed, as the encoder reads it."""

import re
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from training.data.sequences import BOS, EOS, UNK
from training.xtreme.features import Encoded, EncodedPair, EncodedSentence, joined
from training.xtreme.tasks.examples import PairExample, Question, TaggedSentence
from training.xtreme.windows import EncodedWindow
from training.xtreme.xtune.words import Change

_SENTENCE_SPECIALS = 3
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class View:
    """A view of an input, and what of it is the same in the clean input.

    kept: int64 `[k]`, ascending: what is classified (the pair, a word by its number, a token by its place) and is
    neither changed nor cut off; clean: int64 `[k]`, the same in the clean input.
    """

    encoded: Encoded
    kept: NDArray[np.int64]
    clean: NDArray[np.int64]


def same_view(clean: Encoded) -> View:
    """Return an input as its own view, for noise that comes later. Of a window `<s>` and the context are kept."""
    kept = np.arange(1, dtype=np.int64)
    if isinstance(clean, EncodedSentence):
        kept = np.arange(len(clean.firsts), dtype=np.int64)
    if isinstance(clean, EncodedWindow):
        kept = np.concatenate([kept, np.arange(clean.context, len(clean.tokens) - 1, dtype=np.int64)])
    return View(clean, kept, kept)


def pair_view(example: PairExample, label: int, change: Change, longest: int, random: Random) -> View:
    """Return a view of a pair, both texts changed; it is kept as a whole."""
    first, second = (
        np.asarray([one for word in change(text.split(), (), random).pieces for one in word], np.int32)
        for text in (example.first, example.second)
    )
    whole = np.zeros(1, np.int64)
    return View(EncodedPair(joined(first, second, longest), label), whole, whole)


def sentence_view(
    sentence: TaggedSentence, clean: EncodedSentence, change: Change, longest: int, random: Random
) -> View:
    """Return a view of the words of a sentence that `clean` holds, without those for which there is no room then.

    Every word is kept, changed or not: what is compared is what its first piece, or their sum, says (the release's
    `kl_on_unswitched_tokens` is off).
    """
    words = sentence.words[clean.word : clean.word + len(clean.firsts)]
    pieces = [ids or [UNK] for ids in change(words, (), random).pieces]
    lengths = np.asarray([len(ids) for ids in pieces], np.int64)
    fitting = int(np.searchsorted(np.cumsum(lengths), longest - _SENTENCE_SPECIALS, side="right"))
    lengths = lengths[:fitting]
    tokens = [BOS, *(one for ids in pieces[:fitting] for one in ids), EOS, EOS]
    encoded = EncodedSentence(
        np.asarray(tokens, np.int32),
        clean.sentence,
        clean.word,
        1 + np.cumsum(lengths) - lengths,
        lengths,
        clean.tags[:fitting],
    )
    kept = np.arange(fitting, dtype=np.int64)
    return View(encoded, kept, kept)


def window_view(
    question: Question, clean: EncodedWindow, change: Change, longest: int, whole_answer: bool, random: Random
) -> View:
    """Return a view of a window: the question as it is, words of the context changed, without what has no room then.

    The words in which the answer begins and ends stay (`keep_boundary_unchanged`), with `whole_answer` those between
    too. A changed word of which the window held a part is there as a whole. Kept are `<s>` and the pieces of
    unchanged words.
    """
    if not len(clean.spans):
        return same_view(clean)
    words = list(_WORD.finditer(question.context))
    # a piece that is the space before a word alone belongs to that word
    of = np.searchsorted([word.end() for word in words], clean.spans[:, 0], side="right").clip(max=len(words) - 1)
    shown, starts, number = np.unique(of, return_index=True, return_inverse=True)
    fixed: range | set[int] = set()
    if clean.end:
        first, last = (int(number[place - clean.context]) for place in (clean.start, clean.end))
        fixed = range(first, last + 1) if whole_answer else {first, last}
    cut = change([words[word].group() for word in shown], fixed, random)
    tokens: list[int] = clean.tokens[: clean.context].tolist()
    kept, same = [0], [0]
    spans: list[tuple[int, int]] = []
    stops = np.append(starts[1:], len(of))
    for word, begin, stop, ids, is_changed in zip(shown, starts, stops, cut.pieces, cut.changed, strict=True):
        if is_changed:
            tokens += ids
            spans += [words[word].span()] * len(ids)
            continue
        places = range(clean.context + begin, clean.context + stop)
        kept += range(len(tokens), len(tokens) + len(places))
        same += places
        tokens += clean.tokens[places.start : places.stop].tolist()
        spans += [(int(start), int(end)) for start, end in clean.spans[begin:stop]]
    room = longest - 1
    there = int(np.searchsorted(kept, room))
    kept, same = kept[:there], same[:there]
    place_of = dict(zip(same, kept, strict=True))
    start, end = place_of.get(clean.start, 0), place_of.get(clean.end, 0)
    if not (start and end):
        start = end = 0
    context = len(tokens[:room]) - clean.context
    encoded = EncodedWindow(
        np.asarray([*tokens[:room], EOS], np.int32),
        clean.question,
        clean.context,
        np.asarray(spans[:context], np.int32).reshape(-1, 2),
        np.ones(context, np.bool_),
        start,
        end,
    )
    return View(encoded, np.asarray(kept, np.int64), np.asarray(same, np.int64))
