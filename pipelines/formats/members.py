"""The files inside a source: a zip archive's members or a folder's files, read by name and never written anywhere."""

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import fsspec

from pipelines.datasets.errors import UserError
from pipelines.datasets.folders import files_of, leads_out

# what zipfile raises at a member that is damaged, encrypted, or packed in a way that it does not know
BAD_MEMBER = (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)


class UnreadableMember(Exception):
    """A member whose bytes cannot be had; its text is the cause."""


class Members:
    """The members of an open source: `sizes` by name, in bytes, and their contents."""

    def __init__(self, sizes: Mapping[str, int], read: Callable[[str], bytes]) -> None:
        self.sizes = sizes
        self._read = read

    def read(self, name: str) -> bytes:
        """Return a member's bytes. Raises UnreadableMember where they are damaged, encrypted or not permitted."""
        try:
            return self._read(name)
        except BAD_MEMBER as error:
            raise UnreadableMember(str(error) or type(error).__name__) from error


@contextmanager
def open_members(location: str) -> Iterator[Members]:
    """Open a folder, or a zip archive (a wheel is one) at a path or fsspec URL.

    Raises UserError where there is none, and where the archive as a whole is damaged.
    """
    path = Path(location)
    if path.is_dir():
        yield _of_folder(path)
        return
    with open_zip(location) as archive:
        yield Members({info.filename: info.file_size for info in archive.infolist()}, archive.read)


@contextmanager
def open_zip(location: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive at a path or fsspec URL. Raises UserError where there is none, or it is damaged as a whole."""
    try:
        # a zip's directory is read in a hundred thousand small steps, for which fsspec's local files are slow
        path = Path(location)
        file = fsspec.open(location, "rb").open() if "://" in location else path.open("rb")
    except (OSError, ValueError) as error:
        raise UserError(f"{location}: cannot be read ({error}); check the path, or run `polyloom fetch`") from error
    with file:
        try:
            archive = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise UserError(f"{location}: not a whole zip archive ({error}); remove it and fetch it again") from error
        with archive:
            yield archive


def _of_folder(folder: Path) -> Members:
    def read(name: str) -> bytes:
        path = folder.joinpath(*PurePosixPath(name).parts)
        if leads_out(path, folder):
            raise UnreadableMember("a link out of the folder, which is not followed")
        return path.read_bytes()

    return Members({path.relative_to(folder).as_posix(): path.lstat().st_size for path in files_of(folder)}, read)
