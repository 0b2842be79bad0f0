"""`polyloom doctor`: whether a recipe can be run here, and what to do about each thing that is wrong."""

import importlib
import os
import platform
import secrets
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import fsspec
from packaging.requirements import Requirement
from rich.markup import escape
from rich.table import Column, Table

from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import LANGUAGE_PLACE, language_files, raw_files
from pipelines.datasets.machine import cores
from pipelines.datasets.mirror import remote_of
from pipelines.datasets.remote import Remote
from pipelines.datasets.store import TEMPORARY
from pipelines.recipe import RecipeBase
from pipelines.registry import stages

PYTHON = (3, 11)
ROOM = 10  # times the input: what the corpus stages write for each byte of the demo's raw JSON, rounded up
_ENGINE = "pipelines.engine.preflight"  # by name, for the command line stays free of Beam
_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what was found, or what to do where it is wrong."""

    check: str
    fine: bool
    text: str


def examine(recipe: RecipeBase) -> Iterator[Finding]:
    """Look at versions, raw files, disk, runner and Prefect's server, each by itself, and yield what was found."""
    yield _finding("Python", _python)
    extras = {spec.extra for spec in stages().values() if recipe.section(spec.name) is not None}
    for extra in ("", *sorted(extras)):
        yield _finding(f"packages {extra}".strip(), partial(_packages, extra))
    there = set()
    for key, location in _raw_files(recipe):
        finding = _finding(key, partial(_readable, location))
        if finding.fine:
            there.add(location)
        yield finding
    yield _finding("runs folder", partial(_writable, recipe.folder))
    if remote := remote_of(recipe.folder):
        yield _finding("runs URL", partial(_answers, remote))
    yield _finding("disk space", partial(_room, recipe.folder, there))
    if "pipelines" in extras:
        yield from _runner(recipe)
    yield _finding("Prefect's server", _prefect)


def table(findings: list[Finding]) -> Table:
    """Return the findings as a table."""
    shown = Table("check", "state", Column("what was found, or what to do", overflow="fold"), box=None)
    for finding in findings:
        shown.add_row(finding.check, "ok" if finding.fine else "[red]fails[/red]", escape(finding.text))
    return shown


def _finding(name: str, ask: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, ask())
    except (UserError, OSError) as error:
        return Finding(name, False, str(error))


def _python() -> str:
    if sys.version_info < PYTHON:
        raise UserError(f"Python {platform.python_version()}: install {'.'.join(map(str, PYTHON))} or newer")
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}, {cores()} cores"


def _packages(extra: str) -> str:
    """Compare what is installed with what the package itself asks for under an extra, or without one."""
    found, wrong = [], []
    for requirement in map(Requirement, requires("polyloom") or []):
        if not _is_asked_for(requirement, extra):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is not installed")
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            wrong.append(f"{requirement.name} {installed} is not {requirement.specifier}")
        found.append(f"{requirement.name} {installed}")
    if wrong:
        raise UserError(f"{', '.join(wrong)}: pip install -c constraints.txt '.{f'[{extra}]' if extra else ''}'")
    return ", ".join(found)


def _is_asked_for(requirement: Requirement, extra: str) -> bool:
    if requirement.marker is None:
        return extra == ""
    return requirement.marker.evaluate({"extra": extra}) and not (extra and requirement.marker.evaluate({"extra": ""}))


def _raw_files(recipe: RecipeBase) -> Iterator[tuple[str, str]]:
    for key, section in recipe.sections():
        yield from raw_files(section, key)


def _readable(location: str) -> str:
    if LANGUAGE_PLACE in location:
        return f"{location}, {len(language_files(location)):,} files"
    path = Path(location)
    try:
        if "://" not in location and path.is_dir():
            return f"{location}, a folder of {sum(1 for _ in path.iterdir()):,} entries"
        with fsspec.open(location, "rb") as file:
            file.read(1)
    except (OSError, KeyError, ValueError, ImportError) as error:
        raise UserError(
            f"{location}: cannot be read ({error}); check the path, or run `polyloom fetch`, if a package brings it"
        ) from error
    return location


def _writable(folder: Path) -> str:
    place = _existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            return f"{folder} can be written"
    except OSError as error:
        raise UserError(
            f"{place}: cannot be written ({error.strerror}); change its permissions or the key `runs`"
        ) from error


def _answers(remote: Remote) -> str:
    """Put, read and delete an object, as the stages will."""
    name = f"{TEMPORARY}doctor-{secrets.token_hex(8)}"
    began = time.monotonic()
    remote.put_bytes(name, b"")
    try:
        remote.read(name)
    finally:
        remote.delete([name])
    return f"{remote.url} can be written, read and deleted from ({time.monotonic() - began:.1f} s for the three)"


def _room(folder: Path, locations: set[str]) -> str:
    free = shutil.disk_usage(_existing(folder)).free
    needed = ROOM * sum(map(_bytes, locations))
    if free < needed:
        raise UserError(
            f"{_existing(folder)}: {_size(free)} are free, and the stages may need {_size(needed)} ({ROOM} times the "
            "raw files): free some space, or set `runs` to a folder on a larger disk"
        )
    return f"{_size(free)} free, {_size(needed)} may be needed"


def _bytes(location: str) -> int:
    """Return the size of a raw file on this machine, a folder's files together; 0 for what is elsewhere."""
    if LANGUAGE_PLACE in location:
        return sum(place.stat().st_size for place in language_files(location))
    path = Path(location.rpartition("::")[2].removeprefix("file://"))
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.is_file() else 0


def _runner(recipe: RecipeBase) -> Iterator[Finding]:
    """Ask what the engine asks before a job, and all of it, where the engine stops at the first refusal."""
    try:
        preflight = importlib.import_module(_ENGINE)
    except ModuleNotFoundError as error:
        yield Finding("runner", False, f"needs the package {error.name!r}: install polyloom[pipelines]")
        return
    for check in preflight.checks(recipe.engine, recipe.folder):
        yield _finding(f"runner {recipe.engine.runner}: {check.name}", check.ask)


def _prefect() -> str:
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        return "none is set; `polyloom run` starts one of its own for the length of a run"
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=_SECONDS) as answer:
            answer.read()
    except (OSError, ValueError) as error:
        raise UserError(
            f"nothing answers at PREFECT_API_URL, {url} ({error}): start the server, or unset the variable"
        ) from error
    return f"answers at {url}"


def _existing(folder: Path) -> Path:
    """Return `folder`, or the nearest folder above it that is there."""
    place = folder.absolute()
    while not place.is_dir() and place != place.parent:
        place = place.parent
    return place


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"
