"""What ingest tells of the languages: rows by language, and declared against identified languages."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

from pipelines.stages.work import add_up

CONFUSIONS: Final = 10  # identified languages listed for each declared one


def split_summary(table: pa.Table) -> dict[str, Any]:
    """Return the counts of one split's rows (STAGED)."""
    languages, found = table["lang"].to_pylist(), table["lid"].to_pylist()
    confusion: dict[str, Counter[str]] = {}
    characters: Counter[str] = Counter()
    changed_rows: Counter[str] = Counter()
    columns = (table["chars"].to_pylist(), table["changed"].to_pylist())
    for language, identified, chars, changes in zip(languages, found, *columns, strict=True):
        confusion.setdefault(language, Counter())[identified] += 1
        characters[language] += chars
        changed_rows[language] += changes > 0
    rows = Counter(languages)
    by_language = {
        name: {"rows": rows[name], "characters": characters[name], "changed_rows": changed_rows[name]} for name in rows
    }
    return {"languages": by_language, "confusion": {name: dict(counts) for name, counts in confusion.items()}}


def summary(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the sum of the splits' counts, with the largest confusions of each language."""
    summed = add_up(parts)
    confusion = summed.get("confusion", {})
    return {**summed, "confusion": {name: dict(_largest(counts)) for name, counts in confusion.items()}}


def _largest(counts: dict[str, int]) -> Iterator[tuple[str, int]]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    yield from ordered[:CONFUSIONS]
    if rest := sum(count for _, count in ordered[CONFUSIONS:]):
        yield "other", rest
