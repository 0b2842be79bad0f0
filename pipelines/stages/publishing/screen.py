"""First pass of publish: which threshold each row fails, and what the split of the documents must know."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.reasons import Reason
from pipelines.dedup.exact import Hashes, cluster_keys, hash_forms
from pipelines.stages.inputs import FileTask, RowFile
from pipelines.stages.publishing.blocklist import load_blocklist
from pipelines.stages.publishing.contaminated import find_tests, hits_name
from pipelines.stages.publishing.index import KeySpace
from pipelines.stages.publishing.thresholds import PASSED, Codes, Limits, code_of, pair_failures, text_failures
from pipelines.stages.work import add_up, codes, column, mapped
from pipelines.text.letters import letter_forms

_SIDES: Final = ("source", "target")  # columns of what is kept; a text has the first


@dataclass(frozen=True)
class Screened:
    """What the first pass found, row by row: the threshold failed, or 0, and the hashes of the folded sides.

    `letters` are equal for pairs whose sides have the same letters; None where that is not asked.
    """

    failures: Codes
    sides: list[Hashes]
    letters: Hashes | None


@dataclass(frozen=True)
class Screening:
    """What every row is screened by.

    `usual` is the mean logarithm of the length ratio of each language pair, `tests` the index of the evaluation sets.
    """

    limits: Limits
    usual: Mapping[str, float]
    space: KeySpace
    tests: Path | None = None


def screen_file(screening: Screening, draft: Draft, task: FileTask) -> SplitRecord:
    """Apply the rules to a file, keep the result beside it until the commit, and count what passed."""
    section = screening.limits.section
    table = task.file.scored_table()
    hashes = screening.space.sides(task.file)
    if task.file.kind == "pairs":
        failures = pair_failures(table, task.file.languages(), hashes, screening.usual, screening.limits)
    else:
        failures = text_failures(table, task.file.scored_documents(), screening.limits)
    if section.filters.blocklist is not None:
        document, documents = codes(table, "document")
        blocked = load_blocklist(section.filters.blocklist).blocked(documents)
        failures[blocked[document]] = code_of(Reason.BLOCKED)
    entries: list[FileEntry] = []
    if screening.tests is not None:
        hits = find_tests(screening.tests, task.file, hashes, np.flatnonzero(failures == PASSED))
        failures[hits["row"].to_numpy()] = code_of(Reason.CONTAMINATED)
        entries.append(draft.write_table(hits_name(task.file), hits))
    kept = {"failure": failures, **dict(zip(_SIDES, hashes, strict=False))}
    if task.file.kind == "pairs" and section.duplicates.pairs == "one_by_letters":
        kept["letters"] = _letter_keys(task.file, hashes)
    entries.append(draft.write_table(_name(task.file), pa.table(kept)))
    language, names = task.file.languages()
    passed = np.bincount(language[failures == PASSED], minlength=len(names)).tolist()
    summary: dict[str, Any] = {"passed": {task.file.kind: dict(zip(names, passed, strict=True))}}
    if task.file.kind == "pairs":
        ranks = column(task.file.cluster_table(), "rank").to_numpy()
        counted = (failures == PASSED) & (ranks == 0) & ~is_mined(table)
        for part, held_out in (("test", section.test), ("dev", section.dev)):
            if held_out.min_pairs:
                summary[part] = _pairs_by_document(task.file, counted, held_out.min_words)
    return SplitRecord(files=entries, summary=summary)


def is_mined(pairs: pa.Table) -> npt.NDArray[np.bool_]:
    """Return which pairs were mined, bool [n]. They are no truth to test on, so they are never held out."""
    method, names = codes(pairs, "method")
    return np.asarray(method == (names.index("mined") if "mined" in names else -1))


def whole_rows(file: RowFile, positions: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return some rows with all that they were screened by: their columns, and under `documents` their document's."""
    rows: list[dict[str, Any]] = file.scored_table().take(pa.array(positions)).to_pylist()
    language, names = file.languages()
    for row, code in zip(rows, language[positions].tolist(), strict=True):
        row["counted_as"] = names[code]
    if file.kind == "text":
        places = pa.array([row["document_row"] for row in rows], pa.int64())
        for row, document in zip(rows, file.scored_documents().take(places).to_pylist(), strict=True):
            row["documents"] = document
    return rows


def screened(draft: Draft, file: RowFile) -> Screened:
    """Return what `screen_file` kept."""
    table = mapped(draft.folder / _name(file))
    found = {name: column(table, name).to_numpy() for name in table.column_names}
    sides = [found[name] for name in _SIDES if name in found]
    return Screened(found["failure"], sides, found.get("letters"))


def small_languages(records: Iterable[SplitRecord], least: int) -> dict[str, list[str]]:
    """Return the languages with fewer than `least` rows that pass, for texts and for pairs."""
    passed = add_up(record.summary["passed"] for record in records)
    return {
        kind: sorted(language for language, rows in counts.items() if rows < least) for kind, counts in passed.items()
    }


def _letter_keys(file: RowFile, sides: Sequence[Hashes]) -> Hashes:
    """Return a key for each pair from the letters of its sides; a side without any counts as it is."""
    table, keys = file.table(), []
    for name, side in zip(("source_text", "target_text"), sides, strict=True):
        forms = letter_forms(table.column(name).to_pylist())
        empty = np.fromiter((not form for form in forms), np.bool_, len(forms))
        keys.append(np.where(empty, side, hash_forms(forms)))
    return cluster_keys(*file.languages(), *keys)


def _pairs_by_document(file: RowFile, counted: npt.NDArray[np.bool_], words: int) -> dict[str, dict[str, int]]:
    counted = counted & (column(file.table(), "source_words").to_numpy() >= words)
    document, documents = codes(file.table(), "document")
    language, languages = file.languages()
    cells = document[counted].astype(np.int64) * len(languages) + language[counted]
    found: dict[str, dict[str, int]] = {}
    for cell, count in zip(*(part.tolist() for part in np.unique(cells, return_counts=True)), strict=True):
        found.setdefault(documents[cell // len(languages)], {})[languages[cell % len(languages)]] = count
    return found


def _name(file: RowFile) -> str:
    return f"screen/{file.name}"
