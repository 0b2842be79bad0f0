"""Records to paragraphs: what is read is divided and normalised, and every record is accounted for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import xxhash

from pipelines.datasets.errors import UserError
from pipelines.datasets.evidence import QuarantineEntry, Sample
from pipelines.datasets.reasons import Reason
from pipelines.formats.protocol import Records, Unreadable
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
    dropped: list[tuple[Reason, Sample]] = field(default_factory=list)
    quarantine: list[QuarantineEntry] = field(default_factory=list)

    def add(self, records: Records) -> None:
        """Divide the records into paragraphs, and put those that could not be read aside."""
        for row in zip(*(column.to_pylist() for column in records.batch.columns), strict=True):
            self._add_record(*row)
        for bad in records.unreadable:
            self._reject(bad)

    def paragraphs(self, mask: bool) -> Paragraphs:
        """Return the normalised rows; what is blank then is dropped. `mask` replaces personal data."""
        clean = normalize_all(self.raw)
        kept = np.flatnonzero([bool(text) for text in clean.texts])
        for row in np.setdiff1d(np.arange(len(clean.texts)), kept).tolist():
            places = self.places
            sample = Sample.of(
                places.file[row], places.record[row], self.raw[row], places.language[row], "no visible character"
            )
            self.dropped.append((Reason.EMPTY, sample))
        personal = find_personal([clean.texts[row] for row in kept.tolist()], mask)
        return Paragraphs(
            self.places.only(kept),
            personal.texts,
            clean.changed[kept],
            clean.changes[kept] | np.uint8(Change.PERSONAL) * (mask & (personal.emails + personal.addresses > 0)),
            personal.emails,
            personal.addresses,
        )

    def _add_record(
        self,
        file: str,
        record: int,
        offset: int,
        document: str,
        key: str,
        language: str | None,
        text: str,
        score: float,
    ) -> None:
        try:
            declared = canonical(language) if language else ""
        except UserError as error:
            self._reject(Unreadable(file, record, Reason.UNKNOWN_LANGUAGE, str(error), text))
            return
        parts = self.divide(text)
        count = len(parts)
        self.records += 1
        self.expanded += count - 1
        places = self.places
        places.file.extend([file] * count)
        places.record.extend([record] * count)
        places.paragraph.extend(range(count))
        places.offset.extend([offset] * count)
        places.document.extend([document] * count)
        places.key.extend([key] * count)
        places.group.extend(group_of(document, key, number, count) for number in range(count))
        places.score.extend([score] * count)
        places.language.extend([declared] * count)
        self.raw.extend(parts)

    def _reject(self, bad: Unreadable) -> None:
        self.records += 1
        self.dropped.append((bad.reason, Sample.of(bad.file, bad.record, bad.text, detail=bad.error)))
        if bad.reason not in _READ_WELL:
            entry = QuarantineEntry(file=bad.file, record=bad.record, reason=bad.reason, error=bad.error)
            self.quarantine.append(entry)


def group_of(document: str, key: str, paragraph: int, paragraphs: int) -> int:
    """Return the hash that ties translations of one paragraph together, 0 where a record has no key.

    The number of paragraphs takes part, so that a translation that was cut differently is not paired askew.
    """
    return xxhash.xxh3_64_intdigest(f"{document}\0{key}\0{paragraph}\0{paragraphs}".encode()) if key else 0
