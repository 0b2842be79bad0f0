"""Tab-separated values: a pair a line, packed with gzip."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.formats.out.columns import write_packed

_BESIDE: Final = ("score", "document", "source_id", "target_id")


class Tsv:
    """Writes `SOURCE-TARGET/SPLIT.tsv.gz`, whose first line names the columns.

    Nothing is escaped: no published text holds a tab or a line feed, as normalisation makes all white space a single
    space; in the names of documents and files they become spaces here.
    """

    layout = (
        "`SOURCE-TARGET/SPLIT.tsv.gz` has a pair a line, with tabs between the two sentences, the score that the "
        "source gave (empty where it gave none), the document and the ids; the first line names the columns."
    )
    has_texts = False
    has_pairs = True
    on_hub = False

    def files(self, name: str, split: str) -> str:
        return f"{name}/{split}.tsv.gz"

    def write(self, folder: Path, name: str, split: str, tables: Iterable[pa.Table]) -> None:
        (folder / name).mkdir(exist_ok=True)
        write_packed(folder / self.files(name, split), _lines(tables))


def _lines(tables: Iterable[pa.Table]) -> Iterator[pa.StringArray | bytes]:
    header = b""
    for table in tables:
        sides = table["translation"].combine_chunks()
        if not header:
            header = "\t".join([*(field.name for field in sides.type), *_BESIDE]).encode() + b"\n"
            yield header
        beside = (table[name].combine_chunks().cast(pa.string()).fill_null("") for name in _BESIDE)
        one_line = (pc.replace_substring_regex(column, "[\t\n\r]", " ") for column in beside)
        yield pc.binary_join_element_wise(*sides.flatten(), *one_line, "\t")
