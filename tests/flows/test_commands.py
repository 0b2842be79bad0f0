"""`polyloom run` at its edges; the flow itself is replaced, or there is nothing left for it to do."""

import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from flows import commands
from flows.process import StageFailed, Stopped, stopping
from pipelines.cli import application
from pipelines.datasets.errors import UserError

SHOW_HEAVY_MODULES = """
import sys
from pipelines.cli import application
application()(["run", sys.argv[1]], standalone_mode=False)
heavy = {"prefect", "torch", "apache_beam", "fasttext", "transformers", "sentencepiece", "matplotlib"}
print("heavy:", sorted(heavy & set(sys.modules)))
"""


def test_where_all_is_done_nothing_heavy_is_imported(done_recipe: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", SHOW_HEAVY_MODULES, str(done_recipe)], capture_output=True, text=True, check=True
    )
    assert "all 1 datasets are there, nothing to do" in result.stdout
    assert "report: runs/tiny/report.html" in result.stdout
    assert "heavy: []" in result.stdout
    assert Path("runs/tiny/report.html").read_text() == "<p>done</p>"


def test_a_config_error_comes_before_any_work(recipe_path: Path) -> None:
    recipe_path.write_text(recipe_path.read_text().replace("ingest:", "ingset:"))
    result = subprocess.run(["polyloom", "run", str(recipe_path)], capture_output=True, text=True, env=with_scripts())
    assert result.returncode == 2
    assert result.stderr == "error: recipe.yaml: ingset: unknown key; did you mean `ingest`?\n"
    assert not Path("runs").exists()


def test_missing_raw_text_is_an_error_where_nothing_fetches_it(recipe_path: Path) -> None:
    Path("raw.txt").unlink()
    result = subprocess.run(["polyloom", "run", str(recipe_path)], capture_output=True, text=True, env=with_scripts())
    assert result.returncode == 2
    assert result.stderr.startswith("error: raw.txt: cannot be read")
    assert "Traceback" not in result.stderr


def test_missing_raw_text_is_left_to_the_fetch(recipe_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("raw.txt").unlink()
    package = f"{{name: a, version: '1', file: a.whl, sha256: {'ab' * 32}}}"
    recipe_path.write_text(f"{recipe_path.read_text()}fetch:\n  packages: [{package}]\n")
    monkeypatch.setattr(commands, "_run_flow", lambda *_: Path("raw.txt").write_text("fetched"))
    monkeypatch.setattr(commands, "deliver_all", lambda *_: [])
    assert CliRunner().invoke(application(), ["run", str(recipe_path)]).exit_code == 0


def fail_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def local_api(_log: Path) -> nullcontext[None]:
        raise error

    monkeypatch.setattr(commands, "local_api", local_api)
    monkeypatch.setattr(commands, "use_quiet_prefect", lambda _home: None)


def test_what_a_user_can_put_right_is_a_users_error(recipe_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(StageFailed("raw.zip: is no zip archive; fetch it again", 2), monkeypatch)
    with pytest.raises(UserError, match=r"raw\.zip: is no zip archive; fetch it again"):
        commands.run(recipe_path)


def test_a_run_that_torchrun_starts_is_refused(recipe_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match=r"start `polyloom pretrain` by torchrun"):
        commands.run(recipe_path)


def test_without_prefect_the_extra_is_named(recipe_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "find_spec", lambda _name: None)
    with pytest.raises(UserError, match=r"install polyloom\[flows\]"):
        commands.run(recipe_path)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (StageFailed("align ended with status 1", 1), 1, "align ended with status 1; the same command goes on from"),
        (Stopped(), 0, "stopped: the same command goes on from here"),  # a scheduler asked the stage to
    ],
)
def test_other_ends_say_how_to_go_on(
    recipe_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    status: int,
    said: str,
) -> None:
    fail_with(error, monkeypatch)
    with pytest.raises(typer.Exit) as caught:
        commands.run(recipe_path)
    assert caught.value.exit_code == status
    assert said in capsys.readouterr().err


def test_the_first_interrupt_stops_in_good_order_and_the_second_at_once() -> None:
    came: list[int] = []
    with commands._stopping_on_signals(came):
        os.kill(os.getpid(), signal.SIGINT)
        assert stopping.is_set()
        assert came == [signal.SIGINT]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_scheduler_stops_in_good_order() -> None:
    came: list[int] = []
    with commands._stopping_on_signals(came):
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopping.is_set()
    assert came == [signal.SIGTERM]


def with_scripts() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
