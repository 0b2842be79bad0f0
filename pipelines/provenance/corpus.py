"""The datasets of one corpus, read together: a row's measures, its cluster, what was decided, where it is published."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.reasons import Reason
from pipelines.provenance.limits import described
from pipelines.provenance.rows import Place, RowId, stage_of, true_rows

_SIDES = ("source_", "target_")


@dataclass(frozen=True)
class Decision:
    """What became of a row: the `reason` it was dropped for, None where it was kept, and its `split`."""

    reason: Reason | None
    split: str


@dataclass(frozen=True)
class Cluster:
    """A row's cluster, how many rows are in it, and the row's rank among them."""

    key: int
    size: int
    rank: int


@dataclass(frozen=True)
class Corpus:
    """The datasets of one corpus by stage; those of stages that did not run yet are missing.

    A `Place` here is one in a file of staged rows or of pairs, unless it is said to be published.
    """

    datasets: Mapping[str, Dataset]

    def find(self, wanted: RowId) -> list[Place]:
        """Return the staged rows of an id."""
        source = wanted.file.split("/", 1)[0]
        ingest = self.datasets["ingest"]
        names = (entry.name for entry in ingest.files(kind="staged", source=source))
        return [Place(name, row) for name in names for row in wanted.rows(self._table(name))]

    def pairs_of(self, wanted: RowId) -> list[Place]:
        """Return the pairs that a row is a side of."""
        datasets = [self.datasets[stage] for stage in ("align", "mine") if stage in self.datasets]
        names = [entry.name for dataset in datasets for entry in dataset.files(kind="pairs")]
        tables = ((name, self._table(name)) for name in names)
        return [Place(name, row) for name, table in tables for side in _SIDES for row in wanted.rows(table, side)]

    def row(self, place: Place) -> dict[str, Any]:
        """Return a row's columns and annotated ones, and under `documents` those of its document if it is a text."""
        row = self._scored(place)
        if "document_row" in row:
            row["documents"] = self._scored(_document(place, row))
        return row

    def decision(self, place: Place) -> Decision | None:
        """Return what was decided about a row, None where nothing is published yet."""
        found = self._beside("publish", "decisions", place)
        if found is None:
            return None
        values = found.values()
        return Decision(Reason(values["reason"]) if values["reason"] else None, values["split"])

    def cluster(self, place: Place) -> Cluster | None:
        """Return a row's cluster, None where copies have not been looked for."""
        found = self._beside("deduplicate", "clusters", place)
        if found is None:
            return None
        values = found.values()
        return Cluster(values["cluster"], values["cluster_size"], values["rank"])

    def members(self, cluster: Cluster, kind: str = "clusters") -> list[Place]:
        """Return the rows of a cluster, or the documents of one of `document_clusters`, in the order of the files."""
        clusters = self.datasets["deduplicate"]
        found = []
        for entry in clusters.files(kind=kind):
            mask = pc.equal(clusters.table(entry)["cluster"], pa.scalar(cluster.key, pa.uint64()))
            found += [Place(entry.partition["of"], row) for row in true_rows(mask)]
        return found

    def kept_copy(self, place: Place) -> Place | None:
        """Return the row that was kept of a row's cluster."""
        cluster = self.cluster(place)
        return next(filter(self._is_kept, self.members(cluster)), None) if cluster else None

    def kept_documents(self, place: Place) -> Iterator[tuple[Place, float]]:
        """Yield a row that was kept of each document that a text's document is a copy of or near to, with how near.

        That is their Jaccard similarity, 1 for copies.
        """
        own = self._beside("deduplicate", "document_clusters", _document(place, self._scored(place)))
        if own is None:
            return
        key = own.table["cluster"][own.row].as_py()
        for other, jaccard in [(key, 1.0), *self._near(key)]:
            for document in self.members(Cluster(other, 0, 0), "document_clusters"):
                staged = document.file.replace("documents/", "staged/", 1)
                rows = true_rows(pc.equal(self._table(staged)["document_row"], document.row))
                yield from ((Place(staged, row), jaccard) for row in rows if self._is_kept(Place(staged, row)))

    def kept_pairs(self, place: Place) -> Iterator[tuple[Place, float]]:
        """Yield the pairs that were kept and that a pair is near to, with the similarity of their less similar side."""
        cluster = self.cluster(place)
        for other, jaccard in self._near(cluster.key) if cluster else ():
            yield from ((own, jaccard) for own in self.members(Cluster(other, 0, 0)) if self._is_kept(own))

    def published(self, place: Place) -> Place | None:
        """Return where a row that was kept is published."""
        row, decision = self.row(place), self.decision(place)
        if decision is None or decision.reason is not None:
            return None
        kind, language, sides = (
            ("pairs", row["target_lang"], _SIDES) if "source_text" in row else ("text", row["lang"], ("",))
        )
        corpus = self.datasets["publish"]
        for entry in corpus.files(kind=kind, language=language, split=decision.split):
            table = corpus.table(entry)
            rows = [set(id_of(row, side).rows(table, side)) for side in sides]
            for found in set.intersection(*rows):
                return Place(entry.name, found)
        return None

    def described(self, reason: Reason, place: Place) -> str:
        """Return what decided that a row was dropped, with its value and the limit."""
        return described(reason, self.row(place), self.datasets["publish"], self.datasets.get("annotate"))

    def _is_kept(self, place: Place) -> bool:
        decision = self.decision(place)
        return decision is not None and decision.reason is None

    def _near(self, key: int) -> Iterator[tuple[int, float]]:
        """Yield the clusters, of documents or pairs, that are near duplicates of one, with their Jaccard similarity."""
        deduplicated = self.datasets["deduplicate"]
        for entry in deduplicated.files(kind="near"):
            table = deduplicated.table(entry)
            for own, other in (("first", "second"), ("second", "first")):
                for row in true_rows(pc.equal(table[own], pa.scalar(key, pa.uint64()))):
                    yield table[other][row].as_py(), table["jaccard"][row].as_py()

    def _scored(self, place: Place) -> dict[str, Any]:
        row = dict(self._table(place.file).slice(place.row, 1).to_pylist()[0])
        for stage in ("annotate", "score"):
            scores = self._beside(stage, "scores", place)
            row |= {} if scores is None else scores.values()
        return row

    def _table(self, name: str) -> pa.Table:
        dataset = self.datasets[stage_of(name)]
        (entry,) = (entry for entry in dataset.manifest.files if entry.name == name)
        return dataset.table(entry)

    def _beside(self, stage: str, kind: str, place: Place) -> "_Beside | None":
        dataset = self.datasets.get(stage)
        entries = dataset.files(kind=kind, of=place.file) if dataset else []
        return _Beside(dataset.table(entries[0]), place.row) if dataset and entries else None


@dataclass(frozen=True)
class _Beside:
    """A row of a file that is row-aligned to another."""

    table: pa.Table
    row: int

    def values(self) -> dict[str, Any]:
        return dict(self.table.slice(self.row, 1).to_pylist()[0])


def _document(place: Place, row: Mapping[str, Any]) -> Place:
    return Place(place.file.replace("staged/", "documents/", 1), row["document_row"])


def id_of(row: Mapping[str, Any], side: str = "") -> RowId:
    """Return the id of a row, or of a side of a pair."""
    return RowId(row[f"{side}file"], row[f"{side}record"], row[f"{side}paragraph"])
