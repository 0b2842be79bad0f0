"""Contracts 1 to 3 over the datasets of a whole run."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from flows.phases import PHASES
from pipelines.datasets.dataset import Dataset

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow


def stages_of(world: "World") -> list[str]:
    recipe = yaml.safe_load((world.folder / "recipe.yaml").read_text(encoding="utf-8"))
    return [stage for stages in PHASES.values() for stage in stages if stage in recipe]


@pytest.mark.parametrize("name", ["undisturbed", "loop"])
def test_every_manifest_conserves_rows_and_every_file_has_its_checksum(
    request: pytest.FixtureRequest, name: str
) -> None:
    found = request.getfixturevalue(name)
    world: World = found.world if name == "loop" else found
    runs = world.plan()
    assert {run.spec.name for run in runs} == set(stages_of(world))
    for run in runs:
        dataset = Dataset(world.folder / run.folder)
        rows = dataset.manifest.rows
        assert rows.rows_in + rows.expanded == rows.rows_out + sum(rows.dropped.values()) > 0
        assert list(dataset.damaged()) == []
        names = {path.relative_to(dataset.folder).as_posix() for path in dataset.folder.rglob("*") if path.is_file()}
        assert names == {entry.name for entry in dataset.manifest.files} | {"manifest.json", "run.json"}


def test_one_worker_makes_the_bytes_of_two(undisturbed: "World", raw: "World", tmp_path: Path) -> None:
    world = raw.copy(tmp_path)
    stages = [stage for stage in stages_of(world) if stage in PHASES["corpus"]]
    for stage in stages:
        world.polyloom(stage, "--set", "engine.workers=1")
    expected = undisturbed.made()
    made = world.made()
    assert made == {name: expected[name] for name in made}
    assert {name.split("-")[0] for name in made} == set(stages)


@pytest.mark.parametrize("stage", ["publish", "pretrain"])
def test_of_two_writers_at_once_one_makes_the_dataset(undisturbed: "World", tmp_path: Path, stage: str) -> None:
    world = undisturbed.copy(tmp_path, without=(stage,))
    writers = [world.start(stage) for _ in range(2)]
    outputs = [writer.communicate()[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], outputs
    assert world.made() == undisturbed.made()
    instances = sum(run.spec.name == stage for run in world.plan())
    assert sum(output.count(": done, ") for output in outputs) >= instances
