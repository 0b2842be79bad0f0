"""What is asked of an object store, against a real S3 server on loopback, sound and failing."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import fsspec
import pytest
import s3_server
from obstore.store import from_url

from pipelines.datasets import remote
from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import content_hash
from pipelines.datasets.remote import Remote

if TYPE_CHECKING:
    from conftest import ObjectStore


@pytest.fixture
def folder(object_store: "ObjectStore") -> Remote:
    return Remote(f"{object_store.url}/a/folder")


@pytest.fixture
def flaky(object_store: "ObjectStore", monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Remote, s3_server.Faults]]:
    """A folder behind a proxy that fails one request in three."""
    faults = s3_server.Faults(3)
    with s3_server.proxy(object_store.server, faults) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        remote.opened.cache_clear()
        yield Remote(f"{object_store.url}/a/folder"), faults
    remote.opened.cache_clear()


def test_objects_come_back(folder: Remote, tmp_path: Path) -> None:
    folder.put_bytes("deep/b", b"bytes")
    (tmp_path / "empty").write_bytes(b"")
    folder.put("empty", tmp_path / "empty")
    assert folder.read("deep/b") == b"bytes"
    assert folder.exists("deep/b")
    assert not folder.exists("deep")
    assert folder.sizes() == {"deep/b": 5, "empty": 0}
    assert folder.sizes("deep/") == {"deep/b": 5}
    assert folder.sizes("dee") == {}
    assert folder.folders() == ["deep"]
    folder.get("deep/b", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"bytes"
    folder.delete(["deep/b", "not there"])
    assert folder.sizes() == {"empty": 0}
    with pytest.raises(FileNotFoundError):
        folder.read("deep/b")


def test_a_bucket_may_be_the_folder(object_store: "ObjectStore") -> None:
    bucket = Remote(object_store.url)
    bucket.put_bytes("name/a", b"")
    assert bucket.sizes() == {"name/a": 0}
    assert bucket.folders() == ["name"]


def test_a_large_file_goes_in_parts(folder: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PART", 24 << 20)  # S3 takes no part below 5 MiB but the last
    data = os.urandom((25 << 20) + 7)
    (tmp_path / "large").write_bytes(data)
    folder.put("large", tmp_path / "large")
    _, version = folder.read_version("large") or (b"", {})
    assert "-" in version["e_tag"]  # how S3 marks what came in parts
    folder.get("large", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data


def test_an_upload_that_is_cut_in_its_middle_leaves_nothing(
    folder: Remote, object_store: "ObjectStore", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PART", 24 << 20)
    monkeypatch.setattr(remote, "_TRIES", 1)
    monkeypatch.setitem(remote._RETRIES, "max_retries", 0)
    data = os.urandom((25 << 20) + 7)
    (tmp_path / "large").write_bytes(data)

    class AfterThree(s3_server.Faults):
        def next(self) -> str:
            self._count += 1
            return "lost" if self._count > 3 else ""  # it is begun, two parts have come

    with s3_server.proxy(object_store.server, AfterThree(1)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        remote.opened.cache_clear()
        with pytest.raises(UserError, match="the store cannot be used"):
            folder.put("large", tmp_path / "large")
    monkeypatch.setenv("AWS_ENDPOINT_URL", object_store.server)
    remote.opened.cache_clear()
    assert folder.sizes() == {}
    folder.put("large", tmp_path / "large")
    folder.get("large", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data


def test_of_many_writers_one_puts(folder: Remote) -> None:
    won: list[int] = []

    def write(number: int) -> None:
        if folder.put_if_absent("manifest", str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(number).encode() for number in won] == [folder.read("manifest")]


def test_only_the_version_that_was_read_is_replaced(folder: Remote) -> None:
    folder.put_bytes("lease", b"first")
    found = folder.read_version("lease")
    assert found is not None
    second = folder.put_over("lease", b"second", found[1])
    assert second is not None
    assert folder.put_over("lease", b"other", found[1]) is None
    assert folder.read_version("lease") == (b"second", second)
    folder.delete(["lease"])
    assert folder.put_over("lease", b"third", second) is None
    assert folder.read_version("lease") is None


def test_requests_that_fail_are_made_again(flaky: tuple[Remote, s3_server.Faults], tmp_path: Path) -> None:
    folder, faults = flaky
    for number in range(12):
        name, data = f"{number}", os.urandom(100_000)
        (tmp_path / name).write_bytes(data)
        folder.put(name, tmp_path / name)
        folder.get(name, tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == data
        assert folder.put_if_absent(f"once/{name}", data)  # this call did, although an answer was lost
        assert not folder.put_if_absent(f"once/{name}", data)
        found = folder.read_version(name)
        assert found is not None
        assert folder.put_over(name, b"new" + data, found[1])
    assert len(folder.sizes()) == 24
    folder.delete(folder.sizes())
    assert folder.sizes() == {}
    assert all(faults.failed.values())


def test_a_missing_bucket_is_a_sentence(object_store: "ObjectStore") -> None:
    with pytest.raises(UserError, match=r"^s3://no-such-bucket/x: there is no such bucket; make it"):
        Remote("s3://no-such-bucket/x").put_bytes("a", b"")


def test_a_store_that_does_not_answer_is_a_sentence(
    object_store: "ObjectStore", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setitem(remote._RETRIES, "max_retries", 0)
    monkeypatch.setattr(remote.time, "sleep", lambda _: None)
    remote.opened.cache_clear()
    with pytest.raises(UserError, match=rf"^{object_store.url}: the store cannot be used .*check the URL"):
        Remote(object_store.url).read("a")
    remote.opened.cache_clear()


def test_raw_input_is_read_from_a_url(folder: Remote, object_store: "ObjectStore") -> None:
    folder.put_bytes("raw.txt", b"line one\nline two\n")
    url = f"{folder.url}/raw.txt"
    before = content_hash(url)
    with fsspec.open(url, "rb") as file:
        file.seek(5)
        assert file.readline() == b"one\n"
    folder.put_bytes("raw.txt", b"line one\nline TWO\n")
    assert content_hash(url) != before
    with pytest.raises(UserError, match=r"nothing\.txt: cannot be read"):
        content_hash(f"{folder.url}/nothing.txt")


def test_the_three_schemes_have_a_client() -> None:
    for scheme in remote.SCHEMES:
        assert from_url(f"{scheme}://bucket", **({"account_name": "a"} if scheme == "az" else {}))
        assert fsspec.get_filesystem_class(scheme).__module__ == "pipelines.datasets.object_files"
