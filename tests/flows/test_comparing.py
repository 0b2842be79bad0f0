"""How two recipes become sides, and what is refused before anything is trained; no stage runs here."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from flows import comparing
from flows.comparing import Side, compare, encoder_overrides, named
from flows.process import StageFailed, StageProcess, stopping
from pipelines import registry
from pipelines.cli import application
from pipelines.datasets.errors import ConfigError, UserError
from pipelines.datasets.stage import StageRun
from pipelines.recipe import load_recipe
from pipelines.registry import stages

ROOT = Path(__file__).parents[2]
PRETRAIN: dict[str, Any] = {
    "steps": 6,
    "tokens_per_step": 512,
    "model": {"layers": 2, "hidden": 16, "heads": 2, "feed_forward": 32, "positions": 64},
    "data": {"max_tokens": 20},
    "contrast": {"layer": 1},
    "arms": {"plain": {"objectives": {"mlm": 1, "tlm": 1}}, "full": {"objectives": {"mlm": 1, "tlm": 1, "xlco": 1}}},
}
Write = Callable[..., Path]


@pytest.fixture
def write(recipe_path: Path) -> Write:
    """Return a function that writes a recipe with every stage up to `pretrain`, with keys of `pretrain` changed."""

    def make(name: str, **changes: Any) -> Path:
        recipe = yaml.safe_load(recipe_path.read_text(encoding="utf-8"))
        recipe |= {"align": {}, "deduplicate": {}, "publish": {}, "tokenize": {}, "pretrain": PRETRAIN | changes}
        path = Path(name)
        path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
        return path

    return make


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch, commit: Callable[[StageRun, bytes], None]) -> list[str]:
    """Let each stage be done at once, and return what was run, in the order of its start."""
    ran: list[str] = []

    def follow(process: StageProcess, watch: Callable[[], None] = lambda: None) -> None:
        watch()
        ran.append(" ".join((process.label, *process.command[3:])))
        if process.folder is not None:
            process.folder.mkdir(parents=True, exist_ok=True)
            (process.folder / "manifest.json").write_text("{}")

    monkeypatch.setattr(comparing, "follow", follow)
    monkeypatch.setattr(comparing, "execute", lambda run, _engine: run)
    return ran


def test_both_sides_are_made_and_trained_once_and_then_measured(write: Write, followed: list[str]) -> None:
    first, second = write("first.yaml", arms={"only": PRETRAIN["arms"]["full"]}), write("second.yaml")
    sides = named(Side("", first), Side("", second, arm="plain"))
    run: Any = compare(sides, [1, 2, 3], {"split": "dev", "texts": 7, "retrieval": {"pool_size": 9}})
    corpus = ["ingest", "align", "deduplicate", "publish", "tokenize"]
    assert [line.split()[0] for line in followed[:5]] == corpus  # the second's are the same datasets
    assert sorted(followed[5:]) == [
        f"pretrain {arm} --set pretrain.seed={seed} --instance {arm}" for arm in ("only", "plain") for seed in (1, 2, 3)
    ]
    assert run.folder.name.startswith("compare-")
    assert set(run.inputs["pretrain"]) == {f"{side}-{seed}" for side in ("first", "second") for seed in (1, 2, 3)}
    assert run.inputs["publish"]["first"].folder == run.inputs["publish"]["second"].folder
    assert (run.config.sides, run.config.seeds, run.config.texts) == (("first", "second"), (1, 2, 3), 7)
    followed.clear()
    again: Any = compare(sides, [1, 2, 3], {"split": "dev", "texts": 7, "retrieval": {"pool_size": 9}})
    assert followed == []
    assert again.folder == run.folder
    more: Any = compare(sides, [1, 2, 3, 4], {"split": "dev"})
    assert sorted(line.split()[1] for line in followed) == ["only", "plain"]
    assert more.folder != run.folder


def test_sides_are_named_by_recipe_else_by_arm() -> None:
    demo, other = Path("demo.yaml"), Path("x/a b.yaml")
    assert [side.name for side in named(Side("", demo), Side("", other))] == ["demo", "a_b"]
    assert [side.name for side in named(Side("", demo, arm="p"), Side("", demo, arm="q"))] == ["p", "q"]
    assert [side.name for side in named(Side("", demo, arm="p"), Side("", demo, arm="p"))] == ["demo", "demo-b"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps": 7}, r"first and second differ in pretrain\.steps \(6 and 7\), so .*give both the same, with --set"),
        ({"tokens_per_step": 600}, r"differ in pretrain\.tokens_per_step \(512 and 600\)"),
        ({"model": {**PRETRAIN["model"], "hidden": 32}}, r"differ in pretrain\.model .*'hidden': 16.*'hidden': 32"),
    ],
)
def test_unequal_encoders_are_refused(write: Write, followed: list[str], changes: dict[str, Any], said: str) -> None:
    sides = named(Side("", write("first.yaml"), arm="full"), Side("", write("second.yaml", **changes), arm="full"))
    with pytest.raises(ConfigError, match=said):
        compare(sides, [1, 2, 3], {})
    assert followed == []


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        (None, r"second\.yaml: has the arms plain, full; name one with --arm \(or --arm-b"),
        ("best", r"second\.yaml: has no arm best; it has plain, full"),
    ],
)
def test_the_arm_must_be_clear(write: Write, followed: list[str], arm: str | None, said: str) -> None:
    sides = named(Side("", write("first.yaml"), arm="full"), Side("", write("second.yaml"), arm=arm))
    with pytest.raises(ConfigError, match=said):
        compare(sides, [1, 2, 3], {})


def test_a_recipe_that_trains_nothing_is_told_of_the_small_encoder(recipe_path: Path, followed: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"has no section `pretrain`; .*--encoder flows/configs/small\.yaml"):
        compare(named(Side("", recipe_path), Side("", recipe_path)), [1, 2, 3], {})


def test_the_small_encoder_takes_the_place_of_both(write: Write) -> None:
    overrides = encoder_overrides(ROOT / "flows/configs/small.yaml")
    recipe = load_recipe(write("first.yaml"), overrides)
    section = recipe.section("pretrain").model_dump()  # type: ignore[union-attr]
    assert list(section["arms"]) == ["small"]
    assert section["model"]["hidden"] == 128
    assert section["optimizer"]["learning_rate"] == 4e-3
    assert encoder_overrides(None) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pretrain: {steps: 1}\ningest: {}", r"has the sections `tokenize` and `pretrain`, not `ingest`; take it out"),
        ("tokenize: {}", r"has the sections `tokenize` and `pretrain`; add `pretrain`"),
    ],
)
def test_an_encoder_has_its_sections_alone(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "encoder.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        encoder_overrides(path)


def test_a_training_that_fails_stops_the_others(
    write: Write, monkeypatch: pytest.MonkeyPatch, followed: list[str]
) -> None:
    follow = comparing.follow

    def fail(process: StageProcess, watch: Callable[[], None] = lambda: None) -> None:
        if process.label.startswith("pretrain"):
            raise StageFailed("pretrain full ended with status 1", 1)
        follow(process, watch)

    monkeypatch.setattr(comparing, "follow", fail)
    path = write("first.yaml")
    with pytest.raises(StageFailed, match="ended with status 1"):
        compare(named(Side("", path, arm="full"), Side("", path, ("pretrain.steps=6",), "plain")), [1, 2, 3], {})
    assert stopping.is_set()


def test_the_command_asks_for_three_seeds(write: Write) -> None:
    path = str(write("first.yaml"))
    done = CliRunner().invoke(application(), ["compare", path, path, "--seeds", "2"])
    assert done.exit_code == 2
    assert "--seeds" in done.output


def test_what_reads_several_recipes_is_no_stage_of_one() -> None:
    assert "compare" not in stages()
    assert registry.stage_across("compare").across


def test_without_the_package_that_measures_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_installed", dict)
    with pytest.raises(UserError, match=r"compare needs a package that is not installed: install polyloom\[training\]"):
        registry.stage_across("compare")


def test_packages_that_both_name_are_fetched_once(write: Write, followed: list[str]) -> None:
    package = {"name": "a", "version": "1", "file": "a.whl", "sha256": "ab" * 32}
    for name in ("first.yaml", "second.yaml"):
        path = write(name)
        fetch = yaml.safe_dump({"fetch": {"packages": [package]}})
        path.write_text(path.read_text(encoding="utf-8") + fetch, encoding="utf-8")
    sides = named(Side("", Path("first.yaml"), arm="full"), Side("", Path("second.yaml"), arm="plain"))
    compare(sides, [1, 2, 3], {})
    assert [line for line in followed if line.startswith("fetch")] == ["fetch"]


def test_every_side_of_the_ablation_is_a_recipe_with_equal_tokens() -> None:
    import ablation

    plan = ablation.read_yaml(ROOT / ablation.PLAN)
    plan["recipe"] = str(ROOT / plan["recipe"])
    chosen = {name for one in plan["comparisons"] for name in one["sides"]}
    assert chosen == set(plan["sides"])
    arms: dict[str, dict[str, Any]] = {}
    for one in ablation.comparisons(plan, []):
        for side in one.sides:
            section: Any = side.recipe().section("pretrain")
            arms[side.name] = json.loads(section.resolve()[side.arm].model_dump_json())
    assert len({json.dumps([arm[key] for key in ("model", "steps", "tokens_per_step")]) for arm in arms.values()}) == 1
    # the faithful side is at the defaults wherever size has no say
    faithful, default = arms["faithful"]["contrast"], comparing.Side("", Path(plan["recipe"])).recipe()
    contrast: Any = type(default.section("pretrain").contrast)().model_dump(mode="json")  # type: ignore[union-attr]
    assert {key for key in contrast if contrast[key] != faithful[key]} == {"layer", "queue_size"}
    assert replace(next(iter(ablation.comparisons(plan, []))).sides[0], name="x").arm == "mmlm_tlm"
