"""The loop: a recipe whose encoder another one trains runs that one first, and trains on the pairs that it mined."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.datasets.dataset import Dataset

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow

MONOLINGUAL = """\
    - format: catalog
      name: text
      path: catalogs.zip
      pattern: components/{document}/{language}.json
      languages: [en, de, fr, ja]
      keys: false
"""
MINE = """\
segment: {}
embed: {encoder: {recipe: seed.yaml, arm: mmlm_tlm_xlco}, layer: 1}
mine: {languages: [[en, de], [en, fr]], threshold: 0.5, centering: true, margin: distance}
score: {encoder: {recipe: seed.yaml, arm: mmlm_tlm_xlco}, layer: 1}
"""


def test_the_loop(raw: "World", tmp_path: Path) -> None:
    world = raw.copy(tmp_path)
    recipe = (world.folder / "recipe.yaml").read_text(encoding="utf-8")
    (world.folder / "seed.yaml").write_text(recipe.replace("name: tiny", "name: seed"), encoding="utf-8")
    looped = recipe.replace("align: {}", f"{MONOLINGUAL}align: {{}}\n{MINE}").replace(
        "evaluate: {", "evaluate: {others: {seed: {recipe: seed.yaml, arm: mmlm_tlm_xlco}}, "
    )
    (world.folder / "recipe.yaml").write_text(looped, encoding="utf-8")
    said = world.polyloom("run")
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
