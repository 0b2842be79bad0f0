"""How the measures of a language's rows are distributed, among those that are kept and those that are dropped.

Histograms of fixed bins: files are counted apart and added up, whichever way the corpus was cut.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.datasets.schemas import DISTRIBUTIONS
from pipelines.stages.inputs import Kind, RowFile
from pipelines.stages.work import add_up, column

_SHARE: Final = np.linspace(0, 1, 21)
_COUNT: Final = 10 ** (np.arange(25) / 4)  # four bins for a factor of ten, from 1 to a million
# the measures with the edges of their bins; what lies beyond the ends counts to the end bins
_EDGES: Final = {
    "chars": _COUNT,
    "letters": _SHARE,
    "digits": _SHARE,
    "punctuation": _SHARE,
    "lid_prob": _SHARE,
    "agreement": _SHARE,
    "alphabetic_words": _SHARE,
    "repeated_line_chars": _SHARE,
    "top_2gram": _SHARE,
    "repeated_5gram": _SHARE,
    "perplexity": _COUNT,
}
_FACTOR: Final = np.geomspace(1 / 16, 16, 49)
_SCORE: Final = np.linspace(-1, 2, 61)  # cosines, probabilities and margins, which are mostly between 1 and 1.5
_GAIN: Final = np.linspace(-5, 10, 61)  # nats
_PAIR_EDGES: Final = {
    "length_factor": _FACTOR,
    "source_lid_prob": _SHARE,
    "target_lid_prob": _SHARE,
    "letters": _SHARE,
    "near_copy": _SHARE,
    "given_score": _SCORE,
    "confidence": _SCORE,
    "margin": _SCORE,
    "lexical_forward": _GAIN,
    "lexical_backward": _GAIN,
}
_SIDES: Final = ("dropped", "kept")

Histograms = dict[str, dict[str, dict[str, dict[str, int]]]]  # measure, language, side, bin: rows


def histograms(file: RowFile, counted: npt.NDArray[np.intp], kept: npt.NDArray[np.bool_]) -> Histograms:
    """Count rows of a file by measure, language, what became of them (`kept` [n]), and bin.

    `counted` are the positions of the rows that count. A measure of rows or, for each text, of its document; one that
    is in neither is left out, and so are rows without a value.
    """
    if file.kind == "pairs":
        return _pair_histograms(file, counted, kept)
    rows, documents = file.scored_table(), file.scored_documents()
    language, names = file.languages()
    place = column(rows, "document_row").to_numpy()[counted]
    found = {}
    for name, edges in _EDGES.items():
        if name in rows.column_names:
            values = column(rows, name).to_numpy(False)[counted]
        elif name in documents.column_names:
            values = column(documents, name).to_numpy(False)[place]
        else:
            continue
        found[name] = _counted(values, edges, language[counted], names, kept[counted])
    return found


def _pair_histograms(file: RowFile, counted: npt.NDArray[np.intp], kept: npt.NDArray[np.bool_]) -> Histograms:
    table = file.scored_table()
    language, names = file.languages()
    found = {}
    for name, edges in _PAIR_EDGES.items():
        if name == "length_factor":
            values = np.exp(column(table, "length_ratio").to_numpy()[counted])
        elif name in table.column_names:
            values = column(table, name).to_numpy(False)[counted]
        else:
            continue
        found[name] = _counted(values, edges, language[counted], names, kept[counted])
    return found


def distributions(parts: Iterable[Histograms], kind: Kind) -> pa.Table:
    """Return the sum of the histograms (DISTRIBUTIONS), the measures in their order, languages by code."""
    summed, edges = add_up(parts), _EDGES if kind == "text" else _PAIR_EDGES
    rows = [row for name in edges if name in summed for row in _bins(name, edges[name], summed[name])]
    return pa.Table.from_pylist(rows, DISTRIBUTIONS)


def _counted(
    values: npt.NDArray[Any],
    edges: npt.NDArray[np.float64],
    language: npt.NDArray[np.int32],
    names: list[str],
    kept: npt.NDArray[np.bool_],
) -> dict[str, dict[str, dict[str, int]]]:
    known = np.flatnonzero(~np.isnan(values))
    bins = len(edges) - 1
    place = np.clip(np.searchsorted(edges, values[known], side="right") - 1, 0, bins - 1)
    cell = (language[known].astype(np.int64) * 2 + kept[known]) * bins + place
    grid = np.bincount(cell, minlength=len(names) * 2 * bins).reshape(len(names), 2, bins)
    return {
        name: {
            side: {str(number): int(grid[code, half, number]) for number in np.flatnonzero(grid[code, half]).tolist()}
            for half, side in enumerate(_SIDES)
        }
        for code, name in enumerate(names)
    }


def _bins(
    measure: str, edges: npt.NDArray[np.float64], languages: dict[str, dict[str, dict[str, int]]]
) -> Iterator[dict[str, Any]]:
    for language, sides in languages.items():
        for side, counts in sides.items():
            for number, rows in sorted((int(key), rows) for key, rows in counts.items()):
                yield {
                    "measure": measure,
                    "lang": language,
                    "kept": side == "kept",
                    "low": edges[number],
                    "high": edges[number + 1],
                    "rows": rows,
                }
