"""What the corpus stages cost for each byte of text, at two sizes, and what that makes of a real corpus.

`python tests/benchmarks/scaling.py --megabytes 12 48` runs ingest, deduplicate (with `near`) and publish on both sizes,
one worker, and counts: CPU time of tasks (which workers share) and of the driver (which one process does), bytes that
the steps hand on to each other, bytes that stay. The small size predicts the large one, and the large one the corpora
of docs/scaling.md. The last line of the output is JSON.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from corpus import generated, recipe, write_jsonl
from memory import EXACT, NEAR, REMEMBERED, SECTIONS, STAGES
from rich.console import Console
from rich.table import Table

from pipelines.datasets.draft import Draft
from pipelines.datasets.manifest import Manifest
from pipelines.datasets.stage import EngineSection, execute
from pipelines.engine import steps
from pipelines.plan import plan
from pipelines.recipe import load_recipe

TINY = 0.2  # megabytes: a run whose time is that of starting up
SPLIT = 32 << 20  # `split_bytes` as it is by default
CORPORA = {"CC-100": 2.5e12, "a dump of Common Crawl": 100e12}  # bytes of text
COSTS = ("tasks", "driver", "handed_on", "kept", "ledger")  # the first two in seconds, the others in bytes
UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"))
Measured = dict[str, dict[str, float]]  # by stage: COSTS, and splits


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a byte of text costs, and reckon it up.")
    parser.add_argument("--megabytes", type=float, nargs=2, default=(30, 300), metavar=("SMALL", "LARGE"))
    parser.add_argument("--split-bytes", type=int, default=2_000_000)
    parser.add_argument("--stages", type=Path, metavar="RECIPE", help="run the stages alone")
    arguments = parser.parse_args()
    if arguments.stages:
        print(json.dumps(run(arguments.stages)))
        return
    with tempfile.TemporaryDirectory() as name:
        tiny, small, large = (
            measure(size, Path(name) / str(size), arguments.split_bytes) for size in (TINY, *arguments.megabytes)
        )
    show_check(tiny, small, large)
    rates = {stage: per_byte(tiny, large, stage) for stage in STAGES}
    for corpus, size in CORPORA.items():
        show_corpus(corpus, size, rates, large)
    cores = {stage: round(sum(rates[stage][cost] for cost in COSTS[:2]) * 1e12 / 3600, 1) for stage in STAGES}
    print(json.dumps({"bench": "scaling", "core_hours_per_tb": cores, **off(tiny, small, large)}))


def measure(megabytes: float, folder: Path, split_bytes: int) -> dict[str, Any]:
    """Make a corpus, run the stages on it in a process of their own, and return what was counted."""
    folder.mkdir()
    path = folder / "pages.jsonl"
    write_jsonl(generated(megabytes, exact=EXACT, near=NEAR, remembered=REMEMBERED), path)
    source = {"name": "pages", "path": str(path), "format": "jsonl", "document_field": "url"}
    made = recipe("scaling", [source | {"split_bytes": split_bytes}], **SECTIONS)
    (folder / "recipe.yaml").write_text(f"runs: {folder}\n{made}", encoding="utf-8")
    command = [sys.executable, __file__, "--stages", str(folder / "recipe.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{megabytes} MB failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{megabytes} MB: {json.dumps(found)}", file=sys.stderr)
    return found


def run(path: Path) -> dict[str, Any]:
    """Run the stages in this process and return what each cost, and what the corpus is made of."""
    found: dict[str, Any] = {}
    inside = [0.0]
    do_each, commit = steps.do_each, Draft.commit

    def timed(*arguments: Any) -> None:
        began = time.process_time()
        do_each(*arguments)
        inside[0] += time.process_time() - began

    def counted(draft: Draft, manifest: Manifest, record: bytes) -> bool:
        found[manifest.stage] = sizes(draft.folder, {entry.name for entry in manifest.files})
        return commit(draft, manifest, record)

    vars(steps)["do_each"] = timed
    Draft.commit = counted  # type: ignore[method-assign]
    for planned in plan(load_recipe(path)):
        stage = planned.spec.name
        if stage in STAGES:
            planned.spec.load()  # imports are not counted
            inside[0] = 0.0
            began = time.process_time()
            dataset = execute(planned, EngineSection(workers=1))
            found[stage] |= {"tasks": inside[0], "driver": time.process_time() - began - inside[0]}
            if stage == "ingest":
                found["rows"] = dataset.manifest.rows.rows_out
                found["documents"] = dataset.manifest.rows.rows_in
                found["text"] = sum(
                    part.nbytes
                    for entry in dataset.files(kind="staged")
                    for part in dataset.table(entry).column("text").chunks
                )
    return found


def sizes(folder: Path, named: set[str]) -> dict[str, float]:
    """Return the bytes that stay, those that steps handed on to each other, and those of the ledger of splits."""
    found = {"kept": 0, "handed_on": 0, "ledger": 0, "splits": 0}
    for path in folder.rglob("*"):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            is_ledger = name.startswith(".splits/")
            found["kept" if name in named else "ledger" if is_ledger else "handed_on"] += path.stat().st_size
            found["splits"] += is_ledger
    return dict(found)


def per_byte(tiny: dict[str, Any], measured: dict[str, Any], stage: str) -> dict[str, float]:
    """Return each cost for a byte of text, start-up taken off."""
    text = measured["text"] - tiny["text"]
    return {cost: (measured[stage][cost] - tiny[stage][cost]) / text for cost in COSTS}


def off(tiny: dict[str, Any], small: dict[str, Any], large: dict[str, Any]) -> dict[str, float]:
    """Return by what factor the large size differs from what the small one predicts, all stages together."""
    found = {}
    for cost in COSTS:
        rate = sum(per_byte(tiny, small, stage)[cost] for stage in STAGES)
        found[cost] = round(sum(per_byte(tiny, large, stage)[cost] for stage in STAGES) / rate, 2)
    return found


def show_check(tiny: dict[str, Any], small: dict[str, Any], large: dict[str, Any]) -> None:
    title = f"{large['text'] / 1e6:.0f} MB of text, predicted from {small['text'] / 1e6:.0f} MB → measured"
    table = Table("", *COSTS, title=title, box=None)
    for stage in STAGES:
        rates = per_byte(tiny, small, stage)
        predicted = {cost: tiny[stage][cost] + rates[cost] * (large["text"] - tiny["text"]) for cost in COSTS}
        table.add_row(stage, *(f"{_text(cost, predicted[cost])} → {_text(cost, large[stage][cost])}" for cost in COSTS))
    Console(width=140).print(table)
    rows, documents, text = large["rows"], large["documents"], large["text"]
    print(f"{rows:,} rows of {text / rows:.0f} bytes, {documents:,} documents of {text / documents:.0f} bytes")


def show_corpus(corpus: str, size: float, rates: Measured, large: dict[str, Any]) -> None:
    """Show what a corpus would take. What one process does grows with the splits, which are larger than those here."""
    splits = size / SPLIT
    smaller = large["text"] / large["ingest"]["splits"] / SPLIT
    title = (
        f"{corpus}: {size / 1e12:g} TB of text, {splits:,.0f} splits, {size / large['text'] * large['rows']:.2g} rows"
    )
    columns = ("core-hours", "driver, hours", "handed on", "for a TB", "kept", "ledger")
    table = Table("", *columns, title=title, box=None)
    for stage, own in rates.items():
        bytes_on = own["handed_on"] * size
        hours = f"{own['tasks'] * size / 3600:,.0f}", f"{own['driver'] * smaller * size / 3600:,.1f}"
        others = (bytes_on, own["handed_on"] * 1e12, own["kept"] * size, own["ledger"] * smaller * size)
        table.add_row(stage, *hours, *(_text("bytes", value) for value in others))
    Console(width=140).print(table)


def _text(cost: str, value: float) -> str:
    if cost in COSTS[:2]:
        return f"{value:.1f} s"
    unit, name = next((pair for pair in UNITS if value >= pair[0]), UNITS[-1])
    return f"{value / unit:.1f} {name}"


if __name__ == "__main__":
    main()
