"""report.json holds what the project promises, with values worked out by hand from the small run."""

import json
import shutil
from pathlib import Path
from typing import Any

from pipelines.datasets.dataset import Dataset
from pipelines.report.figures import figures
from pipelines.report.reading import read_facts

Inputs = dict[str, dict[str, Dataset]]


def figures_of(inputs: Inputs) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json.dumps(figures(read_facts("small", inputs))))
    return value


def test_retrieval(whole_run: Inputs) -> None:
    retrieval = figures_of(whole_run)["retrieval"]
    assert retrieval["scores"] == {"untrained": 25.0, "char_ngrams": 20.0, "mmlm_tlm": 15.0, "mmlm_tlm_xlco": 60.0}
    assert (retrieval["languages"], retrieval["candidates"], retrieval["chance"]) == (2, 200, 0.5)
    assert retrieval["gain"] == 35.0
    assert retrieval["gain_ci95"] == [33.5, 36.5]
    assert retrieval["directions"]["mmlm_tlm_xlco"] == {"en-xx": 63.0, "xx-en": 57.0}
    assert retrieval["chosen_on_dev"]["untrained"] == {"layer": 2, "pooling": "mean", "centered": True}


def test_rows_of_each_stage(whole_run: Inputs) -> None:
    rows = figures_of(whole_run)["rows"]
    assert rows["ingest"] == {
        "in": 1000,
        "expanded": 20,
        "out": 1010,
        "dropped": 10,
        "dropped_by_reason": {"not_json": 1, "empty": 9},
    }
    assert rows["pretrain"]["in"] == 8  # both arms
    for counts in rows.values():
        assert counts["in"] + counts["expanded"] == counts["out"] + counts["dropped"]


def test_seconds_of_arms_that_overlap_are_wall_time(whole_run: Inputs) -> None:
    values = figures_of(whole_run)
    assert values["seconds"]["ingest"] == 4.0
    assert values["seconds"]["pretrain"] == 30.0  # 120 to 140 and 130 to 150
    assert values["total_seconds"] == 12.0 + 30.0 + 5.0  # 100 to 112, 120 to 150, 200 to 205


def test_training(whole_run: Inputs) -> None:
    arm = figures_of(whole_run)["training"]["mmlm_tlm_xlco"]
    assert arm["tokens_by_objective"] == {"mlm": 133, "tlm": 133, "xlco": 133}
    assert arm["final_losses"] == {"mlm": 2.25, "tlm": 2.25, "xlco": 2.25}
    assert (arm["seed"], arm["seconds"], arm["mfu"]) == (7, 16.0, 0.457)


def test_stages_stand_in_the_order_of_the_data(whole_run: Inputs) -> None:
    backwards = dict(reversed(whole_run.items()))
    order = ["ingest", "align", "deduplicate", "publish", "tokenize", "pretrain", "evaluate"]
    assert list(figures_of(backwards)["rows"]) == order


def test_a_corpus_alone_has_no_training_and_no_retrieval(corpus_run: Inputs) -> None:
    values = figures_of(corpus_run)
    assert set(values["rows"]) == {"ingest", "align", "deduplicate", "publish"}
    assert values["corpus"]["pairs"]["de"] == {"train": 80, "dev": 11, "test": 9}
    assert "training" not in values
    assert "retrieval" not in values


def test_without_times_there_are_no_seconds(corpus_run: Inputs, tmp_path: Path) -> None:
    (dataset,) = corpus_run["ingest"].values()
    copy = Path(shutil.copytree(dataset.folder, tmp_path / "ingest"))
    (copy / "run.json").unlink()
    values = figures_of(corpus_run | {"ingest": {"": Dataset(copy)}})
    assert "ingest" not in values["seconds"]
    assert values["rows"]["ingest"]["in"] == 1000


def test_the_tokenizer(whole_run: Inputs) -> None:
    assert figures_of(whole_run)["tokenizer"] == {
        "vocabulary": 8002,
        "given": False,
        "tokens_per_cpu_second": 2_000_000.0,
        "megabytes_per_cpu_second": 7.5,
        "by_language": {
            "en": {"characters": 4000, "tokens": 1000, "tokens_per_character": 0.25, "unknown": 0, "byte_pieces": 0},
            "de": {"characters": 1000, "tokens": 500, "tokens_per_character": 0.5, "unknown": 3, "byte_pieces": 25},
        },
    }


def test_evaluation_sets(corpus_run: Inputs) -> None:
    found = figures(read_facts("small", corpus_run))
    assert found["contamination"] == {"xtreme/tatoeba": {"sentences": 36000, "found": 212, "rows": 480}}
