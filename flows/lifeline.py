"""Run a command that dies with the process that started it: `python -m flows.lifeline PARENT COMMAND …`.

A wrapper instead of Popen's `preexec_fn`, which is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def bound(command: Sequence[str]) -> list[str]:
    """Return `command` such that it gets SIGTERM when the calling thread's process ends, however that comes about.

    The kernel watches the thread that starts the command: that one has to wait for it.
    """
    return [sys.executable, "-m", "flows.lifeline", str(os.getpid()), *command]


def main(arguments: Sequence[str]) -> None:
    """Tie this process to its parent, then become the command; the tie outlasts the exec."""
    parent, *command = arguments
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(128 + signal.SIGTERM)  # it ended before the tie was there
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
