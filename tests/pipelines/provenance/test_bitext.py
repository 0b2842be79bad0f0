"""Bitext from its files to published pairs and back: every format in one corpus, with a pivot and without."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.reasons import Reason
from pipelines.plan import plan
from pipelines.provenance.lineage import published
from pipelines.provenance.raw import RawRecord
from pipelines.provenance.trace import published_places, trace
from pipelines.provenance.why import datasets_of, find_source, why
from pipelines.recipe import load_recipe

GERMAN = ["das passwort ist eingerichtet", "gib den namen ein", "der name ist eingerichtet"]
ENGLISH = ["the password is configured", "enter the name", "the name is configured"]
MINED = '{"t": {"en": "your name is configured", "de": "dein name ist eingerichtet"}}\n'
TMX = """<tmx version="1.4"><header/><body>
<tu><tuv xml:lang="de-AT"><seg>gib das passwort ein</seg></tuv>
<tuv xml:lang="EN-US"><seg>enter the password</seg></tuv></tu>
<tu><tuv xml:lang="de"><seg>der name</seg></tuv><tuv xml:lang="tlh"><seg>pong</seg></tuv></tu>
</body></tmx>"""


def sources(raw: Path) -> list[dict[str, Any]]:
    (raw / "po" / "app").mkdir(parents=True)
    (raw / "b.de").write_text("".join(f"{line}\n" for line in GERMAN))
    (raw / "b.en").write_text("".join(f"{line}\n" for line in ENGLISH))
    (raw / "w.tsv").write_text("1.25\tdein name und dein passwort\tyour name and your password\nx\ta\tb\n")
    (raw / "m.tmx").write_text(TMX)
    (raw / "m.jsonl").write_text("{}\n" + MINED)
    (raw / "po" / "app" / "de.po").write_text(
        'msgid "enter your name"\nmsgstr "gib deinen namen ein"\n\n#, fuzzy\nmsgid "no connection"\nmsgstr "passwort"\n'
    )
    return [
        {"format": "moses", "name": "books", "paths": {"de": str(raw / "b.de"), "en": str(raw / "b.en")}},
        {"format": "tsv", "name": "wiki", "path": str(raw / "w.tsv"), "columns": ["score", "de", "en"]},
        {"format": "jsonl", "name": "mined", "path": str(raw / "m.jsonl"), "texts": {"de": "t.de", "en": "t.en"}},
        {"format": "tmx", "name": "memory", "path": str(raw / "m.tmx")},
        {
            "format": "po",
            "name": "po",
            "path": str(raw / "po"),
            "pattern": "{document}/{language}.po",
            "languages": ["de"],
        },
    ]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory, language_model: str) -> Path:
    folder = tmp_path_factory.mktemp("bitext")
    given = {
        "name": "bitext",
        "runs": str(folder / "runs"),
        "engine": {"workers": 1},
        "ingest": {"language_model": language_model, "tolerated_share": 0.5, "sources": sources(folder / "raw")},
        "align": {},
        "deduplicate": {},
        "publish": {"test": {"share": 0}, "dev": {"share": 0}, "origin": "Made up for a test."},
    }
    (folder / "bitext.yaml").write_text(yaml.safe_dump(given))
    return folder / "bitext.yaml"


@pytest.fixture(scope="module")
def folders(recipe: Path, make: Callable[..., dict[str, Path]]) -> dict[str, Path]:
    return make(recipe)


def test_pairs_of_every_format_are_published(folders: dict[str, Path]) -> None:
    corpus = Dataset(folders["publish"])
    pairs = [row for entry in corpus.files(kind="pairs") for row in corpus.table(entry).to_pylist()]
    assert {(row["source_text"], row["target_text"]) for row in pairs} == {
        *zip(ENGLISH, GERMAN, strict=True),
        ("your name and your password", "dein name und dein passwort"),
        ("enter the password", "gib das passwort ein"),
        ("enter your name", "gib deinen namen ein"),
        ("your name is configured", "dein name ist eingerichtet"),
    }
    (scored,) = (row["given_score"] for row in pairs if row["source_file"] == "wiki")
    assert scored == 1.25
    assert {row["document"] for row in pairs} == {"books:0", "wiki:0", "mined:0", "memory:0", "app"}


def test_every_record_is_accounted_for(folders: dict[str, Path]) -> None:
    manifest = Dataset(folders["ingest"]).manifest
    assert manifest.rows.dropped == {
        Reason.WRONG_FIELD: 4, Reason.UNFINISHED: 1, Reason.UNKNOWN_LANGUAGE: 1
    }  # fmt: skip
    assert manifest.rows.rows_in == 6 + 4 + 4 + 4 + 4


@pytest.mark.parametrize(
    ("row", "data", "text"),
    [
        ("books:2:0", b"gib den namen ein", "gib den namen ein"),
        ("books:3:0", b"enter the name", "enter the name"),
        (
            "wiki:1:0",
            b"1.25\tdein name und dein passwort\tyour name and your password\n",
            "your name and your password",
        ),
        ("mined:2:0", MINED.encode(), "dein name ist eingerichtet"),
        ("memory:1:0", b"enter the password", "enter the password"),
        ("po/app/de.po:1:0", b"gib deinen namen ein", "gib deinen namen ein"),
    ],
)
def test_a_row_is_traced_to_its_raw_file(folders: dict[str, Path], row: str, data: bytes, text: str) -> None:
    lineage = published(folders["publish"])
    found = trace(lineage, published_places(lineage, row)[0])
    (side,) = found.sides
    assert isinstance(side.raw, RawRecord)
    assert (side.text, side.raw.data, side.raw.parts) == (text, data, [text])


@pytest.mark.parametrize(
    ("file", "record", "reason"),
    [
        ("wiki", 2, Reason.WRONG_FIELD),
        ("mined", 1, Reason.WRONG_FIELD),
        ("mined", 3, None),
        ("memory", 3, Reason.UNKNOWN_LANGUAGE),
        ("po/app/de.po", 3, Reason.UNFINISHED),
        ("books", 0, None),
    ],
)
def test_why(recipe: Path, folders: dict[str, Path], file: str, record: int, reason: Reason | None) -> None:
    assert folders
    loaded = load_recipe(recipe)
    source, name = find_source(loaded.section("ingest").sources, file)
    answer = why(source, name, record, datasets_of(plan(loaded)), [])
    assert answer.fates[0].reason == reason


def test_a_source_is_found_by_each_of_its_files(recipe: Path) -> None:
    given = load_recipe(recipe).section("ingest").sources
    for name in ("b.de", "b.en"):
        assert find_source(given, str(recipe.parent / "raw" / name))[1] == "books"
