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


def test_translate_train_all_learns_from_every_file_and_all_dev_chooses(tmp_path: Path, encoder_folder: Path) -> None:
    data = write_official(tmp_path / "data", languages=("de", "zh"))
    english = data / "xnli" / "train-en.tsv"
    translated = tmp_path / "train-de.tsv"
    lines = english.read_text(encoding="utf-8").splitlines()
    translated.write_text("".join(f"ja {line}\n" for line in lines[:3]), encoding="utf-8")
    recipe = {
        "name": "suite",
        "runs": str(tmp_path / "runs"),
        "xtreme": {
            "data": str(data),
            "encoders": {"small": str(encoder_folder)},
            "seeds": [1],
            "setting": "translate_train_all",
            "selection": "all_dev",
            "finetuning": {"epochs": 2, "max_tokens": 96, "warmup_steps": 0},
            "tasks": {"xnli": {"train": {"en": str(english), "de": str(translated)}}},
        },
    }
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    loaded = load_recipe(path)
    made = {run.spec.name: execute(run, loaded.engine) for run in plan(loaded)}
    assert made["finetune"].manifest.summary["examples"] == len(lines) + 3
    history = json.loads(made["finetune"].read("history.json"))
    assert all(set(line["dev"]) == {"en", "de", "zh"} for line in history)
    means = [sum(scores["accuracy"] for scores in line["dev"].values()) / 3 for line in history]
    assert [line["value"] for line in history] == pytest.approx(means)
    assert made["finetune"].manifest.summary["best_epoch"] == 1 + means.index(max(means))
    board = json.loads(made["scoreboard"].read("scoreboard.json"))["encoders"]["small"]
    assert board["tasks"]["xnli"]["missing"]  # 12 of its languages have no file
