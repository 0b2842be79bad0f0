"""What was encoded, counted: by split, kind and language in the manifest, with the time it took in `run.json`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.draft import SplitRecord
from pipelines.datasets.manifest import FileEntry
from pipelines.stages.work import add_up
from pipelines.text.vocabulary import UNKNOWN, Vocabulary

COUNTS = "counts"
CPU_SECONDS = "cpu_seconds"


def counted(vocabulary: Vocabulary, texts: Sequence[pa.Array], ids: Sequence[pa.ListArray]) -> dict[str, int]:
    """Return how many characters, bytes (UTF-8) and tokens there are, and of the tokens, unknown ones and bytes."""
    tokens = [part.values.to_numpy() for part in ids]
    return {
        "characters": sum(pc.sum(pc.utf8_length(part)).as_py() or 0 for part in texts),
        "bytes": sum(pc.sum(pc.binary_length(part)).as_py() or 0 for part in texts),
        "tokens": sum(len(part) for part in tokens),
        "unknown": sum(int(np.count_nonzero(part == UNKNOWN)) for part in tokens),
        "byte_pieces": sum(int(np.count_nonzero(vocabulary.is_byte[part])) for part in tokens),
    }


def by_language(entries: Sequence[FileEntry], records: Iterable[SplitRecord]) -> dict[str, Any]:
    """Return the counts of all shards by split, kind and language; those of a pair are of both sides."""
    return add_up(
        {place["split"]: {place["kind"]: {place["language"]: record.summary[COUNTS]}}}
        for place, record in zip((entry.partition for entry in entries), records, strict=True)
    )


def speed(counts: Mapping[str, Any], records: Iterable[SplitRecord]) -> dict[str, float]:
    """Return the CPU time of encoding (s), and what one core does in a second: tokens, and millions of bytes."""
    seconds = sum(record.summary[CPU_SECONDS] for record in records)
    languages = [one for kinds in counts.values() for own in kinds.values() for one in own.values()]
    if not seconds:
        return {}
    return {
        "encode_cpu_seconds": seconds,
        "tokens_per_cpu_second": sum(one["tokens"] for one in languages) / seconds,
        "megabytes_per_cpu_second": sum(one["bytes"] for one in languages) / seconds / 1e6,
    }
