"""What a worker meets reaches the command line as one sentence, with exit status 2 and no traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RECIPE = """\
name: tiny
runs: {folder}/runs
engine: {{workers: {workers}}}
ingest:
  language_model: {model}
  sources: [{{format: catalog, name: app, path: {folder}/raw, pattern: "{{document}}/{{language}}.json",
             languages: [en]}}]
"""
# The raw file goes between planning and reading: a worker is the first to miss it.
RUN = """\
import shutil, sys
from pathlib import Path
from pipelines import cli
from pipelines.stages import work
unfinished = work.unfinished
def late(*arguments):
    shutil.rmtree(Path(sys.argv[2]).parent / "raw")
    return unfinished(*arguments)
work.unfinished = late
cli.main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_goes_while_a_stage_runs(tmp_path: Path, language_model: str, workers: int) -> None:
    raw = tmp_path / "raw" / "a" / "en.json"
    raw.parent.mkdir(parents=True)
    raw.write_text(json.dumps({"key": "enter your name"}))
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(folder=tmp_path, workers=workers, model=language_model))
    done = subprocess.run(
        [sys.executable, "-c", RUN, "ingest", str(recipe)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"error: {tmp_path}/raw: cannot be read")
    assert last.endswith("or run `polyloom fetch`, if a package brings it")
    assert "Traceback" not in done.stderr
