"""`polyloom xtreme`: a folder is checked, a suite runs as a flow, and an interrupted one goes on."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from official import write_official
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

from training.config.model import ModelSection
from training.hub import fast_tokenizer, to_transformers, write_folder
from training.model import initialized

pytestmark = pytest.mark.slow

POLYLOOM = str(Path(sys.executable).with_name("polyloom"))
SHAPE = ModelSection(layers=2, hidden=16, heads=2, feed_forward=32, positions=128)
VIEW = {"augmentation": {"kind": "subword_sampling"}}
RECIPE = {
    "name": "suite",
    "xtreme": {
        "data": "data",
        "encoders": {"small": "encoder"},
        "untrained": {"control": "small"},
        "seeds": [1],
        "at_once": 2,
        "finetuning": {"epochs": 2, "warmup_share": 0},
        "tasks": {
            "xnli": {"grid": {"learning_rate": [1e-4, 1e-3]}},
            "udpos": {"xtune": {"first": VIEW, "second": VIEW, "agreement": VIEW}},
            "tatoeba": {},
        },
    },
    "report": {},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with XTREME's data, an encoder and a recipe."""
    folder = tmp_path_factory.mktemp("suite")
    write_official(folder / "data", languages=("de", "zh"))
    texts = (folder / "data" / "xnli" / "train-en.tsv").read_text(encoding="utf-8").splitlines()
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, vocab_size=120, hard_vocab_limit=False, minloglevel=2
    )
    vocabulary = SentencePieceProcessor(model_proto=model.getvalue()).get_piece_size() + 2
    (folder / "encoder").mkdir()
    theirs = to_transformers(initialized(SHAPE, vocabulary, 1))
    write_folder(theirs, fast_tokenizer(model.getvalue(), SHAPE.positions), folder / "encoder")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(RECIPE), encoding="utf-8")
    return folder


def started(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [POLYLOOM, *arguments],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


@pytest.mark.slow
def test_an_interrupted_suite_goes_on_and_ends_with_a_scoreboard(folder: Path) -> None:
    process = started(folder, "xtreme", "run", "recipe.yaml")
    runs, deadline = folder / "runs" / "suite", time.monotonic() + 300
    while not list(runs.glob("finetune-*/manifest.json")):
        assert process.poll() is None, "it ended before a run was finished"
        assert time.monotonic() < deadline, "no run was finished"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 130, said
    finished = {path: path.stat().st_mtime_ns for path in runs.glob("*/manifest.json")}

    again = started(folder, "xtreme", "run", "recipe.yaml")
    said = again.communicate(timeout=500)[0]
    assert again.returncode == 0, said
    assert "was there already" in said
    assert all(path.stat().st_mtime_ns == time_ns for path, time_ns in finished.items())
    board = json.loads((runs / "scoreboard.json").read_text(encoding="utf-8"))
    for name in ("small", "control"):
        tasks = board["encoders"][name]["tasks"]
        assert set(tasks) == {"xnli", "udpos", "tatoeba"}
        assert set(tasks["xnli"]["languages"]) == {"en", "de", "zh"}
        assert tasks["xnli"]["score"] is None  # of 15 languages three are there
        assert board["encoders"][name]["average"] is None
    (chosen,) = [json.loads(path.read_text()) for path in runs.glob("predict-small.xnli.s1-*/manifest.json")]
    assert len(chosen["summary"]["chosen"]["values"]) == 2
    assert (runs / "report.html").is_file()
    nothing = started(folder, "xtreme", "run", "recipe.yaml").communicate(timeout=120)[0]
    assert "nothing to do" in nothing


def test_a_folder_is_checked(folder: Path) -> None:
    process = started(folder, "xtreme", "check", "data")
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 1
    assert "3 of 15" in said

    broken = folder / "data" / "xnli" / "dev-en.tsv"
    before = broken.read_bytes()
    broken.write_bytes(b"one column\n")
    try:
        said = started(folder, "xtreme", "check", "data").communicate(timeout=120)[0]
    finally:
        broken.write_bytes(before)
    assert "en!" in said
    assert "dev-en.tsv" in said


def test_a_recipe_without_a_suite_is_refused(folder: Path) -> None:
    (folder / "other.yaml").write_text("name: other\n", encoding="utf-8")
    process = started(folder, "xtreme", "run", "other.yaml")
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 2
    assert "has no section `xtreme`" in said
