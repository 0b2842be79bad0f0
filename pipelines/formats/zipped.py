"""A file inside a zip archive as a stream of bytes, like a compressed one of a single member."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipelines.formats.compressed import ByteStream, DamagedStream, RawFile
from pipelines.formats.members import BAD_MEMBER, open_zip
from pipelines.formats.protocol import Member

_BLOCK = 1 << 20


@dataclass(frozen=True)
class ZippedFile:
    """The member `name` of the zip archive `archive`, whose limits on bombs hold for it."""

    archive: RawFile
    name: str

    @property
    def path(self) -> str:
        return f"{self.archive.path}: {self.name}"

    @contextmanager
    def open(self, start: int = 0, _member: Member | None = None) -> Iterator[ByteStream]:
        """Open the unpacked bytes from `start`; the one member that there is begins at the start.

        Raises UserError where there is no such archive, or the member unpacks to more than is allowed.
        """
        with open_zip(self.archive.path) as archive:
            info = archive.getinfo(self.name)
            self.archive.guard(info.file_size, info.compress_size)
            unpacked = _ZipMember(archive, info)
            stream = ByteStream(io.BufferedReader(unpacked, _BLOCK), unpacked)
            stream.skip(start)
            yield stream


class _ZipMember(io.RawIOBase):
    """The unpacked bytes of a member of a zip archive. They end at `damage`, where there is any."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._unpacked = 0
        self.damage: DamagedStream | None = None
        try:
            self._file = archive.open(info)
        except BAD_MEMBER as error:
            self.damage = _damaged(error)

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._unpacked

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self.damage is not None:
            return 0
        try:
            data = self._file.read(len(buffer))
        except BAD_MEMBER as error:
            self.damage = _damaged(error)
            return 0
        buffer[: len(data)] = data
        self._unpacked += len(data)
        return len(data)

    def member_of(self, _offset: int) -> Member:
        return Member()


def _damaged(error: Exception) -> DamagedStream:
    return DamagedStream(f"the archive's member is damaged ({error or type(error).__name__})")
