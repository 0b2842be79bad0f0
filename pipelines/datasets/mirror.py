"""The folder on this machine's disk that stands for a URL.

What is made is written there first and then put to the URL; what is read is fetched there once, for memory-mapped
files must be local. The folder's own path says which URL it stands for, so a path is all that a worker must be told.
"""

import os
from functools import cache
from pathlib import Path
from typing import Final

from pipelines.datasets.errors import UserError
from pipelines.datasets.folders import stays_inside
from pipelines.datasets.remote import SCHEMES, Remote

CACHE: Final = "POLYLOOM_CACHE"  # the variable that says where the mirrors are


def folder_of(place: str) -> Path:
    """Return the folder that a path or a URL names. Raises UserError for a URL that no dataset can have."""
    scheme, is_url, rest = place.partition("://")
    if not is_url:
        return Path(place)
    if scheme not in SCHEMES or not stays_inside(rest):
        known = ", ".join(f"{name}://bucket/folder" for name in SCHEMES)
        raise UserError(f"{place}: no place for datasets; give a folder or a URL such as {known}")
    return _mirrors() / scheme / rest


def remote_of(folder: Path) -> Remote | None:
    """Return what a folder stands for, or None where it is only a folder."""
    try:
        scheme, *rest = folder.absolute().relative_to(_mirrors()).parts
    except ValueError:  # it is no mirror, or what holds all of them
        return None
    return Remote(f"{scheme}://{'/'.join(rest)}") if rest else None


def shown(folder: Path) -> str:
    """Return where a folder is, for a person: the URL that it stands for, or its path."""
    remote = remote_of(folder)
    return remote.url if remote else str(folder)


def _mirrors() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _absolute(os.environ.get(CACHE) or f"{home}/polyloom")


@cache
def _absolute(place: str) -> Path:
    return Path(place).expanduser().resolve() / "mirror"
