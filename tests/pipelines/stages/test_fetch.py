"""Fetch: what is there and right stays, what is wrong is refused, and nothing half-downloaded is left."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.config.fetch import FetchSection
from pipelines.datasets.errors import UserError
from pipelines.stages.fetch import fetch

CONTENT = b"a wheel"
FILE = "text-1.0-py3-none-any.whl"


def section(folder: Path, sha256: str = hashlib.sha256(CONTENT).hexdigest()) -> FetchSection:
    package = {"name": "text", "version": "1.0", "file": FILE, "sha256": sha256}
    return FetchSection.model_validate({"folder": str(folder), "packages": [package]})


class Pip:
    """Stands in for pip: puts files into the folder it is given, or fails."""

    def __init__(self, files: dict[str, bytes], error: str = "") -> None:
        self.files = files
        self.error = error
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        folder = Path(command[-2])
        for name, data in self.files.items():
            (folder / name).write_bytes(data)
        return subprocess.CompletedProcess(command, 1 if self.error else 0, "", self.error)


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Pip:
    stand_in = Pip({FILE: CONTENT})
    monkeypatch.setattr(subprocess, "run", stand_in)
    return stand_in


def test_a_package_is_downloaded_without_dependencies_and_not_installed(tmp_path: Path, pip: Pip) -> None:
    (path,) = fetch(section(tmp_path / "data"))
    assert (path, path.read_bytes()) == (tmp_path / "data" / FILE, CONTENT)
    (command,) = pip.commands
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "text==1.0"} <= set(command)
    assert [found.name for found in (tmp_path / "data").iterdir()] == [FILE]


def test_what_is_there_is_not_fetched_again(tmp_path: Path, pip: Pip) -> None:
    fetch(section(tmp_path))
    fetch(section(tmp_path))
    assert len(pip.commands) == 1


def test_another_content_is_refused(tmp_path: Path, pip: Pip) -> None:
    pip.files[FILE] = b"something else"
    with pytest.raises(UserError, match=r"has the SHA-256 .*, not .*; remove it and fetch again"):
        fetch(section(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_that_is_there_is_named(tmp_path: Path, pip: Pip) -> None:
    (tmp_path / FILE).write_bytes(b"half")
    with pytest.raises(UserError, match=f"{FILE}: has the SHA-256"):
        fetch(section(tmp_path))
    assert pip.commands == []


def test_pips_own_words_are_passed_on(tmp_path: Path, pip: Pip) -> None:
    pip.files, pip.error = {}, "noise\nERROR: No matching distribution found for text==1.0\n"
    with pytest.raises(
        UserError, match=r"text==1\.0 could not be downloaded: ERROR: No matching .*; check the network"
    ):
        fetch(section(tmp_path))


def test_another_file_than_named_is_an_error(tmp_path: Path, pip: Pip) -> None:
    pip.files = {"text-1.0.tar.gz": CONTENT}
    with pytest.raises(UserError, match=rf"pip brought text-1\.0\.tar\.gz, not {FILE}"):
        fetch(section(tmp_path))


NPM = {"registry": "npm", "name": "@text/pages", "version": "1.0-2", "file": "text-pages-1.0-2.tgz"}


def from_npm(folder: Path) -> FetchSection:
    package = {**NPM, "sha256": hashlib.sha256(CONTENT).hexdigest()}
    return FetchSection.model_validate({"folder": str(folder), "packages": [package]})


def test_a_package_of_npm_is_packed_and_runs_no_scripts(tmp_path: Path, pip: Pip) -> None:
    pip.files = {"text-pages-1.0-2.tgz": CONTENT}
    (path,) = fetch(from_npm(tmp_path))
    assert (path, path.read_bytes()) == (tmp_path / "text-pages-1.0-2.tgz", CONTENT)
    (command,) = pip.commands
    assert command[:2] == ["npm", "pack"]
    assert {"--ignore-scripts", "@text/pages@1.0-2"} <= set(command)


def test_without_npm_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"@text/pages@1\.0-2 needs npm, which cannot be started .*; put text-pages"):
        fetch(from_npm(tmp_path))


def test_npms_failure(tmp_path: Path, pip: Pip) -> None:
    pip.files, pip.error = {}, "npm error code E404"
    with pytest.raises(UserError, match=r"@text/pages@1\.0-2 could not be downloaded: npm error code E404; check"):
        fetch(from_npm(tmp_path))
