"""Which files of XTREME a folder has, which are missing, and what is wrong with those that are broken."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.bitexts import read_bucc, read_tatoeba
from training.xtreme.tasks.labels import label_pairs, label_questions, label_sentences
from training.xtreme.tasks.pairs import read_pairs
from training.xtreme.tasks.paths import LABELS, dev_paths, label_path, test_paths, train_path
from training.xtreme.tasks.questions import read_questions
from training.xtreme.tasks.registry import ENGLISH, TASKS, Dev, Kind, Task
from training.xtreme.tasks.tagging import read_tagged


class Part(StrEnum):
    """What files are for."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"
    LABELS = "labels of test"

    def files(self, task: Task) -> tuple[str, ...]:
        """Return the names of the files, with `{language}` for the language, relative to the folder of the data."""
        match self:
            case Part.TRAIN:
                return (task.train,)
            case Part.DEV:
                return task.dev
            case Part.TEST:
                return task.test[:2]
            case Part.LABELS:
                return (f"{LABELS}/{task.prediction}",)


@dataclass(frozen=True)
class Finding:
    """What was found of one part of a task in one language.

    needed: a suite that chooses by English dev does not run without it; missing: the files that are not there; fault:
    what is wrong with those that are; examples: how many were read.
    """

    task: Task
    part: Part
    language: str
    needed: bool
    missing: tuple[Path, ...] = ()
    fault: str = ""
    examples: int = 0

    @property
    def is_there(self) -> bool:
        return not self.missing and not self.fault

    @property
    def stops(self) -> bool:
        """Whether it keeps a suite from running."""
        return bool(self.fault) or (self.needed and bool(self.missing))


@dataclass(frozen=True)
class _Content:
    """How many examples a file has, and whether it says the answers."""

    examples: int
    is_labelled: bool


def examine(folder: Path) -> Iterator[Finding]:
    """Read every file of the nine tasks and yield what was found, in the order of the tasks.

    Raises UserError where the folder is not there.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: is no folder; name the one that the XTREME project's scripts fill (`download`)")
    for task in TASKS:
        if task.is_finetuned:
            yield _trained_on(task, Part.TRAIN, ENGLISH, True, (train_path(task, folder),))
        for language in task.dev_languages:
            # what is cut from train needs no file of its own in English; other languages choose only where asked to
            if task.dev_from is not Dev.CUT or language != ENGLISH:
                needed = task.dev_from is Dev.THRESHOLD or language == ENGLISH
                yield _trained_on(task, Part.DEV, language, needed, dev_paths(task, folder, language))
        for language in task.languages:
            yield from _tested(task, folder, language)


def _trained_on(task: Task, part: Part, language: str, needed: bool, paths: tuple[Path, ...]) -> Finding:
    """Return what was found of files that say the answers."""

    def read() -> int:
        content = _content(task, paths)
        if not content.examples:
            raise UserError(f"{paths[0]}: is empty")
        if not content.is_labelled:
            raise UserError(f"{paths[0]}: has examples without a label, which one neither trains on nor chooses by")
        return content.examples

    return _found(task, part, language, needed, paths, read)


def _tested(task: Task, folder: Path, language: str) -> Iterator[Finding]:
    """Yield what was found of the test files, and of their labels, without which one predicts but does not score."""
    paths = test_paths(task, folder, language)
    labels = label_path(task, folder, language)
    are_labelled = False

    def read() -> int:
        nonlocal are_labelled
        content = _content(task, paths)
        are_labelled = content.is_labelled
        return content.examples

    test = _found(task, Part.TEST, language, True, paths, read)
    yield test
    if labels is not None and test.is_there:
        yield _found(task, Part.LABELS, language, False, paths, lambda: _content(task, paths, labels).examples)
    elif are_labelled:
        yield Finding(task, Part.LABELS, language, False, examples=test.examples)
    else:
        expected = folder / LABELS / task.prediction.format(language=language)
        yield Finding(task, Part.LABELS, language, False, () if labels else (expected,))


def _found(
    task: Task, part: Part, language: str, needed: bool, paths: Sequence[Path], read: Callable[[], int]
) -> Finding:
    missing = tuple(path for path in paths if not path.exists())
    if missing:
        return Finding(task, part, language, needed, missing)
    try:
        return Finding(task, part, language, needed, examples=read())
    except UserError as error:
        return Finding(task, part, language, needed, fault=str(error))


def _content(task: Task, paths: Sequence[Path], labels: Path | None = None) -> _Content:
    """Read the files, and labels that stand in a file of their own. Raises UserError where they are broken."""
    match task.kind:
        case Kind.BUCC:
            bitext = read_bucc(paths[0], paths[1], paths[2] if len(paths) > 2 else labels)
            return _Content(len(bitext.source), bitext.gold is not None)
        case Kind.TATOEBA:
            bitext = read_tatoeba(paths[0], paths[1], labels)
            return _Content(len(bitext.source), bitext.gold is not None)
        case Kind.PAIR:
            pairs = read_pairs(paths[0], task.classes)
            pairs = label_pairs(pairs, labels, task.classes) if labels else pairs
            return _Content(len(pairs), all(one.label is not None for one in pairs))
        case Kind.TAGGING:
            sentences = read_tagged(paths[0], task.classes)
            sentences = label_sentences(sentences, labels, task.classes) if labels else sentences
            return _Content(len(sentences), all(one.tags is not None for one in sentences))
        case Kind.QA:
            questions = read_questions(paths[0])
            questions = label_questions(questions, labels) if labels else questions
            return _Content(len(questions), all(one.answers for one in questions))
