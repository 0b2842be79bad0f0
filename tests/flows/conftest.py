"""A recipe whose one stage is done: its dataset is committed by hand, so nothing heavy runs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flows import process
from pipelines.datasets.draft import Draft
from pipelines.datasets.manifest import Manifest, Rows
from pipelines.datasets.stage import DELIVERABLE, StageRun
from pipelines.plan import plan
from pipelines.recipe import load_recipe


@pytest.fixture(autouse=True)
def _not_stopping() -> None:
    process.stopping.clear()


@pytest.fixture
def clean_environment() -> Iterator[None]:
    """An environment that says nothing about Prefect; what the test sets is undone."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("PREFECT_", "DO_NOT_TRACK")):
            del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def recipe_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe with the stage `ingest` alone, in a folder that is the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("raw.txt").write_text("One line.\n", encoding="utf-8")
    Path("lid.ftz").write_bytes(b"a model")
    path = Path("recipe.yaml")
    path.write_text(
        "name: tiny\n"
        "ingest:\n"
        "  language_model: lid.ftz\n"
        "  sources:\n"
        "    - {format: lines, name: raw, path: raw.txt, language: en}\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def commit() -> Callable[..., None]:
    """Return a function that makes the dataset of a run, with one file for people in it."""

    def make(run: StageRun, html: bytes, summary: dict[str, Any] | None = None) -> None:
        draft = Draft(run.folder)
        entry = draft.write_bytes("report.html", html, DELIVERABLE)
        manifest = Manifest(
            stage=run.spec.name,
            version=run.spec.version,
            instance=run.instance,
            fingerprint=run.fingerprint,
            config={},
            inputs={},
            unit_in="records",
            unit_out="paragraphs",
            rows=Rows(rows_in=3, expanded=1, rows_out=3, dropped={"empty": 1}),
            files=[entry],
            summary=summary or {},
        )
        draft.commit(manifest, b"{}")

    return make


@pytest.fixture
def done_recipe(recipe_path: Path, commit: Callable[[StageRun, bytes], None]) -> Path:
    for run in plan(load_recipe(recipe_path)):
        commit(run, b"<p>done</p>")
    return recipe_path
