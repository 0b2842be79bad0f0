"""A published corpus in other formats: what is written, that it is read back, and that others open it."""

import gzip
import json
import lzma
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
import zstandard
from lxml import etree
from pydantic import TypeAdapter

from pipelines.config.sources import Source
from pipelines.datasets.corpus import open_corpus
from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import Manifest
from pipelines.formats.out import cc100
from pipelines.formats.out.convert import convert
from pipelines.stages.ingesting.sources import divider, open_format

GERMAN = ["das passwort ist eingerichtet", "gib den namen und das passwort ein", "das passwort eingeben",
          "der name ist eingerichtet"]  # fmt: skip


@pytest.fixture(scope="module")
def corpus(small: Path, make: Callable[..., dict[str, Path]]) -> Dataset:
    return open_corpus(make(small)["publish"])


def jsonl(path: Path) -> list[dict[str, Any]]:
    data = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
    return [json.loads(line) for line in data.decode().splitlines()]


def read_back(path: Path, kind: str, **keys: Any) -> list[str]:
    """Return the paragraphs that ingest reads."""
    source = TypeAdapter(Source).validate_python({"format": kind, "name": "s", "path": str(path), **keys})
    form = open_format(source)
    parts = [records for split in form.plan() for records in form.read(split)]
    assert not any(records.unreadable for records in parts)
    divide = divider(source)
    assert divide is not None
    return [part for records in parts for text in records.batch["text"].to_pylist() for part in divide(text)]


def test_cc100(corpus: Dataset, tmp_path: Path) -> None:
    convert(corpus, tmp_path / "out", "cc100")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["README.md", "de.txt.xz", "en.txt.xz"]
    english = lzma.decompress((tmp_path / "out" / "en.txt.xz").read_bytes()).decode()
    assert english.startswith("enter your name and your password\nthe password is configured\n\nenter your name\n\n")
    assert english.endswith("the name is configured\n")
    assert read_back(tmp_path / "out" / "de.txt.xz", "lines", documents=True) == GERMAN


def test_a_cc100_file_can_be_unpacked_in_parts(
    corpus: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(corpus, tmp_path / "one", "cc100")
    monkeypatch.setattr(cc100, "_STREAM_BYTES", 40)
    convert(corpus, tmp_path / "many", "cc100")
    one, many = ((tmp_path / name / "en.txt.xz").read_bytes() for name in ("one", "many"))
    assert many.count(b"\xfd7zXZ\0") > one.count(b"\xfd7zXZ\0") == 1
    assert lzma.decompress(many) == lzma.decompress(one)


def test_jsonl(corpus: Dataset, tmp_path: Path) -> None:
    convert(corpus, tmp_path / "out", "jsonl")
    assert jsonl(tmp_path / "out" / "en" / "train-00000.jsonl.zst")[0] == {
        "text": "enter your name and your password\nthe password is configured",
        "id": "pages:0",
        "document": "http://a/1",
        "language": "en",
        "file": "pages",
        "rows": ["0:0", "0:1"],
    }
    assert jsonl(tmp_path / "out" / "en-de" / "train-00000.jsonl.zst")[0] == {
        "translation": {"en": "enter the password", "de": "das passwort eingeben"},
        "source_id": "app/door/en.json:0:0",
        "target_id": "app/door/de.json:0:0",
        "document": "door",
        "score": None,
    }
    fields = {"document_field": "document", "language_field": "language"}
    assert read_back(tmp_path / "out" / "de" / "train-00000.jsonl.zst", "jsonl", **fields) == GERMAN


def test_parquet(corpus: Dataset, tmp_path: Path) -> None:
    convert(corpus, tmp_path / "out", "parquet")
    path = tmp_path / "out" / "de" / "train-00000.parquet"
    assert read_back(path, "parquet", document_field="document", language_field="language") == GERMAN


TITLES = [("enter the password", "das passwort eingeben"), ("the name is configured", "der name ist eingerichtet")]


def test_moses(corpus: Dataset, tmp_path: Path) -> None:
    convert(corpus, tmp_path / "out", "moses")
    folder = tmp_path / "out" / "en-de"
    assert sorted(path.name for path in folder.iterdir()) == ["train.de", "train.en"]
    assert (folder / "train.en").read_text().splitlines() == [english for english, _ in TITLES]
    assert (folder / "train.de").read_text().splitlines() == [german for _, german in TITLES]
    paths = {language: str(folder / f"train.{language}") for language in ("en", "de")}
    assert pairs_back("moses", paths=paths) == TITLES


def test_tsv(corpus: Dataset, tmp_path: Path) -> None:
    convert(corpus, tmp_path / "out", "tsv")
    path = tmp_path / "out" / "en-de" / "train.tsv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert lines[:2] == [
        "en\tde\tscore\tdocument\tsource_id\ttarget_id",
        "enter the password\tdas passwort eingeben\t\tdoor\tapp/door/en.json:0:0\tapp/door/de.json:0:0",
    ]
    columns = ["en", "de", "score", "document", "-", "-"]
    assert pairs_back("tsv", path=str(path), columns=columns, header=True) == TITLES


def test_tmx(corpus: Dataset, tmp_path: Path) -> None:
    convert(corpus, tmp_path / "out", "tmx")
    path = tmp_path / "out" / "en-de" / "train.tmx.gz"
    tree = etree.fromstring(gzip.decompress(path.read_bytes()))
    assert (tree.get("version"), tree.find("header").get("srclang")) == ("1.4", "en")
    assert [segment.text for segment in tree.iter("seg")] == [text for pair in TITLES for text in pair]
    assert [prop.text for prop in tree.iter("prop")][:3] == ["door", "app/door/en.json:0:0", "app/door/de.json:0:0"]
    assert pairs_back("tmx", path=str(path), document="document") == TITLES


def test_parquet_pairs(corpus: Dataset, tmp_path: Path) -> None:
    convert(corpus, tmp_path / "out", "parquet")
    path = tmp_path / "out" / "en-de" / "train-00000.parquet"
    texts = {"en": "translation.en", "de": "translation.de"}
    assert pairs_back("parquet", path=str(path), texts=texts, score_field="score") == TITLES


def pairs_back(kind: str, **keys: Any) -> list[tuple[str, str]]:
    """Return the pairs that ingest reads, English first."""
    source = TypeAdapter(Source).validate_python({"format": kind, "name": "s", **keys})
    form = open_format(source)
    parts = [records for split in form.plan() for records in form.read(split)]
    assert not any(records.unreadable for records in parts)
    assert divider(source) is None  # a side is one paragraph
    found: dict[str, dict[str, str]] = {}
    for row in (row for records in parts for row in records.batch.to_pylist()):
        found.setdefault(row["key"], {})[row["language"]] = row["text"]
    return [(sides["en"], sides["de"]) for sides in found.values()]


def test_the_card_has_a_configuration_for_each_language(corpus: Dataset, tmp_path: Path) -> None:
    convert(corpus, tmp_path / "out", "parquet")
    card = (tmp_path / "out" / "README.md").read_text()
    _, head, body = card.split("---\n", 2)
    front = yaml.safe_load(head)
    assert front["language"] == ["de", "en"]
    assert [config["config_name"] for config in front["configs"]] == ["all", "de", "en", "en-de"]
    assert front["configs"][0]["data_files"] == [
        {"split": "train", "path": ["de/train-*.parquet", "en/train-*.parquet"]}
    ]
    assert "Sentences made up for a test." in body
    assert "has a document a row" in body
    assert ".arrow" not in body


@pytest.mark.parametrize("to", ["cc100", "jsonl", "parquet", "moses", "tsv", "tmx"])
def test_the_same_corpus_gives_the_same_bytes(corpus: Dataset, tmp_path: Path, to: str) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        convert(corpus, folder, to)
    one, two = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in folders
    )
    assert one == two


def test_what_is_there_is_left_alone(corpus: Dataset, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    convert(corpus, target, "jsonl")
    with pytest.raises(UserError, match=r"out: is there already; name another folder, or remove this one"):
        convert(corpus, target, "parquet")
    assert not list(target.rglob("*.parquet"))


def test_nothing_is_left_of_a_conversion_that_failed(
    corpus: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on the disk")

    monkeypatch.setattr(cc100.Cc100, "write", full)
    with pytest.raises(OSError, match="no space left"):
        convert(corpus, tmp_path / "out", "cc100")
    assert list(tmp_path.iterdir()) == []


def test_a_corpus_of_pairs_alone_has_nothing_for_cc100(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "publish-f")
    partition = {"kind": "pairs", "language": "de", "split": "train"}
    files = [
        draft.write_table(
            "pairs/en-de/train-00000.arrow", pa.table({"source_lang": ["en"], "target_lang": ["de"]}), partition
        )
    ]
    manifest = Manifest(
        stage="publish", version=1, fingerprint="f" * 32, config={}, inputs={}, unit_in="rows", unit_out="rows",
        rows=SplitRecord.rows_of(Counts(1, 0, 1)), files=files,
    )  # fmt: skip
    draft.commit(manifest, b"{}")
    with pytest.raises(UserError, match="holds no texts, and cc100 no pairs; convert it to jsonl or parquet"):
        convert(open_corpus(draft.folder), tmp_path / "out", "cc100")


@pytest.mark.parametrize("to", ["moses", "tsv", "tmx"])
def test_a_corpus_of_texts_alone_has_nothing_for_pairs(tmp_path: Path, to: str) -> None:
    draft = Draft(tmp_path / "publish-f")
    partition = {"kind": "text", "language": "de", "split": "train"}
    files = [draft.write_table("text/de/train-00000.arrow", pa.table({"text": ["ja"]}), partition)]
    manifest = Manifest(
        stage="publish", version=1, fingerprint="f" * 32, config={}, inputs={}, unit_in="rows", unit_out="rows",
        rows=SplitRecord.rows_of(Counts(1, 0, 1)), files=files,
    )  # fmt: skip
    draft.commit(manifest, b"{}")
    with pytest.raises(UserError, match=f"holds no pairs, and {to} no texts; convert it to jsonl or parquet"):
        convert(open_corpus(draft.folder), tmp_path / "out", to)


def test_the_card_of_pairs_alone_names_their_languages(corpus: Dataset, tmp_path: Path) -> None:
    convert(corpus, tmp_path / "out", "tmx")
    front = yaml.safe_load((tmp_path / "out" / "README.md").read_text().split("---\n", 2)[1])
    assert front["language"] == ["de", "en"]
    assert "configs" not in front


def test_only_a_published_corpus_is_converted(small: Path, make: Callable[..., dict[str, Path]]) -> None:
    with pytest.raises(UserError, match="a dataset of ingest; name a published corpus"):
        open_corpus(make(small)["ingest"])


@pytest.mark.slow
@pytest.mark.parametrize("to", ["cc100", "jsonl", "parquet"])
def test_hugging_face_datasets_opens_it(corpus: Dataset, tmp_path: Path, to: str) -> None:
    convert(corpus, tmp_path / "out", to)
    code = (
        "import datasets, sys\n"
        "one = datasets.load_dataset(sys.argv[1], 'de')\n"
        "every = datasets.load_dataset(sys.argv[1])\n"
        "print({name: len(rows) for name, rows in one.items()}, one['train'][0]['text'], len(every['train']))\n"
        "if sys.argv[2] != 'cc100':\n"
        "    print(datasets.load_dataset(sys.argv[1], 'en-de')['train'][1]['translation'])\n"
    )
    environment = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache"), "PATH": ""}
    command = [sys.executable, "-c", code, str(tmp_path / "out"), to]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    rows = {"cc100": (7, 15), "jsonl": (4, 8), "parquet": (4, 8)}[to]
    assert done.stdout.splitlines()[0] == f"{{'train': {rows[0]}}} {GERMAN[0]} {rows[1]}"
    if to != "cc100":
        assert done.stdout.splitlines()[1] == str({"en": "the name is configured", "de": "der name ist eingerichtet"})
