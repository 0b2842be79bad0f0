"""`polyloom compare` on the tiny world: trains, is stopped, goes on, and finds everything there the next time."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow

CHANGED = ("--set", "pretrain.tokens_per_step=600", "--texts", "20", "--candidates", "8")


def test_two_recipes_are_compared_and_then_all_is_there(undisturbed: "World", tmp_path: Path) -> None:
    world = undisturbed.copy(tmp_path, without=("pretrain", "export", "evaluate", "report"))
    other = (world.folder / "recipe.yaml").read_text(encoding="utf-8").replace("queue_size: 32", "queue_size: 0")
    (world.folder / "other.yaml").write_text(other, encoding="utf-8")
    arguments = ("compare", "other.yaml", "--arm", "mmlm_tlm_xlco", *CHANGED)
    said = world.polyloom(*arguments)
    assert "6 encoders to compare" in said
    assert "all languages" in said
    runs = world.folder / "runs" / "tiny"
    (path,) = runs.glob("compare-*/comparison.json")
    result = json.loads(path.read_bytes())
    assert (result["sides"], result["seeds"]) == (["recipe", "other"], [1, 2, 3])
    assert result["loss"]["languages"] == ["de", "en", "fr", "ja"]
    assert path.parent.with_suffix(".svg").is_file()
    before = world.made()
    again = world.polyloom(*arguments)
    assert "6 encoders to compare, 6 of them trained before" in again
    assert world.made() == before


def test_corpora_are_compared_by_the_small_encoder(undisturbed: "World", tmp_path: Path) -> None:
    world = undisturbed.copy(tmp_path, without=("tokenize", "pretrain", "export", "evaluate", "report"))
    small = (
        "tokenize: {vocabulary: 150, threads: 1}\n"
        "pretrain:\n"
        "  steps: 2\n  tokens_per_step: 600\n  data: {max_tokens: 30}\n  contrast: {layer: 1, queue_size: 8}\n"
        "  model: {layers: 1, hidden: 16, heads: 2, feed_forward: 16, positions: 64}\n"
        "  arms: {small: {objectives: {mlm: 1, tlm: 1}}}\n"
    )
    (world.folder / "small.yaml").write_text(small, encoding="utf-8")
    kept = ("--set-b", "publish.duplicates.paragraphs=all")
    said = world.polyloom("compare", "recipe.yaml", *kept, "--encoder", "small.yaml", "--candidates", "5")
    assert "recipe-b, seed 3: trained" in said
    folder = world.folder / "runs" / "tiny"
    assert len(list(folder.glob("publish-*"))) == len(list(folder.glob("tokenize-*"))) == 2
    assert len(list(folder.glob("pretrain-small-*"))) == 6
