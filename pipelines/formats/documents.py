"""Trees of documents with translations: HTML or plain text, one file for each document and language.

A source is a folder, a zip or a tar archive. Where the pattern has a `#`, its documents are strings inside a JSON file
of the source: what stands behind the mark is matched against their JSON Pointers (`pipelines.formats.leaves`). A file
is one record without a key, its blocks or lines are the record's lines; translations share the document's name.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from pipelines.datasets.reasons import Reason
from pipelines.formats.compressed import RawFile
from pipelines.formats.html_text import NoHtmlError, block_text, main_text, parse
from pipelines.formats.leaves import MARK, key_of, leaves
from pipelines.formats.matched import Matched, matched, plan_matched, split_of_matched
from pipelines.formats.members import Members, UnreadableMember, is_tar, open_members, open_tar
from pipelines.formats.protocol import RecordBuilder, Records, Split, Unreadable

_PLACE = re.compile(r"\\\{(?:document|language)\\\}")


@dataclass(frozen=True)
class Documents:
    """The source `name`: the documents in `raw` whose name fits `pattern`, in these `languages`.

    Languages are given as the names write them. `content` says what is taken of a document: of HTML all that it shows
    but code, or its main content alone; plain text as it is. A split is about `split_bytes`, whole documents; one of
    more than `max_member_bytes` is not read.
    """

    name: str
    raw: RawFile
    pattern: str
    languages: tuple[str, ...]
    content: Literal["html", "main_html", "text"]
    split_bytes: int
    max_member_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits over the fitting documents, ordered by document and language.

        Raises UserError where there is no such source, it is damaged or a bomb, or a language has no document in it.
        """
        with self._members() as members:
            found = self._matched(members)
        return plan_matched(found, self.split_bytes, self.raw.path, self.pattern, self.languages)

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        with self._members() as members:
            for member in self._matched(members)[split.start : split.stop]:
                self._read_member(members, member, builder)
                if builder.is_full:
                    yield from builder.take()
        yield from builder.take()

    def split_of(self, file: str) -> Split:
        """Return the split that is the one document which rows call `file`. Raises UserError where there is none."""
        with self._members() as members:
            return split_of_matched(self._matched(members), file, self.name, self.raw.path, self.pattern)

    @contextmanager
    def _members(self) -> Iterator[Members]:
        with open_tar(self.raw) if is_tar(self.raw.path) else open_members(self.raw.path) as members:
            yield self._inside(members) if MARK in self.pattern else members

    def _inside(self, members: Members) -> Members:
        """Return the strings of the JSON files that the pattern's first part fits."""
        expression = _PLACE.sub("[^/]+", re.escape(self.pattern.partition(MARK)[0]))
        parts = [
            leaves(members, name, self.max_member_bytes) for name in members.sizes if re.fullmatch(expression, name)
        ]
        holder = {leaf: part for part in parts for leaf in part.sizes}
        return Members({leaf: part.sizes[leaf] for leaf, part in holder.items()}, lambda leaf: holder[leaf].read(leaf))

    def _matched(self, members: Members) -> list[Matched]:
        found = matched(members.sizes, self.pattern, self.languages)
        if MARK not in self.pattern:
            return found
        return [replace(member, document=key_of(member.document)) for member in found]

    def _read_member(self, members: Members, member: Matched, builder: RecordBuilder) -> None:
        file = f"{self.name}/{member.name}"

        def reject(reason: Reason, error: str, text: str = "") -> None:
            builder.reject(Unreadable(file, 0, reason, error, text))

        if member.size > self.max_member_bytes:
            reject(Reason.OVERSIZED, f"{member.size} bytes, more than {self.max_member_bytes}")
            return
        try:
            data = members.read(member.name)
            text = self._text(data)
        except (UnreadableMember, NoHtmlError) as error:
            reject(Reason.UNREADABLE, str(error))
        except UnicodeDecodeError as error:
            reject(Reason.NOT_UTF8, str(error), data.decode("utf-8", "backslashreplace"))
        else:
            builder.add(file, 0, member.document, "", member.language, text)

    def _text(self, data: bytes) -> str:
        if self.content == "text":
            return data.decode("utf-8-sig")
        tree = parse(data, "utf-8" if MARK in self.pattern else None)
        return main_text(tree) if self.content == "main_html" else block_text(tree)
