"""Arrow IPC files and streams, as Hugging Face `datasets` writes them, with the text in a named column.

Split by record batches. Records are the rows, numbered from 0. A stream has no table of its batches, so a reader passes
over those before its own; nothing of them is unpacked where the file is local and its buffers are not compressed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.bitext import in_records, in_units
from pipelines.formats.columns import add_rows, check_columns, group_splits, top_columns
from pipelines.formats.compressed import RawFile
from pipelines.formats.fields import RowFields
from pipelines.formats.protocol import RecordBuilder, Records, Split

_FILE_MARK = b"ARROW1"  # https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format


@dataclass(frozen=True)
class Arrow:
    """The source `name`: the rows of the file `raw`, of which `fields` are read.

    A split is about `split_bytes` of record batches; a text of more than `max_record_bytes` is not read.
    """

    name: str
    raw: RawFile
    fields: RowFields
    split_bytes: int
    max_record_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits over the record batches. One that is damaged counts as one record, which cannot be read.

        Raises UserError where the file cannot be read, is not whole, has no rows or lacks a column, and where its
        compressed buffers are a decompression bomb.
        """
        parts = []
        unpacked = 0
        with self.raw.open_packed() as file:
            packed = file.seek(0, 2)
        with self._open() as batches:
            for batch in batches(0):
                parts.append((1, 1) if isinstance(batch, str) else (batch.nbytes, batch.num_rows))
                unpacked += parts[-1][0]
                self.raw.guard(unpacked, packed)
        if not sum(rows for _, rows in parts):
            raise UserError(f"{self.raw.path}: the file has no rows; remove it from the config's sources")
        return in_records(group_splits(parts, self.split_bytes), self.fields.records)

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        number = in_units(split, self.fields.records).first_record
        with self._open() as batches:
            for _, batch in zip(range(split.start, split.stop), batches(split.start), strict=False):
                number += self._add(batch, number, builder)
                if builder.is_full:
                    yield from builder.take()
        yield from builder.take()

    def _add(self, batch: pa.RecordBatch | str, first: int, builder: RecordBuilder) -> int:
        if isinstance(batch, str):
            self.fields.reject(self.name, first, Reason.UNREADABLE, batch, "", builder)
            return 1
        try:
            add_rows(self.name, first, batch, self.fields, self.max_record_bytes, builder)
        except pa.ArrowException as error:
            for lost in range(first, first + batch.num_rows):
                cause = f"a damaged record batch ({error})"
                self.fields.reject(self.name, lost, Reason.UNREADABLE, cause, "", builder)
        return int(batch.num_rows)

    @contextmanager
    def _open(self) -> Iterator[Callable[[int], Iterator[pa.RecordBatch | str]]]:
        """Give what yields the batches from a given one on, a damaged one as its error."""
        with self._open_bytes() as file:
            try:
                is_file = file.read(len(_FILE_MARK)) == _FILE_MARK
                open_reader = pa.ipc.open_file if is_file else pa.ipc.open_stream
                file.seek(0)
                schema = open_reader(file).schema
                check_columns(self.raw.path, schema, self.fields)
                wanted = [schema.get_field_index(name) for name in top_columns(schema, self.fields)]
                file.seek(0)
                reader = open_reader(file, options=pa.ipc.IpcReadOptions(included_fields=wanted))
            except (OSError, pa.ArrowException) as error:
                raise UserError(
                    f"{self.raw.path}: not a whole Arrow file or stream ({error}); fetch it again or remove this source"
                ) from error
            yield lambda start: _of_file(reader, start) if is_file else _of_stream(reader, start)

    @contextmanager
    def _open_bytes(self) -> Iterator[pa.NativeFile]:
        with self.raw.open_packed() as file:
            is_local = "://" not in self.raw.path and Path(self.raw.path).stat().st_size > 0
            with pa.memory_map(self.raw.path) if is_local else pa.PythonFile(file) as native:
                yield native


def _of_file(reader: pa.RecordBatchFileReader, start: int) -> Iterator[pa.RecordBatch | str]:
    for index in range(start, reader.num_record_batches):
        try:
            yield reader.get_batch(index)
        except (OSError, pa.ArrowException) as error:
            yield f"record batch {index} is damaged ({error})"


def _of_stream(reader: pa.RecordBatchStreamReader, start: int) -> Iterator[pa.RecordBatch | str]:
    index = 0
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (OSError, pa.ArrowException) as error:
            if index >= start:
                yield f"record batch {index} is damaged or cut off ({error}); nothing behind it was read"
            return
        if index >= start:
            yield batch
        index += 1
