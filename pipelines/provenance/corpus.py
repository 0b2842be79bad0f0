"""The datasets of one corpus, read together: a row's measures, its cluster, what was decided, where it is published."""

import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.reasons import Reason
from pipelines.provenance.rows import Place, RowId, true_rows

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
        if "align" not in self.datasets:
            return []
        names = [entry.name for entry in self.datasets["align"].files(kind="pairs")]
        tables = ((name, self._table(name)) for name in names)
        return [Place(name, row) for name, table in tables for side in _SIDES for row in wanted.rows(table, side)]

    def row(self, place: Place) -> dict[str, Any]:
        """Return a row's columns, and under `documents` those of its document if it is a text."""
        row = dict(self._table(place.file).slice(place.row, 1).to_pylist()[0])
        name = place.file.replace("staged/", "documents/", 1)
        if "document_row" in row and any(entry.name == name for entry in self.datasets["ingest"].files()):
            documents = self._table(name)
            row["documents"] = documents.slice(row["document_row"], 1).to_pylist()[0]
        return row

    def decision(self, place: Place) -> Decision | None:
        """Return what was decided about a row, None where nothing is published yet."""
        table = self._beside("publish", "decisions", place)
        if table is None:
            return None
        found = table.slice(place.row, 1).to_pylist()[0]
        return Decision(Reason(found["reason"]) if found["reason"] else None, found["split"])

    def cluster(self, place: Place) -> Cluster | None:
        """Return a row's cluster, None where copies have not been looked for."""
        table = self._beside("deduplicate", "clusters", place)
        if table is None:
            return None
        found = table.slice(place.row, 1).to_pylist()[0]
        return Cluster(found["cluster"], found["cluster_size"], found["rank"])

    def members(self, cluster: Cluster) -> list[Place]:
        """Return the rows of a cluster, in the order of the files."""
        clusters = self.datasets["deduplicate"]
        found = []
        for entry in clusters.files(kind="clusters"):
            mask = pc.equal(clusters.table(entry)["cluster"], pa.scalar(cluster.key, pa.uint64()))
            found += [Place(entry.partition["of"], row) for row in true_rows(mask)]
        return found

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
        """Return what decided that a row was dropped, with its value and the threshold."""
        thresholds = _module_beside_beam("pipelines.stages.publishing.thresholds")
        config = self.datasets["publish"].manifest.config
        section = importlib.import_module("pipelines.config.publish").Thresholds.model_validate(config["thresholds"])
        return str(thresholds.describe(reason, self.row(place), section))

    def _table(self, name: str) -> pa.Table:
        dataset = self.datasets["align" if name.startswith("pairs/") else "ingest"]
        (entry,) = (entry for entry in dataset.manifest.files if entry.name == name)
        return dataset.table(entry)

    def _beside(self, stage: str, kind: str, place: Place) -> pa.Table | None:
        dataset = self.datasets.get(stage)
        entries = dataset.files(kind=kind, of=place.file) if dataset else []
        return dataset.table(entries[0]) if dataset and entries else None


def _module_beside_beam(name: str) -> Any:
    """Import a module by name, as stages are: it brings Beam with it, whose notes on optional packages help nobody."""
    logging.disable(logging.WARNING)
    try:
        return importlib.import_module(name)
    finally:
        logging.disable(logging.NOTSET)


def id_of(row: Mapping[str, Any], side: str = "") -> RowId:
    """Return the id of a row, or of a side of a pair."""
    return RowId(row[f"{side}file"], row[f"{side}record"], row[f"{side}paragraph"])
