"""The other processes of a run: started here on one machine, or by `torchrun` on any number of them.

Either way the first process alone runs the stage: it holds the lock, writes the dataset and shows how far it is. The
others join it, and help along with what it tells them; of the disk they touch the token shards, and their share of a
checkpoint.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import torch.distributed as dist

from pipelines.datasets import watchdog
from pipelines.datasets.errors import Stopped
from training.distributed import ALONE, Ranks, is_under_torchrun, joined, joined_by_environment, meeting_point
from training.loop import help_along
from training.stopping import stop_requests

_GIVE_WAY_SECONDS: Final = 3.0


@contextmanager
def together() -> Iterator[bool]:
    """Join the processes that `torchrun` started: yield True to the first, False to the others when they have helped.

    The entry `together` of the stage; see `StageSpec`.
    """
    ranks = joined_by_environment()
    if ranks.is_first:
        yield True
        ranks.told(None)
    else:
        _help(ranks)
        yield False
    dist.destroy_process_group()


@contextmanager
def sharing(processes: int) -> Iterator[Ranks]:
    """Yield the place of this process, the first, among all that share each step, once they are there.

    processes: how many are wanted on this machine; where `torchrun` started this one, its number counts. One that ends
    by itself ends the run, with a sentence and status 1; and none outlives this one.
    """
    if is_under_torchrun():
        yield joined_by_environment()
    elif processes == 1:
        yield ALONE
    else:
        with _started(processes) as ranks:
            yield ranks


@contextmanager
def _started(world: int) -> Iterator[Ranks]:
    store = meeting_point(0, world, is_first=True)
    others = _Others(store.port, world)
    try:
        with _giving_way():
            ranks = joined(0, world, 0, store)
            yield ranks
            ranks.told(None)
        others.wait()
    except Stopped:
        others.wait()  # they stop by themselves
        raise
    finally:
        others.kill()
        if dist.is_initialized():
            dist.destroy_process_group()


class _Others:
    """The processes that this one started; as soon as one ends with an error, all end.

    They stay in this process group. A thread waits for each: a collective might wait for one that is gone for minutes.
    """

    def __init__(self, port: int, world: int) -> None:
        self._are_killed = False
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "training.processes", *map(str, (os.getpid(), port, rank, world))],
                stdin=subprocess.DEVNULL,
            )
            for rank in range(1, world)
        ]
        for number, process in enumerate(self._processes, 2):
            threading.Thread(target=self._watch, args=(process, f"process {number} of {world}"), daemon=True).start()

    def wait(self) -> None:
        """Wait until all have ended."""
        for process in self._processes:
            process.wait()

    def kill(self) -> None:
        """End those that are still there at once: they keep nothing that is needed again."""
        self._are_killed = True
        for process in self._processes:
            process.kill()
        self.wait()

    def _watch(self, process: "subprocess.Popen[bytes]", name: str) -> None:
        status = process.wait()
        if status and not self._are_killed:
            self.kill()
            print(f"error: {name} {_ended(status)}; the same command goes on from the last checkpoint", file=sys.stderr)
            sys.stderr.flush()
            os._exit(1)


def _ended(status: int) -> str:
    if -status == signal.SIGKILL:
        return "was killed by SIGKILL, as the kernel does when memory is short"
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


@contextmanager
def _giving_way() -> Iterator[None]:
    """Hold back an error of torch for a moment: if it is that another process is gone, whoever watches that says so."""
    try:
        yield
    except RuntimeError:
        time.sleep(_GIVE_WAY_SECONDS)
        raise


def _help(ranks: Ranks) -> None:
    with suppress(Stopped), stop_requests() as is_asked_to_stop, _giving_way():
        help_along(ranks, is_asked_to_stop)


def main(parent: int, port: int, rank: int, world: int) -> None:
    """Be one of the other processes on this machine, bound to the first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process says what an interrupt means
    watchdog.start(parent)
    _help(joined(rank, world, rank, meeting_point(port, world, is_first=False)))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
