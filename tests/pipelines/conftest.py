"""What tests of several packages use."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pipelines.datasets.stage import execute
from pipelines.plan import plan
from pipelines.recipe import load_recipe

LINES = [
    b"das passwort ist eingerichtet",
    b"kurz",
    b"Das  Passwort ist\x07 eingerichtet",
    b"gr\xf6\xdfe",
    b"",
    b"gib den namen und das passwort ein",
]
PAGES = [
    {"url": "http://a/1", "text": "enter your name and your password\n\nthe password is configured"},
    {"url": "http://a/2", "text": None},
    {"url": "http://a/3", "text": "enter your name\n \nenter your name and your password"},
]
MESSAGES = {
    "en": {"title": "enter the password", "help": "the name is configured"},
    "de": {"title": "das passwort eingeben", "help": "der name ist eingerichtet"},
}


@pytest.fixture(scope="session")
def language_model() -> str:
    """The path of a fastText model that knows English, German and Japanese.

    Made by `fasttext.train_supervised(path, minn=2, maxn=4, dim=16, bucket=500, epoch=100, lr=0.05, thread=1)` from
    nine sentences such as "enter your name and your password", twenty times each. It is kept as a file because
    training stops with "Encountered NaN" in some processes.
    """
    return str(Path(__file__).with_name("models") / "three_languages.bin")


def write_recipe(folder: Path, model: str) -> Path:
    """Write the raw files and a recipe that reads them."""
    raw = folder / "raw"
    (raw / "app" / "door").mkdir(parents=True)
    (raw / "wild.txt.gz").write_bytes(gzip.compress(b"\n".join(LINES) + b"\n"))
    (raw / "pages.jsonl").write_text("".join(json.dumps(page) + "\n" for page in PAGES))
    for language, messages in MESSAGES.items():
        (raw / "app" / "door" / f"{language}.json").write_text(json.dumps(messages))
    recipe = {
        "name": "small",
        "runs": str(folder / "runs"),
        "engine": {"workers": 1},
        "ingest": {
            "language_model": model,
            "tolerated_share": 0.5,
            "sources": [
                {"format": "lines", "name": "wild", "path": str(raw / "wild.txt.gz"), "language": "de"},
                {"format": "jsonl", "name": "pages", "path": str(raw / "pages.jsonl"), "document_field": "url"},
                {
                    "format": "catalog",
                    "name": "app",
                    "path": str(raw / "app"),
                    "pattern": "{document}/{language}.json",
                    "languages": ["en", "de"],
                },
            ],
        },
        "align": {},
        "deduplicate": {},
        "publish": {
            "thresholds": {"min_chars": 6},
            "test": {"share": 0},
            "dev": {"share": 0},
            "origin": "Sentences made up for a test.",
        },
    }
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return path


def run_stages(path: Path, *stages: str) -> dict[str, Path]:
    """Run these stages of a recipe, or all, and return their folders."""
    recipe = load_recipe(path)
    planned = plan(recipe)
    for run in planned:
        if not stages or run.spec.name in stages:
            execute(run, recipe.engine)
    return {run.spec.name: run.folder for run in planned}


@pytest.fixture(scope="session")
def make() -> Callable[..., dict[str, Path]]:
    """Return a function that runs these stages of a recipe, or all, and returns the folder of each."""
    return run_stages


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, language_model: str) -> Path:
    """The recipe of a corpus of several formats that is made up to publish. Tests leave it as it is."""
    path = write_recipe(tmp_path_factory.mktemp("small"), language_model)
    run_stages(path)
    return path


@pytest.fixture
def own(tmp_path: Path, language_model: str) -> Path:
    """The same recipe before anything has run, for tests that change something."""
    return write_recipe(tmp_path, language_model)
