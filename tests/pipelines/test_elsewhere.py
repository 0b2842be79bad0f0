"""An encoder that another recipe trains: checked before any work, planned with its fingerprint, and made first."""

from pathlib import Path

import pytest

from pipelines.datasets.elsewhere import ExportedArm
from pipelines.datasets.errors import ConfigError
from pipelines.plan import export_of, plan, upstream
from pipelines.recipe import load_recipe

INGEST = """\
ingest:
  language_model: lid.ftz
  sources:
    - {format: lines, name: raw, path: raw.txt, language: en}
"""
FIRST = f"""\
name: first
{INGEST}deduplicate: {{}}
publish: {{}}
tokenize: {{}}
pretrain:
  seed: 1
  arms: {{small: {{objectives: {{mlm: 1}}}}, large: {{objectives: {{mlm: 1}}}}}}
export: {{}}
"""
SECOND = f"""\
name: second
{INGEST}segment: {{}}
embed: {{encoder: {{recipe: first.yaml, arm: small}}}}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("raw.txt").write_text("One line.\n", encoding="utf-8")
    Path("lid.ftz").write_bytes(b"a model")
    Path("first.yaml").write_text(FIRST, encoding="utf-8")
    Path("second.yaml").write_text(SECOND, encoding="utf-8")


def test_the_other_recipes_export_is_an_input() -> None:
    runs = {run.label: run for run in plan(load_recipe(Path("second.yaml")))}
    assert list(runs) == ["ingest", "segment", "embed"]
    export = runs["embed"].inputs["encoder"][""]
    assert export.fingerprint == export_of(ExportedArm(recipe="first.yaml", arm="small")).fingerprint
    assert export.folder.parent == Path("runs/first")


def test_all_that_it_needs_comes_before() -> None:
    labels = [f"{run.folder.parent.name} {run.label}" for run in upstream(plan(load_recipe(Path("second.yaml"))))]
    assert labels == [
        "second ingest", "second segment", "first ingest", "first deduplicate", "first publish", "first tokenize",
        "first pretrain small", "first pretrain large", "first export", "second embed",
    ]  # fmt: skip


def test_lineage_is_what_made_the_encoder_and_not_where_its_recipe_lies() -> None:
    def embed() -> str:
        return plan(load_recipe(Path("second.yaml")))[-1].fingerprint

    before = embed()
    Path("moved.yaml").write_text(FIRST, encoding="utf-8")
    Path("second.yaml").write_text(SECOND.replace("first.yaml", "moved.yaml"), encoding="utf-8")
    assert embed() == before
    Path("moved.yaml").write_text(FIRST.replace("seed: 1", "seed: 2"), encoding="utf-8")
    assert embed() != before
    Path("second.yaml").write_text(SECOND.replace("small", "large"), encoding="utf-8")
    assert embed() != before


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (FIRST, SECOND.replace("first.yaml", "nowhere.yaml"), "nowhere.yaml: no such file; give the path of a recipe"),
        (
            FIRST,
            SECOND.replace("arm: small", "arm: smal"),
            "second.yaml: embed.encoder: first.yaml has no arm 'smal'; it has small, large",
        ),
        (
            FIRST.replace("export: {}", ""),
            SECOND,
            "second.yaml: embed.encoder: first.yaml exports no encoder; add a section `export: {}` there",
        ),
        (FIRST.replace("seed: 1", "sead: 1"), SECOND, "first.yaml: pretrain.sead: unknown key; did you mean `seed`?"),
        (
            f"{FIRST}segment: {{}}\nembed: {{encoder: {{recipe: second.yaml, arm: small}}}}\n",
            SECOND,
            "first.yaml: embed.encoder: the recipes go round in a circle: second.yaml needs first.yaml needs "
            "second.yaml; take the encoder of another",
        ),
        (
            FIRST,
            f"{SECOND}deduplicate: {{}}\npublish: {{}}\ntokenize: {{}}\npretrain: {{}}\nexport: {{}}\n".replace(
                "first.yaml, arm: small", "./second.yaml, arm: infoxlm"
            ),
            "second.yaml: embed.encoder: the recipes go round in a circle: second.yaml needs second.yaml;",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_before_any_work(first: str, second: str, message: str) -> None:
    Path("first.yaml").write_text(first, encoding="utf-8")
    Path("second.yaml").write_text(second, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_recipe(Path("second.yaml"))
    assert str(error.value).startswith(message)
