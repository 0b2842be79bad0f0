"""Worker processes of this machine, and tasks handed out to them one by one.

Workers are forked from a server process that has imported our code and done nothing else. So the code is imported
once, its memory is shared, and no worker begins with half of what a thread of this process was just doing, which a
plain fork would copy.
"""

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from signal import SIGKILL, Signals
from typing import Any

from pipelines.datasets import watchdog
from pipelines.datasets.errors import UserError

_context = get_context("forkserver")


def started(work: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process that does `work`, and ends when this one does. Both are pickled."""
    # Read by the server when it starts, with the first worker: by then a stage has imported what its workers need.
    _context.set_forkserver_preload([name for name in sys.modules if name.partition(".")[0] == "pipelines"])
    process = _context.Process(target=_bound, args=(os.getpid(), work, arguments), daemon=True)
    process.start()
    return process


def _bound(runner: int, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Do the work in a worker, which leaves it to its runner what an interrupt means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watchdog.start(runner)
    work(*arguments)


def ended(code: int) -> str:
    """Return in words how a process came to its exit code, and what may be done about it."""
    if -code == SIGKILL:
        return "was killed, as the kernel does when memory is short: lower engine.workers or free memory"
    if -code in set(Signals):
        return f"was ended by {Signals(-code).name}"
    return f"ended with status {code}"


def death(process: BaseProcess) -> UserError:
    """Return what is said of a worker that ended by itself."""
    process.join()
    return UserError(f"a worker process {ended(process.exitcode or 0)}; the same command goes on from here")


def do_each(work: Callable[[Any], None], tasks: Sequence[Any], workers: int) -> None:
    """Do `work` on each of the tasks, in their order: here, or in several processes, where a free one takes the next.

    Work and tasks are pickled for processes. Where work on a task raises an exception or a process dies (UserError), no
    further task is begun, those that were begun are finished, and what went wrong first is raised.
    """
    if workers == 1:
        for task in tasks:
            work(task)
        return
    left = iter(tasks)
    failures: list[Exception] = []
    with _crew(work, min(workers, len(tasks))) as crew:
        busy = {connection for connection in crew if _give(connection, left)}
        while busy:
            for connection in wait(list(busy)):
                assert isinstance(connection, Connection)
                failure = _answer(connection, crew[connection])
                if failure is not None:
                    failures.append(failure)
                if failures or not _give(connection, left):
                    busy.remove(connection)
    if failures:
        raise failures[0]


@contextmanager
def _crew(work: Callable[[Any], None], size: int) -> Iterator[dict[Connection, BaseProcess]]:
    """Keep so many workers for the length of the block, by the connection to each; then they end."""
    crew: dict[Connection, BaseProcess] = {}
    try:
        for _ in range(size):
            ours, theirs = _context.Pipe()
            crew[ours] = started(_serve, theirs, work)
            theirs.close()  # the worker has its own: when that is gone, nothing comes from ours
        yield crew
    except BaseException:
        for process in crew.values():
            process.terminate()
        raise
    finally:
        for connection, process in crew.items():
            connection.close()
            process.join()


def _give(connection: Connection, tasks: Iterator[Any]) -> bool:
    for task in tasks:
        with suppress(BrokenPipeError):  # it has died, which the wait for its answer shows
            connection.send(task)
        return True
    return False


def _answer(connection: Connection, process: BaseProcess) -> Exception | None:
    try:
        failure: Exception | None = connection.recv()
    except (EOFError, ConnectionResetError):
        return death(process)
    return failure


def _serve(connection: Connection, work: Callable[[Any], None]) -> None:
    """Do what comes through the connection until its other end is closed; answer None or the exception."""
    with closing(connection), suppress(EOFError):
        while True:
            task = connection.recv()
            try:
                work(task)
            except Exception as error:
                connection.send(_sendable(error))
            else:
                connection.send(None)


def _sendable(error: Exception) -> Exception:
    """Return the exception with the traceback that pickling loses; one that cannot be pickled as its text."""
    text = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(text)
    if not isinstance(error, UserError):
        error.add_note(f"In a worker process:\n{text}")
    return error
