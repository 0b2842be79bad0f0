"""The order of things in a flow; the task is replaced, so no server is asked."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows import pipeline
from flows.process import StageProcess, stopping
from pipelines.datasets.stage import StageRun
from pipelines.plan import plan
from pipelines.recipe import load_recipe
from pipelines.registry import stages


class Recorder:
    """Stands for the task: notes what is begun, waited for and asked for its result."""

    def __init__(self, waiting: BaseException | None = None) -> None:
        self.events: list[str] = []
        self.tables: list[str] = []
        self.waiting = waiting

    def __call__(self, process: StageProcess) -> None:
        self.events.append(f"run {process.label}")

    def submit(self, process: StageProcess) -> "Future":
        self.events.append(f"begin {process.label}")
        return Future(self, process.label)


class Future:
    def __init__(self, recorder: Recorder, label: str) -> None:
        self.recorder, self.label = recorder, label

    def wait(self) -> None:
        self.recorder.events.append(f"wait {self.label}")
        if self.recorder.waiting:
            raise self.recorder.waiting

    def result(self) -> None:
        self.recorder.events.append(f"result {self.label}")


def take(monkeypatch: pytest.MonkeyPatch, run: Callable[[StageProcess], None]) -> None:
    """Let `run` take the place of the task of every process."""
    monkeypatch.setattr(pipeline, "stage_task", lambda _process: run)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()

    def note_table(_rows: list[dict[str, Any]], key: str, **_: object) -> None:
        recorder.tables.append(key)

    take(monkeypatch, recorder)
    monkeypatch.setattr(pipeline, "stage_logger", lambda: logging.getLogger("test_pipeline"))
    monkeypatch.setattr(pipeline, "create_table_artifact", note_table)
    return recorder


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    """Events, in place of a server that takes them: name, stage and payload."""
    told: list[tuple[str, str, dict[str, Any]]] = []

    def tell(event: str, run: StageRun, payload: dict[str, Any]) -> None:
        told.append((event, run.label, payload))

    monkeypatch.setattr(pipeline, "announce", tell)
    monkeypatch.setattr(pipeline, "tell", tell)
    return told


@pytest.fixture
def arms(recipe_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[StageRun]:
    """A plan of two arms of `pretrain`, as `load_recipe` would give with the stages between."""
    (ingest,) = plan(load_recipe(recipe_path))
    runs = [
        replace(ingest, spec=stages()["pretrain"], instance=name, folder=ingest.folder.with_name(f"pretrain-{name}-0"))
        for name in ("a", "b")
    ]
    monkeypatch.setattr(pipeline, "plan", lambda _recipe: runs)
    return runs


def test_all_arms_begin_before_one_is_waited_for(recipe_path: Path, arms: list[StageRun], recorder: Recorder) -> None:
    pipeline.pretrain.fn(recipe_path)
    assert recorder.events == [
        "begin pretrain a", "begin pretrain b", "wait pretrain a", "wait pretrain b",
        "result pretrain a", "result pretrain b",
    ]  # fmt: skip
    assert recorder.tables == ["rows-pretrain"]


def test_what_is_done_is_not_begun(
    recipe_path: Path, arms: list[StageRun], recorder: Recorder, commit: Callable[[StageRun, bytes], None]
) -> None:
    commit(arms[0], b"")
    pipeline.pretrain.fn(recipe_path)
    assert recorder.events == ["run pretrain b"]
    commit(arms[1], b"")
    pipeline.pretrain.fn(recipe_path)
    assert recorder.events == ["run pretrain b"]


def test_what_was_trained_already_is_nothing_new(
    recipe_path: Path, arms: list[StageRun], recorder: Recorder, commit: Callable[[StageRun, bytes], None]
) -> None:
    for arm in arms:
        commit(arm, b"")
    state = pipeline.pretrain.fn(recipe_path)
    assert state is not None
    assert (state.name, state.is_completed(), recorder.events) == ("NothingNew", True, [])
    assert state.message == "nothing new: every dataset of pretrain of tiny is there"


def test_a_corpus_that_is_no_longer_the_recipes_is_not_trained_on(
    recipe_path: Path, arms: list[StageRun], recorder: Recorder
) -> None:
    state = pipeline.pretrain.fn(recipe_path, tokens="ab" * 16)
    assert state is not None
    assert (state.name, recorder.events) == ("Superseded", [])
    assert state.message.startswith(f"the token shards of tiny are no longer {'ab' * 16}")
    state = pipeline.evaluate.fn(recipe_path, encoders=(arms[0].fingerprint, "cd" * 16))
    assert state is not None
    assert state.message.startswith(f"the encoders of tiny are no longer {'cd' * 16}")


def chain(recipe_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, StageRun]:
    """A plan of one run of tokenize, pretrain and evaluate."""
    (ingest,) = plan(load_recipe(recipe_path))
    runs = {
        stage: replace(ingest, spec=stages()[stage], fingerprint=digit * 32, folder=ingest.folder.with_name(stage))
        for stage, digit in (("tokenize", "1"), ("pretrain", "2"), ("evaluate", "3"))
    }
    monkeypatch.setattr(pipeline, "plan", lambda _recipe: list(runs.values()))
    return runs


def test_a_corpus_is_announced_until_all_that_follows_is_done(
    recipe_path: Path,
    recorder: Recorder,
    commit: Callable[[StageRun, bytes], None],
    told: list[tuple[str, str, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = chain(recipe_path, monkeypatch)
    pipeline.corpus.fn(recipe_path)
    assert told == []  # the stand-in for the task made nothing
    for stage, event, then in (
        ("tokenize", "corpus.published", "corpus"),
        ("pretrain", "encoders.trained", "pretrain"),
    ):
        commit(runs[stage], b"")
        getattr(pipeline, then).fn(recipe_path, ("name=tiny",))
        payload = {"config": str(recipe_path), "overrides": ["name=tiny"]}
        fingerprint = runs[stage].fingerprint
        assert told.pop() == (
            f"polyloom.{event}", stage, {**payload, "fingerprint": fingerprint, "fingerprints": [fingerprint]}
        )  # fmt: skip
        pipeline.corpus.fn(recipe_path)
        assert told.pop()[:2] == ("polyloom.corpus.published", "tokenize")  # the next tick tells again what was lost
    commit(runs["evaluate"], b"")
    state = pipeline.corpus.fn(recipe_path)
    assert state is not None
    assert (state.name, told) == ("NothingNew", [])


def test_the_time_limit_is_that_of_each_stage(
    recipe_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float | None] = []
    take(monkeypatch, lambda process: limits.append(process.seconds))
    pipeline.corpus.fn(recipe_path)
    pipeline.corpus.fn(recipe_path, stage_hours=0.5)
    assert limits == [None, 1800.0]


def test_a_language_that_shrank_is_told_of_once(
    recipe_path: Path,
    recorder: Recorder,
    commit: Callable[..., None],
    told: list[tuple[str, str, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (ingest,) = plan(load_recipe(recipe_path))
    for digit, rows in (("1", 100), ("2", 80), ("2", 80)):
        run = replace(
            ingest, spec=stages()["publish"], fingerprint=digit * 32, folder=ingest.folder.with_name(f"publish-{digit}")
        )
        if not run.is_done:
            commit(run, b"", {"rows": {"text": {"de": {"train": rows, "dev": 0, "test": 0}}}})
        monkeypatch.setattr(pipeline, "plan", lambda _recipe, run=run: [run])
        pipeline.corpus.fn(recipe_path)
    lost = "text de: 100 rows before, 80 now (-20.0%)"
    assert told == [("polyloom.corpus.shrunk", "publish", {"version": 2, "losses": lost})]
    assert f"lost against version 1: {lost}" in caplog.text


def test_an_interrupt_while_waiting_stops_all_arms(recipe_path: Path, arms: list[StageRun], recorder: Recorder) -> None:
    recorder.waiting = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        pipeline.pretrain.fn(recipe_path)
    assert stopping.is_set()


def test_the_corpus_begins_with_the_fetch_and_plans_after_it(
    recipe_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("raw.txt").rename("elsewhere.txt")
    package = f"{{name: a, version: '1', file: a.whl, sha256: {'ab' * 32}}}"
    recipe_path.write_text(f"{recipe_path.read_text()}fetch:\n  packages: [{package}]\n")

    def fetch_or_run(process: StageProcess) -> None:
        recorder.events.append(process.label)
        if process.label == "fetch":
            Path("elsewhere.txt").rename("raw.txt")

    take(monkeypatch, fetch_or_run)
    pipeline.corpus.fn(recipe_path)
    assert recorder.events == ["fetch", "ingest"]


def test_the_flow_of_flows_runs_the_three_in_order_and_delivers(
    done_recipe: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    for name in ("corpus", "pretrain", "evaluate"):
        monkeypatch.setattr(pipeline, name, lambda *_, name=name, **__: recorder.events.append(name))
    monkeypatch.setattr(pipeline, "create_markdown_artifact", lambda text, **_: shown.append(text))
    pipeline.full.fn(done_recipe, ("ingest.tolerated_share=0.001",))
    assert recorder.events == ["corpus", "pretrain", "evaluate"]
    assert recorder.tables == ["rows"]
    assert Path("runs/tiny/report.html").read_text() == "<p>done</p>"
    assert "--set ingest.tolerated_share=0.001" in shown[0]
    assert done_recipe.read_text() in shown[0]


def test_a_recipe_whose_encoder_is_taken_is_run_up_to_its_export_first(
    recipe_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = recipe_path.read_text(encoding="utf-8")
    Path("first.yaml").write_text(
        f"{text}deduplicate: {{}}\npublish: {{}}\ntokenize: {{}}\npretrain: {{}}\nexport: {{}}\nreport: {{}}\n"
        "fetch: {folder: data, packages: []}\n".replace("name: tiny", "name: first"),
        encoding="utf-8",
    )
    recipe_path.write_text(f"{text}segment: {{}}\nembed: {{encoder: {{recipe: first.yaml, arm: infoxlm}}}}\n")
    commands: list[tuple[str, ...]] = []
    take(monkeypatch, lambda process: commands.append(process.command[1:]))
    monkeypatch.setattr(pipeline, "create_markdown_artifact", lambda *_, **__: None)
    monkeypatch.setattr(pipeline, "deliver_all", lambda *_: None)
    for phase in ("corpus", "pretrain", "evaluate"):
        monkeypatch.setattr(pipeline, phase, getattr(pipeline, phase).fn)
    pipeline.full.fn(recipe_path)
    assert [" ".join(command) for command in commands] == [
        "fetch first.yaml", "ingest first.yaml", "deduplicate first.yaml", "publish first.yaml",
        "tokenize first.yaml", "pretrain first.yaml --instance infoxlm", "export first.yaml",
        "ingest recipe.yaml", "segment recipe.yaml", "embed recipe.yaml",
    ]  # fmt: skip
