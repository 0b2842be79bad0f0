"""Where the files of one dataset live: in a folder on a local disk, or at a URL that such a folder stands for.

The operations are those that an object store has too (get, put whole, put if absent, list, delete), and each does
at the URL what it does on the disk. Memory-mapped reading is the local disk's own: a file is fetched for it.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

import pyarrow as pa
import xxhash

from pipelines.datasets.disk import explained
from pipelines.datasets.folders import stays_inside
from pipelines.datasets.mirror import remote_of
from pipelines.datasets.remote import Remote

TEMPORARY = ".tmp-"
_AT_A_TIME: Final = 4  # files that are fetched or put


@dataclass(frozen=True)
class Stored:
    """What was put: its size in bytes and its checksum (xxh3, 128 bits, hexadecimal)."""

    bytes: int
    checksum: str


class HashingFile:
    """A writable binary file that hashes what goes through it; `place` is named where the disk refuses."""

    def __init__(self, file: BinaryIO, place: Path) -> None:
        self._file = file
        self._place = place
        self._state = xxhash.xxh3_128()
        self.bytes = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        self._state.update(data)
        with explained(self._place):
            written = self._file.write(data)
        self.bytes += written
        return written

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None:
        with explained(self._place):
            self._file.flush()

    def close(self) -> None:
        self.closed = True

    def writable(self) -> bool:
        return True

    def stored(self) -> Stored:
        return Stored(self.bytes, self._state.hexdigest())


@dataclass(frozen=True)
class Store:
    """The files of one dataset, by name. A name is a relative path with `/`, never one that leaves the folder."""

    folder: Path

    def path(self, name: str) -> Path:
        """Return where `name` lives. Raises ValueError for a name that would leave the folder."""
        if not stays_inside(name):
            raise ValueError(f"{name!r} is not a file name inside a dataset")
        return self.folder.joinpath(*PurePosixPath(name).parts)

    @property
    def remote(self) -> Remote | None:
        """What the folder stands for; None where it is only a folder."""
        return remote_of(self.folder)

    def exists(self, name: str) -> bool:
        return self.remote.exists(name) if self.remote else self.path(name).is_file()

    def read(self, name: str) -> bytes:
        """Return what a file holds now, at the URL if there is one. Raises FileNotFoundError where there is none."""
        return self.remote.read(name) if self.remote else self.path(name).read_bytes()

    def sizes(self, names: Iterable[str]) -> dict[str, int]:
        """Return the size in bytes of each of these files that there is, by name. A URL is asked for all at once."""
        if self.remote:
            return self.remote.sizes()
        paths = ((name, self.path(name)) for name in names)
        return {name: path.stat().st_size for name, path in paths if path.is_file()}

    def fetched(self, name: str) -> Path:
        """Return where a file is on this disk, after fetching it from the URL where it is not there."""
        path = self.path(name)
        if self.remote and not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = _temporary_beside(path)
            with explained(path):
                try:
                    self.remote.get(name, temporary)
                    temporary.replace(path)
                finally:
                    temporary.unlink(missing_ok=True)
        return path

    def fetch(self, names: Iterable[str]) -> None:
        """Fetch several files, some at a time."""
        if self.remote:
            _each(self.fetched, names)

    def table(self, name: str) -> pa.Table:
        """Return an Arrow file as a table that is memory-mapped: columns cost memory only when touched."""
        with pa.memory_map(str(self.fetched(name))) as file:
            return pa.ipc.open_file(file).read_all()

    def put(self, name: str, write: Callable[[HashingFile], object]) -> Stored:
        """Let `write` fill the file `name`; it appears whole, synced to disk and under its name, or not at all.

        Where the folder stands for a URL, the file is there alone until it is published.
        """
        with self.writing(name) as pending:
            write(pending.file)
        return pending.stored()

    def put_bytes(self, name: str, data: bytes) -> Stored:
        """Write a small file, and publish it."""

        def write(file: HashingFile) -> None:
            file.write(data)

        stored = self.put(name, write)
        self.publish([name])
        return stored

    def publish(self, names: Iterable[str]) -> None:
        """Put files of the folder to the URL, if it stands for one."""
        remote = self.remote
        if remote:
            _each(lambda name: remote.put(name, self.path(name)), names)

    def writing(self, name: str) -> "PendingFile":
        """Return a context whose `file` becomes `name` when the block ends without an exception."""
        return PendingFile(self.path(name), synced=self.remote is None)

    def link(self, name: str, path: Path) -> None:
        """Put the file at `path` under `name` too: as a hard link, or as a copy where the disk has none."""
        target = self.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary_beside(target)
        try:
            os.link(path, temporary)
        except OSError:
            shutil.copyfile(path, temporary)
        temporary.replace(target)
        temporary.unlink(missing_ok=True)  # a link to the file that is there already is left where it was

    def put_if_absent(self, name: str, data: bytes) -> bool:
        """Put `data` under `name` unless something is there; return whether this call was the one that did.

        On a disk a hard link is created or fails as one step, at a URL a conditional PUT: of two writers exactly one
        gets True. What the folder of a URL holds under the name is a copy, and is replaced.
        """
        if self.remote:
            if not self.remote.put_if_absent(name, data):
                return False
            self.delete_copy(name)
        path = self.path(name)
        temporary = _temporary_beside(path)
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.link(temporary, path)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
            _sync_folder(path.parent)
        return True

    def names(self) -> Iterator[str]:
        """Yield the name of every file that is on this disk, in sorted order."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(self.folder).as_posix()

    def delete(self, name: str) -> None:
        """Remove a file, or everything under a folder; nothing happens where there is none."""
        if self.remote:
            self.remote.delete([*self.remote.sizes(name), name])
        self.delete_copy(name)

    def delete_copy(self, name: str) -> None:
        """Do as `delete` does, on this disk alone."""
        path = self.path(name)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)  # another process may be removing the same
        else:
            path.unlink(missing_ok=True)

    def keep_only(self, wanted: Callable[[str], bool]) -> None:
        """Remove every file that is not wanted, and folders that are left empty."""
        if self.remote:
            self.remote.delete(name for name in self.remote.sizes() if not wanted(name))
        self.keep_copies(wanted)

    def keep_copies(self, wanted: Callable[[str], bool]) -> None:
        """Do as `keep_only` does, on this disk alone."""
        for name in list(self.names()):
            if not wanted(name):
                self.path(name).unlink(missing_ok=True)
        for folder in sorted((path for path in self.folder.rglob("*") if path.is_dir()), reverse=True):
            with suppress(OSError):
                folder.rmdir()


class PendingFile:
    """A file that is being written beside its place; see `Store.writing`."""

    def __init__(self, path: Path, synced: bool) -> None:
        self._path = path
        self._synced = synced  # else what matters is elsewhere: this file is lost with the machine, and so may it be
        self._temporary = _temporary_beside(path)

    def __enter__(self) -> "PendingFile":
        with explained(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._raw = self._temporary.open("xb")
        self.file = HashingFile(self._raw, self._path)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._give_up()
            return
        with explained(self._path):
            try:
                self._raw.flush()
                if self._synced:
                    os.fsync(self._raw.fileno())
                self._raw.close()
                self._temporary.replace(self._path)
            except OSError:
                self._give_up()
                raise
            if self._synced:
                _sync_folder(self._path.parent)

    def _give_up(self) -> None:
        with suppress(OSError):  # closing writes what is still buffered, which a full disk refuses again
            self._raw.close()
        self._temporary.unlink(missing_ok=True)

    def stored(self) -> Stored:
        return self.file.stored()


def fetched(path: Path) -> Path:
    """Return the path of a file of a dataset when it is on this disk; see `Store.fetched`."""
    return Store(path.parent).fetched(path.name)


def _each(work: Callable[[str], object], names: Iterable[str]) -> None:
    """Do `work` on all names, some at a time. Raises what the first that failed raised."""
    todo = list(names)
    if len(todo) < 2:
        for name in todo:
            work(name)
        return
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        for done in [threads.submit(work, name) for name in todo]:
            done.result()


def _temporary_beside(path: Path) -> Path:
    return path.with_name(f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}-{path.name}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
