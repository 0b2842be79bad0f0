"""Records to paragraphs: what is read is divided and normalised, and every record is accounted for."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
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

# dropped, but no damage: not for quarantine
_READ_WELL: Final = (Reason.NOT_TEXT, Reason.UNFINISHED, Reason.UNKNOWN_LANGUAGE)


@dataclass(frozen=True)
class Places:
    """Where rows come from, and what their source declares: a list for each column, of one length."""

    file: list[str] = field(default_factory=list)
    record: list[int] = field(default_factory=list)
    paragraph: list[int] = field(default_factory=list)
    offset: list[int] = field(default_factory=list)
    document: list[str] = field(default_factory=list)
    key: list[str] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    language: list[str] = field(default_factory=list)  # "" where none is declared

    def only(self, kept: npt.NDArray[np.intp]) -> "Places":
        """Return the rows at these positions."""
        if len(kept) == len(self.file):
            return self
        chosen = kept.tolist()
        columns = ([values[row] for row in chosen] for values in vars(self).values())
        return Places(*columns)


@dataclass(frozen=True)
class Paragraphs:
    """The rows of a split that are not blank: their places, clean texts, and what normalisation did (all [n])."""

    places: Places
    texts: list[str]
    changed: Int32
    changes: npt.NDArray[np.uint8]
    emails: Int32
    addresses: Int32


@dataclass
class Split:
    """The records of one split and the account of them; a split's size bounds what it holds.

    `divide` cuts a record into paragraphs.
    """

    divide: Callable[[str], list[str]]
    places: Places = field(default_factory=Places)
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
        kept = np.flatnonzero([bool(text) for text in clean.texts])
        places = self.places
        self._drop(
            (
                Reason.EMPTY,
                Sample.of(
                    places.file[row], places.record[row], self.raw[row], places.language[row], "no visible character"
                ),
            )
            for row in np.setdiff1d(np.arange(len(clean.texts)), kept).tolist()
        )
        self.places, self.raw = Places(), []
        personal = find_personal([clean.texts[row] for row in kept.tolist()], mask)
        return Paragraphs(
            places.only(kept),
            personal.texts,
            clean.changed[kept],
            clean.changes[kept] | np.uint8(Change.PERSONAL) * (mask & (personal.emails + personal.addresses > 0)),
            personal.emails,
            personal.addresses,
        )

    def _divide(self, batch: pa.RecordBatch) -> None:
        """Divide the records of a batch into paragraphs, a column at a time."""
        columns = {name: column.to_pylist() for name, column in zip(batch.schema.names, batch.columns, strict=True)}
        languages = {code: _declared(code) for code in set(columns["language"])}
        refused = [row for row, code in enumerate(columns["language"]) if isinstance(languages[code], UserError)]
        for row in refused:
            error = str(languages[columns["language"][row]])
            place = columns["file"][row], columns["record"][row]
            self._reject(Unreadable(*place, Reason.UNKNOWN_LANGUAGE, error, columns["text"][row]))
        if refused:
            kept = sorted(set(range(batch.num_rows)).difference(refused))
            columns = {name: [values[row] for row in kept] for name, values in columns.items()}
        columns["language"] = [languages[code] for code in columns["language"]]
        parts = list(map(self.divide, columns.pop("text")))
        counts = list(map(len, parts))
        self.records += len(parts)
        self.expanded += sum(counts) - len(parts)
        for name, values in columns.items():
            getattr(self.places, name).extend(chain.from_iterable(map(repeat, values, counts)))
        self.places.paragraph.extend(chain.from_iterable(map(range, counts)))
        self.places.group.extend(
            group_of(document, key, number, count)
            for document, key, count in zip(columns["document"], columns["key"], counts, strict=True)
            for number in range(count)
        )
        self.raw.extend(chain.from_iterable(parts))

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


def _declared(code: str | None) -> str | UserError:
    """Return a declared language as rows write it, "" for none; the error where it is unknown."""
    try:
        return canonical(code) if code else ""
    except UserError as error:
        return error


def group_of(document: str, key: str, paragraph: int, paragraphs: int) -> int:
    """Return the hash that ties translations of one paragraph together, 0 where a record has no key.

    The number of paragraphs takes part, so that a translation that was cut differently is not paired askew.
    """
    return xxhash.xxh3_64_intdigest(f"{document}\0{key}\0{paragraph}\0{paragraphs}".encode()) if key else 0
