"""The same pages in every input format at once go the whole way, and give the same clean paragraphs in each."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from corpus import FORMATS, Document, recipe, write_source

from pipelines.datasets.dataset import Dataset

pytestmark = pytest.mark.slow

POLYLOOM = str(Path(sys.executable).with_name("polyloom"))
MODEL = Path(__file__).parents[1] / "pipelines" / "models" / "three_languages.bin"
PARTS = {
    "en": ("Please turn on the {0} in the {1}", "lamp door heater camera pump alarm", "kitchen garden hall office"),
    "de": ("Bitte die {0} in der {1} einschalten", "Lampe Heizung Kamera Pumpe Sirene", "Küche Wiese Diele Stube"),
    "ja": ("{1}の{0}をオンにしてください", "ランプ ドア ヒーター カメラ 警報", "台所 庭 地下室 玄関 書斎"),
}
PAGES = 60


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of all stages of a corpus, twice: the second with a threshold and compared with the first."""
    folder = tmp_path_factory.mktemp("formats")
    made = pages()
    sources = [write_source(name, made, folder) | {"split_bytes": 4000} for name in FORMATS]
    model = {"language_model": str(MODEL)}
    near = {"near": {"jaccard": 0.6}}
    (folder / "first.yaml").write_text(recipe("first", sources, ingest=model, deduplicate=near), encoding="utf-8")
    polyloom(folder, "first.yaml")
    second = {
        "publish": {"thresholds": {"min_chars": 30}, "filters": {"gopher_repetition": {}}},
        "report": {"previous": "runs/first/report.json", "flagged_loss": 0.05},
    }
    (folder / "second.yaml").write_text(
        recipe("second", sources, ingest=model, deduplicate=near, **second), encoding="utf-8"
    )
    polyloom(folder, "second.yaml")
    return folder / "runs"


def pages() -> list[Document]:
    draw = random.Random(1)
    made = []
    for number in range(PAGES):
        language = list(PARTS)[number % len(PARTS)]
        sentence, things, places = PARTS[language]
        lines = [
            sentence.format(draw.choice(things.split()), draw.choice(places.split())) + f" & <{number % 7}>"
            for _ in range(draw.randint(2, 9))
        ]
        made.append(Document(f"https://{language}.example/{number}", language, lines))
    return [*made, *(page._replace(url=f"{page.url}/copy") for page in made[::10])]


def polyloom(folder: Path, config: str) -> None:
    done = subprocess.run([POLYLOOM, "run", config], cwd=folder, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def dataset(runs: Path, name: str, stage: str) -> Dataset:
    (folder,) = (runs / name).glob(f"{stage}-*/manifest.json")
    return Dataset(folder.parent)


def test_every_format_gives_the_same_paragraphs(run: Path) -> None:
    ingested = dataset(run, "first", "ingest")
    found = {
        name: sorted(
            text
            for entry in ingested.files(kind="staged", source=name)
            for text in ingested.table(entry)["text"].to_pylist()
        )
        for name in FORMATS
    }
    expected = sorted(line for page in pages() for line in page.paragraphs)
    assert {name for name, texts in found.items() if texts != expected} == set()


def test_formats_that_know_documents_agree_on_them(run: Path) -> None:
    ingested = dataset(run, "first", "ingest")
    sizes = {
        name: [
            size
            for entry in ingested.files(kind="documents", source=name)
            for size in ingested.table(entry)["paragraphs"].to_pylist()
        ]
        for name in FORMATS
    }
    expected = [len(page.paragraphs) for page in pages()]
    assert {name for name, found in sizes.items() if found != expected} == {"lines", "lines-bz2"}


def test_rows_are_conserved_from_stage_to_stage(run: Path) -> None:
    for name in ("first", "second"):
        rows = {stage: dataset(run, name, stage).manifest.rows for stage in ("ingest", "deduplicate", "publish")}
        paragraphs = len(FORMATS) * sum(len(page.paragraphs) for page in pages())
        assert rows["ingest"].rows_out == rows["deduplicate"].rows_out == rows["publish"].rows_in == paragraphs
        published = dataset(run, name, "publish")
        assert sum(entry.rows for entry in published.files(kind="text")) == rows["publish"].rows_out
        assert sum(entry.rows for entry in published.files(kind="decisions")) == paragraphs


def test_each_text_is_published_once_and_none_is_lost(run: Path) -> None:
    published = dataset(run, "first", "publish")
    texts = {
        (row["lang"], row["text"])
        for entry in published.files(kind="text")
        for row in published.table(entry).select(["lang", "text"]).to_pylist()
    }
    assert len(texts) == published.manifest.rows.rows_out
    assert {text for _, text in texts} == {line for page in pages() for line in page.paragraphs}


def test_the_report_counts_what_was_published_and_compares_it(run: Path) -> None:
    figures = {name: json.loads((run / name / "report.json").read_bytes()) for name in ("first", "second")}
    for name, values in figures.items():
        rows = dataset(run, name, "publish").manifest.rows
        assert sum(sum(splits.values()) for splits in values["corpus"]["text"].values()) == rows.rows_out
        dropped = [count for reasons in values["dropped_by_language"].values() for count in reasons.values()]
        assert sum(dropped) == sum(rows.dropped.values())
    changes = figures["second"]["changes"]
    before, now = (sum(change[when] for change in changes.values()) for when in ("before", "now"))
    assert before > now > 0
    assert "lost more than" in (run / "second" / "report.html").read_text(encoding="utf-8")
