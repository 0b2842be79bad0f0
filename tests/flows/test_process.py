"""A stage's process: how it ends, what it says, and that it does not outlive us."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from flows.process import (
    StageFailed,
    StageProcess,
    Stopped,
    fetch_process,
    follow,
    read_progress,
    stage_process,
    stopping,
)
from pipelines.plan import plan
from pipelines.recipe import load_recipe


def shell(script: str, tmp_path: Path) -> StageProcess:
    return StageProcess("ingest", ("sh", "-c", script), tmp_path / "logs" / "ingest.log")


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_for(condition: object, seconds: float = 20.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_output_goes_to_the_log_and_is_appended(tmp_path: Path) -> None:
    follow(shell("echo out; echo err >&2", tmp_path))
    follow(shell("echo again", tmp_path))
    assert (tmp_path / "logs" / "ingest.log").read_text() == "out\nerr\nagain\n"


def test_a_users_error_is_the_stages_own_sentence(tmp_path: Path) -> None:
    with pytest.raises(StageFailed) as caught:
        follow(shell("echo working; echo 'error: data.zip: not there; fetch it' >&2; exit 2", tmp_path))
    assert (str(caught.value), caught.value.status) == ("data.zip: not there; fetch it", 2)


def test_a_users_error_of_several_lines_is_shown_whole(tmp_path: Path) -> None:
    with pytest.raises(StageFailed) as caught:
        follow(shell("echo 'error: a.yaml: x'; echo 'a.yaml: y'; exit 2", tmp_path))
    assert str(caught.value) == "a.yaml: x\na.yaml: y"


def test_a_crash_is_told_by_its_last_line_and_the_log(tmp_path: Path) -> None:
    script = "import sys; sys.exit('Traceback (most recent call last):\\n  File x\\nValueError: odd')"
    process = StageProcess("align", (sys.executable, "-c", script), tmp_path / "align.log")
    with pytest.raises(StageFailed) as caught:
        follow(process)
    assert str(caught.value) == f"align ended with status 1: ValueError: odd (its output is in {process.log})"


def test_an_error_of_an_earlier_try_is_not_told_again(tmp_path: Path) -> None:
    for script in ("echo old; exit 1", "exit 1"):
        with pytest.raises(StageFailed) as caught:
            follow(shell(script, tmp_path))
    assert "old" not in str(caught.value)


def test_a_killed_stage_names_the_signal(tmp_path: Path) -> None:
    with pytest.raises(StageFailed, match=r"ingest was killed by SIGKILL; the machine may have run out of memory"):
        follow(shell("kill -9 $$", tmp_path))


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StageFailed, match="FileNotFoundError"):
        follow(StageProcess("ingest", (str(tmp_path / "nothing"),), tmp_path / "x.log"))


def test_an_exception_while_watching_ends_the_process(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    def interrupt() -> None:
        if pid_file.exists() and pid_file.read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(shell(f"echo $$ > {pid_file}; exec sleep 60", tmp_path), interrupt)
    assert not is_alive(int(pid_file.read_text()))


def test_a_stage_that_ends_well_without_its_dataset_was_stopped(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "pretrain.log"
    process = StageProcess("pretrain", ("sh", "-c", "echo stopped after step 7"), log, folder=tmp_path / "dataset")
    with pytest.raises(Stopped):
        follow(process)
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "manifest.json").touch()
    follow(process)


def test_a_stage_that_takes_too_long_is_asked_to_end(tmp_path: Path) -> None:
    process = replace(shell("trap 'echo saved; exit 0' TERM; while :; do sleep 0.05; done", tmp_path), seconds=0.4)
    with pytest.raises(
        StageFailed, match=r"ingest was ended after 0.0001111 h, its time limit; .* stage_hours"
    ) as caught:
        follow(process)
    assert caught.value.status == 124
    assert process.log.read_text() == "saved\n"


def test_stopping_ends_what_runs_and_begins_nothing_new(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    raised: list[BaseException] = []

    def work() -> None:
        try:
            follow(shell(f"echo $$ > {pid_file}; exec sleep 60", tmp_path))
        except Stopped as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: pid_file.exists() and pid_file.read_text())
    stopping.set()
    thread.join(20)
    assert len(raised) == 1
    assert not is_alive(int(pid_file.read_text()))
    with pytest.raises(Stopped):
        follow(shell(f"touch {tmp_path}/begun", tmp_path))
    assert not (tmp_path / "begun").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_parent_leaves_no_orphan(tmp_path: Path, number: signal.Signals) -> None:
    pid_file = tmp_path / "pid"
    script = f"""
from pathlib import Path
from flows.process import StageProcess, follow
follow(StageProcess("x", ("sh", "-c", "echo $$ > {pid_file}; exec sleep 60"), Path("{tmp_path}/x.log")))
"""
    parent = subprocess.Popen([sys.executable, "-c", script])
    try:
        wait_for(lambda: pid_file.exists() and pid_file.read_text())
        child = int(pid_file.read_text())
        assert is_alive(child)
        parent.send_signal(number)
        parent.wait()
        wait_for(lambda: not is_alive(child))
    finally:
        parent.kill()
        parent.wait()


def test_the_child_stays_in_the_process_group(tmp_path: Path) -> None:
    follow(StageProcess("x", (sys.executable, "-c", "import os; print(os.getpgrp())"), tmp_path / "x.log"))
    assert int((tmp_path / "x.log").read_text()) == os.getpgrp()


def test_progress_is_read_from_the_stages_file(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    assert read_progress(None) is None
    assert read_progress(path) is None
    path.write_text('{"done": 1, "total": 4, "line": "ingest 1/4 splits"}')
    assert read_progress(path) == {"done": 1, "total": 4, "line": "ingest 1/4 splits"}


def test_the_commands_are_those_a_person_would_type(recipe_path: Path) -> None:
    (run,) = plan(load_recipe(recipe_path, ["name=other"]))
    process = stage_process(recipe_path, ["name=other"], run)
    assert Path(process.command[0]).name == "polyloom"
    assert process.command[1:] == ("ingest", "recipe.yaml", "--set", "name=other")
    assert process.log == Path("runs/other/logs") / f"{run.folder.name}.log"
    assert fetch_process(recipe_path, [], Path("runs/tiny")).command[1:] == ("fetch", "recipe.yaml")
