"""Records to paragraphs: what is read is divided and normalised, and every record is accounted for."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.datasets.errors import UserError
from pipelines.datasets.evidence import QuarantineEntry, Sample
from pipelines.datasets.reasons import Reason
from pipelines.formats.protocol import Records, Unreadable
from pipelines.stages.work import samples_by_reason
from pipelines.text.languages import canonical
from pipelines.text.normalize import Change, normalize_all
from pipelines.text.personal import find_personal

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

# dropped, but no damage: not for quarantine
_READ_WELL: Final = (Reason.NOT_TEXT, Reason.UNFINISHED, Reason.UNKNOWN_LANGUAGE)


# Where rows come from, and what their source declares; a language is "" where none is declared.
PLACES: Final = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("record", pa.int32(), nullable=False),
        pa.field("paragraph", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("document", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("group", pa.uint64(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Paragraphs:
    """The rows of a split that are not blank: their places (PLACES), clean texts, what normalisation did (all [n])."""

    places: pa.Table
    texts: list[str]
    changed: Int32
    changes: npt.NDArray[np.uint8]
    emails: Int32
    addresses: Int32


@dataclass
class Split:
    """The records of one split and the account of them; a split's size bounds what it holds.

    `divide` cuts a record with line feeds into paragraphs; None where every record is one.
    """

    divide: Callable[[str], list[str]] | None
    places: list[pa.RecordBatch] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    records: int = 0
    expanded: int = 0
    dropped: Counter[Reason] = field(default_factory=Counter)
    samples: dict[Reason, list[Sample]] = field(default_factory=dict)
    quarantine: list[QuarantineEntry] = field(default_factory=list)
    _rejected: list[tuple[Reason, Sample]] = field(default_factory=list)

    def add(self, records: Records) -> None:
        """Divide the records into paragraphs, and put those that could not be read aside."""
        self._divide(records.batch)
        for bad in records.unreadable:
            self._reject(bad)
        self._drop(self._rejected)
        self._rejected = []

    def paragraphs(self, mask: bool) -> Paragraphs:
        """Return the normalised rows and let go of the raw ones; what is blank then is dropped.

        `mask` replaces personal data.
        """
        clean = normalize_all(self.raw)
        places = pa.Table.from_batches(self.places, PLACES).combine_chunks()
        is_kept = np.fromiter(map(bool, clean.texts), np.bool_, len(clean.texts))
        kept, blank = np.flatnonzero(is_kept), np.flatnonzero(~is_kept)
        if len(blank):
            self._drop(
                (
                    Reason.EMPTY,
                    Sample.of(place["file"], place["record"], self.raw[row], place["language"], "no visible character"),
                )
                for row, place in zip(blank.tolist(), places.take(pa.array(blank)).to_pylist(), strict=True)
            )
            places = places.take(pa.array(kept))
        self.places, self.raw = [], []
        personal = find_personal([clean.texts[row] for row in kept.tolist()], mask)
        return Paragraphs(
            places,
            personal.texts,
            clean.changed[kept],
            clean.changes[kept] | np.uint8(Change.PERSONAL) * (mask & (personal.emails + personal.addresses > 0)),
            personal.emails,
            personal.addresses,
        )

    def _divide(self, batch: pa.RecordBatch) -> None:
        """Divide the records of a batch into paragraphs, a column at a time."""
        declared = batch.column("language").fill_null("").dictionary_encode()
        languages = [_declared(code) for code in declared.dictionary.to_pylist()]
        unknown = [place for place, language in enumerate(languages) if isinstance(language, UserError)]
        refused = np.isin(declared.indices.to_numpy(), unknown)
        if refused.any():
            for row in batch.filter(pa.array(refused)).to_pylist():
                error = str(_declared(row["language"]))
                self._reject(Unreadable(row["file"], row["record"], Reason.UNKNOWN_LANGUAGE, error, row["text"]))
            batch = batch.filter(pa.array(~refused))
            declared = declared.filter(pa.array(~refused))
        named = pa.array(["" if isinstance(language, UserError) else language for language in languages], pa.string())
        texts = batch.column("text").to_pylist()
        divided = self._divided(batch.column("text"))
        counts = np.ones(len(texts), np.int64)
        counts[list(divided)] = [len(parts) for parts in divided.values()]
        ends = np.cumsum(counts)
        if divided:
            texts = [part for row, text in enumerate(texts) for part in divided.get(row, (text,))]
        self.records += len(counts)
        self.expanded += len(texts) - len(counts)
        of = pa.array(np.repeat(np.arange(len(counts)), counts))
        paragraph = np.arange(len(texts)) - np.repeat(ends - counts, counts)
        columns = {name: batch.column(name) for name in batch.schema.names if name != "text"}
        columns["language"] = named.take(declared.indices)
        if divided:
            columns = {name: values.take(of) for name, values in columns.items()}
        columns["paragraph"] = pa.array(paragraph.astype(np.int32))
        columns["group"] = groups_of(columns["document"], columns["key"], paragraph, np.repeat(counts, counts))
        self.places.append(pa.RecordBatch.from_arrays([columns[name] for name in PLACES.names], schema=PLACES))
        self.raw.extend(texts)

    def _divided(self, texts: pa.Array) -> dict[int, list[str]]:
        """Return the paragraphs of the records that may have several, by their place."""
        if self.divide is None:
            return {}
        rows = pc.indices_nonzero(pc.match_substring(texts, "\n"))
        pairs = zip(rows.to_pylist(), texts.take(rows).to_pylist(), strict=True)
        return {row: self.divide(text) for row, text in pairs}

    def _reject(self, bad: Unreadable) -> None:
        self.records += 1
        self._rejected.append((bad.reason, Sample.of(bad.file, bad.record, bad.text, detail=bad.error)))
        if bad.reason not in _READ_WELL:
            entry = QuarantineEntry(file=bad.file, record=bad.record, reason=bad.reason, error=bad.error)
            self.quarantine.append(entry)

    def _drop(self, dropped: Iterable[tuple[Reason, Sample]]) -> None:
        """Count what is dropped, and keep a few samples of it."""

        def counted() -> Iterator[tuple[Reason, Sample]]:
            for reason, sample in dropped:
                self.dropped[reason] += 1
                yield reason, sample

        known = ((reason, sample) for reason, own in self.samples.items() for sample in own)
        self.samples = samples_by_reason(chain(known, counted()))


def _declared(code: str) -> str | UserError:
    """Return a declared language as rows write it, "" for none; the error where it is unknown."""
    try:
        return canonical(code) if code else ""
    except UserError as error:
        return error


def groups_of(documents: pa.Array, keys: pa.Array, paragraph: Int64, paragraphs: Int64) -> pa.Array:
    """Return the hash that ties translations of one paragraph together, 0 where a record has no key: uint64 [n].

    The number of paragraphs takes part, so that a translation that was cut differently is not paired askew.
    """
    numbers = (pa.array(values).cast(pa.string()) for values in (paragraph, paragraphs))
    joined = pc.binary_join_element_wise(documents, keys, *numbers, "\0")
    named = joined.cast(pa.binary()).dictionary_encode()  # the sides of a pair share their name
    hashes = np.fromiter(map(xxhash.xxh3_64_intdigest, named.dictionary.to_pylist()), np.uint64, len(named.dictionary))
    groups = hashes[named.indices.to_numpy()]
    return pa.array(np.where(pc.equal(keys, "").to_numpy(zero_copy_only=False), np.uint64(0), groups))
