"""Translation units as records: each unit is a row for each language, and the rows have one document and one key.

So `align` joins them as it joins the entries of catalogs. Unit `u` of a file with `s` languages has the records
`u·s` to `u·s + s - 1`; its key is `FILE:u`. Where the source names no document, a hundred units that follow each other
count as one, so that neighbours, which are often of one text, stay in one split.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.reasons import Reason
from pipelines.formats.linewise import BadLine
from pipelines.formats.protocol import RECORDS, Records, Split, Unreadable

BLOCK_UNITS: Final = 100
Mask = npt.NDArray[np.bool_]


def key_of(file: str, unit: int) -> str:
    """Return the key that ties the rows of a unit together; no other file has it."""
    return f"{file}:{unit}"


def block_of(file: str, unit: int) -> str:
    """Return the document of a unit whose source names none."""
    return f"{file}:{unit // BLOCK_UNITS * BLOCK_UNITS}"


def in_records(splits: Iterable[Split], languages: int) -> list[Split]:
    """Return splits that were planned by units with `first_record` as the number of a record."""
    return [replace(split, first_record=split.first_record * languages) for split in splits]


def in_units(split: Split, languages: int) -> Split:
    """Return such a split with the number of its first unit as `first_record`."""
    return replace(split, first_record=split.first_record // languages)


@dataclass(frozen=True)
class UnitColumns:
    """Units that follow each other in a file, from number `first`: their texts by language, and what they share.

    `texts` are binary [n] each; `documents` binary [n], empty where a unit has none, or None; `scores` likewise, as
    the source writes them. `offsets` are int64 [n]. `bad` says of places in [n] why the unit could not be read,
    `bad_texts` the same of each language's text.
    """

    file: str
    first: int
    languages: tuple[str, ...]
    texts: Sequence[pa.Array]
    documents: pa.Array | None
    scores: pa.Array | None
    offsets: npt.NDArray[np.int64]
    bad: Mapping[int, BadLine]
    bad_texts: Sequence[Mapping[int, BadLine]] = ()

    def records(self) -> Records:
        """Return the rows, language by language in each unit, and what could not be read."""
        count, sides = len(self.offsets), len(self.languages)
        bad = dict(self.bad)
        scores = _numbers(self.scores, bad) if self.scores is not None else np.full(count, np.nan, np.float32)
        documents = self._document_names(bad)
        record = (self.first * sides + np.arange(count * sides)).reshape(count, sides)
        interleaved = np.arange(count * sides).reshape(sides, count).T.ravel()
        texts = pa.concat_arrays([text.cast(pa.binary()) for text in self.texts]).take(pa.array(interleaved))
        wrong = {
            (place, side): line
            for side in range(sides)
            for place, line in {**(self.bad_texts[side] if self.bad_texts else {}), **bad}.items()
        }
        good = np.ones((count, sides), bool)
        for place in wrong:
            good[place] = False
        unreadable = [
            Unreadable(self.file, int(record[place]), line.reason, line.error, line.text)
            for place, line in wrong.items()
        ]
        strings, not_text = _strings(texts, good.ravel())
        for row, error in not_text.items():
            shown = texts[row].as_py().decode("utf-8", "backslashreplace")
            unreadable.append(Unreadable(self.file, int(record.flat[row]), Reason.NOT_UTF8, error, shown))
        good.flat[list(not_text)] = False
        kept = pa.array(np.flatnonzero(good))
        unit = pa.array(np.repeat(np.arange(count), sides)).take(kept)
        keys = pc.binary_join_element_wise(self.file, pa.array(self.first + np.arange(count)).cast(pa.string()), ":")
        columns = {
            "file": pa.repeat(pa.scalar(self.file), len(kept)),
            "record": pa.array(record.ravel(), pa.int32()).take(kept),
            "offset": pa.array(self.offsets, pa.int64()).take(unit),
            "document": documents.take(unit),
            "key": keys.take(unit),
            "language": pa.array(self.languages * count, pa.string()).take(kept),
            "text": strings.take(kept),
            "score": pa.array(scores, pa.float32()).take(unit),
        }
        arrays = [columns[name] for name in RECORDS.names]
        unreadable.sort(key=attrgetter("record"))
        return Records(pa.RecordBatch.from_arrays(arrays, schema=RECORDS), unreadable)

    def _document_names(self, bad: dict[int, BadLine]) -> pa.Array:
        count = len(self.offsets)
        blocks = (self.first + np.arange(count)) // BLOCK_UNITS * BLOCK_UNITS
        blocks = pc.binary_join_element_wise(self.file, pa.array(blocks).cast(pa.string()), ":")
        if self.documents is None:
            return blocks
        named = np.ones(count, bool)
        named[list(bad)] = False
        names, not_text = _strings(self.documents, named)
        for place, error in not_text.items():
            bad[place] = BadLine(Reason.NOT_UTF8, f"the document's name: {error}")
        return pc.if_else(pc.equal(names, ""), blocks, names)


def _strings(texts: pa.Array, asked: Mask) -> tuple[pa.StringArray, dict[int, str]]:
    """Return binary texts as strings, "" where they are not asked for, and why some that are asked for are none."""
    try:
        return texts.cast(pa.string()), {}
    except pa.ArrowInvalid:
        wrong = {place: error for place in np.flatnonzero(asked).tolist() if (error := _error(texts[place].as_py()))}
    fine = asked.copy()
    fine[list(wrong)] = False
    return pc.if_else(pa.array(fine), texts, b"").cast(pa.string()), wrong


def _error(text: bytes) -> str:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return str(error)
    return ""


def _numbers(written: pa.Array, bad: dict[int, BadLine]) -> npt.NDArray[np.float32]:
    """Return scores as numbers, not a number where none is written; one that is no number makes its unit bad."""
    scores = np.full(len(written), np.nan, np.float32)
    asked = np.ones(len(written), bool)
    asked[list(bad)] = False
    strings, not_text = _strings(written, asked)
    for place in not_text:
        bad[place] = BadLine(Reason.WRONG_FIELD, f"the score is no number: {written[place].as_py()[:100]!r}")
    texts = pc.utf8_trim_whitespace(strings)
    given = np.flatnonzero(pc.not_equal(texts, "").to_numpy(zero_copy_only=False))
    try:
        scores[given] = texts.take(pa.array(given)).cast(pa.float32()).to_numpy()
    except pa.ArrowInvalid:
        for place in given.tolist():
            try:
                scores[place] = texts[place].cast(pa.float32()).as_py()
            except pa.ArrowInvalid:
                bad[place] = BadLine(Reason.WRONG_FIELD, f"the score is no number: {texts[place].as_py()[:100]!r}")
    return scores
