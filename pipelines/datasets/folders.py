"""The files of a raw folder: which there are, and which of them a link leads out of it to."""

from collections.abc import Iterator
from pathlib import Path


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder at any depth, in the order of their names; links to folders are not entered."""
    return (path for path in sorted(folder.rglob("*")) if path.is_symlink() or path.is_file())


def leads_out(path: Path, folder: Path) -> bool:
    """Return whether `path`, which stands in `folder`, is a link to what does not: that is never read."""
    return path.is_symlink() and not path.resolve().is_relative_to(folder.resolve())
