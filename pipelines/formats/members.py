"""The files inside a source: an archive's members or a folder's files, read by name and never written under one."""

import io
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import fsspec
from fsspec.caching import BlockCache

from pipelines.datasets.errors import UserError
from pipelines.datasets.folders import files_of, leads_out
from pipelines.formats.compressed import DamagedStream, RawFile

# what zipfile raises at a member that is damaged, encrypted, or packed in a way that it does not know
BAD_MEMBER = (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)

_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
_IN_MEMORY = 1 << 26  # bytes of an unpacked tar archive that are held; more go into a temporary file
_BLOCK = 1 << 20
_PIECE, _PIECES = 1 << 22, 16  # bytes of a remote archive that are fetched at a time, and how many such pieces are kept


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
        file = io.BufferedReader(_Remote(location)) if "://" in location else path.open("rb")
    except (OSError, ValueError) as error:
        raise UserError(f"{location}: cannot be read ({error}); check the path, or run `polyloom fetch`") from error
    with file:
        try:
            archive = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise UserError(f"{location}: not a whole zip archive ({error}); remove it and fetch it again") from error
        with archive:
            yield archive


class _Remote(io.RawIOBase):
    """A remote file that is read here and there. Pieces of it are kept, else each small member costs a request.

    Raises ValueError where its size is not known, and UserError where it can be read no more: no member is at fault.
    """

    def __init__(self, location: str) -> None:
        system, path = fsspec.core.url_to_fs(location)
        size = system.info(path)["size"]
        if size is None:
            raise ValueError("its server does not say how large it is")
        self._location, self._size, self._place = location, int(size), 0
        self._kept = BlockCache(
            _PIECE, lambda begin, end: system.cat_file(path, start=begin, end=end), self._size, maxblocks=_PIECES
        )

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        self._place = place + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._kept._fetch(self._place, min(self._place + len(buffer), self._size))
        except Exception as error:  # every file system has errors of its own
            raise UserError(f"{self._location}: can be read no more ({error}); run the same command again") from error
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def _of_folder(folder: Path) -> Members:
    def read(name: str) -> bytes:
        path = folder.joinpath(*PurePosixPath(name).parts)
        if leads_out(path, folder):
            raise UnreadableMember("a link out of the folder, which is not followed")
        return path.read_bytes()

    return Members({path.relative_to(folder).as_posix(): path.lstat().st_size for path in files_of(folder)}, read)


@contextmanager
def open_tar(raw: RawFile) -> Iterator[Members]:
    """Open a tar archive, plain or compressed. Only its plain files are members: no links, no devices.

    It is unpacked as a whole, without a name, because a compressed one cannot be read in any other order. Raises
    UserError where there is none, it is damaged, or it is a decompression bomb.
    """
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as unpacked:
        try:
            with raw.open() as stream:
                while block := stream.read(_BLOCK):
                    unpacked.write(block)
            unpacked.seek(0)
            with tarfile.open(fileobj=unpacked, mode="r:") as archive:
                infos = {info.name: info for info in archive.getmembers() if info.isreg()}

                def read(name: str) -> bytes:
                    file = archive.extractfile(infos[name])
                    return file.read() if file else b""

                yield Members({name: info.size for name, info in infos.items()}, read)
        except (DamagedStream, tarfile.TarError) as error:
            raise UserError(f"{raw.path}: not a whole tar archive ({error}); remove it and fetch it again") from error


def is_tar(location: str) -> bool:
    """Return whether a source is a tar archive, by its name."""
    return location.lower().endswith(_TARS)
