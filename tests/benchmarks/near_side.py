"""The peers' side of `dedup.py`, run by the Python of `.venv-peers`; prints one JSON object.

`python near_side.py datatrove|text-dedup|rensa INPUT.jsonl WARM-UP.jsonl FOLDER`. Each finds near duplicates in the
`text` of JSON Lines, from reading to the documents that would go, on one core; CPU seconds after a warm-up.

datatrove: its three MinHash steps with all defaults (words by spaCy, five of them a shingle, 14 bands of 8).
text-dedup: its command, five words a shingle, 128 permutations, threshold 0.8.
rensa: words by white space, five of them a shingle; its fastest call from such sets to duplicate flags; 128
       permutations in bands of 4, so that it finds as much as Polyloom does. Its pairs in the warm-up, for the
       recall, are asked for afterwards and not timed.
"""

import json
import os
import shutil
import sys
from pathlib import Path

TOOL, INPUT, WARM_UP, FOLDER = sys.argv[1], *map(Path, sys.argv[2:])
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
PERMUTATIONS, BANDS, SEED = 128, 32, 42


def datatrove(source: Path, folder: Path) -> None:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.utils.logging import logger

    logger.remove()
    reader = JsonlReader(str(source.parent), glob_pattern=source.name)
    steps = [
        ([reader, MinhashDedupSignature(str(folder / "signatures"))], 1),
        ([MinhashDedupBuckets(str(folder / "signatures"), str(folder / "buckets"))], 14),
        ([MinhashDedupCluster(str(folder / "buckets"), str(folder / "remove"))], 1),
    ]
    for number, (pipeline, tasks) in enumerate(steps):
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(folder / f"logs{number}")).run()


def text_dedup(source: Path, folder: Path) -> None:
    import logging

    from datasets import disable_progress_bars
    from text_dedup.minhash import main

    logging.disable(logging.CRITICAL)
    disable_progress_bars()
    options = {
        "path": "json", "data_files": str(source), "split": "train", "cache_dir": str(folder / "cache"),
        "output": str(folder / "output"), "column": "text", "num_proc": "1", "ngram": "5",
        "num_perm": str(PERMUTATIONS), "threshold": "0.8", "min_length": "1",
    }  # fmt: skip
    main([part for name, value in options.items() for part in (f"--{name}", value)], standalone_mode=False)


def shingles(text: str) -> set[str]:
    words = text.lower().split()
    return {" ".join(words[place : place + 5]) for place in range(max(len(words) - 4, 1))}


def rensa(source: Path, folder: Path) -> None:
    from rensa import RMinHash, RMinHashLSH

    sets = [shingles(json.loads(line)["text"]) for line in source.open(encoding="utf-8")]
    matrix = RMinHash.digest_matrix_from_token_sets(sets, PERMUTATIONS, SEED)
    RMinHashLSH(0.8, PERMUTATIONS, BANDS).query_duplicate_flags_matrix_one_shot(matrix)


def rensa_pairs(source: Path) -> list[tuple[int, int]]:
    from rensa import RMinHash, RMinHashLSH

    sets = [shingles(json.loads(line)["text"]) for line in source.open(encoding="utf-8")]
    hashed = RMinHash.from_token_sets(sets, PERMUTATIONS, SEED)
    index = RMinHashLSH(0.8, PERMUTATIONS, BANDS)
    index.insert_many(hashed)
    return sorted({(min(a, b), max(a, b)) for a, found in enumerate(index.query_all(hashed)) for b in found if a != b})


def _cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its children that have ended: some tools start workers."""
    return sum(os.times()[:4])


def main() -> None:
    find = {"datatrove": datatrove, "text-dedup": text_dedup, "rensa": rensa}[TOOL]
    for name, source in (("warm-up", WARM_UP), ("run", INPUT)):
        folder = FOLDER / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        started = _cpu_seconds()
        find(source, folder)
        spent = _cpu_seconds() - started
    pairs = rensa_pairs(WARM_UP) if TOOL == "rensa" else []
    sys.__stdout__.write(json.dumps({"seconds": spent, "pairs": pairs}) + "\n")


if __name__ == "__main__":
    main()
