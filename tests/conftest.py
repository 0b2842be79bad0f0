"""A tiny world: catalogs in four languages, a language identifier, and a recipe with every stage."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import s3_server
import xxhash
from hypothesis import settings

from pipelines.datasets import remote
from pipelines.datasets.mirror import CACHE
from pipelines.datasets.stage import StageRun
from pipelines.plan import plan
from pipelines.recipe import load_recipe

settings.register_profile("polyloom", deadline=None)  # a busy machine is no failure
settings.load_profile("polyloom")

POLYLOOM = str(Path(sys.executable).with_name("polyloom"))

THINGS = {
    "en": ["lamp", "door", "heater", "camera", "window", "fan", "pump", "alarm", "switch", "radio", "gate"],
    "de": ["Lampe", "Tür", "Heizung", "Kamera", "Scheibe", "Luft", "Pumpe", "Sirene", "Taste", "Musik", "Pforte"],
    "fr": ["lampe", "porte", "chaleur", "caméra", "vitre", "brise", "pompe", "sirène", "touche", "radio", "grille"],
    "ja": ["ランプ", "ドア", "ヒーター", "カメラ", "窓", "扇風機", "ポンプ", "警報", "スイッチ", "ラジオ", "門"],
}
PLACES = {
    "en": ["kitchen", "garden", "cellar", "hall", "office", "garage", "attic", "bathroom", "nursery", "workshop"],
    "de": ["Küche", "Wiese", "Grotte", "Diele", "Stube", "Garage", "Kammer", "Wanne", "Krippe", "Werkstatt"],
    "fr": ["cuisine", "pelouse", "cave", "entrée", "pièce", "remise", "mansarde", "baignoire", "crèche", "fabrique"],
    "ja": ["台所", "庭", "地下室", "玄関", "書斎", "車庫", "屋根裏", "浴室", "子供部屋", "工房"],
}
SENTENCES = {
    "en": ["Please turn on the {0} in the {1}", "The {0} of the {1} does not answer", "Choose a new {0} for the {1}"],
    "de": ["Bitte {0} in der {1} einschalten", "Die {0} der {1} antwortet leider nicht", "Neue {0} für die {1} wählen"],
    "fr": ["Veuillez allumer la {0} dans la {1}", "La {0} de la {1} ne répond pas", "Choisir une {0} pour la {1}"],
    "ja": ["{1}の{0}をオンにしてください", "{1}の{0}が応答しません", "{1}の新しい{0}を選んでください"],
}

RECIPE = """\
name: tiny
engine: {workers: 2}
ingest:
  language_model: lid.bin
  sources:
    - format: catalog
      name: house
      path: catalogs.zip
      pattern: components/{document}/{language}.json
      languages: [en, de, fr, ja]
      split_bytes: 20000
align: {}
deduplicate: {}
annotate:
  classifiers: [{name: english, model: lid.bin, label: en}]
publish:
  thresholds: {language_chars: 1000}
  test: {share: 0.2}
  dev: {share: 0.2}
tokenize: {vocabulary: 200, threads: 1}
pretrain:
  steps: 6
  tokens_per_step: 512
  checkpoint_every: 1
  log_every: 1
  optimizer: {learning_rate: 0.001, warmup_steps: 2}
  model: {layers: 2, hidden: 16, heads: 2, feed_forward: 32, positions: 64}
  data: {max_tokens: 30}
  contrast: {layer: 1, queue_size: 32, in_batch_negatives: true}
  arms:
    mmlm_tlm: {objectives: {mlm: 1, tlm: 1}}
    mmlm_tlm_xlco: {objectives: {mlm: 1, tlm: 1, xlco: 1}}
export: {}
evaluate: {pool_size: 8, max_tokens: 30, bootstrap: 100, neighbours: 2, neighbour_languages: [de]}
report: {}
"""


@dataclass(frozen=True)
class World:
    """A folder with raw text and a recipe, in which `polyloom` is started."""

    folder: Path

    def command(self, *arguments: str) -> list[str]:
        subcommand, *rest = arguments
        return [POLYLOOM, subcommand, "recipe.yaml", *rest]

    def polyloom(self, *arguments: str) -> str:
        """Run a subcommand on the recipe and return what it printed; it must succeed."""
        done = subprocess.run(
            self.command(*arguments), cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a subcommand in a process group of its own."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def processes(self) -> list[int]:
        """Return the processes that work in the folder, zombies left out."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    if (entry / "cwd").readlink() == self.folder.resolve():
                        found.append(int(entry.name))
        return sorted(found)

    def leftovers(self) -> list[Path]:
        """Return what a stage keeps beside and in its dataset while it works."""
        marks = (".tmp-", ".splits", ".scratch", ".lock", ".progress")
        return [path for path in (self.folder / "runs").rglob(".*") if any(mark in path.name for mark in marks)]

    def plan(self) -> list[StageRun]:
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            return plan(load_recipe(Path("recipe.yaml")))
        finally:
            os.chdir(before)

    def made(self, with_report: bool = False) -> dict[str, str]:
        """Return the checksum of every file that is the same however the run went, by its path.

        `run.json` holds times, and so does the report, which is the same only where it is not made again.
        """
        runs = self.folder / "runs" / "tiny"
        folders = [path.parent for path in runs.glob("*/manifest.json") if not path.parent.name.startswith("report-")]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.name != "run.json"]
        if with_report:
            files += [path for path in runs.rglob("report.*") if path.is_file()]
        return {
            path.relative_to(runs).as_posix(): xxhash.xxh3_64_hexdigest(path.read_bytes()) for path in sorted(files)
        }

    def copy(self, folder: Path, without: tuple[str, ...] = ()) -> "World":
        """Return a copy of the world that lacks the datasets of some stages (and the whole past, if all)."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("runs"), dirs_exist_ok=True)
        for run in self.plan():
            source = self.folder / run.folder
            if run.spec.name not in without and source.is_dir():
                shutil.copytree(source, folder / run.folder)
        return World(folder)


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world before anything has run."""
    folder = tmp_path_factory.mktemp("raw")
    _write_catalogs(folder / "catalogs.zip")
    _train_language_model(folder)
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return World(folder)


@pytest.fixture(scope="session")
def undisturbed(raw: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world after every stage has run, one after the other, with nothing in between."""
    world = raw.copy(tmp_path_factory.mktemp("undisturbed"))
    for name in dict.fromkeys(run.spec.name for run in world.plan()):
        world.polyloom(name)
    return world


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """Return a function that waits for a condition, by default two minutes at most."""

    def wait(condition: Callable[[], bool], seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)

    return wait


@dataclass(frozen=True)
class ObjectStore:
    """An S3 server, and an empty bucket of it."""

    server: str
    bucket: str

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}"


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The URL of an S3 server on loopback."""
    with s3_server.s3_server() as url:
        yield url


@pytest.fixture
def object_store(s3: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """An S3 server with a new bucket, which the environment names, and an empty folder for mirrors."""
    folder = tmp_path_factory.mktemp("cache")
    bucket = f"bucket-{os.urandom(6).hex()}"
    s3_server.make_bucket(s3, bucket)
    for name, value in s3_server.environment(s3).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(CACHE, str(folder))
    remote.opened.cache_clear()
    return ObjectStore(s3, bucket)


@pytest.fixture(autouse=True)
def _no_word_to_anyone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DO_NOT_TRACK", "1")


def _messages() -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    """Yield components with their messages by language: random combinations, the same in every session."""
    draw = random.Random(7)
    for component in range(60):
        chosen = [(draw.randrange(3), draw.randrange(11), draw.randrange(10)) for _ in range(draw.randint(5, 9))]
        yield (
            f"component{component:02d}",
            {
                language: {
                    f"message{number}": SENTENCES[language][form].format(
                        THINGS[language][thing], PLACES[language][place]
                    )
                    for number, (form, thing, place) in enumerate(chosen)
                }
                for language in SENTENCES
            },
        )


def _write_catalogs(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for component, languages in _messages():
            for language, messages in languages.items():
                text = json.dumps({"title": messages}, ensure_ascii=False)
                archive.writestr(zipfile.ZipInfo(f"components/{component}/{language}.json"), text)


def _train_language_model(folder: Path) -> None:
    import fasttext

    examples = folder / "examples.txt"
    examples.write_text(
        "".join(
            f"__label__{language} {message}\n"
            for _, languages in _messages()
            for language, messages in languages.items()
            for message in messages.values()
        ),
        encoding="utf-8",
    )
    for _ in range(50):
        with suppress(RuntimeError):  # now and then its training meets a NaN; no two tries are the same
            model = fasttext.train_supervised(
                str(examples), dim=16, epoch=20, minn=2, maxn=3, bucket=5000, thread=1, verbose=0
            )
            model.save_model(str(folder / "lid.bin"))
            return
    raise AssertionError("fastText could not be trained")
