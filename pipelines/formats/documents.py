"""Trees of documents with translations: HTML or plain text, one file for each document and language.

A source is a folder, a zip or a tar archive. Where the pattern has a `#`, its documents are strings inside a JSON file
of the source: what stands behind the mark is matched against their JSON Pointers (`pipelines.formats.leaves`). A file
is one record without a key, its blocks or lines are the record's lines; translations share the document's name.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from pipelines.datasets.reasons import Reason
from pipelines.formats.compressed import RawFile
from pipelines.formats.html_text import NoHtmlError, block_text, main_text, parse
from pipelines.formats.leaves import MARK, key_of, leaves
from pipelines.formats.members import Members, is_tar, open_members, open_tar
from pipelines.formats.patterned import PatternedFiles, PatternedMember
from pipelines.formats.protocol import RecordBuilder, Unreadable

Content = Literal["html", "main_html", "text"]

_PLACE = re.compile(r"\\\{(?:document|language)\\\}")


@dataclass(frozen=True)
class Documents(PatternedFiles):
    """Documents, a file or a string in JSON for each document and language.

    `content` says what is taken of one: of HTML all that it shows but code, or its main content alone; plain text as it
    is. A tar archive that unpacks to more than `max_unpacked_bytes`, or `max_ratio` times its size, is refused.
    """

    content: Content
    max_unpacked_bytes: int
    max_ratio: int

    @contextmanager
    def members(self) -> Iterator[Members]:
        """Open the source. Raises UserError where there is none, it is damaged, or it is a decompression bomb."""
        raw = RawFile(self.path, self.max_unpacked_bytes, self.max_ratio)
        with open_tar(raw) if is_tar(self.path) else open_members(self.path) as members:
            yield self._inside(members) if MARK in self.pattern else members

    def add_records(self, data: bytes, member: PatternedMember, file: str, builder: RecordBuilder) -> None:
        try:
            text = self._text(data)
        except NoHtmlError as error:
            builder.reject(Unreadable(file, 0, Reason.UNREADABLE, str(error)))
        except UnicodeDecodeError as error:
            shown = data.decode("utf-8", "backslashreplace")
            builder.reject(Unreadable(file, 0, Reason.NOT_UTF8, str(error), shown))
        else:
            document = key_of(member.document) if MARK in self.pattern else member.document
            builder.add(file, 0, document, "", member.language, text)

    def _inside(self, members: Members) -> Members:
        """Return the strings of the JSON files that the pattern's first part fits."""
        expression = re.compile(_PLACE.sub("[^/]+", re.escape(self.pattern.partition(MARK)[0])))
        holder: dict[str, Members] = {}
        for name in members.sizes:
            if expression.fullmatch(name):
                part = leaves(members, name, self.max_member_bytes)
                holder |= dict.fromkeys(part.sizes, part)
        return Members({leaf: part.sizes[leaf] for leaf, part in holder.items()}, lambda leaf: holder[leaf].read(leaf))

    def _text(self, data: bytes) -> str:
        if self.content == "text":
            return data.decode("utf-8-sig")
        tree = parse(data, "utf-8" if MARK in self.pattern else None)
        return main_text(tree) if self.content == "main_html" else block_text(tree)
