"""The versions of a corpus: noted once each, with their lineage, and compared."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from flows.versions import losses, note_version, versions
from pipelines.datasets.stage import StageRun
from pipelines.plan import plan
from pipelines.recipe import load_recipe
from pipelines.registry import stages


def published(recipe_path: Path, commit: Callable[..., None], digit: str, rows: dict[str, dict[str, int]]) -> StageRun:
    (ingest,) = plan(load_recipe(recipe_path))
    folder = ingest.folder.with_name(f"publish-{digit}")
    run = replace(
        ingest,
        spec=stages()["publish"],
        fingerprint=digit * 32,
        folder=folder,
        inputs={"ingest": {"": ingest}},
    )
    counts = {
        kind: {language: {"train": count - 1, "dev": 1, "test": 0} for language, count in languages.items()}
        for kind, languages in rows.items()
    }
    commit(run, b"", {"rows": counts})
    return run


def test_a_version_names_what_it_was_made_from_and_the_one_before(
    recipe_path: Path, commit: Callable[..., None]
) -> None:
    folder = Path("runs/tiny")
    assert versions(folder) == []
    first = published(recipe_path, commit, "1", {"text": {"de": 10}})
    assert note_version(folder, first, recipe_path) == versions(folder)[0]
    assert note_version(folder, first, recipe_path) is None
    second = published(recipe_path, commit, "2", {"text": {"de": 12}})
    note_version(folder, second, recipe_path)
    one, two = versions(folder)
    assert (one.number, one.previous, one.folder) == (1, None, "publish-1")
    assert (two.number, two.previous, two.fingerprint) == (2, "1" * 32, "2" * 32)
    assert two.inputs == {"ingest": first.inputs["ingest"][""].fingerprint}
    assert two.rows == {"text": {"de": 12}}


def test_losses_are_languages_below_the_share_the_greatest_first(
    recipe_path: Path, commit: Callable[..., None]
) -> None:
    folder = Path("runs/tiny")
    before = {"text": {"de": 100, "fr": 100, "ja": 100}, "pairs": {"de": 50}}
    now = {"text": {"de": 90, "fr": 89, "ja": 120}}
    for digit, rows in (("1", before), ("2", now)):
        note_version(folder, published(recipe_path, commit, digit, rows), recipe_path)
    lost = losses(*versions(folder), 0.1)
    assert [str(loss) for loss in lost] == [
        "pairs de: 50 rows before, 0 now (-100.0%)",
        "text fr: 100 rows before, 89 now (-11.0%)",
    ]
