"""A recipe with a watched folder is frozen: a run that began does not see what arrives later."""

from pathlib import Path
from typing import Any

from flows.frozen import frozen
from pipelines.recipe import load_recipe


def test_a_recipe_without_a_pattern_stays_itself(recipe_path: Path) -> None:
    assert frozen(recipe_path, ("ingest.tolerated_share=0.2",), Path("runs/tiny")) == (
        recipe_path,
        ("ingest.tolerated_share=0.2",),
    )
    assert not Path("runs").exists()


def test_what_arrives_later_is_of_the_next_run(recipe_path: Path) -> None:
    watched = recipe_path.read_text(encoding="utf-8").replace("path: raw.txt", "path: inbox/*.txt")
    recipe_path.write_text(watched, encoding="utf-8")
    Path("inbox").mkdir()
    Path("inbox/a.txt").write_text("One line.\n", encoding="utf-8")
    folder = Path("runs/tiny")
    path, overrides = frozen(recipe_path, ("ingest.tolerated_share=0.2",), folder)
    assert (path.parent, overrides) == (folder / "recipes", ())
    before = load_recipe(path)
    Path("inbox/b.txt").write_text("Another line.\n", encoding="utf-8")
    section: Any = before.section("ingest")
    assert load_recipe(path) == before
    assert [source.name for source in section.sources] == ["raw-a.txt"]
    assert section.tolerated_share == 0.2
    again, _ = frozen(recipe_path, ("ingest.tolerated_share=0.2",), folder)
    assert again != path
    section = load_recipe(again).section("ingest")
    assert [source.name for source in section.sources] == ["raw-a.txt", "raw-b.txt"]
    assert frozen(path, (), folder) == (path, ())
