"""A world whose recipe mines pairs with the encoder of another recipe, run once."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

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
mine: {languages: [[en, de], [en, fr]], threshold: -1, margin: absolute}
score: {encoder: {recipe: seed.yaml, arm: mmlm_tlm_xlco}, layer: 1}
dictionary: {}
"""


@dataclass(frozen=True)
class Loop:
    """A finished loop: `recipe.yaml` mined with what `seed.yaml` trained; `said` is what `polyloom run` printed."""

    world: "World"
    said: str

    def copy(self, folder: Path, without: tuple[str, ...]) -> "World":
        """Return a copy that lacks the datasets of some of `recipe.yaml`'s stages."""
        shutil.copytree(self.world.folder / "runs" / "seed", folder / "runs" / "seed")
        return self.world.copy(folder, without)


@pytest.fixture(scope="session")
def loop(raw: "World", tmp_path_factory: pytest.TempPathFactory) -> Loop:
    world = raw.copy(tmp_path_factory.mktemp("loop"))
    recipe = (world.folder / "recipe.yaml").read_text(encoding="utf-8")
    (world.folder / "seed.yaml").write_text(recipe.replace("name: tiny", "name: seed"), encoding="utf-8")
    looped = recipe.replace("align: {}", f"{MONOLINGUAL}align: {{}}\n{MINE}").replace(
        "evaluate: {", "evaluate: {others: {seed: {recipe: seed.yaml, arm: mmlm_tlm_xlco}}, "
    )
    (world.folder / "recipe.yaml").write_text(looped, encoding="utf-8")
    return Loop(world, world.polyloom("run"))
