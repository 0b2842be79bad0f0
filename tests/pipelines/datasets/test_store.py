"""Files appear whole or not at all."""

import multiprocessing
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
import xxhash

from pipelines.datasets.errors import UserError
from pipelines.datasets.store import HashingFile, Store


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "a\\b", "a\0b", ""])
def test_names_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a file name inside a dataset"):
        Store(tmp_path).path(name)


def test_put_says_size_and_checksum(tmp_path: Path) -> None:
    stored = Store(tmp_path).put_bytes("a/b.bin", b"polyloom")
    assert (stored.bytes, stored.checksum) == (8, xxhash.xxh3_128_hexdigest(b"polyloom"))
    assert Store(tmp_path).read("a/b.bin") == b"polyloom"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put_bytes("file", b"old")

    def write_half(file: HashingFile) -> None:
        file.write(b"half of the new")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.put("file", write_half)
    assert list(store.names()) == ["file"]
    assert store.read("file") == b"old"


def test_put_if_absent_lets_one_win(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.put_if_absent("manifest.json", b"first")
    assert not store.put_if_absent("manifest.json", b"second")
    assert store.read("manifest.json") == b"first"
    assert list(store.names()) == ["manifest.json"]


def test_of_many_processes_one_commits(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(4) as pool:
        won = pool.starmap(Store(tmp_path).put_if_absent, [("manifest.json", str(i).encode()) for i in range(40)])
    assert sum(won) == 1
    assert Store(tmp_path).read("manifest.json") == str(won.index(True)).encode()


def test_delete_and_keep_only(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name in ("keep/a", "drop/b", "drop/deep/c"):
        store.put_bytes(name, b"")
    store.keep_only(lambda name: name.startswith("keep/"))
    assert list(store.names()) == ["keep/a"]
    assert not (tmp_path / "drop").exists()
    store.delete("keep")
    store.delete("keep")
    assert list(store.names()) == []


def _refused(work: Callable[[], object]) -> str:
    """Return the sentence that `work` ends in where no file may have more than a thousand bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        work()
    except UserError as error:
        return str(error)
    return "nothing was refused"


def _put(folder: Path, size: int) -> str:
    return _refused(lambda: Store(folder).put_bytes("file", bytes(size)))


def _put_if_absent(folder: Path, size: int) -> str:
    return _refused(lambda: Store(folder).put_if_absent("file", bytes(size)))


@pytest.mark.parametrize("put", [_put, _put_if_absent])
@pytest.mark.parametrize("size", [2000, 100_000])  # refused when it is synced, and when it is written
def test_what_the_disk_refuses_is_a_sentence_and_leaves_nothing(
    put: Callable[[Path, int], str], size: int, tmp_path: Path
) -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        said = pool.apply(put, (tmp_path, size))
    assert said.startswith(f"{tmp_path}/file: File too large; raise the limit on the size of files")
    assert list(tmp_path.iterdir()) == []
