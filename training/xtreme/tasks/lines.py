"""Text files read line by line, with what is wrong named by file and line."""

from collections.abc import Iterator
from pathlib import Path

from pipelines.datasets.errors import UserError


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line with its number from 1. Lines end in LF or CR LF; no other character ends one.

    A byte order mark at the start is left out. Raises UserError where the file cannot be read or is no UTF-8.
    """
    rows = _content(path).split(b"\n")
    if rows[-1] == b"":
        rows.pop()
    for number, row in enumerate(rows, start=1):
        try:
            line = row.removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError as error:
            raise broken(path, number, f"is not UTF-8 (byte {error.start + 1})") from None
        yield number, line.removeprefix("\ufeff") if number == 1 else line


def read_text(path: Path) -> str:
    """Return a whole file. Raises UserError where it cannot be read or is no UTF-8."""
    content = _content(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise broken(path, content.count(b"\n", 0, error.start) + 1, "is not UTF-8") from None


def broken(path: Path, number: int, what: str) -> UserError:
    """Return the error that names the line."""
    return UserError(f"{path}:{number}: {what}")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: is not there; `polyloom xtreme check` says what is missing") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
