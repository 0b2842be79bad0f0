"""The strings inside a JSON file as members of a source, by JSON Pointer (RFC 6901): `docs.json#/de/~1docs~1app`."""

import json
from collections.abc import Iterator
from typing import Any, Final

from pipelines.datasets.errors import UserError
from pipelines.formats.members import Members, UnreadableMember

MARK: Final = "#"


def leaves(members: Members, name: str, max_bytes: int) -> Members:
    """Return the strings in the JSON file `name` as members, called by the file's name, `#` and their pointer.

    Raises UserError where the file is no JSON, or has more than `max_bytes`.
    """
    size = members.sizes[name]
    if size > max_bytes:
        raise UserError(f"{name}: {size} bytes, more than max_member_bytes = {max_bytes}; raise it to read the file")
    try:
        tree = json.loads(members.read(name))
    except (ValueError, RecursionError, UnreadableMember) as error:
        raise UserError(f"{name}: not a JSON file ({error}); a pattern with `#` needs one") from error
    found = {f"{name}{MARK}{pointer}": text for pointer, text in _strings(tree, "")}

    def read(leaf: str) -> bytes:
        return found[leaf].encode("utf-8", "surrogatepass")

    return Members({leaf: len(text.encode("utf-8", "surrogatepass")) for leaf, text in found.items()}, read)


def key_of(part: str) -> str:
    """Return the key that a part of a pointer stands for."""
    return part.replace("~1", "/").replace("~0", "~")


def _strings(tree: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, str):
        yield pointer, tree
    elif isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _strings(value, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
