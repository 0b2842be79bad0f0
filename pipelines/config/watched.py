"""Sources that name many files by a pattern, as a watched folder does: each file is a source of its own."""

import re
from collections.abc import Iterator
from glob import glob
from pathlib import PurePosixPath
from typing import Any

import fsspec

_ANY = "*"


def each_file(source: Any) -> Iterator[Any]:
    """Yield what stands for a source of a recipe: itself, or where its `path` has a `*`, one source for each file.

    Files come in the order of their names; those whose names begin with a dot are left out, so that a file can be
    written under such a name and then renamed. A file's source is named after the pattern's and the file.
    """
    pattern = source.get("path") if isinstance(source, dict) else None
    if not isinstance(pattern, str) or _ANY not in pattern:
        yield source
        return
    fixed = pattern.split(_ANY)[0].rpartition("/")[0]
    for path in _files(pattern):
        inside = path.removeprefix(fixed).lstrip("/") if fixed else path
        yield {**source, "path": path, "name": f"{source.get('name', '')}-{_slug(inside)}"}


def is_pattern(source: Any) -> bool:
    """Return whether a source of a recipe stands for as many files as there are."""
    return isinstance(source, dict) and _ANY in str(source.get("path", ""))


def _files(pattern: str) -> list[str]:
    if "://" not in pattern:
        return sorted(glob(pattern, recursive=True))
    system, path = fsspec.core.url_to_fs(pattern)
    found = sorted(str(each) for each in system.glob(path))
    return [system.unstrip_protocol(each) for each in found if not PurePosixPath(each).name.startswith(".")]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower())
