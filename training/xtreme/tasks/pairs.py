"""XNLI and PAWS-X: two texts and a label in each line, parted by tabs."""

from collections.abc import Sequence
from pathlib import Path

from training.xtreme.tasks.examples import PairExample
from training.xtreme.tasks.lines import broken, read_lines

_SPELLINGS = {"contradictory": "contradiction"}
"""MultiNLI's training file as XNLI gives it away; google-research/xtreme, utils_preprocess.py maps it so."""


def read_pairs(path: Path, classes: Sequence[str]) -> list[PairExample]:
    """Return the pairs of a file: `text, text, label` in each line, or in all of them without the label.

    The project's preprocessing writes the files with a CSV writer, so a text with a quotation mark stands in quotes and
    its own are doubled. That is undone here, where the project's own scripts read it as text.
    Raises UserError with file and line where columns are missing or too many, or a label is none of `classes`.
    """
    examples: list[PairExample] = []
    for number, line in read_lines(path):
        fields = line.split("\t")
        if len(fields) not in {2, 3}:
            raise broken(
                path, number, f"has {len(fields)} columns; there are two texts and, except in test, a label, by tabs"
            )
        label = _label(path, number, fields[2], classes) if len(fields) == 3 else None
        example = PairExample(_unquoted(fields[0]).strip(), _unquoted(fields[1]).strip(), label)
        if examples and (example.label is None) != (examples[0].label is None):
            raise broken(path, number, f"has {len(fields)} columns, the lines before it have not")
        examples.append(example)
    return examples


def _label(path: Path, number: int, field: str, classes: Sequence[str]) -> str:
    label = _SPELLINGS.get(field.strip(), field.strip())
    if label not in classes:
        raise broken(path, number, f"the label {label!r} is none of {', '.join(classes)}")
    return label


def _unquoted(field: str) -> str:
    """Return what a CSV writer was given for the field; a field that no CSV writer writes so stays as it is."""
    if len(field) < 2 or not (field.startswith('"') and field.endswith('"')):
        return field
    inside = field[1:-1]
    return field if '"' in inside.replace('""', "") else inside.replace('""', '"')
