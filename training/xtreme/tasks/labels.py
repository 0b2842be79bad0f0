"""Test examples and their labels, which stand in files of their own, laid out like a submission."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.examples import PairExample, Question, TaggedSentence
from training.xtreme.tasks.lines import broken, read_lines
from training.xtreme.tasks.questions import read_questions
from training.xtreme.tasks.tagging import read_tags


def label_pairs(pairs: Sequence[PairExample], path: Path, classes: Sequence[str]) -> list[PairExample]:
    """Return the pairs with the label that stands in the same line of the file.

    Raises UserError where a line is none of `classes`, or there are more or fewer than pairs.
    """
    labels = []
    for number, line in read_lines(path):
        if line.strip() not in classes:
            raise broken(path, number, f"the label {line.strip()!r} is none of {', '.join(classes)}")
        labels.append(line.strip())
    _same(path, len(labels), len(pairs), "labels", "pairs of texts")
    return [replace(pair, label=label) for pair, label in zip(pairs, labels, strict=True)]


def label_sentences(sentences: Sequence[TaggedSentence], path: Path, classes: Sequence[str]) -> list[TaggedSentence]:
    """Return the sentences with the tags that the file has for their words.

    Raises UserError where the file has other sentences, or another number of tags than a sentence has words.
    """
    tags = read_tags(path, classes)
    _same(path, len(tags), len(sentences), "sentences", "sentences")
    for number, (sentence, own) in enumerate(zip(sentences, tags, strict=True), start=1):
        _same(path, len(own), len(sentence.words), f"tags in sentence {number}", "words")
    return [replace(sentence, tags=own) for sentence, own in zip(sentences, tags, strict=True)]


def label_questions(questions: Sequence[Question], path: Path) -> list[Question]:
    """Return the questions with the answers that the file has for their ids.

    Raises UserError where the file lacks a question or an answer to it.
    """
    answered = {one.id: one for one in read_questions(path) if one.answers}
    missing = [one.id for one in questions if one.id not in answered]
    if missing:
        raise UserError(
            f"{path}: has no answer to {len(missing)} of {len(questions)} questions, such as {missing[0]!r}"
        )
    return [replace(one, answers=answered[one.id].answers, starts=answered[one.id].starts) for one in questions]


def _same(path: Path, found: int, wanted: int, what: str, of: str) -> None:
    if found != wanted:
        raise UserError(f"{path}: has {found} {what} for {wanted} {of} of test")
