"""One worker and two on the corpus stages: `make bench-scale`.

The same documents as many files and as one file go from `ingest` to `publish`, with one worker and with two in turn.
What starting up takes is measured as the same run on a tiny corpus and taken off, since it does not grow with the
input. The last line of the output is JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from corpus import Document, documents, recipe, write_jsonl
from monolingual import ONE_CORE, SECTIONS
from rich.console import Console
from rich.table import Table

POLYLOOM = str(Path(sys.executable).with_name("polyloom"))
STAGES = ("ingest", "deduplicate", "publish")
WORKERS = (1, 2)
PARTS = 24  # files, or splits of the one file
TINY = 50  # documents
SHAPES = ("many_files", "one_file", "start_up")

Seconds = dict[str, float]  # of the clock, by stage
Round = dict[tuple[str, int], Seconds]  # by shape of the input and workers


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a second worker gives.")
    parser.add_argument("--megabytes", type=float, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = prepare(folder, arguments.megabytes)
        rounds = [
            {(shape, workers): run(folder, shape, workers, number) for shape, workers in product(SHAPES, WORKERS)}
            for number in range(arguments.rounds)
        ]
    show(rounds, size)
    ratios = {shape: round(statistics.median(speed_ups(rounds, shape)), 2) for shape in SHAPES[:2]}
    print(json.dumps({"bench": "scale", **ratios}))


def prepare(folder: Path, megabytes: float) -> int:
    """Write the documents as many files and as one, and a few of them; return the bytes of their text."""
    made = documents(megabytes)
    inputs = {
        "many_files": [made[number::PARTS] for number in range(PARTS)],
        "one_file": [made],
        "start_up": [made[:TINY]],
    }
    for shape, files in inputs.items():
        (folder / shape).mkdir()
        sources = list(_sources(files, folder / shape, split_bytes=int(megabytes * 1e6 / PARTS)))
        (folder / shape / "recipe.yaml").write_text(recipe(shape, sources, **SECTIONS), encoding="utf-8")
    return sum(len(document.text.encode()) for document in made)


def _sources(files: Sequence[Sequence[Document]], folder: Path, split_bytes: int) -> Iterator[dict[str, Any]]:
    for number, part in enumerate(files):
        path = folder / f"pages{number:02d}.jsonl"
        write_jsonl(part, path)
        keys = {"name": path.stem, "path": str(path), "format": "jsonl", "document_field": "url"}
        yield {**keys, "split_bytes": split_bytes}


def run(folder: Path, shape: str, workers: int, number: int) -> Seconds:
    """Run the stages' commands in a folder of their own, and return how long each took."""
    work = folder / f"{shape}-{workers}-{number}"
    work.mkdir()
    seconds = {}
    for stage in STAGES:
        command = [POLYLOOM, stage, str(folder / shape / "recipe.yaml"), "--set", f"engine.workers={workers}"]
        started = time.perf_counter()
        done = subprocess.run(command, cwd=work, env=os.environ | ONE_CORE, capture_output=True, text=True, check=False)
        seconds[stage] = time.perf_counter() - started
        if done.returncode:
            sys.exit(f"{work.name}, {stage} failed:\n{done.stderr}")
    print(f"{work.name}: {seconds}", file=sys.stderr)
    return seconds


def speed_ups(rounds: Sequence[Round], shape: str) -> list[float]:
    """Return by how much two workers were faster in each round, start-up taken off both."""
    return [_work(one, shape, 1) / _work(one, shape, 2) for one in rounds]


def _work(one: Round, shape: str, workers: int) -> float:
    return sum(one[shape, workers].values()) - sum(one["start_up", workers].values())


def show(rounds: Sequence[Round], size: int) -> None:
    title = f"seconds on {size / 1e6:.1f} MB of text, {PARTS} splits, median of {len(rounds)} rounds"
    table = Table("", "workers", *STAGES, "all", "faster by", title=title, box=None)
    for shape, workers in product(SHAPES, WORKERS):
        middle = {stage: statistics.median(one[shape, workers][stage] for one in rounds) for stage in STAGES}
        ratios = speed_ups(rounds, shape) if shape != "start_up" and workers > 1 else []
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})" if ratios else ""
        seconds = [f"{value:.2f}" for value in (*middle.values(), sum(middle.values()))]
        table.add_row(shape, str(workers), *seconds, spread)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
