"""The doctor says what a recipe lacks here, and what to do; one thing that is wrong hides no other."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pipelines import doctor
from pipelines.cli import application
from pipelines.doctor import Finding, examine, table
from pipelines.recipe import load_recipe

RECIPE = """\
name: tiny
runs: {folder}/runs
engine: {engine}
ingest:
  language_model: {model}
  sources: [{{format: catalog, name: app, path: {folder}/raw, pattern: "{{document}}/{{language}}.json",
             languages: [en]}}]
align: {{}}
"""


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)


@pytest.fixture
def recipe(tmp_path: Path, language_model: str) -> Callable[..., Path]:
    """Return a function that writes a recipe whose raw files are there, and returns its path."""

    def write(engine: str = "{}", model: str = language_model) -> Path:
        (tmp_path / "raw" / "a").mkdir(parents=True)
        (tmp_path / "raw" / "a" / "en.json").write_text(json.dumps({"key": "enter your name"}))
        path = tmp_path / "recipe.yaml"
        path.write_text(RECIPE.format(folder=tmp_path, engine=engine, model=model))
        return path

    return write


def found(path: Path) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(load_recipe(path))}


def wrong(path: Path) -> dict[str, str]:
    return {name: finding.text for name, finding in found(path).items() if not finding.fine}


def test_a_recipe_that_can_run(recipe: Callable[..., Path], tmp_path: Path) -> None:
    findings = found(recipe())
    assert all(finding.fine for finding in findings.values())
    assert "apache-beam 2.77" in findings["packages pipelines"].text
    assert "numpy 2." in findings["packages"].text
    assert findings["ingest.sources.0.path"].text == f"{tmp_path}/raw, a folder of 1 entries"
    assert findings["runs folder"].text == f"{tmp_path}/runs/tiny can be written"
    assert list(findings)[-2:] == ["runner local: Beam options", "Prefect's server"]
    assert not (tmp_path / "runs").exists()


def test_what_is_wrong_is_said_once_for_each_thing(
    recipe: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    found = wrong(recipe("{options: {zzz: 1}}", "zip://inside.bin::none.zip"))
    assert set(found) == {"ingest.language_model", "runner local: Beam options", "Prefect's server"}
    assert "none.zip: cannot be read" in found["ingest.language_model"]
    assert "engine.options.zzz: Beam 2.77.0 has no such option" in found["runner local: Beam options"]
    assert "nothing answers at PREFECT_API_URL, http://127.0.0.1:9/api" in found["Prefect's server"]


def test_a_disk_that_is_too_small(recipe: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = recipe()
    monkeypatch.setattr(doctor, "ROOM", 10**15)
    assert "GB (1000000000000000 times the raw files): free some space, or set `runs`" in wrong(path)["disk space"]


def test_a_folder_that_cannot_be_written(recipe: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(dir: Path) -> Any:
        raise PermissionError(13, "Permission denied")

    path = recipe()
    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    assert (
        "cannot be written (Permission denied); change its permissions or the key `runs`" in wrong(path)["runs folder"]
    )


def test_packages_that_are_missing_or_old(recipe: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = recipe()
    needed = ["numpy>=9", 'no-such-package>=1; extra == "pipelines"', 'torch>=99; extra == "training"']
    monkeypatch.setattr(doctor, "requires", lambda name: needed)
    texts = wrong(path)
    assert texts["packages"].endswith(" is not >=9: pip install -c constraints.txt '.'")
    assert texts["packages pipelines"] == (
        "no-such-package is not installed: pip install -c constraints.txt '.[pipelines]'"
    )


def test_an_old_python(recipe: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = recipe()
    monkeypatch.setattr(doctor, "PYTHON", (99, 1))
    assert wrong(path)["Python"].endswith("install 99.1 or newer")


def test_every_check_of_a_cluster_is_made(
    recipe: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.engine import preflight

    def no_trial(*_: object) -> str:
        return "one answered"

    monkeypatch.setattr(preflight, "trial", no_trial)
    addresses = f"master: '127.0.0.1:9', job_server_jar: {tmp_path}/none.jar, environment_config: '127.0.0.1:9'"
    path = recipe(f"{{runner: flink, flink: {{{addresses}}}}}")
    assert set(wrong(path)) == {"runner flink: Flink cluster", "runner flink: job server"}


def test_the_command_ends_with_one_where_anything_fails(recipe: Callable[..., Path], tmp_path: Path) -> None:
    path = recipe()
    run = CliRunner().invoke(application(), ["doctor", str(path)])
    assert (run.exit_code, "fails" in run.output) == (0, False)
    run = CliRunner().invoke(application(), ["doctor", str(path), "--set", f"ingest.sources=[{SOURCE}]"])
    assert (run.exit_code, "fails" in run.output) == (1, True)


SOURCE = "{format: lines, name: app, path: none.txt}"


def test_a_table_shows_brackets_as_they_are() -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table([Finding("disk", False, "[Errno 2] gone")]))
    assert "[Errno 2] gone" in captured.get()
