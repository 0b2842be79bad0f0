"""JSON Lines, plain or compressed: one JSON object a line, with the text in a named field. Only `\\n` ends a line.

CCNet's files are read so (`raw_content`, `url`, `language`; cc_net/mine.py and cc_net/split_by_lang.py).
Records are the lines, numbered from 0 through the whole file.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.datasets.reasons import Reason
from pipelines.formats.bitext import in_records, in_units
from pipelines.formats.compressed import RawFile
from pipelines.formats.fields import RowFields
from pipelines.formats.linewise import BadLine, plan_lines, read_lines
from pipelines.formats.protocol import RecordBuilder, Records, Split


@dataclass(frozen=True)
class Jsonl:
    """The source `name`: the objects in the file `raw`, of which `fields` are read.

    A split is about `split_bytes`; a line of more than `max_record_bytes` is not read into memory whole.
    """

    name: str
    raw: RawFile
    fields: RowFields
    split_bytes: int
    max_record_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits that end at line ends. Raises UserError as `plan_lines` does."""
        return in_records(plan_lines(self.raw, self.split_bytes), self.fields.records)

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        for number, offset, line in read_lines(self.raw, in_units(split, self.fields.records), self.max_record_bytes):
            self._add(line, number, offset, builder)
            if builder.is_full:
                yield from builder.take()
        yield from builder.take()

    def _add(self, line: bytes | BadLine, number: int, offset: int, builder: RecordBuilder) -> None:
        if isinstance(line, BadLine):
            self.fields.reject(self.name, number, line.reason, line.error, "", builder)
            return
        try:
            record = parse_object(line)
        except UnicodeDecodeError as error:
            reason, cause = Reason.NOT_UTF8, str(error)
        except ValueError as error:
            reason, cause = Reason.NOT_JSON, str(error)
        else:
            self.fields.add(self.name, number, record, builder, offset)
            return
        self.fields.reject(self.name, number, reason, cause, line.decode("utf-8", "backslashreplace"), builder)


def parse_object(line: bytes) -> dict[str, Any]:
    """Return the JSON object on a line.

    Raises UnicodeDecodeError where the bytes are not UTF-8, ValueError where they are no JSON object.
    """
    text = line.removeprefix(b"\xef\xbb\xbf").decode()
    if not text.strip():
        raise ValueError("the line is blank")
    try:
        record = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(record, dict):
        raise ValueError(f"a JSON object is expected, not {type(record).__name__}")
    return record
