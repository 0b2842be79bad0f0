"""JSON Lines, packed with zstd: a document, or a pair, a line."""

import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import zstandard

from pipelines.formats.out.parallel import in_order

_BATCH_ROWS = 1024


class Jsonl:
    """Writes `LANGUAGE/SPLIT-NNNNN.jsonl.zst`, a file for each shard."""

    layout = (
        "`LANGUAGE/SPLIT-NNNNN.jsonl.zst` has a document a line: `text` (its paragraphs, joined by line feeds), `id`, "
        "`document`, `language`, `file`, `rows`; `SOURCE-TARGET/SPLIT-NNNNN.jsonl.zst` has a pair a line, in "
        "`translation`."
    )
    has_texts = True
    has_pairs = True
    on_hub = True

    def files(self, name: str, split: str) -> str:
        return f"{name}/{split}-*.jsonl.zst"

    def write(self, folder: Path, name: str, split: str, tables: Iterable[pa.Table]) -> None:
        (folder / name).mkdir(exist_ok=True)
        numbered = ((folder / name / f"{split}-{number:05d}.jsonl.zst", table) for number, table in enumerate(tables))
        for _ in in_order(_write, numbered):
            pass


def _write(file_of: tuple[Path, pa.Table]) -> None:
    path, table = file_of
    with path.open("wb") as file, zstandard.ZstdCompressor(write_checksum=True).stream_writer(file) as packed:
        for batch in table.to_batches(_BATCH_ROWS):
            rows = (json.dumps(row, ensure_ascii=False) for row in batch.to_pylist())
            packed.write("".join(f"{row}\n" for row in rows).encode())
