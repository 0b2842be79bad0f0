"""From a published row back to the raw bytes that it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.datasets.corpus import KINDS
from pipelines.datasets.errors import UserError
from pipelines.datasets.schemas import DOCUMENTS, STAGED
from pipelines.formats.protocol import Unreadable
from pipelines.provenance.corpus import Cluster, Corpus, Decision, id_of
from pipelines.provenance.lineage import Lineage
from pipelines.provenance.raw import RawRecord, read_record, source_of
from pipelines.provenance.rows import Place, RowId
from pipelines.text.normalize import Change

COPIES_SHOWN = 10
_NO_MEASURES = frozenset(
    {"file", "record", "paragraph", "offset", "document", "document_row", "key", "group", "text", "changed", "changes"}
)


@dataclass(frozen=True)
class Copy:
    """Another row of a cluster, and what became of it."""

    id: RowId
    decision: Decision | None


@dataclass(frozen=True)
class Side:
    """A staged text: a published text has one, a pair two. `raw` is a sentence where the bytes cannot be had."""

    id: RowId
    offset: int
    document: str
    language: str
    text: str
    changed: int
    changes: Change
    measures: Mapping[str, Any]
    document_measures: Mapping[str, Any]
    raw: RawRecord | str


@dataclass(frozen=True)
class Trace:
    """What is known of a published row. `copies` are the first of its cluster's other rows."""

    place: Place
    language: str
    split: str
    cluster: Cluster | None
    copies: Sequence[Copy]
    sides: Sequence[Side]


def published_places(lineage: Lineage, row: str) -> list[Place]:
    """Return the published rows that `row` names: an id, or `FILE.arrow:ROW` (counted from 0).

    Raises UserError where there is none.
    """
    dataset = lineage.dataset
    shards = {entry.name: entry for kind in KINDS for entry in dataset.files(kind=kind)}
    place = Place.parse(row)
    if place is not None and place.file in shards:
        if place.row >= shards[place.file].rows:
            raise UserError(f"{row}: {place.file} has {shards[place.file].rows:,} rows, counted from 0")
        return [place]
    wanted = RowId.parse(row)
    found = []
    for entry in shards.values():
        sides = ("",) if entry.partition["kind"] == "text" else ("source_", "target_")
        table = dataset.table(entry)
        found += [Place(entry.name, at) for side in sides for at in wanted.rows(table, side)]
    if not found:
        raise UserError(
            f"{row}: no such row is published in {dataset.place}; `polyloom why` says what became of a raw line"
        )
    return found


def trace(lineage: Lineage, place: Place) -> Trace:
    """Return what is known of the published row at `place`.

    Raises UserError where a dataset that it was made from is not beside it.
    """
    corpus = Corpus({**lineage.ancestors, "publish": lineage.dataset})
    for stage in ("ingest", "deduplicate"):
        lineage.ancestor(stage)
    (entry,) = (entry for entry in lineage.dataset.manifest.files if entry.name == place.file)
    row = lineage.dataset.table(entry).slice(place.row, 1).to_pylist()[0]
    is_pair = entry.partition["kind"] == "pairs"
    ids = [id_of(row, side) for side in (("source_", "target_") if is_pair else ("",))]
    staged = [corpus.find(wanted)[0] for wanted in ids]
    (origin,) = _pair(corpus, row) if is_pair else staged
    cluster = corpus.cluster(origin)
    others = [other for other in corpus.members(cluster) if other != origin] if cluster and cluster.size > 1 else []
    return Trace(
        place=place,
        language=entry.partition["language"],
        split=entry.partition["split"],
        cluster=cluster,
        copies=[_copy(corpus, other) for other in others[:COPIES_SHOWN]],
        sides=[_side(corpus, wanted, at) for wanted, at in zip(ids, staged, strict=True)],
    )


def raw_of(corpus: Corpus, wanted: RowId, offset: int) -> RawRecord | Unreadable | str | None:
    """Return the record that a row came from, or in a sentence why its raw file cannot be read again."""
    try:
        return read_record(source_of(corpus.datasets["ingest"], wanted.file), wanted, offset)
    except UserError as error:
        return str(error)


def _pair(corpus: Corpus, row: Mapping[str, Any]) -> list[Place]:
    targets = corpus.pairs_of(id_of(row, "target_"))
    return [at for at in targets if id_of(corpus.row(at), "source_") == id_of(row, "source_")]


def _copy(corpus: Corpus, place: Place) -> Copy:
    row = corpus.row(place)
    return Copy(id_of(row, "target_" if "source_text" in row else ""), corpus.decision(place))


def _side(corpus: Corpus, wanted: RowId, place: Place) -> Side:
    row = corpus.row(place)
    raw = raw_of(corpus, wanted, row["offset"])
    document = row.get("documents", {})
    return Side(
        id=wanted,
        offset=row["offset"],
        document=row["document"],
        language=row["lang"],
        text=row["text"],
        changed=row["changed"],
        changes=Change(row["changes"]),
        measures={name: row[name] for name in STAGED.names if name not in _NO_MEASURES},
        document_measures={
            name: document[name] for name in DOCUMENTS.names if name in document and name not in _NO_MEASURES
        },
        raw=raw if isinstance(raw, RawRecord | str) else "the raw file holds no such record any more",
    )
