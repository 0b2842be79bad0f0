"""A `*` in a source's path: each file is a source of its own, and a run works on the files that were there."""

from pathlib import Path
from typing import Any

import fsspec
import pytest

from pipelines.config.watched import each_file, is_pattern


def source(path: str) -> dict[str, Any]:
    return {"format": "lines", "name": "crawl", "path": path}


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = Path("inbox")
    for name in ("b.txt", "A 2.txt", ".coming.txt", "more/c.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a line\n", encoding="utf-8")
    return folder


@pytest.mark.usefixtures("inbox")
def test_each_file_is_a_source_in_the_order_of_names() -> None:
    found = list(each_file(source("inbox/*.txt")))
    assert [(one["path"], one["name"]) for one in found] == [
        ("inbox/A 2.txt", "crawl-a-2.txt"),
        ("inbox/b.txt", "crawl-b.txt"),
    ]
    assert all(one["format"] == "lines" for one in found)


@pytest.mark.usefixtures("inbox")
def test_a_pattern_may_reach_into_folders() -> None:
    assert [one["name"] for one in each_file(source("inbox/*/*.txt"))] == ["crawl-more-c.txt"]


def test_a_folder_with_nothing_in_it_is_no_source(tmp_path: Path) -> None:
    assert list(each_file(source(f"{tmp_path}/*.txt"))) == []


@pytest.mark.parametrize("plain", [source("inbox/b.txt"), {"format": "moses", "paths": {}}, "no mapping"])
def test_what_has_no_pattern_stays_as_it_is(plain: Any) -> None:
    assert not is_pattern(plain)
    assert list(each_file(plain)) == [plain]


def test_files_at_a_url() -> None:
    system = fsspec.filesystem("memory")
    system.pipe({"/inbox/a.txt": b"a line\n", "/inbox/.b.txt": b"a line\n"})
    try:
        found = list(each_file(source("memory://inbox/*.txt")))
    finally:
        system.rm("/inbox", recursive=True)
    assert [(one["path"], one["name"]) for one in found] == [("memory:///inbox/a.txt", "crawl-a.txt")]
