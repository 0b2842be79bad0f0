"""A lock in an object store, which has none: an object that its holder writes again and again while it works.

Who finds it unchanged for a minute, by its own clock, takes it over in one conditional write. No two machines' clocks
are compared.
"""

import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pipelines.datasets.errors import UserError
from pipelines.datasets.remote import Remote, Version

SECONDS: Final = 60.0  # after which an unchanged lease is nobody's
_LOOK: Final = 2.0
_BEATS: Final = 6  # in that time


class Lease:
    """A lease that is held; see `leased`."""

    def __init__(self, remote: Remote, name: str, holder: str, version: Version, seconds: float) -> None:
        self._remote, self._name, self._holder, self._version = remote, name, holder, version
        self._seconds = seconds
        self._renewed = time.monotonic()
        self._is_lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise UserError where another machine may have taken the work over."""
        if self._is_lost or time.monotonic() - self._renewed > self._seconds:
            raise UserError(
                f"{self._remote.url}/{self._name}: another machine has taken this work over, for this one did not "
                "renew its lease in time; run the same command again: it waits for the other one"
            )

    def end(self) -> None:
        """Give the lease up, unless another has it."""
        self._ended.set()
        self._thread.join()
        if not self._is_lost:
            with suppress(UserError):  # it runs out by itself
                self._remote.delete([self._name])

    def _beat(self) -> None:
        while not self._ended.wait(self._seconds / _BEATS):
            began = time.monotonic()
            with suppress(UserError):  # a store that cannot be reached for a while; `check` counts how long
                version = self._remote.put_over(self._name, _text(self._holder), self._version)
                if version is None:
                    self._is_lost = True
                    return
                self._version, self._renewed = version, began


@contextmanager
def leased(
    remote: Remote, name: str, holder: Path, waiting: Callable[[], None], seconds: float = SECONDS
) -> Iterator[Lease]:
    """Hold the lease `name` for the length of the block; call `waiting` once if it is another's.

    `holder` is a file that names this machine's folder for the work, and is made where it is missing. The caller holds
    a lock on that folder, so a lease that it still has is a dead process's, and is taken at once.
    """
    own = _holder(holder)
    lease = Lease(remote, name, own, _acquired(remote, name, own, waiting, seconds), seconds)
    try:
        yield lease
    finally:
        lease.end()


def _acquired(remote: Remote, name: str, own: str, waiting: Callable[[], None], seconds: float) -> Version:
    seen: Version = {}
    since, told = time.monotonic(), False
    while True:
        text = _text(own)
        found = remote.read_version(name)
        if found is None:
            if remote.put_if_absent(name, text):
                found = remote.read_version(name)
                if found is not None and found[0] == text:
                    return found[1]
            continue
        data, version = found
        if version != seen:
            seen, since = version, time.monotonic()
        if data.startswith(f"{own} ".encode()) or time.monotonic() - since > seconds:
            taken = remote.put_over(name, text, version)
            if taken is not None:
                return taken
            continue
        if not told:
            waiting()
            told = True
        time.sleep(min(_LOOK, seconds / _BEATS))


def _holder(path: Path) -> str:
    """Return the name that this folder takes leases under."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        path.write_text(f"{platform.node()}-{secrets.token_hex(8)}", encoding="ascii")
    return path.read_text(encoding="ascii")


def _text(holder: str) -> bytes:
    """Return what stands in a lease: the holder and, so that every writing differs, a random number."""
    return f"{holder} process {os.getpid()} {secrets.token_hex(8)}\n".encode()
