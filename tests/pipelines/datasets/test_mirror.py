"""The folder that stands for a URL."""

from pathlib import Path

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.mirror import CACHE, folder_of, remote_of, shown
from pipelines.datasets.remote import Remote


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))


@pytest.mark.parametrize("url", ["s3://bucket/runs/demo", "gs://b/x", "az://container/y/z", "s3://bucket"])
def test_a_folder_says_which_url_it_stands_for(url: str, tmp_path: Path) -> None:
    folder = folder_of(url)
    assert folder.is_relative_to(tmp_path / "cache")
    assert shown(folder) == url
    assert remote_of(folder / "deeper") == Remote(f"{url}/deeper")


def test_a_path_is_only_a_path(tmp_path: Path) -> None:
    assert folder_of("runs/demo") == Path("runs/demo")
    for folder in (Path("runs"), tmp_path, tmp_path / "cache", tmp_path / "cache" / "mirror"):
        assert remote_of(folder) is None
        assert shown(folder) == str(folder)


@pytest.mark.parametrize("url", ["ftp://host/runs", "s3://", "s3://bucket/../other", "s3:///runs"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(UserError, match=r"no place for datasets; give a folder or a URL such as s3://bucket/folder"):
        folder_of(url)


def test_without_a_variable_mirrors_are_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert folder_of("s3://bucket/a") == tmp_path / "xdg" / "polyloom" / "mirror" / "s3" / "bucket" / "a"
