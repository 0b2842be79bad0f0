"""Which rows are to be taken out of a corpus: by document, by cluster, by id."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.config.remove import RemoveSection
from pipelines.provenance.corpus import Cluster, Corpus, id_of
from pipelines.provenance.rows import RowId
from pipelines.stages.work import codes, column

Mask = npt.NDArray[np.bool_]
_PLACE = 32  # bits of a paragraph's number beside its record's


@dataclass(frozen=True)
class Wanted:
    """What is to be taken out. `records` and `rows` (record and paragraph in one number) are by file."""

    documents: frozenset[str]
    clusters: npt.NDArray[np.uint64]
    records: Mapping[str, npt.NDArray[np.int64]]
    rows: Mapping[str, npt.NDArray[np.int64]]

    @staticmethod
    def of(section: RemoveSection, corpus: Corpus) -> "Wanted":
        """Return what a config asks for. A hash stands for all rows of its cluster, and for the pairs they are in."""
        keys = [int(key, 16) for key in section.hashes]
        members = [place for key in keys for place in corpus.members(Cluster(key, 0, 0))]
        texts = [id_of(corpus.row(place)) for place in members if place.file.startswith("staged/")]
        ids = [*map(RowId.parse, section.ids), *texts]
        return Wanted(
            documents=frozenset(section.urls),
            clusters=np.array(keys, np.uint64),
            records=_by_file((own.file, own.record) for own in ids if own.paragraph is None),
            rows=_by_file((own.file, own.record << _PLACE | own.paragraph) for own in ids if own.paragraph is not None),
        )

    def mask(self, table: pa.Table, clusters: npt.NDArray[np.uint64]) -> Mask:
        """Return which rows of texts or pairs are meant: bool [n]. A pair is where either of its sides is."""
        document, names = codes(table, "document")
        found = np.isin(document, [code for code, name in enumerate(names) if name in self.documents])
        found |= np.isin(clusters, self.clusters)
        for side in ("source_", "target_") if "source_text" in table.column_names else ("",):
            found |= self._by_id(table, side)
        return found

    def _by_id(self, table: pa.Table, side: str) -> Mask:
        file, names = codes(table, f"{side}file")
        record, paragraph = (
            column(table, f"{side}{name}").to_numpy().astype(np.int64) for name in ("record", "paragraph")
        )
        found = np.zeros(table.num_rows, bool)
        for code, name in enumerate(names):
            if name in self.records or name in self.rows:
                meant = np.isin(record, self.records.get(name, [])) | np.isin(
                    record << _PLACE | paragraph, self.rows.get(name, [])
                )
                found |= (file == code) & meant
        return found


def found(section: RemoveSection, removed: Iterable[pa.Table]) -> tuple[int, list[str]]:
    """Return how many rows `removed` (texts or pairs with their `cluster`) has, and what no row of it answers to."""
    asked = {*section.urls, *section.hashes, *section.ids}
    seen: set[str] = set()
    rows = 0
    for table in removed:
        rows += table.num_rows
        sides = ("source_", "target_") if "source_text" in table.column_names else ("",)
        for row in table.to_pylist():
            ids = [id_of(row, side) for side in sides]
            seen |= asked & {row["document"], f"{row['cluster']:016x}", *map(str, ids)}
            seen |= asked & {f"{own.file}:{own.record}" for own in ids}
    return rows, [name for name in (*section.urls, *section.hashes, *section.ids) if name not in seen]


def _by_file(places: Iterable[tuple[str, int]]) -> dict[str, Any]:
    found: dict[str, list[int]] = {}
    for file, place in places:
        found.setdefault(file, []).append(place)
    return {file: np.array(own, np.int64) for file, own in found.items()}
