"""What a worker met that a user can put right, as the one sentence that the command line shows.

Beam hands an exception of a worker on as itself or as text, with a traceback and the label of the step in it,
depending on the runner; so it is read from the text, which all have.
"""

import errno
import re
import traceback
from pathlib import Path

import grpc

from pipelines.datasets.errors import UserError

_STEP = r" \[while running '([^']*?)(?:-ptransform-\d+)?'\]"
# The last one counts: the same exception stands before it without the step, and so may one that it came from.
_USER_ERROR = re.compile(r".*pipelines\.datasets\.errors\.\w+: (.*?)" + _STEP, re.DOTALL)
_OS_ERROR = re.compile(r".*\w+: \[Errno (\d+)\] (.*?)" + _STEP, re.DOTALL)
_QUOTED = re.compile(r"(['\"])(.+?)\1")

_AGAIN = "then start the same command again: what was finished is kept"
_REMEDIES = {
    errno.ENOSPC: f"the disk is full: free some space, {_AGAIN}",
    errno.EDQUOT: f"the quota is used up: free some space, {_AGAIN}",
    errno.EROFS: f"the disk is read-only: make it writable, {_AGAIN}",
    errno.EACCES: f"permission denied: allow the user that runs the workers to use it, {_AGAIN}",
    errno.EPERM: f"not permitted: allow the user that runs the workers to use it, {_AGAIN}",
    errno.ENOENT: f"it is not there for the worker: put it back, or let every worker see it at this path, {_AGAIN}",
    errno.ESTALE: f"the network disk has lost it: mount the disk anew, {_AGAIN}",
    errno.EIO: f"the disk cannot read or write: check the disk, {_AGAIN}",
}


def explained(error: Exception, folder: Path) -> UserError | None:
    """Return what a user can put right about the failure of a pipeline, or None where it is a bug.

    `folder` is where its workers write: it stands in for the path that an error without one is about.
    """
    if isinstance(error, grpc.RpcError):
        return UserError(f"the job service stopped answering ({_status(error)}): see its output, {_AGAIN}")
    text = "".join(traceback.format_exception_only(error))
    if found := _USER_ERROR.match(text):
        return UserError(found[1])
    found = _OS_ERROR.match(text)
    if found is None or int(found[1]) not in _REMEDIES:
        return None
    number, message, step = int(found[1]), found[2], found[3]
    quoted = _QUOTED.search(message)
    return UserError(f"{quoted[2] if quoted else folder}: {_REMEDIES[number]} (step {step})")


def _status(error: grpc.RpcError) -> str:
    return str(error.code().name) if isinstance(error, grpc.Call) else type(error).__name__
