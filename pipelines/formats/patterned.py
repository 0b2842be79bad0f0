"""Files in an archive or folder whose names say which document they are, and in which language."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.members import Members, UnreadableMember, open_members
from pipelines.formats.protocol import RecordBuilder, Records, Split, Unreadable

_PLACES = ("document", "language")


@dataclass(frozen=True)
class PatternedMember:
    """A file that fits the pattern: its name in the source, and the document and language that stand in it."""

    name: str
    document: str
    language: str
    size: int


@dataclass(frozen=True)
class PatternedFiles(ABC):
    """The source `name`: the files at `path` whose name fits `pattern`, in these `languages`.

    Languages are given as the file names write them.
    `pattern` holds `{document}` and `{language}`, each of which stands for one part of a path, such as
    `components/{document}/translations/{language}.json`. A split is about `split_bytes`, whole members; a member of
    more than `max_member_bytes` is not read.
    """

    name: str
    path: str
    pattern: str
    languages: tuple[str, ...]
    split_bytes: int
    max_member_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits over the fitting members, ordered by document and language.

        Raises UserError where there is no such archive, it is damaged, or a language has no member in it.
        """
        with self.members() as members:
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
                splits.append(Split(start, index, size=size))
                start, size = index, 0
            size += member.size
        return [*splits, Split(start, len(chosen), size=size)]

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        with self.members() as members:
            for member in self._chosen(members)[split.start : split.stop]:
                self._read_member(members, member, builder)
                if builder.is_full:
                    yield from builder.take()
        yield from builder.take()

    def split_of(self, file: str) -> Split:
        """Return the split that is the one member which rows call `file`.

        Raises UserError where there is no such member, or no such archive.
        """
        with self.members() as members:
            names = [f"{self.name}/{member.name}" for member in self._chosen(members)]
        if file not in names:
            raise UserError(f"{file}: no such file in {self.path} that the pattern {self.pattern!r} fits")
        return Split(names.index(file), names.index(file) + 1)

    def members(self) -> AbstractContextManager[Members]:
        """Open the source. Raises UserError where there is none, or it is damaged as a whole."""
        return open_members(self.path)

    @abstractmethod
    def add_records(self, data: bytes, member: PatternedMember, file: str, builder: RecordBuilder) -> None:
        """Give the records in a member's bytes to `builder`; rows call the member `file`."""

    def _chosen(self, members: Members) -> list[PatternedMember]:
        pattern = compile_pattern(self.pattern)
        fitting = ((name, pattern.fullmatch(name), size) for name, size in members.sizes.items())
        chosen = (PatternedMember(name, fit["document"], fit["language"], size) for name, fit, size in fitting if fit)
        wanted = set(self.languages)
        return sorted(
            (member for member in chosen if member.language in wanted),
            key=lambda member: (member.document, member.language),
        )

    def _read_member(self, members: Members, member: PatternedMember, builder: RecordBuilder) -> None:
        file = f"{self.name}/{member.name}"
        if member.size > self.max_member_bytes:
            error = f"{member.size} bytes, more than {self.max_member_bytes}"
            builder.reject(Unreadable(file, 0, Reason.OVERSIZED, error))
            return
        try:
            data = members.read(member.name)
        except UnreadableMember as error:
            builder.reject(Unreadable(file, 0, Reason.UNREADABLE, str(error)))
            return
        self.add_records(data, member, file, builder)


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
