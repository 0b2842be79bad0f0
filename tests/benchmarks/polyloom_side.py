"""Polyloom's side of `monolingual.py` and `parallel.py`; prints one JSON object.

`python polyloom_side.py RECIPE WARM-UP-RECIPE [--steps]` runs the stages of the warm-up recipe and then those of the
other, in this process, and gives CPU seconds by stage. With `--steps` it gives the own time of each step as well,
which costs a little itself.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import timers

from pipelines.datasets.stage import EngineSection, execute
from pipelines.plan import plan
from pipelines.recipe import load_recipe

STAGES = ("ingest", "align", "deduplicate", "publish")
STEPS = {
    "pipelines.formats.jsonl:Jsonl.plan": "read",
    "pipelines.formats.jsonl:Jsonl.read": "read",
    "pipelines.formats.moses:Moses.plan": "read",
    "pipelines.formats.moses:Moses.read": "read",
    "pipelines.stages.ingesting.rows:Split.add": "divide",
    "pipelines.stages.ingesting.rows:normalize_all": "normalise",
    "pipelines.stages.ingesting.rows:find_personal": "personal data",
    "pipelines.stages.ingesting.measured:dominant_scripts": "scripts",
    "pipelines.text.langid:LanguageIdentifier.identify": "language id",
    "pipelines.stages.ingesting.measured:vote": "vote",
    "pipelines.stages.ingesting.measured:measure": "row measures",
    "pipelines.stages.ingesting.measured:measure_documents": "document measures",
    "pipelines.stages.ingest:measured": "columns",
    "pipelines.stages.ingest:split_summary": "summary",
    "pipelines.datasets.draft:Draft.write_table": "write",
    "pipelines.stages.deduplicating.copies:hash_texts": "hash",
    "pipelines.stages.inputs:hash_texts": "hash",
    "pipelines.stages.deduplicating.copies:find_in_round": "exact copies",
    "pipelines.stages.deduplicating.copies:write_clusters": "exact copies",
    "pipelines.stages.deduplicating.near:shingled": "near: shingles",
    "pipelines.stages.deduplicating.near:band_keys": "near: sketch",
    "pipelines.stages.deduplicating.near:pairs_sharing": "near: candidates",
    "pipelines.stages.deduplicating.verify:verify": "near: verify",
    "pipelines.stages.aligning.keys:pair_columns": "pairs",
    "pipelines.stages.publish:screen_file": "screen",
    "pipelines.stages.publishing.decide:decide_file": "decide",
    "pipelines.stages.publishing.decide:account": "report's evidence",
    "pipelines.stages.publishing.decide:keep_evidence": "report's evidence",
    "pipelines.stages.publish:write_shard": "shards",
}


def run(recipe: Path) -> dict[str, Any]:
    """Run the stages and return CPU seconds by stage, the bytes of their text, and how many rows were kept."""
    seconds = {}
    for planned in plan(load_recipe(recipe)):
        if planned.spec.name in STAGES:
            started = time.process_time()
            dataset = execute(planned, EngineSection(workers=1))
            seconds[planned.spec.name] = time.process_time() - started
    rows = dataset.manifest.rows
    return {"seconds": seconds, "rows_in": rows.rows_in, "rows_out": rows.rows_out, "dropped": rows.dropped}


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the corpus stages and print CPU seconds by stage.")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("warm_up", type=Path)
    parser.add_argument("--steps", action="store_true", help="also the time of each step")
    arguments = parser.parse_args()
    if arguments.steps:
        timers.time_functions(STEPS)
    run(arguments.warm_up)
    timers.seconds.clear()
    print(json.dumps(run(arguments.recipe) | {"steps": dict(timers.seconds)}))


if __name__ == "__main__":
    main()
