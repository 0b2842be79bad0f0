"""The examples of a task's train, dev and test: which files they are read from, and what is kept back."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import Literal

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.bitexts import read_bucc, read_tatoeba
from training.xtreme.tasks.examples import Bitext, Examples, PairExample, Question, TaggedSentence
from training.xtreme.tasks.labels import label_pairs, label_questions, label_sentences
from training.xtreme.tasks.pairs import read_pairs
from training.xtreme.tasks.paths import dev_paths, label_path, test_paths, train_path
from training.xtreme.tasks.questions import held_out, read_questions
from training.xtreme.tasks.registry import ENGLISH, Dev, Kind, Task
from training.xtreme.tasks.tagging import read_tagged


def read_train(task: Task, folder: Path, language: str = ENGLISH) -> Examples:
    """Return what a task is fine-tuned on, without the part that is kept to choose by (TyDiQA).

    Raises UserError where the file is missing or broken, or an example has no label.
    """
    return read_translated(task, folder, train_path(task, folder, language), language)


def read_translated(task: Task, folder: Path, path: Path, language: str = ENGLISH) -> Examples:
    """Return the examples of a translation of a task's training file in `language`, in the task's own format.

    Where a part of that file is kept to choose by (TyDiQA), its translation is left out too: the translation then has
    all the file's questions in its order. Raises UserError where it has not, is broken, or an example has no label.
    """
    examples = _labelled(path, _read(task, path))
    if task.dev_from is not Dev.CUT:
        return examples
    original = train_path(task, folder, language)
    held = held_out(read_questions(original))
    if len(held) != len(examples):
        raise UserError(
            f"{path}: has {len(examples)} questions, but {original} has {len(held)}; to leave out what is kept to "
            f"choose by, a translation for {task.title} has all of them in the same order"
        )
    return list(compress(read_questions(path), (not one for one in held)))


def read_dev(task: Task, folder: Path, language: str) -> Examples:
    """Return the examples by which a model may be chosen.

    Raises UserError where the task has none in the language, or a file is missing or broken.
    """
    if language not in task.dev_languages:
        raise UserError(f"{task.title} has no dev examples in {language!r}; there are {', '.join(task.dev_languages)}")
    path = dev_paths(task, folder, language)[0]
    if task.dev_from is not Dev.CUT:
        return _labelled(path, _read(task, path))
    # The project's scripts keep but the last part of an id, which many questions share: the row tells them apart.
    questions = [replace(one, id=str(row)) for row, one in enumerate(read_questions(path))]
    return list(compress(questions, held_out(questions)))


def read_test(task: Task, folder: Path, language: str) -> Examples:
    """Return the examples of test: with labels where `labels/` has them or the test file itself, else without.

    Raises UserError where a file is missing or broken, or the labels are not those of the test file.
    """
    path = test_paths(task, folder, language)[0]
    labels = label_path(task, folder, language)
    match task.kind:
        case Kind.PAIR:
            pairs = read_pairs(path, task.classes)
            return pairs if labels is None else label_pairs(pairs, labels, task.classes)
        case Kind.TAGGING:
            sentences = read_tagged(path, task.classes)
            return sentences if labels is None else label_sentences(sentences, labels, task.classes)
        case Kind.QA:
            questions = _told_apart(path, read_questions(path))
            return questions if labels is None else label_questions(questions, labels)
        case Kind.BUCC | Kind.TATOEBA:
            raise _no_examples(task, path)


def read_bitext(task: Task, folder: Path, language: str, split: Literal["dev", "test"]) -> Bitext:
    """Return the sentences of a retrieval task, with the pairs that translate each other where they are known.

    Raises UserError where a file is missing or broken.
    """
    if split == "dev":
        return read_bucc(*dev_paths(task, folder, language))
    source, target = test_paths(task, folder, language)
    read = read_bucc if task.kind is Kind.BUCC else read_tatoeba
    return read(source, target, label_path(task, folder, language))


def are_labelled(examples: Examples) -> bool:
    """Return whether all examples have a label, so that predictions for them can be scored."""
    return all(_has_label(one) for one in examples)


def _read(task: Task, path: Path) -> Examples:
    match task.kind:
        case Kind.PAIR:
            return read_pairs(path, task.classes)
        case Kind.TAGGING:
            return read_tagged(path, task.classes)
        case Kind.QA:
            return read_questions(path)
        case Kind.BUCC | Kind.TATOEBA:
            raise _no_examples(task, path)


def _no_examples(task: Task, path: Path) -> UserError:
    return UserError(
        f"{path}: {task.title} is a retrieval task; it has two texts to search, and nothing to fine-tune on"
    )


def _labelled(path: Path, examples: Examples) -> Examples:
    if not examples:
        raise UserError(f"{path}: is empty")
    if not are_labelled(examples):
        raise UserError(f"{path}: has examples without a label, which one neither trains on nor chooses by")
    return examples


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
