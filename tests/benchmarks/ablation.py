"""What each choice of a recipe is worth: `python tests/benchmarks/ablation.py [flows/configs/ablation.yaml]`.

Each side is a recipe with a few keys set otherwise; `polyloom compare` trains and measures them, several at once. What
is there already is not made again. Prints tables for docs/ablation.md in Markdown; the last line is JSON.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.comparing import Side, compare
from flows.comparison import draw, read
from flows.process import StageFailed
from pipelines.datasets.errors import UserError
from pipelines.recipe import read_yaml

PLAN = Path("flows/configs/ablation.yaml")


@dataclass(frozen=True)
class Comparison:
    title: str
    sides: list[Side]


def main() -> None:
    parser = argparse.ArgumentParser(description="Train and measure the sides of an ablation, and show its tables.")
    parser.add_argument("plan", type=Path, nargs="?", default=PLAN)
    parser.add_argument("--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="for every side")
    arguments = parser.parse_args()
    plan = read_yaml(arguments.plan)
    measure = plan["measure"]
    settings = {
        "split": measure["split"],
        "texts": measure["texts"],
        "retrieval": {"pool_size": measure["candidates"]},
    }
    begun, found = time.monotonic(), []
    for comparison in comparisons(plan, arguments.set):
        try:
            compared = compare(comparison.sides, plan["seeds"], settings)
        except (StageFailed, UserError) as error:
            sys.exit(str(error))
        result = read(compared)
        print("\n".join(markdown(comparison.title, result)), flush=True)
        print(f"picture: {draw(compared, result)}\n", flush=True)
        found.append(result)
    print(json.dumps(last_line(found) | {"seconds": round(time.monotonic() - begun)}))


def comparisons(plan: Mapping[str, Any], everywhere: list[str]) -> Iterator[Comparison]:
    sides = {name: side(plan, name, everywhere) for name in plan["sides"]}
    for one in plan["comparisons"]:
        yield Comparison(one["title"], [sides[name] for name in one["sides"]])


def side(plan: Mapping[str, Any], name: str, everywhere: list[str]) -> Side:
    own = plan["sides"][name]
    values = plan["set"] | own.get("set", {})
    overrides = [*(f"{key}={json.dumps(value)}" for key, value in values.items()), *everywhere]
    return Side(name, Path(plan["recipe"]), tuple(overrides), own.get("arm", plan["arm"]))


def markdown(title: str, result: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table: a row for each side, its differences from the first beside it."""
    yield f"### {title}\n"
    yield "| side | masked-LM loss, bits per character | minus the first | top-1, % | minus the first | minus n-grams |"
    yield "|---|--:|--:|--:|--:|--:|"
    loss, hits = result["loss"], result["retrieval"]
    for name in result["sides"]:
        first = name == result["sides"][0]
        yield (
            f"| `{name}` | {loss['means'][name]['mean']:.3f} "
            f"| {'' if first else bounds(loss['differences'][name]['overall'], 3)} "
            f"| {hits['means'][name]['mean']:.1f} "
            f"| {'' if first else bounds(hits['differences'][name]['overall'], 1)} "
            f"| {bounds(hits['against']['char_ngrams'][name], 1)} |"
        )
    for name in hits["against"]:
        yield f"| `{name}` (control) | | | {hits['means'][name]['mean']:.1f} | | |"
    yield ""


def bounds(one: Mapping[str, Any], digits: int) -> str:
    """Return a mean difference with its interval; bold where the interval leaves 0 out."""
    text = f"{one['mean']:+.{digits}f} ({one['low']:+.{digits}f} to {one['high']:+.{digits}f})"
    return text if one["low"] <= 0 <= one["high"] else f"**{text}**"


def last_line(results: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "bench": "ablation",
        "seeds": len(results[0]["seeds"]),
        "comparisons": [
            {
                "reference": result["sides"][0],
                "loss": {name: one["overall"]["mean"] for name, one in result["loss"]["differences"].items()},
                "top1": {name: one["overall"]["mean"] for name, one in result["retrieval"]["differences"].items()},
            }
            for result in results
        ],
    }


if __name__ == "__main__":
    main()
