"""Treebanks of Universal Dependencies as the UD-POS task wants them: surface words, and a tag for each.

The rules are those by which XTREME made its files from UD 2.5 (google-research/xtreme: scripts/download_data.sh calls
third_party/ud-conversion-tools/conllu_to_conll.py with --replace_subtokens_with_fused_forms, then
utils_preprocess.py, udpos_preprocess):

- a word that stands for several syntactic words ("1-2 don't") is kept as it is written. Its tag is that of the part
  nearest to the root; of several equally near ones, the tag that comes first in the language's list counts;
- empty nodes ("8.1") are left out; spaces and zero-width non-joiners inside a word are taken out;
- a sentence in which all words but one at most are "_" has its text withheld, and is left out.
"""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.datasets.errors import UserError
from training.xtreme.tasks.examples import TaggedSentence

SUFFIXES: Final = (".conllu", ".conllu.gz")

_COLUMNS: Final = 10
_FORM, _TAG, _HEAD = 1, 3, 6
_WITHHELD: Final = "_"
_PRECEDENCE: Final = {
    "es": "VERB AUX PRON ADP DET",
    "fr": "VERB AUX PRON NOUN ADJ ADV ADP DET PART SCONJ CONJ",
    "it": "VERB AUX ADV PRON ADP DET INTJ",
}
_ANY_LANGUAGE: Final = "VERB NOUN PROPN PRON ADJ NUM ADV INTJ AUX ADP DET PART CCONJ SCONJ X PUNCT"


@dataclass(frozen=True)
class _Node:
    """A line of a sentence: of a syntactic word, its tag and head."""

    form: str
    tag: str
    head: int


def read_conllu(path: Path, classes: Sequence[str]) -> list[TaggedSentence]:
    """Return the sentences of a treebank, `.conllu` or under gzip `.conllu.gz`, in its order.

    The language is what the name begins with, as Universal Dependencies names its files (`fr_gsd-ud-test.conllu`).
    Raises UserError where the file cannot be read, a line is not one of CoNLL-U, with its number, or a tag is none of
    `classes`.
    """
    precedence = _PRECEDENCE.get(path.name.partition("_")[0], _ANY_LANGUAGE).split()
    sentences = []
    for rows in _sentences(path):
        nodes, spans = _parse(path, rows)
        sentence = _surface(nodes, spans, precedence)
        unknown = set(sentence.tags or ()) - set(classes)
        if unknown:
            raise UserError(f"{path}:{rows[0][0]}: the tag {min(unknown)!r} is none of {', '.join(classes)}")
        withheld = sentence.words.count(_WITHHELD)
        if not withheld or withheld < len(sentence.words) - 1:
            sentences.append(sentence)
    if not sentences:
        raise UserError(f"{path}: holds no sentence; is it a treebank in CoNLL-U?")
    return sentences


def _sentences(path: Path) -> Iterator[list[tuple[int, str]]]:
    """Yield the lines of each sentence, numbered from 1, comments left out."""
    opened = gzip.open if path.suffix == ".gz" else open
    rows: list[tuple[int, str]] = []
    try:
        with opened(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                line = line.rstrip("\n")
                if line.strip():
                    if not line.startswith("#"):
                        rows.append((number, line))
                elif rows:
                    yield rows
                    rows = []
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as UTF-8 text ({error}); give a whole .conllu or .conllu.gz") from None
    if rows:
        yield rows


def _parse(path: Path, rows: Sequence[tuple[int, str]]) -> tuple[dict[int, _Node], dict[int, tuple[int, str]]]:
    """Return the syntactic words by id, and the fused words by their first id: last id and form."""
    nodes: dict[int, _Node] = {}
    spans: dict[int, tuple[int, str]] = {}
    for number, line in rows:
        fields = line.split("\t")
        if len(fields) != _COLUMNS:
            raise UserError(f"{path}:{number}: has {len(fields)} columns, CoNLL-U has {_COLUMNS}, parted by tabs")
        if "." in fields[0]:
            continue
        try:
            first, _, last = fields[0].partition("-")
            if last:
                spans[int(first)] = int(last), fields[_FORM]
            else:
                head = 0 if fields[_HEAD] == _WITHHELD else int(fields[_HEAD])
                nodes[int(first)] = _Node(fields[_FORM], fields[_TAG], head)
        except ValueError:
            raise UserError(
                f"{path}:{number}: the id {fields[0]!r} or the head {fields[_HEAD]!r} is no number as CoNLL-U has them"
            ) from None
    for start, (end, form) in spans.items():
        missing = [one for one in range(start, end + 1) if one not in nodes]
        if missing:
            raise UserError(f"{path}:{rows[0][0]}: the word {start}-{end} {form!r} has no line {missing[0]}")
    return nodes, spans


def _surface(
    nodes: Mapping[int, _Node], spans: Mapping[int, tuple[int, str]], precedence: Sequence[str]
) -> TaggedSentence:
    words, tags, inside = [], [], 0
    for one in sorted(nodes):
        if one <= inside:
            continue
        form, tag = nodes[one].form, nodes[one].tag
        if one in spans:
            inside, form = spans[one]
            tag = _tag_of(range(one, inside + 1), nodes, precedence)
        words.append(form.replace("\u200c", "").replace(" ", ""))
        tags.append(tag)
    return TaggedSentence(tuple(words), tuple(tags))


def _tag_of(parts: Sequence[int], nodes: Mapping[int, _Node], precedence: Sequence[str]) -> str:
    """Return the tag of the part nearest to the root; among equals the one first in `precedence`, then the first."""

    def rank(one: int) -> tuple[int, int, int]:
        tag = nodes[one].tag
        return _depth(one, nodes), precedence.index(tag) if tag in precedence else len(precedence), one

    return nodes[min(parts, key=rank)].tag


def _depth(one: int, nodes: Mapping[int, _Node]) -> int:
    """Return the number of heads above a word; a ring of heads is gone round once."""
    above: set[int] = set()
    while one in nodes and one not in above:
        above.add(one)
        one = nodes[one].head
    return len(above)
