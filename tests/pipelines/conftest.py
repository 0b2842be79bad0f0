"""What tests of several packages use."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
import sentencepiece
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

ROOT = Path(__file__).parents[2]
_START_SECONDS = 60


class Services:
    """Beam's own job service and worker pools, each a process of its own, ended with all that it started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def job_service(self, *, through: tuple[str, ...] = (), host: str = "localhost") -> str:
        """Start a job service and return its endpoint; `through` is a command that runs the service's own."""
        return self._start("apache_beam.runners.portability.local_job_service_main", "--port", through, host)

    def pool(
        self,
        *,
        through: tuple[str, ...] = (),
        host: str = "localhost",
        environment: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> str:
        """Start a pool, whose `python` is this one, with more variables, and return its endpoint."""
        return self._start(
            "apache_beam.runners.worker.worker_pool_main", "--service_port", through, host, environment, cwd
        )

    def end(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(
        self,
        module: str,
        option: str,
        through: tuple[str, ...],
        host: str,
        environment: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> str:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        log = (self.folder / f"{module}-{port}.log").open("wb")
        process = subprocess.Popen(
            [*through, sys.executable, "-m", module, option, str(port)],
            env={**os.environ, **own, **(environment or {})},
            cwd=cwd,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        self._wait(process, [*through, sys.executable, "-c", _CONNECT, host, str(port)])
        return f"{host}:{port}"

    def _wait(self, process: "subprocess.Popen[bytes]", ask: list[str]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while subprocess.run(ask, check=False, stderr=subprocess.DEVNULL).returncode:
            assert process.poll() is None, f"a service ended; see {self.folder}"
            assert time.monotonic() < deadline, f"a service did not start; see {self.folder}"
            time.sleep(0.2)


_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    started = Services(tmp_path_factory.mktemp("services"))
    yield started
    started.end()


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


# An order-2 model, probabilities as base-10 logarithms, back-off weights in the last column.
ARPA = """\\data\\
ngram 1=5
ngram 2=2

\\1-grams:
-1.0\t<unk>\t0
-99\t<s>\t-0.5
-0.7\t</s>\t0
-0.6\t▁00\t-0.25
-0.9\t.\t0

\\2-grams:
-0.2\t<s> ▁00
-0.3\t▁00 .

\\end\\
"""


@pytest.fixture(scope="session")
def perplexity_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models of `xx`: an ARPA file, and a SentencePiece model whose pieces are `▁00` and `.`."""
    folder = tmp_path_factory.mktemp("lm")
    (folder / "xx.arpa").write_text(ARPA, encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["00 .", "00 ."] * 50), model_prefix=str(folder / "xx"), vocab_size=7,
        user_defined_symbols=["▁00", "."], hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    (folder / "xx.model").rename(folder / "xx.sp.model")
    return folder
