"""Evaluation sets that the corpus must not hold: read once, looked for in the screen pass, and listed where found."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import Any, Final

import fsspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.config.filters import Contamination, EvaluationFile
from pipelines.datasets.draft import Draft
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.store import fetched
from pipelines.dedup.contamination import Hits, SentenceIndex, find_parts, find_whole, index_sentences
from pipelines.dedup.exact import Hashes
from pipelines.stages.inputs import RowFile
from pipelines.stages.publishing import xtreme
from pipelines.stages.work import column, mapped

PLACES: Final = 5  # at which a test sentence was found, that are listed
_INDEX: Final = "contamination.npz"
_TEXTS: Final = {"text": ("text",), "pairs": ("source_text", "target_text")}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an evaluation set; `line` counts from 1; file: set where the evaluation set has several."""

    name: str
    line: int
    text: str
    file: str = ""

    def listed(self) -> dict[str, Any]:
        """Return what contamination.json says of it."""
        place = {"file": self.file} if self.file else {}
        return {"name": self.name, **place, "line": self.line, "text": self.text}


@dataclass
class _Found:
    whole: bool = False
    rows: int = 0
    places: list[dict[str, Any]] = field(default_factory=list)


def read_tests(config: Contamination) -> list[Sentence]:
    """Return all sentences of the evaluation files. Raises UserError where one cannot be read, or holds none."""
    found: list[Sentence] = []
    for file in config.files:
        own = [sentence for sentence in _of_file(file) if sentence.text.strip()]
        if not own:
            raise UserError(f"{file.path}: the evaluation file holds no sentence; check publish.filters.contamination")
        found += own
    return found


def write_index(draft: Draft, tests: Sequence[Sentence], config: Contamination) -> Path:
    """Write what is looked for to a temporary file of the stage, for the workers."""
    path = draft.scratch(_INDEX)
    index = index_sentences([test.text for test in tests], config.ngram)
    with path.open("wb") as file:
        np.savez(file, **vars(index))
    draft.preserve(_INDEX)
    return path


def find_tests(index_path: Path, file: RowFile, sides: Sequence[Hashes], rows: npt.NDArray[np.int64]) -> pa.Table:
    """Return where test sentences stand in some rows of a file: row, side, sentence, whole; each once.

    `sides` are the hashes of the folded texts of all rows.
    """
    index, table = _index(index_path), file.table()
    parts = []
    for side, (name, hashes) in enumerate(zip(_TEXTS[file.kind], sides, strict=True)):
        texts = column(table, name).take(pa.array(rows)).to_pylist() if len(index.parts) else []
        found = (find_whole(index, hashes[rows]), find_parts(index, texts))
        parts += [_columns(hits, rows, side) for hits in found]
    row, side_of, sentence, whole = (np.concatenate([part[place] for part in parts]) for place in range(4))
    order = np.lexsort((~whole, sentence, side_of, row))
    keys = np.stack([row, side_of, sentence])[:, order]
    first = np.concatenate([[True], (keys[:, 1:] != keys[:, :-1]).any(axis=0)])[: len(order)]
    kept = order[first]
    return pa.table({"row": row[kept], "side": side_of[kept], "sentence": sentence[kept], "whole": whole[kept]})


def hits_name(file: RowFile) -> str:
    """Return the name under which a file's hits are kept until the commit."""
    return f"contamination/{file.name}"


def list_hits(draft: Draft, files: Sequence[RowFile], tests: Sequence[Sentence]) -> tuple[FileEntry, dict[str, Any]]:
    """Write contamination.json, and return its entry and, for each set: its sentences, those found, rows dropped."""
    found: dict[int, _Found] = {}
    counts = {test.name: {"sentences": 0, "found": 0, "rows": 0} for test in tests}
    for test in tests:
        counts[test.name]["sentences"] += 1
    for file in files:
        hits = mapped(draft.folder / hits_name(file))
        numbers, rows = hits["sentence"].to_pylist(), hits["row"].to_pylist()
        for name, _ in {(tests[number].name, row) for number, row in zip(numbers, rows, strict=True)}:
            counts[name]["rows"] += 1
        _add(found, file, hits)
    for number in found:
        counts[tests[number].name]["found"] += 1
    listed = [{**tests[number].listed(), **vars(found[number])} for number in sorted(found)]
    data = (json.dumps(listed, ensure_ascii=False, indent=1) + "\n").encode()
    return draft.write_bytes("contamination.json", data, {"kind": "contamination"}, rows=len(listed)), counts


def _add(found: dict[int, _Found], file: RowFile, hits: pa.Table) -> None:
    places = file.table().take(hits["row"])
    for hit, place in zip(hits.to_pylist(), _places(file, places, hits), strict=True):
        own = found.setdefault(hit["sentence"], _Found())
        own.whole |= hit["whole"]
        own.rows += 1
        if len(own.places) < PLACES:
            own.places.append(place)


def _places(file: RowFile, rows: pa.Table, hits: pa.Table) -> Iterator[dict[str, Any]]:
    names = ("file", "record", "paragraph")
    for row, side in zip(rows.to_pylist(), hits["side"].to_pylist(), strict=True):
        before = "" if file.kind == "text" else ("source_", "target_")[side]
        yield {name: row[f"{before}{name}"] for name in names}


def _columns(hits: Hits, rows: npt.NDArray[np.int64], side: int) -> tuple[Any, ...]:
    return rows[hits.row], np.full(len(hits.row), side, np.int8), hits.sentence, hits.whole


@lru_cache(maxsize=1)
def _index(path: Path) -> SentenceIndex:
    with np.load(fetched(path)) as arrays:
        parts = (arrays[name] for name in ("whole", "whole_sentence", "parts", "part_sentence"))
        return SentenceIndex(int(arrays["ngram"]), *parts)


def _of_file(file: EvaluationFile) -> Iterator[Sentence]:
    """Yield the sentences of an evaluation file; of XTREME each task is a set of its own, such as `xtreme/tatoeba`."""
    if file.format == "xtreme":
        for task, name, line, text in xtreme.sentences(Path(file.path), file.fields):
            yield Sentence(intern(f"{file.name}/{task}"), line, text, name)
    else:
        yield from (Sentence(file.name, line, text) for line, text in _sentences(file))


def _sentences(file: EvaluationFile) -> Iterator[tuple[int, str]]:
    try:
        with fsspec.open(file.path, "rt", encoding="utf-8-sig", newline="\n", compression="infer") as opened:
            lines = opened.read().split("\n")
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{file.path}: cannot be read as UTF-8 text ({error}); check the evaluation file") from error
    read = {"jsonl": _of_json, "tsv": _of_tsv, "text": _of_text}[file.format]
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                for text in read(line.removesuffix("\r"), file.fields):
                    yield number, text
            except (ValueError, KeyError, IndexError, TypeError) as error:
                raise UserError(
                    f"{file.path}, line {number}: no text in the fields {', '.join(file.fields)} "
                    f"({type(error).__name__}: {error}); check publish.filters.contamination"
                ) from error


def _of_json(line: str, fields: Iterable[str]) -> Iterator[str]:
    record: Mapping[str, Any] = json.loads(line)
    for name in fields:
        value = record[name]
        if not isinstance(value, str):
            raise TypeError(f"{name} holds {type(value).__name__}")
        yield value


def _of_tsv(line: str, fields: Iterable[str]) -> Iterator[str]:
    cells = line.split("\t")
    yield from (cells[int(place) - 1] for place in fields)


def _of_text(line: str, fields: Iterable[str]) -> Iterator[str]:
    del fields
    yield line
