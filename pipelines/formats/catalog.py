"""Catalogs of translated messages: one JSON file for each document and language, in a zip archive or a folder.

A file's records are its leaves in the order of the file, numbered from 0. A record's key is its path in the JSON,
joined by dots; a dot inside a name is written `\\.`, so that no two paths have one key.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.datasets.reasons import Reason
from pipelines.formats.patterned import PatternedFiles, PatternedMember
from pipelines.formats.protocol import RecordBuilder, Unreadable
from pipelines.text.normalize import has_surrogates


@dataclass(frozen=True)
class Catalog(PatternedFiles):
    """Messages as JSON, a file for each document and language.

    Without `keys`, nothing says which messages are translations of each other.
    """

    keys: bool = True

    def add_records(self, data: bytes, member: PatternedMember, file: str, builder: RecordBuilder) -> None:
        def reject(record: int, reason: Reason, error: str, text: str = "") -> None:
            builder.reject(Unreadable(file, record, reason, error, text))

        try:
            messages = parse_catalog(data)
        except ValueError as error:
            reject(0, Reason.NOT_JSON, str(error))
            return
        for record, (path, value) in enumerate(messages):
            key = ".".join(part.replace(".", r"\.") for part in path)
            if not isinstance(value, str):
                reject(record, Reason.NOT_TEXT, f"{_visible(key)}: no text", json.dumps(value))
            elif has_surrogates(value) or has_surrogates(key):
                reject(record, Reason.NOT_UTF8, f"{_visible(key)}: not Unicode text", _visible(value))
            else:
                builder.add(file, record, member.document, key if self.keys else "", member.language, value)


def parse_catalog(data: bytes) -> list[tuple[tuple[str, ...], Any]]:
    """Return the path and value of each leaf. Bytes that are not UTF-8 become surrogates in the string they are in.

    Raises ValueError where the bytes are not one JSON object.
    """
    if not data.strip():
        raise ValueError("the file is empty")
    try:
        tree = json.loads(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(tree, Mapping):
        raise ValueError(f"a JSON object is expected at the top, not {type(tree).__name__}")
    return list(_leaves(tree, ()))


def _leaves(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _leaves(value, (*path, str(index)))
    else:
        yield path, node


def _visible(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
