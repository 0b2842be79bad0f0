"""All nine tasks, from tiny files in the official layout to the report, with an untrained encoder."""

import json
from pathlib import Path

import pytest
import yaml
from official import write_official

from pipelines.datasets.stage import execute
from pipelines.plan import plan
from pipelines.recipe import load_recipe
from training.xtreme.tasks.registry import TASKS


def test_nine_tasks_from_files_to_the_scoreboard(tmp_path: Path, encoder_folder: Path) -> None:
    recipe = {
        "name": "suite",
        "runs": str(tmp_path / "runs"),
        "xtreme": {
            "data": str(write_official(tmp_path / "data")),
            "encoders": {"small": str(encoder_folder)},
            "seeds": [1],
            "finetuning": {"epochs": 1, "max_tokens": 96, "stride": 32, "warmup_steps": 0},
        },
        "report": {},
    }
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    loaded = load_recipe(path)
    made = {run.label: execute(run, loaded.engine) for run in plan(loaded)}
    board = json.loads(made["scoreboard"].read("scoreboard.json"))["encoders"]["small"]
    assert set(board["tasks"]) == {task.name for task in TASKS}
    assert all(task["score"] is not None and not task["missing"] for task in board["tasks"].values())
    scores = [task["score"] for task in board["tasks"].values()]
    assert board["average"] == pytest.approx(sum(scores) / 9, abs=1e-2)
    assert "reaches" in made["report"].read("report.html").decode()
    assert all(run.is_done for run in plan(loaded))
