"""The augmentations of xTune on inputs: what each makes of a clean input."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from training.xtreme.features import Encoded, EncodedPair, EncodedSentence
from training.xtreme.tasks.examples import Example, PairExample, Question, TaggedSentence
from training.xtreme.windows import EncodedWindow
from training.xtreme.xtune.views import View, pair_view, same_view, sentence_view, window_view
from training.xtreme.xtune.words import Change


@dataclass(frozen=True)
class Clean:
    """An input as it is read; number: that of its example; example: what it was made from."""

    number: int
    example: Example
    encoded: Encoded


@dataclass(frozen=True)
class Augmentation:
    """Makes views of an input, all that is random from the given source.

    base: from the input to what the view is made of, which is a translation or the input itself; view: a view of that;
    is_noisy: whether noise is added to the word embeddings of the view.
    """

    view: Callable[[Clean, Random], View]
    base: Callable[[Clean, Random], Clean] = lambda clean, _random: clean
    is_noisy: bool = False


def word_changes(change: Change, longest: int, whole_answer: bool) -> Augmentation:
    """Return the augmentation that changes words; a view has no more than `longest` tokens.

    whole_answer: whether all words of an answer stay, not only the first and the last.
    """

    def view(base: Clean, random: Random) -> View:
        match base.example, base.encoded:
            case PairExample() as pair, EncodedPair() as encoded:
                return pair_view(pair, encoded.label, change, longest, random)
            case TaggedSentence() as sentence, EncodedSentence() as encoded:
                return sentence_view(sentence, encoded, change, longest, random)
            case Question() as question, EncodedWindow() as encoded:
                return window_view(question, encoded, change, longest, whole_answer, random)
        raise TypeError(f"{type(base.encoded)} is no input of {type(base.example)}")

    return Augmentation(view)


def embedding_noise() -> Augmentation:
    """Return the augmentation that adds noise alone: the input is its own view."""
    return Augmentation(_as_it_is, is_noisy=True)


def translated(
    translations: Callable[[int], Sequence[Example]], encode: Callable[[Example], Sequence[Encoded]]
) -> Augmentation:
    """Return the augmentation that takes one of the translations of the example; without any it stays.

    translations: gives those of an example by its number; encode: the inputs of an example, of which one is drawn.
    """

    def base(clean: Clean, random: Random) -> Clean:
        found = translations(clean.number)
        if not found:
            return clean
        example = random.choice(found)
        return Clean(clean.number, example, random.choice(encode(example)))

    return Augmentation(_as_it_is, base)


def _as_it_is(clean: Clean, _random: Random) -> View:
    return same_view(clean.encoded)
