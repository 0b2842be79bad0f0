"""`scoreboard`: from the manifests of predictions to scoreboard.json."""

import json
from pathlib import Path
from typing import Any

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.manifest import Manifest, Rows
from pipelines.datasets.progress import Progress
from pipelines.datasets.stage import EngineSection, Job
from training.config.xtreme_runs import ScoreboardRun
from training.stages import scoreboard

SECTION = {
    "tasks": {"pawsx": "PAWS-X", "tatoeba": "Tatoeba", "place": "place in the catalog"},
    "encoders": ("ours", "untrained"),
    "seeds": (1, 2),
    "setting": "zero_shot",
    "selection": "english_dev",
}


def prediction(folder: Path, encoder: str, task: str, kind: str, seed: int, summary: dict[str, Any]) -> Dataset:
    draft = Draft(folder / f"{encoder}.{task}.s{seed}")
    manifest = Manifest(
        stage="predict",
        version=1,
        fingerprint="0" * 32,
        config={"encoder_name": encoder, "task": task, "kind": kind, "seed": seed},
        inputs={},
        unit_in="examples",
        unit_out="predictions",
        rows=Rows(rows_in=0, expanded=0, rows_out=0, dropped={}),
        files=[],
        summary=summary,
    )
    draft.commit(manifest, b"{}")
    return Dataset(draft.folder)


def test_predictions_become_rows_in_the_order_of_the_recipe(tmp_path: Path) -> None:
    place = {"en": {"accuracy": 70.0}, "de": {"accuracy": 50.0}}
    found = [
        prediction(tmp_path, "untrained", "place", "pair", 1, {"scores": place}),
        prediction(tmp_path, "ours", "place", "pair", 1, {"scores": place}),
        prediction(tmp_path, "ours", "place", "pair", 2, {"scores": {code: {"accuracy": 60.0} for code in place}}),
        prediction(
            tmp_path, "ours", "tatoeba", "tatoeba", 1,
            {"scores": {"de": {"accuracy": 90.0}}, "beside": {"centred": {"de": {"accuracy": 95.0}}},
             "notes": {"de": {"layer": 8, "pooling": "mean", "dev_f1_by_layer": {"8": 50.0, "10": 60.0}}}},
        ),
    ]  # fmt: skip
    draft = Draft(tmp_path / "scoreboard")
    inputs = {"predict": {str(number): dataset for number, dataset in enumerate(found)}}
    section = ScoreboardRun.model_validate(SECTION)
    outcome = scoreboard.run(Job(section, EngineSection(), inputs, draft, Progress("test")))

    (entry,) = outcome.files
    assert entry.partition == {"kind": "deliverable"}
    board = json.loads((draft.folder / entry.name).read_bytes())
    assert list(board["encoders"]) == ["ours", "untrained"]
    assert (board["setting"], board["selection"]) == ("zero_shot", "english_dev")
    own = board["encoders"]["ours"]["tasks"]
    assert own["place"]["score"] == 60
    assert [one["seed"] for one in own["place"]["seeds"]] == [1, 2]
    assert own["tatoeba"]["seeds"][0]["seed"] is None
    assert own["tatoeba"]["beside"]["centred"]["languages"] == {"de": 95.0}
    assert own["tatoeba"]["layer"] == 8
    assert own["tatoeba"]["dev_by_layer"] == [{"layer": 8, "f1": 50.0}, {"layer": 10, "f1": 60.0}]
    assert own["place"]["layer"] is None
    assert len(own["tatoeba"]["missing"]) == 35
    assert board["tasks"]["place"]["languages"] == ["en", "de"]
    assert any(row["name"] == "T-ULRv2 + StableTune" for row in board["published"])
    assert outcome.summary["encoders"]["ours"]["tasks"] == {"tatoeba": None, "place": 60.0}
    assert outcome.summary["encoders"]["ours"]["average"] is None
    assert outcome.counts.rows_out == 4
