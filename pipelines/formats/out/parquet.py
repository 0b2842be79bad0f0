"""Parquet: a document, or a pair, a row."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.formats.out.parallel import in_order

_GROUP_ROWS = 10_000


class Parquet:
    """Writes `LANGUAGE/SPLIT-NNNNN.parquet`, a file for each shard."""

    layout = (
        "`LANGUAGE/SPLIT-NNNNN.parquet` has a document a row: `text` (its paragraphs, joined by line feeds), `id`, "
        "`document`, `language`, `file`, `rows`; `SOURCE-TARGET/SPLIT-NNNNN.parquet` has a pair a row, in "
        "`translation`."
    )
    has_texts = True
    has_pairs = True
    on_hub = True

    def files(self, name: str, split: str) -> str:
        return f"{name}/{split}-*.parquet"

    def write(self, folder: Path, name: str, split: str, tables: Iterable[pa.Table]) -> None:
        (folder / name).mkdir(exist_ok=True)
        numbered = ((folder / name / f"{split}-{number:05d}.parquet", table) for number, table in enumerate(tables))
        for _ in in_order(_write, numbered):
            pass


def _write(file_of: tuple[Path, pa.Table]) -> None:
    path, table = file_of
    pq.write_table(table, path, row_group_size=_GROUP_ROWS, compression="zstd", write_page_checksum=True)
