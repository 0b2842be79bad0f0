"""Plain text, one paragraph a line, plain or compressed. Only `\\n` ends a line.

Records are the lines, numbered from 0 through the whole file. They belong to no document, so `publish` puts equal
ones into one split; or, as the files of CC-100 are written (https://data.statmt.org/cc-100/), a blank line ends a
document: it has a number and is no record.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.datasets.reasons import Reason
from pipelines.formats.compressed import RawFile
from pipelines.formats.linewise import BadLine, is_any_line, is_blank_line, plan_lines, read_lines
from pipelines.formats.protocol import RecordBuilder, Records, Split, Unreadable


@dataclass(frozen=True)
class Lines:
    """The source `name`: the lines of the file `raw`.

    `language` is declared for all of them; None leaves it to identification. With `documents` a blank line ends a
    document, which is called after its first line (`NAME:NUMBER`), and no document is cut in two.
    A split is about `split_bytes`; a line of more than `max_record_bytes` is not read into memory whole.
    """

    name: str
    raw: RawFile
    language: str | None
    documents: bool
    split_bytes: int
    max_record_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits that end at line ends or documents' ends. Raises UserError as `plan_lines` does."""
        return plan_lines(self.raw, self.split_bytes, is_blank_line if self.documents else is_any_line)

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        document = ""
        for number, offset, line in read_lines(self.raw, split, self.max_record_bytes):
            if self.documents and line in (b"", b"\r"):
                document = ""
                continue
            if self.documents:
                document = document or f"{self.name}:{number}"
            self._add(line, number, offset, document, builder)
            if builder.is_full:
                yield from builder.take()
        yield from builder.take()

    def _add(self, line: bytes | BadLine, number: int, offset: int, document: str, builder: RecordBuilder) -> None:
        if isinstance(line, BadLine):
            builder.reject(Unreadable(self.name, number, line.reason, line.error))
            return
        try:
            builder.add(self.name, number, document, "", self.language, line.decode(), offset)
        except UnicodeDecodeError as error:
            shown = line.decode("utf-8", "backslashreplace")
            builder.reject(Unreadable(self.name, number, Reason.NOT_UTF8, str(error), shown))
