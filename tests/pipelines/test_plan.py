"""The plan knows every dataset's name before any work."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from pipelines import plan as plan_module
from pipelines.datasets.fingerprint import RawPath
from pipelines.datasets.stage import EngineSection, StageRun, StageSpec


class Ingest(BaseModel):
    path: RawPath


class Train(BaseModel):
    seed: int = 1


STAGES = {
    "ingest": StageSpec("ingest", 1, Ingest, "x:run", (), "pipelines", "help"),
    "align": StageSpec("align", 1, Train, "x:run", ("ingest",), "pipelines", "help"),
    "publish": StageSpec("publish", 1, Train, "x:run", ("ingest",), "pipelines", "help", optional=("align",)),
    "pretrain": StageSpec(
        "pretrain", 1, Train, "x:run", ("publish",), "training", "help",
        instances=lambda section: {"a": section, "b": Train(seed=section.seed + 1)},
    ),
    "probe": StageSpec(
        "probe", 1, Train, "x:run", ("pretrain",), "training", "help", key="pretrain",
        instances=lambda section: {"x": section, "y": Train(seed=section.seed + 1)},
        reads=lambda config, stage, instance: (stage, instance) == ("pretrain", "ba"[config.seed % 2]),
    ),
}  # fmt: skip


class Recipe(BaseModel):
    engine: EngineSection = EngineSection()
    folder: Path
    sections: dict[str, BaseModel]

    def section(self, stage: str) -> BaseModel | None:
        return self.sections.get(STAGES[stage].recipe_key)


@pytest.fixture(autouse=True)
def _stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "stages", lambda: STAGES)


def planned(tmp_path: Path, without: tuple[str, ...] = (), seed: int = 1) -> dict[str, StageRun]:
    raw = tmp_path / "raw.txt"
    if not raw.exists():
        raw.write_text("text")
    sections: dict[str, BaseModel] = {
        "ingest": Ingest(path=str(raw)), "align": Train(), "publish": Train(), "pretrain": Train(seed=seed),
    }  # fmt: skip
    recipe = Recipe(folder=tmp_path / "runs", sections={k: v for k, v in sections.items() if k not in without})
    return {run.label: run for run in plan_module.plan(recipe)}  # type: ignore[arg-type]


def test_each_arm_is_a_run_and_reads_what_comes_before(tmp_path: Path) -> None:
    runs = planned(tmp_path)
    assert list(runs)[:5] == ["ingest", "align", "publish", "pretrain a", "pretrain b"]
    assert runs["publish"].inputs["align"][""] is runs["align"]
    assert runs["pretrain b"].folder.name == f"pretrain-b-{runs['pretrain b'].fingerprint[:12]}"


def test_an_optional_input_is_read_only_where_it_is_made(tmp_path: Path) -> None:
    assert list(planned(tmp_path, without=("align",))["publish"].inputs) == ["ingest"]


def test_a_change_renames_what_depends_on_it_and_nothing_else(tmp_path: Path) -> None:
    before, after = planned(tmp_path), planned(tmp_path, seed=5)
    changed = {label for label in before if before[label].fingerprint != after[label].fingerprint}
    assert changed == {"pretrain a", "pretrain b", "probe x", "probe y"}
    (tmp_path / "raw.txt").write_text("other text")
    assert all(run.fingerprint != before[label].fingerprint for label, run in planned(tmp_path).items())


def test_stages_may_go_by_one_section_and_an_instance_reads_what_it_chooses(tmp_path: Path) -> None:
    runs = planned(tmp_path)
    for probe, arm in (("probe x", "a"), ("probe y", "b")):
        assert runs[probe].inputs == {"pretrain": {arm: runs[f"pretrain {arm}"]}}
    assert "probe x" not in planned(tmp_path, without=("pretrain",))
