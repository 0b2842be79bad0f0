"""CCAligned's files of documents, plain or compressed: a pair of web pages a line.

Five values with tabs between: domain, URL and text of the source, URL and text of the target
(https://statmt.org/cc-aligned/); in a text, `|` stands between the lines of the page. Line `u` gives the records `2u`
(source) and `2u + 1` (target), without a key, which share a document's name: both URLs with a space between.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.datasets.reasons import Reason
from pipelines.formats.bitext import in_records, in_units
from pipelines.formats.compressed import RawFile
from pipelines.formats.line_arrays import LineBlock, read_line_blocks
from pipelines.formats.linewise import plan_lines
from pipelines.formats.protocol import RecordBuilder, Records, Split, Unreadable

_SIDES: Final = 2
_COLUMNS: Final = 5


@dataclass(frozen=True)
class CcAligned:
    """The source `name`: the lines of the file `raw`, whose sides are in `languages`.

    A split is about `split_bytes`; a line of more than `max_record_bytes` is not read.
    """

    name: str
    raw: RawFile
    languages: tuple[str, str]
    split_bytes: int
    max_record_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits that end at line ends. Raises UserError as `plan_lines` does."""
        return in_records(plan_lines(self.raw, self.split_bytes), _SIDES)

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        for block in read_line_blocks(self.raw, in_units(split, _SIDES), self.max_record_bytes):
            for place in range(len(block)):
                self._add(block, place, builder)
                if builder.is_full:
                    yield from builder.take()
        yield from builder.take()

    def _add(self, block: LineBlock, place: int, builder: RecordBuilder) -> None:
        record = _SIDES * (block.first + place)
        if place in block.bad:
            bad = block.bad[place]
            self._reject(builder, record, bad.reason, bad.error, bad.text)
            return
        line = block.lines[place].as_py().removesuffix(b"\r")
        try:
            columns = line.decode().split("\t")
        except UnicodeDecodeError as error:
            self._reject(builder, record, Reason.NOT_UTF8, str(error), line.decode("utf-8", "backslashreplace"))
            return
        if len(columns) != _COLUMNS:
            misshapen = f"{len(columns)} columns, where CCAligned has {_COLUMNS}"
            self._reject(builder, record, Reason.WRONG_FIELD, misshapen, line.decode())
            return
        _, source, source_text, target, target_text = columns
        offset = int(block.offsets[place])
        for side, text in enumerate((source_text, target_text)):
            lines = text.replace("|", "\n")
            builder.add(self.name, record + side, f"{source} {target}", "", self.languages[side], lines, offset)

    def _reject(self, builder: RecordBuilder, record: int, reason: Reason, error: str, text: str) -> None:
        """Put both sides of a line aside."""
        for side in range(_SIDES):
            builder.reject(Unreadable(self.name, record + side, reason, error, text))
