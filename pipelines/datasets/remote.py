"""A folder in an object store: Amazon S3 and what speaks its protocol, Google Cloud Storage, Azure Blob Storage.

The client is obstore (the object_store library of Apache Arrow), which repeats what a server refuses for the moment
(HTTP 5xx, 429) and what a broken connection ended. Credentials and endpoints come from the environment, such as
`AWS_ACCESS_KEY_ID` and `AWS_ENDPOINT_URL`, or from the role of the machine.
"""

import mmap
import os
import random
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pipelines.datasets.errors import UserError

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import ObjectStore

SCHEMES: Final = ("s3", "gs", "az")
PART: Final = 64 << 20  # bytes: larger files go in parts; one request is faster for what is smaller
_PIECE: Final = 128 << 10  # bytes of an answer that are written at a time; larger buffers are new memory each time
_AT_A_TIME: Final = 4  # parts of one file
_TRIES: Final = 4  # of a whole request, each with the client's own repetitions: for what it gives up in its middle
_RETRIES: Final[Any] = {
    "max_retries": 6,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=5), "base": 2},
}
_WRITER: Final = "writer"  # the metadata that says which call wrote an object
_AGAIN: Final = "the same command then goes on from here"

Result = TypeVar("Result")
Version = Mapping[str, str]  # of an object, as the store names it: by `e_tag`, by `version`, or by both


@dataclass(frozen=True)
class Remote:
    """The objects under a URL, by name. `url` has no slash at its end.

    Every method raises UserError where the store cannot be reached, refuses, or has no such bucket.
    """

    url: str

    def exists(self, name: str) -> bool:
        try:
            self._asked(lambda store: store.head(self._key(name)))
        except FileNotFoundError:
            return False
        return True

    def read(self, name: str) -> bytes:
        """Return what an object holds. Raises FileNotFoundError where there is none."""
        return self._asked(lambda store: bytes(store.get(self._key(name)).bytes()))

    def read_version(self, name: str) -> tuple[bytes, Version] | None:
        """Return what an object holds and which version of it that is, or None where there is none."""

        def read(store: "ObjectStore") -> tuple[bytes, Version]:
            found = store.get(self._key(name))
            return bytes(found.bytes()), _version(found.meta)

        try:
            return self._asked(read)
        except FileNotFoundError:
            return None

    def get(self, name: str, path: Path) -> None:
        """Write what an object holds to a new file. Raises FileNotFoundError where there is none."""
        key = self._key(name)
        with path.open("wb", buffering=0) as file:

            def whole(store: "ObjectStore") -> int | None:
                found = store.get(key)
                if found.meta["size"] > PART:
                    return found.meta["size"]
                file.truncate(0)  # what an answer that broke off left
                _write(found, file.fileno(), 0)
                return None

            size = self._asked(whole)
            if size is not None:  # more than is well asked for in one go
                self._get_in_parts(key, size, file.fileno())

    def _get_in_parts(self, key: str, size: int, file: int) -> None:
        """Write an object's parts to an open file, each to its place as it comes, some at a time."""
        part = PART // _AT_A_TIME

        def get(begin: int) -> None:
            end = min(begin + part, size)
            self._asked(lambda store: _write(store.get(key, options={"range": (begin, end)}), file, begin))

        with ThreadPoolExecutor(_AT_A_TIME) as threads:
            for _ in threads.map(get, range(0, size, part)):
                pass

    def put(self, name: str, path: Path) -> None:
        """Put a file: it appears whole or not at all. What is larger than 64 MiB goes in parts."""
        size = path.stat().st_size

        def put(store: "ObjectStore") -> None:
            if not 0 < size <= PART:
                store.put(
                    self._key(name),
                    path,
                    use_multipart=size > 0,
                    chunk_size=PART // _AT_A_TIME,
                    max_concurrency=_AT_A_TIME,
                )
                return
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                store.put(self._key(name), memoryview(data), use_multipart=False)

        self._written(put)

    def put_bytes(self, name: str, data: bytes) -> None:
        self._written(lambda store: store.put(self._key(name), data, use_multipart=False))

    def put_if_absent(self, name: str, data: bytes) -> bool:
        """Put an object unless there is one; return whether this call did (a PUT with `If-None-Match: *`).

        A repeated request finds what the first one wrote where only the answer was lost: the object says who wrote it.
        """
        from obstore.exceptions import AlreadyExistsError

        writer = secrets.token_hex(8)

        def put(store: "ObjectStore") -> bool:
            try:
                store.put(self._key(name), data, mode="create", attributes={_WRITER: writer}, use_multipart=False)
            except AlreadyExistsError:
                return store.get(self._key(name)).attributes.get(_WRITER) == writer
            return True

        return self._written(put)

    def put_over(self, name: str, data: bytes, version: Version) -> Version | None:
        """Put an object in the place of this version of it; return the new one, or None where it has changed since.

        `data` must differ from what anyone else writes: a repeated request is told from another's by it.
        """
        from obstore.exceptions import PreconditionError

        expected: Any = dict(version)  # obstore names its type in its stubs alone

        def put(store: "ObjectStore") -> Version | None:
            try:
                return _version(store.put(self._key(name), data, mode=expected, use_multipart=False))
            except (PreconditionError, FileNotFoundError):
                return None

        written = self._written(put)
        if written is None:
            found = self.read_version(name)
            return found[1] if found and found[0] == data else None
        return written

    def sizes(self, under: str = "") -> dict[str, int]:
        """Return the size of every object in the folder, or in the folder `under` of it, by name."""
        folder = self._key("")
        skipped = len(folder) + 1 if folder else 0
        prefix = self._key(under.rstrip("/"))

        def listed(store: "ObjectStore") -> dict[str, int]:
            return {entry["path"][skipped:]: entry["size"] for page in store.list(prefix) for entry in page}

        return self._asked(listed)

    def folders(self) -> list[str]:
        """Return the names of the folders in this one, sorted."""
        found = self._asked(lambda store: store.list_with_delimiter(self._key("")))
        return sorted(prefix.rstrip("/").rpartition("/")[2] for prefix in found["common_prefixes"])

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects; nothing happens where there is none."""
        keys = [self._key(name) for name in names]
        if not keys:
            return
        try:
            self._asked(lambda store: store.delete(keys))
        except FileNotFoundError:  # S3 never says so; another store may, and leave the rest
            for key in keys:
                with suppress(FileNotFoundError):
                    self._asked(partial(_delete, key=key))

    def _key(self, name: str) -> str:
        folder = self.url.partition("://")[2].partition("/")[2]
        return "/".join(part for part in (folder, name) if part)

    def _written(self, work: "Callable[[ObjectStore], Result]") -> Result:
        try:
            return self._asked(work)
        except FileNotFoundError:
            raise UserError(f"{self.url}: there is no such bucket; make it, or correct the URL in the config") from None

    def _asked(self, work: "Callable[[ObjectStore], Result]") -> Result:
        """Do a request, and do it again where the store or the way to it fails for the moment."""
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        store = opened("/".join(self.url.split("/")[:3]))
        for left in reversed(range(_TRIES)):
            try:
                return work(store)
            except (PermissionDeniedError, UnauthenticatedError) as error:
                raise UserError(
                    f"{self.url}: the store refuses access ({_reason(error)}); set credentials in the environment, "
                    f"such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, that may read and write there; {_AGAIN}"
                ) from error
            except BaseError as error:
                if not left:
                    raise UserError(
                        f"{self.url}: the store cannot be used ({_reason(error)}); check the URL, the credentials and "
                        f"the network; {_AGAIN}"
                    ) from error
                time.sleep(random.uniform(0.5, 1.5) * 2.0 ** (_TRIES - left - 3))  # 0.25 s, 0.5 s, 1 s; jittered
        raise AssertionError


def _delete(store: "ObjectStore", key: str) -> None:
    store.delete(key)


def _write(answer: "GetResult", file: int, place: int) -> None:
    """Write an answer to an open file, from this byte of it on, while the rest comes."""
    for data in answer.stream(min_chunk_size=_PIECE):
        left = memoryview(data)
        while left:
            written = os.pwrite(file, left, place)
            left, place = left[written:], place + written


def client_options() -> dict[str, Any]:
    """Return what the client must be told.

    An endpoint without TLS is one that the environment names so. A request may take as long as 64 MiB do on a slow
    line, or a part of a file: nothing larger is asked for at once.
    """
    is_plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    return {"allow_http": is_plain, "timeout": timedelta(minutes=10), "connect_timeout": timedelta(seconds=10)}


@cache
def opened(root: str) -> "ObjectStore":
    """Return the client for a URL's bucket, the same one each time. Raises UserError where obstore is missing."""
    try:
        from obstore.store import from_url
    except ModuleNotFoundError:
        raise UserError(f"{root} needs the package 'obstore': install polyloom[s3]") from None
    options: dict[str, Any] = {"client_options": client_options(), "retry_config": _RETRIES}
    store: ObjectStore = from_url(root, **options)
    return store


def _version(named: Mapping[str, Any]) -> Version:
    return {key: named[key] for key in ("e_tag", "version") if named.get(key)}


def _reason(error: Exception) -> str:
    """Return the first line of what obstore says, which goes on with the request and its source."""
    return str(error).splitlines()[0].strip()
