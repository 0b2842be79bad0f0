"""Where a task's files are in the folder of the data."""

from pathlib import Path
from typing import Final

from training.xtreme.tasks.registry import ENGLISH, Dev, Kind, Task

LABELS: Final = "labels"
"""The folder of the test labels, laid out like a submission (google-research/xtreme, evaluate.py: label_folder).

The project's scripts take the labels out of the test files. Who has them puts them here, or leaves them in place.
"""


def train_path(task: Task, folder: Path, language: str = ENGLISH) -> Path:
    """Return the file to fine-tune on; zero-shot knows that of English alone."""
    return folder / task.train.format(language=language)


def dev_paths(task: Task, folder: Path, language: str) -> tuple[Path, ...]:
    """Return the files that may be used to choose: one, or for BUCC its three."""
    return tuple(folder / one.format(language=language) for one in task.dev)


def test_paths(task: Task, folder: Path, language: str) -> tuple[Path, ...]:
    """Return the files that hold the test examples, without those of their labels."""
    inputs = task.test[:2] if task.kind is Kind.BUCC else task.test
    return tuple(folder / one.format(language=language) for one in inputs)


def label_path(task: Task, folder: Path, language: str) -> Path | None:
    """Return the file of test's labels, where there is one beside the test files; these may have labels themselves."""
    paths = [folder / LABELS / task.prediction.format(language=language)]
    if task.kind is Kind.BUCC:
        paths.append(folder / task.test[2].format(language=language))
    return next((path for path in paths if path.exists()), None)


def chosen_by(task: Task, folder: Path, all_languages: bool) -> dict[str, tuple[Path, ...]]:
    """Return by language the files by which a model of the task may be chosen: those of English, or of all languages.

    Zero-shot in the strict sense looks at English dev alone; xTune looked at dev in all languages (infoxlm, 5.2).
    """
    if task.dev_from in {Dev.THRESHOLD, Dev.NONE}:
        return {}
    languages = task.dev_languages if all_languages else (ENGLISH,)
    return {language: dev_paths(task, folder, language) for language in languages}
