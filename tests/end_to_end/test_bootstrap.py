"""The loop: a recipe whose encoder another one trains runs that one first, and trains on the pairs that it mined."""

from typing import TYPE_CHECKING

import pytest

from pipelines.datasets.dataset import Dataset

if TYPE_CHECKING:
    from end_to_end.conftest import Loop

pytestmark = pytest.mark.slow


def test_the_loop(loop: "Loop") -> None:
    world, said = loop.world, loop.said
    assert said.index("export                   started") < said.index("embed                    started")
    assert not list((world.folder / "runs" / "seed").glob("evaluate-*"))  # only what the export needs

    made = {run.spec.name: Dataset(world.folder / run.folder) for run in world.plan() if not run.instance}
    mined = made["mine"].manifest
    assert mined.rows.rows_out > 0
    assert mined.rows.rows_in + mined.rows.expanded == mined.rows.rows_out + sum(mined.rows.dropped.values())
    published = made["publish"]
    methods = {
        (entry.partition["split"], method)
        for entry in published.files(kind="pairs")
        for method in published.table(entry)["method"].to_pylist()
    }
    assert {method for split, method in methods if split != "train"} == {"key"}
    assert made["score"].manifest.summary["columns"] == {"margin": ["pairs"]}
    assert "seed" in made["evaluate"].manifest.summary["retrieval"]["scores"]
    assert "nothing to do" in world.polyloom("run")
