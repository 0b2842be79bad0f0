"""Catalogs of translated messages: one JSON file for each document and language, in a zip archive or a folder.

A file's records are its leaves in the order of the file, numbered from 0. A record's key is its path in the JSON,
joined by dots; a dot inside a name is written `\\.`, so that no two paths have one key.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.members import Members, UnreadableMember, open_members
from pipelines.formats.protocol import RecordBuilder, Records, Split, Unreadable
from pipelines.text.normalize import has_surrogates

_PLACES = ("document", "language")


@dataclass(frozen=True)
class _Member:
    name: str
    document: str
    language: str
    size: int


@dataclass(frozen=True)
class Catalog:
    """The source `name`: the catalogs at `path` whose name fits `pattern`, in these `languages`.

    Languages are given as the file names write them.
    `pattern` holds `{document}` and `{language}`, each of which stands for one part of a path, such as
    `components/{document}/translations/{language}.json`. A split is about `split_bytes` of JSON, whole members;
    a member of more than `max_member_bytes` is not read. Without `keys`, nothing says which messages are translations.
    """

    name: str
    path: str
    pattern: str
    languages: tuple[str, ...]
    split_bytes: int
    max_member_bytes: int
    keys: bool = True

    def plan(self) -> Sequence[Split]:
        """Return splits over the fitting members, ordered by document and language.

        Raises UserError where there is no such archive, it is damaged, or a language has no member in it.
        """
        with open_members(self.path) as members:
            chosen = self._chosen(members)
        missing = sorted(set(self.languages) - {member.language for member in chosen})
        if missing:
            raise UserError(
                f"{self.path}: no file fits {self.pattern!r} for {', '.join(missing)}; "
                "check the pattern and the languages of this source"
            )
        splits = []
        start = size = 0
        for index, member in enumerate(chosen):
            if size and size + member.size > self.split_bytes:
                splits.append(Split(start, index))
                start, size = index, 0
            size += member.size
        return [*splits, Split(start, len(chosen))]

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        with open_members(self.path) as members:
            for member in self._chosen(members)[split.start : split.stop]:
                self._read_member(members, member, builder)
                if builder.is_full:
                    yield from builder.take()
        yield from builder.take()

    def split_of(self, file: str) -> Split:
        """Return the split that is the one member which rows call `file`.

        Raises UserError where there is no such member, or no such archive.
        """
        with open_members(self.path) as members:
            names = [f"{self.name}/{member.name}" for member in self._chosen(members)]
        if file not in names:
            raise UserError(f"{file}: no such file in {self.path} that the pattern {self.pattern!r} fits")
        return Split(names.index(file), names.index(file) + 1)

    def _chosen(self, members: Members) -> list[_Member]:
        pattern = compile_pattern(self.pattern)
        fitting = ((name, pattern.fullmatch(name), size) for name, size in members.sizes.items())
        chosen = (_Member(name, fit["document"], fit["language"], size) for name, fit, size in fitting if fit)
        wanted = set(self.languages)
        return sorted(
            (member for member in chosen if member.language in wanted),
            key=lambda member: (member.document, member.language),
        )

    def _read_member(self, members: Members, member: _Member, builder: RecordBuilder) -> None:
        file = f"{self.name}/{member.name}"

        def reject(record: int, reason: Reason, error: str, text: str = "") -> None:
            builder.reject(Unreadable(file, record, reason, error, text))

        if member.size > self.max_member_bytes:
            reject(0, Reason.OVERSIZED, f"{member.size} bytes, more than {self.max_member_bytes}")
            return
        try:
            messages = parse_catalog(members.read(member.name))
        except UnreadableMember as error:
            reject(0, Reason.UNREADABLE, str(error))
            return
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


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return the regular expression for a pattern with `{document}` and `{language}`.

    Raises ValueError unless each of them stands in it once.
    """
    if any(pattern.count(f"{{{place}}}") != 1 for place in _PLACES):
        raise ValueError("the pattern must hold {document} and {language}, each once")
    expression = re.escape(pattern)
    for place in _PLACES:
        expression = expression.replace(re.escape(f"{{{place}}}"), f"(?P<{place}>[^/]+)")
    return re.compile(expression)


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
