"""Packages of npm that benchmarks read, brought as the stage `fetch` brings a recipe's."""

import sys
from pathlib import Path

from pipelines.config.fetch import FetchSection, Package
from pipelines.datasets.errors import UserError
from pipelines.stages.fetch import fetch


def npm_archive(data: Path, name: str, version: str, sha256: str) -> Path:
    """Return the package's archive in `data`; npm brings it if it is not there. Ends the program where it cannot."""
    package = Package(registry="npm", name=name, version=version, file=f"{name}-{version}.tgz", sha256=sha256)
    try:
        (path,) = fetch(FetchSection(folder=str(data), packages=(package,)))
    except UserError as error:
        sys.exit(f"{error} ({data})")
    return path
