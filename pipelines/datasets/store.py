"""Where the files of one dataset live: a folder on a local disk.

The operations are those that an object store has too (get, put whole, put if absent, list, delete), so that
one fits behind the same methods; memory-mapped reading is the local disk's own.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import pyarrow as pa
import xxhash

from pipelines.datasets.disk import explained
from pipelines.datasets.folders import stays_inside

TEMPORARY = ".tmp-"


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

    def exists(self, name: str) -> bool:
        return self.path(name).is_file()

    def read(self, name: str) -> bytes:
        return self.path(name).read_bytes()

    def table(self, name: str) -> pa.Table:
        """Return an Arrow file as a table that is memory-mapped: columns cost memory only when touched."""
        with pa.memory_map(str(self.path(name))) as file:
            return pa.ipc.open_file(file).read_all()

    def put(self, name: str, write: Callable[[HashingFile], None]) -> Stored:
        """Let `write` fill the file `name`; it appears whole, synced to disk and under its name, or not at all."""
        with self.writing(name) as pending:
            write(pending.file)
        return pending.stored()

    def put_bytes(self, name: str, data: bytes) -> Stored:
        def write(file: HashingFile) -> None:
            file.write(data)

        return self.put(name, write)

    def writing(self, name: str) -> "PendingFile":
        """Return a context whose `file` becomes `name` when the block ends without an exception."""
        return PendingFile(self.path(name))

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

        A hard link is created or fails as one step, so of two writers exactly one gets True.
        """
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
        """Yield the name of every file, in sorted order."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(self.folder).as_posix()

    def delete(self, name: str) -> None:
        """Remove a file, or everything under a folder; nothing happens where there is none."""
        path = self.path(name)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)  # another process may be removing the same
        else:
            path.unlink(missing_ok=True)

    def keep_only(self, wanted: Callable[[str], bool]) -> None:
        """Remove every file that is not wanted, and folders that are left empty."""
        for name in list(self.names()):
            if not wanted(name):
                self.path(name).unlink()
        for folder in sorted((path for path in self.folder.rglob("*") if path.is_dir()), reverse=True):
            with suppress(OSError):
                folder.rmdir()


class PendingFile:
    """A file that is being written beside its place; see `Store.writing`."""

    def __init__(self, path: Path) -> None:
        self._path = path
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
                os.fsync(self._raw.fileno())
                self._raw.close()
                self._temporary.replace(self._path)
            except OSError:
                self._give_up()
                raise
            _sync_folder(self._path.parent)

    def _give_up(self) -> None:
        with suppress(OSError):  # closing writes what is still buffered, which a full disk refuses again
            self._raw.close()
        self._temporary.unlink(missing_ok=True)

    def stored(self) -> Stored:
        return self.file.stored()


def _temporary_beside(path: Path) -> Path:
    return path.with_name(f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}-{path.name}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
