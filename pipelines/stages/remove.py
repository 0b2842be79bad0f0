"""Remove: a published corpus without some of its rows, as a new version beside it.

Shards that lose nothing are linked. The decisions say which rows were removed. The index of keys stays whole, so that
what was taken out does not come back with a later dump that is deduplicated against this corpus. Nothing else that
holds text (samples, readings) is taken over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.config.remove import RemoveSection
from pipelines.datasets.corpus import KINDS
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft
from pipelines.datasets.manifest import FileEntry, total_rows
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import DECISIONS
from pipelines.datasets.stage import Job, Outcome
from pipelines.provenance.corpus import Corpus
from pipelines.provenance.lineage import Lineage, published
from pipelines.provenance.rows import stage_of
from pipelines.stages.removing.card import card_after
from pipelines.stages.removing.wanted import Wanted
from pipelines.stages.work import add_up, column, compact, dictionary

CARD: Final = "README.md"
_INDEX: Final = "index"
_DECISIONS: Final = "decisions"


def run(job: Job) -> Outcome:
    """Write what loses rows anew, link the rest, and say in the card what was removed."""
    section: RemoveSection = job.config
    (base,) = (dataset for instances in job.inputs.values() for dataset in instances.values())
    removal = Removal.of(section, published(base.folder))
    old = [entry for kind in (*KINDS, _DECISIONS, _INDEX) for entry in base.files(kind=kind)]
    job.progress.start(len(old), "files")
    files: list[FileEntry] = []
    for number, entry in enumerate(old, 1):
        files += removal.write(job.draft, entry)
        job.progress.update(number)
    before, after = _rows(old), _rows(files)
    rows_in, rows_out = (total_rows([entry for entry in own if _is_shard(entry)]) for own in (old, files))
    text = card_after(base.read(CARD).decode(), base.fingerprint, section.reason, before, after)
    readme = job.draft.write_bytes(CARD, text.encode(), {"kind": "card"})
    return Outcome(
        unit_in="rows",
        unit_out="rows",
        counts=Counts(rows_in, 0, rows_out, {Reason.REMOVED: rows_in - rows_out}),
        files=[*files, readme],
        summary={"rows": after},
    )


@dataclass(frozen=True)
class Removal:
    """A corpus with all that it was made from, and what is to be taken out of it."""

    lineage: Lineage
    wanted: Wanted

    @staticmethod
    def of(section: RemoveSection, lineage: Lineage) -> "Removal":
        """Raises UserError where a dataset that the corpus was made from is not beside it."""
        decided = (entry.partition["of"] for entry in lineage.dataset.files(kind=_DECISIONS))
        for stage in sorted({"ingest", "deduplicate", *map(stage_of, decided)}):
            lineage.ancestor(stage)
        return Removal(lineage, Wanted.of(section, Corpus({**lineage.ancestors, "publish": lineage.dataset})))

    def removed(self) -> Iterator[pa.Table]:
        """Yield the rows of each shard that go, where any do."""
        shards = (entry for kind in KINDS for entry in self.lineage.dataset.files(kind=kind))
        tables = (self.lineage.dataset.table(entry) for entry in shards)
        found = (table.filter(pa.array(self.wanted.mask(table, _keys(table)))) for table in tables)
        return (table for table in found if table.num_rows)

    def write(self, draft: Draft, entry: FileEntry) -> Sequence[FileEntry]:
        """Write a file without the rows that go, or link it where it loses none. A shard that loses all is left out."""
        dataset = self.lineage.dataset
        kind = entry.partition["kind"]
        if kind != _INDEX:
            table = dataset.table(entry)
            going = self._decided(table, entry) if kind == _DECISIONS else self.wanted.mask(table, _keys(table))
            if going.all() and kind != _DECISIONS:
                return []
            if going.any():
                changed = _marked(table, going) if kind == _DECISIONS else compact(table.filter(pa.array(~going)))
                return [draft.write_table(entry.name, changed, entry.partition)]
        return [draft.take_over(entry, dataset.path(entry))]

    def _decided(self, table: pa.Table, entry: FileEntry) -> npt.NDArray[np.bool_]:
        """Return which rows of a file of decisions were kept and go."""
        of = entry.partition["of"]
        rows = self.lineage.ancestor(stage_of(of))
        clusters = self.lineage.ancestor("deduplicate")
        (clustered,) = clusters.files(kind="clusters", of=of)
        (decided,) = (found for found in rows.manifest.files if found.name == of)
        kept = np.array([not reason for reason in table["reason"].to_pylist()], bool)
        return kept & self.wanted.mask(rows.table(decided), _keys(clusters.table(clustered)))


def _keys(table: pa.Table) -> npt.NDArray[np.uint64]:
    keys: npt.NDArray[np.uint64] = column(table, "cluster").to_numpy()
    return keys


def _marked(decisions: pa.Table, going: npt.NDArray[np.bool_]) -> pa.Table:
    reasons = np.array(decisions["reason"].to_pylist(), object)
    reasons[going] = str(Reason.REMOVED)
    return pa.table({"reason": dictionary(reasons.tolist()), "split": decisions["split"]}, schema=DECISIONS)


def _is_shard(entry: FileEntry) -> bool:
    return entry.partition["kind"] in KINDS


def _rows(files: Sequence[FileEntry]) -> dict[str, Any]:
    """Return the rows by kind, language and split."""
    shards = (entry for entry in files if _is_shard(entry))
    places = (
        (entry.partition["kind"], entry.partition["language"], entry.partition["split"], entry.rows) for entry in shards
    )
    return add_up({kind: {language: {split: rows}}} for kind, language, split, rows in places)
