"""Sources that name many files by a pattern, as a watched folder does: each file is a source of its own."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

_ANY = "*"


def each_file(source: Any) -> Iterator[Any]:
    """Yield what stands for a source of a recipe: itself, or where its `path` has a `*`, one source for each file.

    Files come in the order of their names; those whose names begin with a dot are left out, so that a file can be
    written under such a name and then renamed. A file's source is named after the pattern's and the file.
    """
    if not is_pattern(source):
        yield source
        return
    for path, inside in sorted(_files(source["path"])):
        yield {**source, "path": path, "name": f"{source.get('name', '')}-{_slug(inside)}"}


def is_pattern(source: Any) -> bool:
    """Return whether a source of a recipe stands for as many files as there are."""
    return isinstance(source, dict) and _ANY in str(source.get("path", ""))


def _files(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each file that fits, and what of it comes after the folder that the pattern begins with."""
    if "://" in pattern:
        system, inside = fsspec.core.url_to_fs(pattern)
        found = {str(system.unstrip_protocol(path)): path for path in system.glob(inside)}
    else:
        inside = pattern
        folder = _folder(pattern)
        found = {path.as_posix(): path.as_posix() for path in Path(folder).glob(pattern.removeprefix(folder))}
    for path, name in found.items():
        if not PurePosixPath(name).name.startswith("."):
            yield path, name.removeprefix(_folder(inside))


def _folder(pattern: str) -> str:
    """Return the folder that a pattern begins with, its slash included."""
    folder, slash, _ = pattern.partition(_ANY)[0].rpartition("/")
    return folder + slash


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower())
