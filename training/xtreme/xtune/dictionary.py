"""Dictionaries of single words, in the format of MUSE."""

from collections.abc import Mapping
from pathlib import Path

from pipelines.datasets.errors import UserError

Dictionary = Mapping[str, tuple[str, ...]]
"""The translations of each English word, which is in lower case."""


def read_dictionary(path: Path) -> Dictionary:
    """Return a file's dictionary; a word may stand in several lines.

    Raises UserError where the file cannot be read, or a line is not two words with white space between.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as a dictionary ({error})") from error
    found: dict[str, list[str]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if len(words) == 2:
            found.setdefault(words[0], []).append(words[1])
        elif words:
            raise UserError(f"{path}:{number}: {line!r} is not a word, white space and its translation")
    if not found:
        raise UserError(f"{path}: holds no words; a line is a word, white space and its translation")
    return {word: tuple(translations) for word, translations in found.items()}
