"""What the files of XTREME's tasks hold, one type for each kind of task. Nothing here is tokenized."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast


@dataclass(frozen=True)
class PairExample:
    """Two texts and how the second stands to the first (XNLI, PAWS-X); no label where the file has none."""

    first: str
    second: str
    label: str | None


@dataclass(frozen=True)
class TaggedSentence:
    """The words of a sentence and a tag for each (UD-POS, PAN-X); no tags where the file has none."""

    words: tuple[str, ...]
    tags: tuple[str, ...] | None


@dataclass(frozen=True)
class Question:
    """A question on a text, and the spans of it that answer (XQuAD, MLQA, TyDiQA-GoldP).

    starts: for each answer where it begins in the context, in code points. Without answers both are empty.
    """

    id: str
    question: str
    context: str
    answers: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sentence:
    """A sentence of a bitext, and what its file calls it: an id (BUCC) or its row from 0 (Tatoeba)."""

    id: str
    text: str


@dataclass(frozen=True)
class Bitext:
    """Two sets of sentences in which translations are to be found (BUCC 2018, Tatoeba).

    source: in the other language; target: in English; gold: the pairs of ids (source, target) that are translations,
    None where the files do not say.
    """

    source: tuple[Sentence, ...]
    target: tuple[Sentence, ...]
    gold: frozenset[tuple[str, str]] | None


Example = PairExample | TaggedSentence | Question
"""What is fine-tuned on."""

Examples = Sequence[PairExample] | Sequence[TaggedSentence] | Sequence[Question]
"""The examples of one file, all of one kind."""


def joined(parts: Iterable[Examples]) -> Examples:
    """Return the examples of several files, all of one kind, one after another."""
    return cast(Examples, list(chain.from_iterable(parts)))
