"""Ends a worker process whose run was killed: Beam's own workers would wait for their runner for ever.

Importing this module in a worker starts the watch; the engine names it to Beam as a plugin, which every worker imports.
"""

import os
import threading
import time

RUNNER = "POLYLOOM_RUNNER"  # the variable that tells a worker the process id of its runner
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


def start() -> None:
    """Watch the runner that the environment names, if this is not the runner itself."""
    runner = int(os.environ.get(RUNNER, os.getpid()))
    if runner != os.getpid():
        threading.Thread(target=watch, args=(runner,), name="watchdog", daemon=True).start()


start()
