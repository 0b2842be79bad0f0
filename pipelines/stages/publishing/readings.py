"""Random rows of each language, kept and dropped, for a person to judge the thresholds by reading."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xxhash

from pipelines.datasets.evidence import Reading, Readings, Sample, shortened
from pipelines.datasets.reasons import Reason
from pipelines.stages.inputs import RowFile
from pipelines.stages.publishing.screen import whole_rows
from pipelines.stages.publishing.thresholds import PASSED, REASONS, Codes
from pipelines.text.words import mixed

READINGS: Final = 20  # of each language, kept and dropped

Explain = Callable[[Reason, dict[str, Any]], str]
Drawn = dict[str, dict[str, list[dict[str, Any]]]]  # language, "kept" or "dropped": the readings with their places


def draw_readings(file: RowFile, reasons: Codes, copies: npt.NDArray[np.bool_], explain: Explain) -> Drawn:
    """Return random rows of a file by language and by what became of them.

    `reasons` are the codes of why rows are dropped [n]; `explain` says what decided about a row. There is nothing to
    judge in `copies` [n]: they are drawn only where too little else was dropped. Which rows are drawn depends on the
    file's name and the row's number in it, as if every row threw a die.
    """
    language, names = file.languages()
    dropped = reasons != PASSED
    die = _die(file.name, len(reasons))
    group = language.astype(np.int64) * 2 + dropped
    order = np.lexsort((die, copies, group))
    ends = np.cumsum(np.bincount(group, minlength=2 * len(names)))
    rank = np.arange(len(order)) - np.concatenate([[0], ends])[group[order]]
    drawn = order[rank < READINGS]
    found: Drawn = {}
    for row, values in zip(drawn.tolist(), whole_rows(file, drawn), strict=True):
        reason = REASONS[reasons[row] - 1] if dropped[row] else None
        detail = explain(reason, values) if reason else ""
        side = "" if file.kind == "text" else "target_"
        file_name, record, text, code = (values[f"{side}{name}"] for name in ("file", "record", "text", "lang"))
        sample = Sample.of(file_name, record, text, code, detail)
        source = "" if file.kind == "text" else shortened(values["source_text"])
        reading = Reading(reason=reason, sample=sample, source=source).model_dump(mode="json")
        sides = found.setdefault(values["counted_as"], {"kept": [], "dropped": []})
        sides["dropped" if reason else "kept"].append({"place": [bool(copies[row]), int(die[row])], "reading": reading})
    return found


def lowest(parts: Iterable[Drawn]) -> Drawn:
    """Return of each language and side the readings with the lowest throws."""
    drawn: Drawn = {}
    for part in parts:
        for language, sides in part.items():
            own = drawn.setdefault(language, {"kept": [], "dropped": []})
            for side, rows in sides.items():
                own[side] = sorted([*own[side], *rows], key=lambda row: row["place"])[:READINGS]
    return drawn


def readings(parts: Iterable[Drawn]) -> Readings:
    """Return the readings of all files together: of each language and side those with the lowest throws."""
    return {
        language: {side: [Reading.model_validate(row["reading"]) for row in rows] for side, rows in sides.items()}
        for language, sides in sorted(lowest(parts).items())
    }


def _die(name: str, rows: int) -> npt.NDArray[np.uint64]:
    return mixed(np.uint64(xxhash.xxh3_64_intdigest(name.encode())) ^ mixed(np.arange(1, rows + 1, dtype=np.uint64)))
