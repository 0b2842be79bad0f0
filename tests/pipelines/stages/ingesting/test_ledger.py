"""A new version of a corpus reads the new files alone, and has the bytes of one that read all of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.dataset import Dataset
from pipelines.stages import ingest
from pipelines.stages.ingest import IngestTask


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The splits that were read, one after the other."""
    found: list[str] = []
    whole = ingest.ingest_split

    def noting(section: Any, draft: Any, task: IngestTask) -> Any:
        found.append(task.split)
        return whole(section, draft, task)

    monkeypatch.setattr(ingest, "ingest_split", noting)
    return found


@pytest.fixture
def version(corpus: Callable[..., Any], tmp_path: Path) -> Callable[..., Dataset]:
    """Return a function from the names of files in the watched folder to the dataset of `ingest`."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()

    def make(*names: str, folder: str = "runs", **ingest: Any) -> Dataset:
        for name in names:
            text = f"das passwort von {name} ist eingerichtet\nenter the name of {name}\n \n"
            (inbox / name).write_text(text, encoding="utf-8")
        source = {"format": "lines", "name": "wild", "path": f"{inbox}/*.txt", "split_bytes": 50}
        made: Dataset = corpus({}, folder=folder, ingest={"sources": [source], **ingest}).make()
        return made

    return make


def test_only_the_new_file_is_read(version: Callable[..., Dataset], read: list[str]) -> None:
    first = version("b.txt")
    assert read == ["wild-b.txt-00000", "wild-b.txt-00001"]
    del read[:]
    second = version("a.txt")
    assert read == ["wild-a.txt-00000", "wild-a.txt-00001"]
    assert second.folder != first.folder
    assert (first.manifest.rows.rows_out, second.manifest.rows.rows_out) == (2, 4)
    anew = version(folder="anew")
    assert anew.manifest == second.manifest
    assert [anew.read(entry.name) for entry in anew.manifest.files] == [
        second.read(entry.name) for entry in second.manifest.files
    ]


def test_a_file_that_changed_is_read_again(version: Callable[..., Dataset], read: list[str], tmp_path: Path) -> None:
    version("a.txt", "b.txt")
    del read[:]
    (tmp_path / "inbox" / "a.txt").write_text("enter the password\n", encoding="utf-8")
    assert version().manifest.rows.rows_out == 3
    assert read == ["wild-a.txt-00000"]


def test_what_decides_about_the_rows_reads_all_anew(version: Callable[..., Dataset], read: list[str]) -> None:
    version("a.txt")
    version(personal_data="mask")
    assert read == ["wild-a.txt-00000", "wild-a.txt-00001"] * 2


def test_a_dataset_that_was_removed_or_damaged_is_no_source(version: Callable[..., Dataset], read: list[str]) -> None:
    damaged = version("a.txt")
    (damaged.folder / damaged.files(kind="staged")[0].name).write_bytes(b"damaged")
    version("b.txt")
    assert read.count("wild-a.txt-00000") == 2
    assert read.count("wild-a.txt-00001") == 1


def test_an_empty_folder_is_said(version: Callable[..., Dataset]) -> None:
    with pytest.raises(ingest.UserError, match=r"^ingest\.sources: no file fits the patterns yet; put one there$"):
        version()
