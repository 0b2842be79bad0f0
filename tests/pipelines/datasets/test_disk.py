"""What a disk refuses is one sentence with the place and the remedy, however a library wrapped it."""

import errno
import os
from pathlib import Path

import pytest

from pipelines.datasets.disk import explained
from pipelines.datasets.errors import UserError

HERE = Path("runs/ingest-f")


def refusal(number: int, name: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), name)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "No space left on device; make room on that disk or set `runs`"),
        (errno.EDQUOT, "Disk quota exceeded; make room within the quota"),
        (errno.EROFS, "Read-only file system; make it writable or set `runs`"),
        (errno.EACCES, "Permission denied; give this user the right"),
        (errno.EIO, "Input/output error; the disk failed: check it"),
        (errno.EFBIG, r"File too large; raise the limit on the size of files \(`ulimit -f`\)"),
        (errno.EMFILE, r"Too many open files; raise the limit on open files \(`ulimit -n`\)"),
    ],
)
def test_a_refusal_names_the_place_and_the_remedy(number: int, sentence: str) -> None:
    whole = rf"^runs/ingest-f: {sentence}.*; the same command then goes on from here$"
    with pytest.raises(UserError, match=whole), explained(HERE):
        raise refusal(number)


def test_the_file_that_the_error_names_is_the_place() -> None:
    with pytest.raises(UserError, match=r"^/disk/file: No space left on device; "), explained(HERE):
        raise refusal(errno.ENOSPC, "/disk/file")


def test_a_refusal_that_torch_wrapped() -> None:
    def save() -> None:
        try:
            raise refusal(errno.ENOSPC)
        finally:
            raise RuntimeError("unexpected pos 53824 vs 53716")

    with pytest.raises(UserError, match="No space left"), explained(HERE):
        save()


def test_a_refusal_that_rust_wrapped() -> None:
    with pytest.raises(UserError, match="No space left"), explained(HERE):
        raise Exception("I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize("error", [refusal(errno.ENOENT, "gone"), ValueError("a bug"), KeyboardInterrupt()])
def test_any_other_error_is_passed_on(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, explained(HERE):
        raise error
    assert raised.value is error


def test_a_users_error_stays_as_it_is() -> None:
    said = UserError("a sentence")
    said.__cause__ = refusal(errno.ENOSPC)
    with pytest.raises(UserError) as raised, explained(HERE):
        raise said
    assert raised.value is said
