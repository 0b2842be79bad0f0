"""Repeat a recipe's arms and their evaluation with several seeds: `python tests/benchmarks/ablation.py RECIPE`.

The corpus is made once; what is there already, such as the seed of `make run`, is not made again. The last line of
the output is JSON.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from flows.phases import PHASES
from pipelines.datasets.dataset import Dataset
from pipelines.plan import plan
from pipelines.recipe import load_recipe

POLYLOOM = str(Path(sys.executable).with_name("polyloom"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Repeat the arms and their evaluation with several seeds.")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments = parser.parse_args()
    for stage in ("fetch", *PHASES["corpus"]):
        subprocess.run([POLYLOOM, stage, str(arguments.recipe)], check=True, stdout=sys.stderr)
    retrievals = {seed: retrieval(arguments.recipe, seed) for seed in arguments.seeds}
    show(retrievals)
    print(json.dumps(result(arguments.recipe, retrievals)))


def retrieval(recipe: Path, seed: int) -> dict[str, Any]:
    """Train all arms with this seed, at the same time, and return their scores."""
    override = f"pretrain.seed={seed}"
    arms = [run.instance for run in plan(load_recipe(recipe, [override])) if run.spec.name == "pretrain"]
    settings = [str(recipe), "--set", override]
    processes = [
        subprocess.Popen([POLYLOOM, "pretrain", *settings, "--instance", arm], stdout=sys.stderr) for arm in arms
    ]
    statuses = [process.wait() for process in processes]
    if any(statuses):
        sys.exit(f"seed {seed}: training failed; see above")
    subprocess.run([POLYLOOM, "evaluate", *settings], check=True, stdout=sys.stderr)
    (evaluated,) = [run for run in plan(load_recipe(recipe, [override])) if run.spec.name == "evaluate"]
    return dict(Dataset(evaluated.folder).manifest.summary["retrieval"])


def show(retrievals: dict[int, dict[str, Any]]) -> None:
    systems = by_mean(retrievals)
    table = Table("seed", *systems, "gain", "95 % interval", title="retrieval, mean top-1 in %", box=None)
    for seed, one in retrievals.items():
        low, high = one["gain_ci95"]
        scores = [f"{one['scores'][system]:.1f}" for system in systems]
        table.add_row(str(seed), *scores, f"{one['gain']:+.1f}", f"{low:+.1f} to {high:+.1f}")
    columns = [[one["scores"][system] for one in retrievals.values()] for system in systems]
    columns.append([one["gain"] for one in retrievals.values()])
    table.add_row("mean", *(f"{statistics.fmean(column):.1f}" for column in columns))
    table.add_row("spread", *(f"{spread(column):.1f}" for column in columns))
    Console(width=120).print(table)


def result(recipe: Path, retrievals: dict[int, dict[str, Any]]) -> dict[str, Any]:
    series = {system: [one["scores"][system] for one in retrievals.values()] for system in by_mean(retrievals)}
    series["gain"] = [one["gain"] for one in retrievals.values()]
    return {
        "bench": "ablation",
        "recipe": str(recipe),
        "seeds": list(retrievals),
        **{
            name: {"mean": round(statistics.fmean(values), 2), "spread": round(spread(values), 2), "values": values}
            for name, values in series.items()
        },
    }


def by_mean(retrievals: dict[int, dict[str, Any]]) -> list[str]:
    """Return the systems, the weakest first."""
    names = next(iter(retrievals.values()))["scores"]
    return sorted(names, key=lambda name: statistics.fmean(one["scores"][name] for one in retrievals.values()))


def spread(values: Sequence[float]) -> float:
    """Return the sample standard deviation, 0 for a single value."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
