"""What ingest tells of the languages: rows by language, and declared against identified languages."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipelines.stages.work import add_up, codes, column

CONFUSIONS: Final = 10  # identified languages listed for each declared one


def split_summary(table: pa.Table) -> dict[str, Any]:
    """Return the counts of one split's rows (STAGED)."""
    language, names = codes(table, "lang")
    found, labels = codes(table, "lid")
    chars = column(table, "chars").to_numpy()
    changed = column(table, "changed").to_numpy() > 0
    columns = zip(
        names,
        np.bincount(language, minlength=len(names)).tolist(),
        np.bincount(language, chars, len(names)).astype(np.int64).tolist(),
        np.bincount(language, changed, len(names)).astype(np.int64).tolist(),
        strict=True,
    )
    pairs = np.bincount(language.astype(np.int64) * len(labels) + found, minlength=len(names) * len(labels))
    grid = pairs.reshape(len(names), len(labels)).tolist()
    return {
        "languages": {
            name: {"rows": rows, "characters": characters, "changed_rows": changed_rows}
            for name, rows, characters, changed_rows in columns
        },
        "confusion": {
            name: {label: count for label, count in zip(labels, counts, strict=True) if count}
            for name, counts in zip(names, grid, strict=True)
        },
    }


def summary(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the sum of the splits' counts, with the largest confusions of each language."""
    summed = add_up(parts)
    confusion = summed.get("confusion", {})
    return {**summed, "confusion": {name: dict(_largest(counts)) for name, counts in confusion.items()}}


def _largest(counts: dict[str, int]) -> Iterator[tuple[str, int]]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    yield from ordered[:CONFUSIONS]
    if rest := sum(count for _, count in ordered[CONFUSIONS:]):
        yield "other", rest
