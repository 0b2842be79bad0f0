"""Ends a process whose runner was killed: it would wait for it, or go on writing, for ever."""

import os
import threading
import time

SECONDS = 1.0


def is_alive(process: int) -> bool:
    """Return whether a process with this id exists."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def watch(process: int) -> None:
    """Wait until the process is gone, then end this one at once."""
    while is_alive(process):
        time.sleep(SECONDS)
    os._exit(1)


def start(runner: int) -> None:
    """Watch the runner with this process id, in a thread of its own."""
    threading.Thread(target=watch, args=(runner,), name="watchdog", daemon=True).start()
