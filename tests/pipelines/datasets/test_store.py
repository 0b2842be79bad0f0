"""Files appear whole or not at all."""

import multiprocessing
from pathlib import Path

import pytest
import xxhash

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
