"""The most memory that the corpus stages hold, for a small and a large input at one budget: `make bench-memory`.

Each stage runs as a command of its own. Five times a second the memory of all its processes is added up: what each has
for itself and its share of what they have together (Pss_Anon and Pss_Shmem of /proc/PID/smaps_rollup). Files that are
mapped are left out: the kernel may take their memory back. The input is made of real sentences (`corpus.py`) and goes
to disk as it is made; 2 GB of it and what the stages make of it take some 10 GB there. The last line of the output is
JSON.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from corpus import generated, recipe, write_jsonl
from pydantic import ByteSize, TypeAdapter
from rich.console import Console
from rich.table import Table

STAGES = ("ingest", "deduplicate", "publish")
SECTIONS: dict[str, Any] = {
    "deduplicate": {"near": {}},
    "publish": {
        "filters": {"gopher_quality": {}, "gopher_repetition": {}},
        "duplicates": {"documents": "one", "near": "one"},
    },
}
EXACT, NEAR = 0.1, 0.1  # shares of the documents that are copies, and near copies, of another
REMEMBERED = 10_000  # documents that these are of
COMMAND = "from pipelines.cli import main; main()"
SECONDS = 0.2  # between two looks
COUNTED = ("Pss_Anon:", "Pss_Shmem:")


class Peak(NamedTuple):
    """The most that a stage's processes held together (bytes), and how long it took."""

    bytes: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the memory of the corpus stages.")
    parser.add_argument("--megabytes", type=int, nargs=2, default=(100, 2000), metavar=("SMALL", "LARGE"))
    parser.add_argument("--budget", default="1.5 GiB", help="engine.memory_budget")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the input and the datasets go; by default a temporary one")
    arguments = parser.parse_args()
    engine = {"memory_budget": arguments.budget, "workers": arguments.workers}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        peaks = {size: measure(size, Path(name) / str(size), engine) for size in arguments.megabytes}
    budget = TypeAdapter(ByteSize).validate_python(arguments.budget)
    show(peaks, budget, arguments.workers)
    print(json.dumps(result(peaks, budget)))


def measure(megabytes: int, folder: Path, engine: dict[str, Any]) -> dict[str, Peak]:
    """Make an input of this size, run the stages on it, and return the peak of each."""
    folder.mkdir(parents=True)
    pages = folder / "pages.jsonl"
    write_jsonl(generated(megabytes, exact=EXACT, near=NEAR, remembered=REMEMBERED), pages)
    source = {"name": "pages", "path": str(pages), "format": "jsonl", "document_field": "url"}
    path = folder / "recipe.yaml"
    own = yaml.safe_dump({"runs": str(folder), "engine": engine})
    path.write_text(own + recipe("memory", [source], **SECTIONS), encoding="utf-8")
    return {stage: run(stage, path) for stage in STAGES}


def run(stage: str, path: Path) -> Peak:
    """Run one stage of a recipe and look at its processes until it ends."""
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", COMMAND, stage, str(path)], stdout=sys.stderr) as process:
        most = 0
        while process.poll() is None:
            most = max(most, sum(map(held, tree(process.pid))))
            time.sleep(SECONDS)
    if process.returncode:
        sys.exit(f"{stage} ended with status {process.returncode}")
    seconds = time.perf_counter() - started
    print(f"{stage} of {path.parent.name} MB: {most >> 20} MiB at most, {seconds:.0f} s", file=sys.stderr, flush=True)
    return Peak(most, seconds)


def tree(root: int) -> Iterator[int]:
    """Yield a process and all that came of it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            children.setdefault(_parent(folder), []).append(int(folder.name))
    pending = [root]
    while pending:
        own = pending.pop()
        yield own
        pending += children.get(own, [])


def held(process: int) -> int:
    """Return the bytes that a process holds, mapped files apart; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(COUNTED))


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def show(peaks: dict[int, dict[str, Peak]], budget: int, workers: int) -> None:
    title = f"peak of all processes, mapped files apart; {workers} workers, a budget of {budget >> 20} MiB"
    columns = [name for size in peaks for name in (f"{size} MB: MiB", "of the budget", "s")]
    table = Table("", *columns, "ratio", title=title, box=None)
    small, *_, large = peaks
    for stage in STAGES:
        cells = []
        for own in peaks.values():
            most, seconds = own[stage]
            cells += [f"{most / (1 << 20):.0f}", f"{most / budget:.0%}", f"{seconds:.0f}"]
        table.add_row(stage, *cells, f"{peaks[large][stage].bytes / peaks[small][stage].bytes:.2f}")
    Console(width=120).print(table)


def result(peaks: dict[int, dict[str, Peak]], budget: int) -> dict[str, Any]:
    """Return the figures of the last line, in bytes; a size is named `100mb`, or `2gb` from a thousand on."""
    found: dict[str, Any] = {"bench": "memory"}
    for size, own in peaks.items():
        name = f"{size // 1000}gb" if size % 1000 == 0 else f"{size}mb"
        found[f"peak_{name}"] = max(peak.bytes for peak in own.values())
    small, large = (found[name] for name in list(found)[1:3])
    return found | {"budget": budget, "ratio": round(large / small, 3), "kept": max(small, large) <= budget}


if __name__ == "__main__":
    main()
