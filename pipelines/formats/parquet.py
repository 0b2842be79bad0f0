"""Parquet with the text in a named column, split by row groups. Records are the rows, numbered from 0."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.bitext import in_records, in_units
from pipelines.formats.columns import add_rows, check_columns, group_splits
from pipelines.formats.compressed import RawFile
from pipelines.formats.fields import RowFields
from pipelines.formats.protocol import RecordBuilder, Records, Split

_BATCH_ROWS = 1024


@dataclass(frozen=True)
class Parquet:
    """The source `name`: the rows of the file `raw`, of which `fields` are read.

    A split is about `split_bytes` of unpacked row groups; a text of more than `max_record_bytes` is not read.
    """

    name: str
    raw: RawFile
    fields: RowFields
    split_bytes: int
    max_record_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits over the row groups.

        Raises UserError where the file cannot be read, is not whole, has no rows or lacks a column, and where what
        its row groups say of themselves is a decompression bomb.
        """
        with self._open() as file:
            check_columns(self.raw.path, file.schema_arrow, self.fields)
            metadata = file.metadata
            groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
            read = [index for index in range(len(file.schema)) if file.schema.column(index).path in self.fields.names]
        if min((group.num_rows for group in groups), default=0) < 0 or _rows(groups) != metadata.num_rows:
            raise UserError(
                f"{self.raw.path}: not a whole Parquet file (its footer contradicts itself about its rows); "
                "fetch it again or remove this source"
            )
        if metadata.num_rows == 0:
            raise UserError(f"{self.raw.path}: the file has no rows; remove it from the config's sources")
        for group in groups:
            chunks = [group.column(index) for index in read if index < group.num_columns]
            self.raw.guard(
                sum(chunk.total_uncompressed_size for chunk in chunks),
                sum(chunk.total_compressed_size for chunk in chunks),
            )
        splits = group_splits([(group.total_byte_size, group.num_rows) for group in groups], self.split_bytes)
        return in_records(splits, self.fields.records)

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        first = in_units(split, self.fields.records).first_record
        # text stays in its dictionary: a few bytes of indices can stand for gigabytes of it
        with self._open(self.fields.names) as file:
            for group in range(split.start, split.stop):
                yield from self._read_group(file, group, first, builder)
                first += file.metadata.row_group(group).num_rows
        yield from builder.take()

    def _read_group(self, file: pq.ParquetFile, group: int, first: int, builder: RecordBuilder) -> Iterator[Records]:
        number, stop = first, first + file.metadata.row_group(group).num_rows
        try:
            for batch in file.iter_batches(_BATCH_ROWS, [group], list(self.fields.names)):
                add_rows(self.name, number, batch, self.fields, self.max_record_bytes, builder)
                number += batch.num_rows
                if builder.is_full:
                    yield from builder.take()
            if number < stop:
                raise pa.ArrowInvalid(f"it ends {stop - number} rows early")
        except (OSError, pa.ArrowException) as error:
            cause = f"row group {group} is damaged ({error})"
            for lost in range(number, stop):
                self.fields.reject(self.name, lost, Reason.UNREADABLE, cause, "", builder)

    @contextmanager
    def _open(self, in_dictionary: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
        with self.raw.open_packed() as raw:
            try:
                file = pq.ParquetFile(raw, read_dictionary=in_dictionary, page_checksum_verification=True)
            except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
                raise UserError(
                    f"{self.raw.path}: not a whole Parquet file ({error}); fetch it again or remove this source"
                ) from error
            with file:
                yield file


def _rows(groups: Sequence[pq.RowGroupMetaData]) -> int:
    return sum(group.num_rows for group in groups)
