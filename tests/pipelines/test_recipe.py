"""A recipe is checked whole before any work, and what is wrong is said with its place and what would be right."""

from pathlib import Path

import pytest

from pipelines.datasets.errors import ConfigError
from pipelines.recipe import load_recipe

DEMO = Path(__file__).parents[2] / "flows" / "configs" / "demo.yaml"


def recipe(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_demo_is_valid_and_has_every_stage() -> None:
    demo = load_recipe(DEMO)
    stages = ("ingest", "deduplicate", "align", "publish", "tokenize", "pretrain", "export", "evaluate", "report")
    assert all(demo.section(stage) is not None for stage in stages)
    assert demo.folder == Path("runs/demo")


def test_a_stage_that_the_recipe_leaves_out_does_not_run(tmp_path: Path) -> None:
    assert load_recipe(recipe(tmp_path, "name: empty")).section("ingest") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runs: r", "name: this key is missing; add it"),
        ("name: a/b", "name: string should match pattern"),
        ("name: x\nenginee: {}", "enginee: unknown key; did you mean `engine`?"),
        ("name: x\nengine: {worker: 2}", "engine.worker: unknown key; did you mean `workers`?"),
        (
            "name: x\nengine: {zzz: 2}",
            "engine.zzz: unknown key; known keys: runner, workers, memory_budget, portable, flink, options",
        ),
        ("name: x\nengine: {workers: 0}", r"engine.workers: input should be greater than or equal to 1 \(found 0\)"),
        (
            "name: x\nengine: {runner: spark}",
            r"engine.runner: input should be 'local', 'portable' or 'flink' \(found 'spark'\)",
        ),
        ("name: x\nalign: {}", "align needs the stage ingest: add a section `ingest: {}`"),
        ("name: x\nreport: {}", "report needs something to go by: add a section `publish` or `xtreme`"),
        ("name: x\nname: y", "line 2, column 1: not valid YAML: the key 'name' stands twice; mend that line"),
        ("name: [x", "not valid YAML"),
        ("- name", "a recipe is a mapping of keys to values"),
        ("", "a recipe is a mapping of keys to values"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = recipe(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as error:
        load_recipe(path)
    assert str(error.value).startswith(str(path))


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_recipe(recipe(tmp_path, "name: x\nengine: {workers: 0, runner: spark}"))
    assert len(str(error.value).splitlines()) == 2


def test_a_missing_file_and_one_that_is_not_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such file"):
        load_recipe(tmp_path / "nowhere.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"bytes\.yaml: cannot be read as UTF-8"):
        load_recipe(tmp_path / "bytes.yaml")


def test_norwegian_is_not_false(tmp_path: Path) -> None:
    assert load_recipe(recipe(tmp_path, "name: no")).name == "no"


def test_a_value_is_replaced_from_the_command_line() -> None:
    changed = load_recipe(DEMO, ["engine.workers=1", "name=other", "pretrain.seed=7"])
    assert (changed.engine.workers, changed.name) == (1, "other")
    assert changed.section("pretrain").seed == 7  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("engine.workers", r"--set engine\.workers: write it as key\.path=value"),
        ("name.x=1", r"--set name\.x=1: name holds a value, not a section"),
        ("pretrain.sead=1", "pretrain.sead: unknown key; did you mean `seed`?"),
    ],
)
def test_a_wrong_replacement_is_explained(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_recipe(DEMO, [override])
