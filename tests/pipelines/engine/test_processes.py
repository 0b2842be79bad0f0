"""Worker processes: each task once, whoever is free takes the next, and what goes wrong comes out as it is."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipelines.datasets.errors import ConfigError, UserError
from pipelines.datasets.machine import cpu_seconds
from pipelines.engine.processes import do_each, ended

ROOT = Path(__file__).parents[3]
WORK = """
import os, signal, time
from pathlib import Path

def note(folder, number):
    (folder / str(number)).write_text(str(os.getpid()))

def wait_for_all(folder, number):
    while number == 0 and len(list(folder.iterdir())) < 5:
        time.sleep(0.01)
    note(folder, number)

def fail(folder, error, number):
    if number == 1:
        raise error
    time.sleep(0.1)
    note(folder, number)

class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

def fail_oddly(number):
    raise Odd(1, 2)

def die(folder, number):
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.2)
    note(folder, number)

def burn(number):
    while time.process_time() < 0.5:
        pass
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a module of functions that workers can import."""
    (tmp_path / "polyloom_test_work.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "polyloom_test_work", raising=False)
    import polyloom_test_work  # type: ignore[import-not-found]

    return polyloom_test_work  # type: ignore[no-any-return]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    return tmp_path / "notes"


def notes(folder: Path) -> dict[int, int]:
    return {int(path.name): int(path.read_text()) for path in folder.iterdir()}


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_each_task_is_done_once(work: ModuleType, folder: Path, workers: int) -> None:
    do_each(partial(work.note, folder), range(7), workers)
    found = notes(folder)
    assert sorted(found) == list(range(7))
    assert (set(found.values()) == {os.getpid()}) == (workers == 1)
    assert len(set(found.values())) <= workers


def test_no_task_is_no_process() -> None:
    do_each(print, [], 4)


def test_who_is_free_takes_the_next(work: ModuleType, folder: Path) -> None:
    do_each(partial(work.wait_for_all, folder), range(6), 2)
    found = notes(folder)
    assert len({found[number] for number in range(1, 6)}) == 1
    assert found[0] != found[1]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("error", [UserError("a.txt: odd; mend it"), ConfigError("x: odd"), KeyError("odd")])
def test_an_error_comes_out_as_it_is_and_no_further_task_begins(
    work: ModuleType, folder: Path, error: Exception, workers: int
) -> None:
    with pytest.raises(type(error)) as caught:
        do_each(partial(work.fail, folder, error), range(100), workers)
    assert str(caught.value) == str(error)
    assert 0 in notes(folder)  # it was begun, so it was finished
    assert 99 not in notes(folder)


def test_what_a_disk_refuses_keeps_number_and_file(work: ModuleType, folder: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        do_each(partial(work.fail, folder, OSError(errno.ENOSPC, "No space left", "/data/x")), range(3), 2)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "/data/x")
    assert "in fail" in caught.value.__notes__[0]  # where it was raised


def test_an_error_that_cannot_be_sent_comes_out_as_its_traceback(work: ModuleType) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)in fail_oddly.*Odd: 1 and 2"):
        do_each(work.fail_oddly, range(3), 2)


def test_a_worker_that_dies_is_said_in_words(work: ModuleType, folder: Path) -> None:
    with pytest.raises(UserError, match=r"^a worker process was killed, as the kernel does when memory is short: "):
        do_each(partial(work.die, folder), range(3), 2)
    assert 0 in notes(folder)  # it was begun, so it was finished
    assert 1 not in notes(folder)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-signal.SIGKILL, "was killed, as the kernel does when memory is short: lower engine.workers or free memory"),
        (-signal.SIGBUS, "was ended by SIGBUS"),
        (-signal.SIGSEGV, "was ended by SIGSEGV"),
        (3, "ended with status 3"),
    ],
)
def test_how_a_worker_ended_is_said_in_words(code: int, words: str) -> None:
    assert ended(code) == words


def test_what_workers_used_counts(work: ModuleType) -> None:
    before = cpu_seconds()
    do_each(work.burn, range(2), 2)
    assert cpu_seconds() - before >= 0.8  # two that each used half a second, or what was left of it after its import


SCRIPT = """
import sys
from functools import partial
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import polyloom_test_work
from pipelines.engine.processes import do_each
do_each(partial(polyloom_test_work.wait_for_all, Path(sys.argv[2])), [0, 0], 2)
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_runner(
    work: ModuleType, folder: Path, wait_until: Callable[[Callable[[], bool]], None], ending: signal.Signals
) -> None:
    def processes() -> list[str]:
        return [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_in(entry, folder)]

    arguments = [sys.executable, "-c", SCRIPT, str(folder.parent), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    runner = subprocess.Popen(arguments, cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    wait_until(lambda: len(processes()) == 5)  # with the servers of workers and of what they share
    runner.send_signal(ending)
    runner.wait()
    wait_until(lambda: processes() == [])


def _is_in(entry: Any, folder: Path) -> bool:
    try:
        return bool((entry / "cwd").readlink() == folder)
    except OSError:
        return False
