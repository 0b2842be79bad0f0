"""The examples of files that are named: to train on, to choose by, to predict."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import cast

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.examples import Examples, PairExample, Question, TaggedSentence
from training.xtreme.tasks.labels import label_pairs, label_questions, label_sentences
from training.xtreme.tasks.pairs import read_pairs
from training.xtreme.tasks.questions import held_out, read_questions
from training.xtreme.tasks.registry import ENGLISH, Kind
from training.xtreme.tasks.tagging import read_tagged

Files = Mapping[str, str]
"""The path of the file of each language."""


def training_examples(kind: Kind, classes: Sequence[str], files: Files, is_cut: bool) -> dict[str, Examples]:
    """Return what is fine-tuned on; with `is_cut` without the part that is kept to choose by.

    A translation then leaves out the translations of that part, so it has all questions of the English file in its
    order. Raises UserError where it has not, a file is broken, or an example has no label.
    """
    found = {code: labelled_examples(kind, classes, Path(path)) for code, path in files.items()}
    if not is_cut:
        return found
    held = held_out(read_questions(Path(files[ENGLISH])))
    for code, examples in found.items():
        if len(examples) != len(held):
            raise UserError(
                f"{files[code]}: has {len(examples)} questions, but {files[ENGLISH]} has {len(held)}; to leave out "
                "what is kept to choose by, a translation has all of them in the same order"
            )
    return {code: _kept(examples, held) for code, examples in found.items()}


def choosing_examples(kind: Kind, classes: Sequence[str], files: Files, is_cut: bool) -> dict[str, Examples]:
    """Return what may choose among models; with `is_cut` the part of the files that is kept from training.

    Raises UserError where a file is broken, or an example has no label.
    """
    if not is_cut:
        return {code: labelled_examples(kind, classes, Path(path)) for code, path in files.items()}
    found: dict[str, Examples] = {}
    for code, path in files.items():
        # the project's scripts keep but the last part of an id, which many questions share: the row tells them apart
        questions = [replace(one, id=str(row)) for row, one in enumerate(read_questions(Path(path)))]
        found[code] = list(compress(questions, held_out(questions)))
    return found


def labelled_examples(kind: Kind, classes: Sequence[str], path: Path) -> Examples:
    """Return the examples of a file. Raises UserError where it is broken or empty, or an example has no label."""
    examples = examples_of(kind, classes, path)
    if not examples:
        raise UserError(f"{path}: is empty")
    if not are_labelled(examples):
        raise UserError(f"{path}: has examples without a label, which one neither trains on nor chooses by")
    return examples


def _kept(examples: Examples, held: Sequence[bool]) -> Examples:
    return cast(Examples, [one for one, is_held in zip(examples, held, strict=True) if not is_held])


def test_examples(kind: Kind, classes: Sequence[str], path: Path, labels: Path | None) -> Examples:
    """Return the examples of test, with the labels of their own file where there is one.

    Raises UserError where a file is broken, or the labels are not those of the test file.
    """
    match kind:
        case Kind.PAIR:
            pairs = read_pairs(path, classes)
            return pairs if labels is None else label_pairs(pairs, labels, classes)
        case Kind.TAGGING:
            sentences = read_tagged(path, classes)
            return sentences if labels is None else label_sentences(sentences, labels, classes)
        case Kind.QA:
            questions = _told_apart(path, read_questions(path))
            return questions if labels is None else label_questions(questions, labels)
        case Kind.BUCC | Kind.TATOEBA:
            raise _no_examples(path)


def examples_of(kind: Kind, classes: Sequence[str], path: Path) -> Examples:
    """Return the examples of a file. Raises UserError where it is broken."""
    match kind:
        case Kind.PAIR:
            return read_pairs(path, classes)
        case Kind.TAGGING:
            return read_tagged(path, classes)
        case Kind.QA:
            return read_questions(path)
        case Kind.BUCC | Kind.TATOEBA:
            raise _no_examples(path)


def are_labelled(examples: Examples) -> bool:
    """Return whether all examples have a label, so that predictions for them can be scored."""
    return all(_has_label(one) for one in examples)


def _no_examples(path: Path) -> UserError:
    return UserError(f"{path}: is of a retrieval task; it has two texts to search, and nothing to fine-tune on")


def _has_label(example: PairExample | TaggedSentence | Question) -> bool:
    match example:
        case PairExample(label=label):
            return label is not None
        case TaggedSentence(tags=tags):
            return tags is not None
        case Question(answers=answers):
            return bool(answers)


def _told_apart(path: Path, questions: Sequence[Question]) -> Sequence[Question]:
    again = len(questions) - len({one.id for one in questions})
    if again:
        raise UserError(f"{path}: {again} questions have the id of another, so predictions cannot tell them apart")
    return questions
