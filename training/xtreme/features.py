"""Examples as an encoder reads them: token ids with special tokens, and what the head of the task needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.errors import UserError
from training.data.sequences import BOS, EOS, UNK
from training.xtreme.tasks.examples import Examples, PairExample, Question, TaggedSentence
from training.xtreme.tokenizer import Tokenizer
from training.xtreme.windows import EncodedWindow, encode_questions

UNKNOWN: Final = -100
"""The label of what has none: `torch.nn.functional.cross_entropy` leaves it out."""

_SPECIALS: Final = 3  # of a sentence


@dataclass(frozen=True)
class Limits:
    """How long inputs may be, in tokens.

    tokens: the longest input, special tokens included; question_tokens: the longest question; stride: how far a
    window of a long context lies behind the one before.
    """

    tokens: int
    question_tokens: int = 64
    stride: int = 128


@dataclass(frozen=True)
class EncodedPair:
    """`<s> first </s></s> second </s>`. tokens: int32 `[t]`; label: its number, UNKNOWN where there is none."""

    tokens: NDArray[np.int32]
    label: int


@dataclass(frozen=True)
class EncodedSentence:
    """`<s> words </s></s>`: a sentence, or a part of one that is too long.

    The second `</s>` is what XTREME's run_tag.py gives XLM-R. tokens: int32 `[t]`; sentence: the number of its
    sentence among the examples; word: that of its first word in the sentence; firsts: int64 `[w]`, the place of each
    word's first token; pieces: int64 `[w]`, how many tokens each word has; tags: int64 `[w]`, their numbers, UNKNOWN
    where there are none.
    """

    tokens: NDArray[np.int32]
    sentence: int
    word: int
    firsts: NDArray[np.int64]
    pieces: NDArray[np.int64]
    tags: NDArray[np.int64]


Encoded = EncodedPair | EncodedSentence | EncodedWindow


def encode(examples: Examples, tokenizer: Tokenizer, labels: Sequence[str], limits: Limits) -> list[Encoded]:
    """Return the inputs of examples, all of one kind, in their order; a long one may give several.

    labels: the names of classes or tags in the order of their numbers; questions need none.
    """
    if not examples:
        return []
    match examples[0]:
        case PairExample():
            return list(encode_pairs(cast(Sequence[PairExample], examples), tokenizer, labels, limits))
        case TaggedSentence():
            return list(encode_sentences(cast(Sequence[TaggedSentence], examples), tokenizer, labels, limits))
        case Question():
            window = (limits.tokens, limits.question_tokens, limits.stride)
            return list(encode_questions(cast(Sequence[Question], examples), tokenizer, *window))


def encode_pairs(
    examples: Sequence[PairExample], tokenizer: Tokenizer, labels: Sequence[str], limits: Limits
) -> list[EncodedPair]:
    """Return one input for each pair; of one that is too long, the longer side loses its end."""
    number = {label: place for place, label in enumerate(labels)}
    texts = tokenizer.ids([text for example in examples for text in (example.first, example.second)])
    return [
        EncodedPair(
            joined(texts[2 * row], texts[2 * row + 1], limits.tokens),
            UNKNOWN if example.label is None else _number(number, example.label),
        )
        for row, example in enumerate(examples)
    ]


def joined(first: NDArray[np.int32], second: NDArray[np.int32], longest: int) -> NDArray[np.int32]:
    """Return `<s> first </s></s> second </s>`, int32 `[t]`, cut to `longest` tokens.

    The longer side is cut, down to the shorter one, then both (`longest_first` of Hugging Face's `tokenizers`).
    """
    room = longest - 4
    if len(first) + len(second) > room:
        shorter = min(len(first), len(second))
        shorter, longer = (shorter, room - shorter) if 2 * shorter <= room else (room // 2, room - room // 2)
        sizes = (shorter, longer) if len(first) <= len(second) else (longer, shorter)
        first, second = first[: sizes[0]], second[: sizes[1]]
    return np.concatenate([[BOS], first, [EOS, EOS], second, [EOS]], dtype=np.int32)


def encode_sentences(
    sentences: Sequence[TaggedSentence], tokenizer: Tokenizer, tags: Sequence[str], limits: Limits
) -> list[EncodedSentence]:
    """Return one input for each sentence, or several where it is too long, in order.

    Each word is cut by itself. A word of which nothing is left, or which would fill more than an input, is `<unk>`,
    and a new input begins with the word that would not fit (`udpos_tokenize_preprocess` in XTREME's
    utils_preprocess.py).
    """
    number = {tag: place for place, tag in enumerate(tags)}
    room = limits.tokens - _SPECIALS
    encoded = []
    for row, (sentence, words) in enumerate(zip(sentences, _words(sentences, tokenizer, room), strict=True)):
        lengths = [len(word) for word in words]
        for first, stop in parts(lengths, room):
            pieces = np.asarray(lengths[first:stop], np.int64)
            known = None if sentence.tags is None else [_number(number, tag) for tag in sentence.tags[first:stop]]
            encoded.append(
                EncodedSentence(
                    np.concatenate([[BOS], *words[first:stop], [EOS, EOS]], dtype=np.int32),
                    row,
                    first,
                    1 + np.cumsum(pieces) - pieces,
                    pieces,
                    np.full(stop - first, UNKNOWN, np.int64) if known is None else np.asarray(known, np.int64),
                )
            )
    return encoded


def parts(lengths: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Return first and past-last word of each part of a sentence; the words of a part fill no more than `room`."""
    starts, taken = [0], 0
    for place, length in enumerate(lengths):
        if taken + length > room:
            starts.append(place)
            taken = 0
        taken += length
    return list(zip(starts, [*starts[1:], len(lengths)], strict=True))


def _words(sentences: Sequence[TaggedSentence], tokenizer: Tokenizer, room: int) -> list[list[NDArray[np.int32]]]:
    """Return the ids of each word of each sentence."""
    flat = iter(tokenizer.ids([word for sentence in sentences for word in sentence.words]))
    unknown = np.asarray([UNK], np.int32)
    return [[ids if 0 < len(ids := next(flat)) <= room else unknown for _ in sentence.words] for sentence in sentences]


def _number(numbers: dict[str, int], label: str) -> int:
    if label not in numbers:
        raise UserError(f"the label {label!r} is none of the task's: {', '.join(numbers)}")
    return numbers[label]
