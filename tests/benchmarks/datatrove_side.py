"""datatrove's side of `monolingual.py`, run by the Python of `.venv-peers`; prints one JSON object.

`python datatrove_side.py default|tuned INPUT.jsonl WARM-UP.jsonl MODEL FOLDER`. The steps are those of datatrove's
`examples/fineweb.py`, its exact deduplication, and its `examples/minhash_deduplication.py`. Filters and deduplication
each get all documents, as Polyloom's do, where nothing is dropped before `publish`: so both sides do the same work.

default: all options as they are by default.
tuned: the cheapest word tokenizer of its table (Indic NLP's regular expression; the others are spaCy, Stanza or
       dictionaries), uncompressed files, and larger buffers for sorted signatures.
In both, Gopher's stop words are off: they are English, and would drop the other languages before the deduplication.
Nor does language id drop any: all languages are wanted.
"""

import gzip
import json
import shutil
import sys
import time
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    ExactDedupConfig,
    ExactDedupFilter,
    ExactDedupSignature,
    ExactFindDedups,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter, LanguageFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.lid import FT176LID
from datatrove.utils.logging import logger

VARIANT, INPUT, WARM_UP, MODEL, FOLDER = sys.argv[1], *map(Path, sys.argv[2:])
FT176LID.MODEL_URL = str(MODEL)  # both sides use the same model
TUNED = VARIANT == "tuned"
LANGUAGE = {"language": "hin_Deva"} if TUNED else {}
PACKED = {"compression": None} if TUNED else {}
BUFFER = {"lines_to_buffer": 1000} if TUNED else {}
BUCKETS = 14  # MinhashConfig's


def text_of(document) -> str:
    return document.text


def run(source: Path, folder: Path) -> dict[str, float]:
    """Run all steps on one file and return CPU seconds by step."""
    shutil.rmtree(folder, ignore_errors=True)
    exact = ExactDedupConfig(content_getter=text_of)

    given = JsonlReader(str(source.parent), glob_pattern=source.name)
    distinct = JsonlReader(str(folder / "distinct"))

    def writer(place: str) -> JsonlWriter:
        return JsonlWriter(str(folder / place), **PACKED)

    steps = {
        "language id, quality, write": [
            given,
            LanguageFilter(label_only=True),
            GopherRepetitionFilter(**LANGUAGE),
            GopherQualityFilter(min_stop_words=0, **LANGUAGE),
            writer("filtered"),
        ],
        "exact signatures": [given, ExactDedupSignature(str(folder / "exact"), exact)],
        "exact copies": [ExactFindDedups(str(folder / "exact"), str(folder / "copies"), exact, **BUFFER)],
        "exact filter, write": [
            given,
            ExactDedupFilter(str(folder / "copies"), exact),
            writer("distinct"),
        ],
        "near signatures": [
            distinct,
            MinhashDedupSignature(str(folder / "signatures"), **LANGUAGE),
        ],
        "near buckets": [MinhashDedupBuckets(str(folder / "signatures"), str(folder / "buckets"), **BUFFER)],
        "near clusters": [MinhashDedupCluster(str(folder / "buckets"), str(folder / "remove"))],
        "near filter, publish": [
            distinct,
            MinhashDedupFilter(str(folder / "remove")),
            writer("published"),
        ],
    }
    seconds = {}
    for name, pipeline in steps.items():
        started = time.process_time()
        tasks = BUCKETS if name == "near buckets" else 1
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(folder / "logs" / name)).run()
        seconds[name] = time.process_time() - started
    return seconds


def documents(folder: Path) -> int:
    """Return how many documents the files of a folder hold."""
    files = [path.read_bytes() for path in folder.iterdir()]
    return sum((data if TUNED else gzip.decompress(data)).count(b"\n") for data in files)


def main() -> None:
    logger.remove()
    run(WARM_UP, FOLDER / "warm-up")
    seconds = run(INPUT, FOLDER / "run")
    kept = {name: documents(FOLDER / "run" / name) for name in ("filtered", "distinct", "published")}
    print(json.dumps({"seconds": seconds, "documents": kept}))


if __name__ == "__main__":
    main()
