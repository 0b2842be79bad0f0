"""Augmentations that change single words: code-switching and sub-word sampling, as pure functions of what is drawn.

Every word that white space divides is drawn with the ratio, independently of the others, as xTune's release does.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from training.xtreme.xtune.dictionary import Dictionary
from training.xtreme.xtune.segmentation import Segmenter

Encode = Callable[[str], Sequence[int]]
"""From a word to the ids of its pieces, as the tokenizer cuts it."""


@dataclass(frozen=True)
class Cut:
    """The ids of the pieces of each word, and whether the word was changed (which can give what it was before)."""

    pieces: list[Sequence[int]]
    changed: list[bool]


class Change(Protocol):
    """What changes words. Those whose places are `fixed` stay as they are."""

    def __call__(self, words: Sequence[str], fixed: Container[int], random: Random) -> Cut:
        """Return the pieces of the words."""
        ...


@dataclass(frozen=True)
class CodeSwitcher:
    """Replaces a drawn word by its translation into a language of its own, drawn from all.

    A word whose lower case is not in that language's dictionary stays: no other language is tried.
    """

    encode: Encode
    dictionaries: Sequence[Dictionary]
    ratio: float

    def __call__(self, words: Sequence[str], fixed: Container[int], random: Random) -> Cut:
        pieces, changed = [], []
        for place, word in enumerate(words):
            translations: Sequence[str] = ()
            if random.random() < self.ratio and place not in fixed:
                translations = random.choice(self.dictionaries).get(word.lower(), ())
            pieces.append(self.encode(random.choice(translations) if translations else word))
            changed.append(bool(translations))
        return Cut(pieces, changed)


@dataclass(frozen=True)
class Resegmenter:
    """Cuts a drawn word into pieces that are drawn too. It counts as changed whatever is drawn."""

    encode: Encode
    segmenter: Segmenter
    ratio: float

    def __call__(self, words: Sequence[str], fixed: Container[int], random: Random) -> Cut:
        changed = [random.random() < self.ratio and place not in fixed for place in range(len(words))]
        pieces = [
            self.segmenter.draw(word, random) if is_drawn else self.encode(word)
            for word, is_drawn in zip(words, changed, strict=True)
        ]
        return Cut(pieces, changed)
