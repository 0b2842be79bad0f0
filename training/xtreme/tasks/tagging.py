"""UD-POS and PAN-X: a word and its tag in each line, parted by a tab, and an empty line after each sentence."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from training.xtreme.tasks.conllu import SUFFIXES, read_conllu
from training.xtreme.tasks.examples import TaggedSentence
from training.xtreme.tasks.lines import broken, read_lines

_DOCUMENT = "-DOCSTART-"


def read_tagged(path: Path, classes: Sequence[str]) -> list[TaggedSentence]:
    """Return the sentences of a file: with tags in all lines, or (test) in none. Treebanks in CoNLL-U are read too.

    Raises UserError with file and line where a line has more than two columns, some lines have a tag and others not,
    or a tag is none of `classes`.
    """
    if path.name.endswith(SUFFIXES):
        return read_conllu(path, classes)
    sentences: list[TaggedSentence] = []
    columns = 0
    for block in _blocks(path):
        words, tags = [], []
        for number, line in block:
            fields = line.split("\t")
            columns = columns or len(fields)
            if len(fields) != columns or columns > 2:
                raise broken(path, number, f"has {len(fields)} columns; there is a word and, except in test, a tag")
            words.append(fields[0].strip())
            if columns == 2:
                tags.append(_tag(path, number, fields[1], classes))
        sentences.append(TaggedSentence(tuple(words), tuple(tags) if columns == 2 else None))
    return sentences


def read_tags(path: Path, classes: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the tags of each sentence of a file that has tags alone: the labels of test, or predictions."""
    return [tuple(_tag(path, number, line, classes) for number, line in block) for block in _blocks(path)]


def _tag(path: Path, number: int, field: str, classes: Sequence[str]) -> str:
    if (tag := field.strip()) not in classes:
        raise broken(path, number, f"the tag {tag!r} is none of {', '.join(classes)}")
    return tag


def _blocks(path: Path) -> Iterator[list[tuple[int, str]]]:
    """Yield the numbered lines of each sentence; more than one empty line between two counts as one."""
    block: list[tuple[int, str]] = []
    for number, line in read_lines(path):
        if line.strip() and not line.startswith(_DOCUMENT):
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block
