"""What a disk refuses, as sentences: the one place where errors of the file system become a user's errors."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pipelines.datasets.errors import UserError

_AGAIN: Final = "the same command then goes on from here"
_REMEDIES: Final = {
    errno.ENOSPC: f"make room on that disk or set `runs` in the config to another one; {_AGAIN}",
    errno.EDQUOT: f"make room within the quota or set `runs` in the config to another disk; {_AGAIN}",
    errno.EROFS: f"make it writable or set `runs` in the config to another folder; {_AGAIN}",
    errno.EACCES: f"give this user the right to read and write there; {_AGAIN}",
    errno.EPERM: f"give this user the right to read and write there; {_AGAIN}",
    errno.EIO: f"the disk failed: check it, or set `runs` in the config to another one; {_AGAIN}",
    errno.EFBIG: f"raise the limit on the size of files (`ulimit -f`); {_AGAIN}",
    errno.EMFILE: f"raise the limit on open files (`ulimit -n`); {_AGAIN}",
}
_IN_RUST: Final = re.compile(r"\(os error (\d+)\)")  # how tokenizers and safetensors hand on an error of the disk


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what a disk refuses inside the block into a UserError: the file that the error names, else `path`.

    Full, read-only or failing disks, missing rights and limits are meant; any other error is passed on as it is.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        found = _refusal(error)
        if found is None:
            raise
        number, place = found
        raise UserError(f"{place or path}: {os.strerror(number)}; {_REMEDIES[number]}") from error


def _refusal(error: BaseException | None) -> tuple[int, str] | None:
    """Return the number and the file, or "", of the refusal that an error is or came from.

    Libraries wrap it: torch raises a RuntimeError while it handles the OSError, others keep its text alone.
    """
    while error is not None:
        in_text = _IN_RUST.search(str(error))
        number = error.errno if isinstance(error, OSError) else int(in_text[1]) if in_text else None
        if number in _REMEDIES:
            name = getattr(error, "filename", None)
            return number, os.fsdecode(name) if isinstance(name, str | bytes) else ""
        error = error.__cause__ or error.__context__
    return None
