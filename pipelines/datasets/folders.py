"""What stays inside a folder: names of files in a dataset, and the files of a raw folder."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def stays_inside(name: str) -> bool:
    """Return whether `name`, with `/` between its parts, is a relative path that leads nowhere out of its folder."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and not {"\\", "\0"} & set(name)


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder at any depth, in the order of their names; links to folders are not entered."""
    return (path for path in sorted(folder.rglob("*")) if path.is_symlink() or path.is_file())


def leads_out(path: Path, folder: Path) -> bool:
    """Return whether `path`, which stands in `folder`, is a link to what does not: that is never read."""
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
