"""BUCC 2018 and Tatoeba: two files of sentences, and which of them translate each other."""

from pathlib import Path

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.examples import Bitext, Sentence
from training.xtreme.tasks.lines import broken, read_lines


def read_bucc(source: Path, target: Path, gold: Path | None) -> Bitext:
    """Return the sentences of two files of lines `id, sentence`, and the pairs of a file of lines `id, English id`.

    Raises UserError with file and line where a line has not two columns, an id stands twice in its file, or a gold pair
    names a sentence that is not there.
    """
    sides = [_sentences(path) for path in (source, target)]
    pairs = None if gold is None else _pairs(gold, sides)
    return Bitext(tuple(sides[0].values()), tuple(sides[1].values()), pairs)


def read_tatoeba(source: Path, target: Path, labels: Path | None) -> Bitext:
    """Return the sentences of two files, one in a line; a sentence's id is its row from 0.

    Line j of the labels names the row of the sentence that English sentence j translates, since English stands in
    alphabetical order. Raises UserError where the files have different numbers of lines or a label is no row.
    """
    own, english = _rows_of(source), _rows_of(target)
    if len(own) != len(english):
        raise UserError(
            f"{source} has {len(own)} sentences, but {target} has {len(english)}; each is the translation of one"
        )
    return Bitext(own, english, None if labels is None else _gold_rows(labels, len(own)))


def _rows_of(path: Path) -> tuple[Sentence, ...]:
    return tuple(Sentence(str(number - 1), text.strip()) for number, text in read_lines(path))


def _sentences(path: Path) -> dict[str, Sentence]:
    sentences: dict[str, Sentence] = {}
    for number, line in read_lines(path):
        id_, text = _two(path, number, line, "an id and a sentence")
        if id_ in sentences:
            raise broken(path, number, f"the id {id_!r} stands there a second time")
        sentences[id_] = Sentence(id_, text.strip())
    return sentences


def _pairs(path: Path, sides: list[dict[str, Sentence]]) -> frozenset[tuple[str, str]]:
    pairs = set()
    for number, line in read_lines(path):
        pair = _two(path, number, line, "the id of a sentence and of its English translation")
        for id_, side in zip(pair, sides, strict=True):
            if id_ not in side:
                raise broken(path, number, f"no sentence has the id {id_!r}")
        pairs.add(pair)
    return frozenset(pairs)


def _two(path: Path, number: int, line: str, what: str) -> tuple[str, str]:
    fields = line.split("\t")
    if len(fields) != 2:
        raise broken(path, number, f"has {len(fields)} columns; there are {what}, parted by a tab")
    return fields[0].strip(), fields[1].strip()


def _gold_rows(path: Path, count: int) -> frozenset[tuple[str, str]]:
    pairs = []
    for number, line in read_lines(path):
        row = line.strip()
        if not row.isdecimal() or int(row) >= count:
            raise broken(path, number, f"{row!r} is no row from 0 to {count - 1}")
        pairs.append((str(int(row)), str(number - 1)))
    if len(pairs) != count:
        raise UserError(f"{path}: has {len(pairs)} labels for {count} English sentences")
    return frozenset(pairs)
