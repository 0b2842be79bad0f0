"""The sentences of XTREME's dev and test files, which no corpus may hold that is to be scored on them.

File names are those that google-research/xtreme leaves behind (scripts/download_data.sh, utils_preprocess.py).
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from pipelines.config.filters import XTREME_TASKS
from pipelines.datasets.errors import UserError

Found = Iterator[tuple[int, str]]
"""Texts, each with its line, or in SQuAD's format the number of its paragraph, from 1."""

_UNSPACED: Final = {"ja", "my", "th", "zh"}  # the words of a sentence stand there without spaces


def sentences(folder: Path, tasks: Iterable[str]) -> Iterator[tuple[str, str, int, str]]:
    """Yield task, file, line and text of what a folder has of these tasks, all of them where none is named.

    A task that is not there is left out. Raises UserError where a named one is missing, nothing is there at all, or a
    file cannot be read.
    """
    wanted, found_any = tuple(tasks), False
    for task in wanted or XTREME_TASKS:
        paths = sorted(path for pattern in _FILES[task][0] for path in folder.glob(pattern) if path.suffix != ".gold")
        if not paths and wanted:
            raise UserError(f"{folder}: has no dev or test files of {task}; check publish.filters.contamination")
        for path in paths:
            found_any = True
            name = path.relative_to(folder).as_posix()
            for line, text in _read(path, _FILES[task][1]):
                yield task, name, line, text
    if not found_any:
        raise UserError(
            f"{folder}: has no dev or test file of XTREME, such as xnli/test-en.tsv; check "
            "publish.filters.contamination"
        )


def _read(path: Path, read: Callable[[Path], Found]) -> Found:
    try:
        yield from read(path)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise UserError(
            f"{path}: is not laid out as XTREME's files are ({type(error).__name__}: {error}); "
            "check publish.filters.contamination"
        ) from error


def _lines(path: Path) -> Found:
    """Yield lines, which end in LF or CR LF and in no other character."""
    for number, line in enumerate(path.read_bytes().decode("utf-8-sig").split("\n"), 1):
        yield number, line.removesuffix("\r")


def _pairs(path: Path) -> Found:
    """Yield both texts of each line; the project's CSV writer puts those with a quotation mark in quotes."""
    for number, line in _lines(path):
        if line:
            first, second = line.split("\t")[:2]
            yield from ((number, _unquoted(text)) for text in (first, second))


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1].replace('""', '"') if is_quoted else text


def _words(path: Path) -> Found:
    """Yield sentences, whose words stand one in a line."""
    between = "" if path.stem.rsplit("-", 1)[-1] in _UNSPACED else " "
    words: list[str] = []
    begin = 1
    for number, line in _lines(path):
        if line.strip():
            begin = begin if words else number
            words.append(line.split("\t")[0])
        elif words:
            yield begin, between.join(words)
            words = []
    if words:
        yield begin, between.join(words)


def _questions(path: Path) -> Found:
    """Yield contexts and questions of a file in SQuAD's format."""
    number = 0
    for article in json.loads(path.read_text(encoding="utf-8-sig"))["data"]:
        for paragraph in article["paragraphs"]:
            number += 1
            yield number, str(paragraph["context"])
            yield from ((number, str(asked["question"])) for asked in paragraph["qas"])


def _second(path: Path) -> Found:
    """Yield the sentences of lines `id, sentence`."""
    yield from ((number, line.split("\t")[1]) for number, line in _lines(path) if line)


def _both(pattern: str) -> tuple[str, str]:
    return pattern.format(split="dev"), pattern.format(split="test")


_FILES: Final[dict[str, tuple[tuple[str, ...], Callable[[Path], Found]]]] = {
    "xnli": (_both("xnli/{split}-*.tsv"), _pairs),
    "pawsx": (_both("pawsx/{split}-*.tsv"), _pairs),
    "udpos": (_both("udpos/{split}-*.tsv"), _words),
    "panx": (_both("panx/{split}-*.tsv"), _words),
    # XQuAD is translated from SQuAD's dev part
    "xquad": (("xquad/xquad.*.json", "squad/dev-v1.1.json"), _questions),
    "mlqa": (_both("mlqa/MLQA_V1/{split}/*.json"), _questions),
    "tydiqa": (("tydiqa/tydiqa-goldp-v1.1-dev/*.json",), _questions),
    "bucc2018": (_both("bucc2018/*-en.{split}.*"), _second),
    "tatoeba": (("tatoeba/*-en.*",), _lines),
}
