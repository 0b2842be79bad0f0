"""OPUS's XML: sentence alignments in XCES, and the documents that they are of.

A `link` says by `xtargets="1 2;3"` which sentences `s` of the `linkGrp`'s `fromDoc` are translations of which of its
`toDoc`; an empty side is a sentence without a translation. The rules are those of Helsinki-NLP/OpusTools
(opustools/parse): the documents' names end in `.xml.gz` whether they are packed or not, and the text of a sentence is
that of its words `w` with spaces between them, or its own where it has none.
"""

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from lxml import etree

from pipelines.datasets.reasons import Reason
from pipelines.formats.bitext import in_records, in_units, key_of
from pipelines.formats.compressed import RawFile
from pipelines.formats.linewise import BadLine
from pipelines.formats.markup import elements, text_of
from pipelines.formats.members import Members, UnreadableMember, open_members
from pipelines.formats.protocol import RecordBuilder, Records, Split, Unreadable
from pipelines.formats.xml_pieces import Piece, XmlPieces

_GZIP: Final = 31  # zlib's wbits for a gzip header and checksum
Sentences = Mapping[str, str] | BadLine


@dataclass(frozen=True)
class Opus:
    """The source `name`: the alignments in the file `raw`, of documents in an archive or folder for each language.

    `score` is the attribute of a link that holds it, such as `certainty` or `overlap`. A split is about `split_bytes`
    of alignments, those of whole documents; those of a document may have `max_record_bytes`, and the document
    `max_member_bytes`.
    """

    name: str
    raw: RawFile
    documents: Mapping[str, str]
    score: str | None
    split_bytes: int
    max_record_bytes: int
    max_member_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits between documents. Raises UserError as `XmlPieces.plan` does, and for a damaged archive."""
        with self._open_documents():
            return in_records(self._pieces.plan(), 2)

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        encoding = self._pieces.encoding()
        with self._open_documents() as documents:
            for piece in self._pieces.read(in_units(split, 2)):
                for _ in self._add_links(piece, encoding, documents, builder):
                    if builder.is_full:
                        yield from builder.take()
        yield from builder.take()

    @property
    def _pieces(self) -> XmlPieces:
        return XmlPieces(self.raw, "linkGrp", "link", self.split_bytes, self.max_record_bytes)

    @contextmanager
    def _open_documents(self) -> Iterator["_Documents"]:
        with ExitStack() as stack:
            members = {language: stack.enter_context(open_members(path)) for language, path in self.documents.items()}
            yield _Documents(members, self.max_member_bytes)

    def _add_links(
        self, piece: Piece, encoding: str, documents: "_Documents", builder: RecordBuilder
    ) -> Iterator[None]:
        """Give the links of two documents to `builder`; stop after each."""
        done, bad = piece.number, piece.bad
        sides: Sequence[_Side] = ()
        try:
            for link in elements(BytesIO(piece.data), "link", encoding) if bad is None else ():
                sides = sides or [documents.side(link.getparent().get(name) or "") for name in ("fromDoc", "toDoc")]
                self._add_link(done, link, sides, builder)
                done += 1
                yield
        except ValueError as error:
            bad = BadLine(Reason.NOT_XML, str(error))
        if bad is not None:
            for record in range(2 * done, 2 * (piece.number + piece.records)):
                builder.reject(Unreadable(self.name, record, bad.reason, bad.error, bad.text))

    def _add_link(self, number: int, link: etree._Element, sides: Sequence["_Side"], builder: RecordBuilder) -> None:
        def reject(side: int, reason: Reason, error: str) -> None:
            builder.reject(Unreadable(self.name, 2 * number + side, reason, error, link.get("xtargets") or ""))

        targets = (link.get("xtargets") or "").split(";")
        score = _number(link.get(self.score) if self.score else None)
        if len(targets) != 2 or score is None:
            error = "its xtargets are not two lists" if score is not None else f"its {self.score} is no number"
            for side in (0, 1):
                reject(side, Reason.WRONG_FIELD, error)
            return
        for side, (own, ids) in enumerate(zip(sides, (target.split() for target in targets), strict=True)):
            if isinstance(own.sentences, BadLine):
                if ids:
                    reject(side, own.sentences.reason, own.sentences.error)
            elif missing := [name for name in ids if name not in own.sentences]:
                reject(side, Reason.MISSING_SENTENCE, f"no sentence {' '.join(missing)} in {own.document}")
            elif ids:
                text = " ".join(own.sentences[name] for name in ids)
                document, key = sides[0].document, key_of(self.name, number)
                builder.add(self.name, 2 * number + side, document, key, own.language, text, score=score)


@dataclass(frozen=True)
class _Side:
    """A document of an alignment: what it is called, without its ending, its language, and its sentences by id."""

    document: str
    language: str
    sentences: Sentences


class _Documents:
    """The documents of all languages, in open archives and folders."""

    def __init__(self, members: Mapping[str, Members], max_bytes: int) -> None:
        self._members = members
        self._max_bytes = max_bytes
        self._names = {language: _by_end(own.sizes) for language, own in members.items()}

    def side(self, name: str) -> _Side:
        """Return a document as an alignment names it: `de/Goethe.xml.gz`, in a folder that says its language."""
        document = name.removesuffix(".gz").removesuffix(".xml")
        language, _, alone = document.partition("/")
        if language not in self._members:
            known = ", ".join(self._members)
            bad = BadLine(Reason.UNREADABLE, f"the document {name!r} is not in a folder of a language: {known}")
            return _Side(document, "", bad)
        names = self._names[language]
        found = names.get(document) or names.get(alone)
        try:
            if not found:
                raise UnreadableMember(f"there is no document {document}.xml, or more than one")
            return _Side(document, language, _sentences(self._read(language, found)))
        except UnreadableMember as error:
            return _Side(document, language, BadLine(Reason.UNREADABLE, str(error)))
        except ValueError as error:
            return _Side(document, language, BadLine(Reason.NOT_XML, f"{document}: {error}"))

    def _read(self, language: str, name: str) -> bytes:
        """Return a member's bytes, unpacked. Raises UnreadableMember where they are damaged or too many."""
        members = self._members[language]
        data = b"" if members.sizes[name] > self._max_bytes else members.read(name)
        if data.startswith(b"\x1f\x8b"):
            try:
                unpack = zlib.decompressobj(_GZIP)
                data = unpack.decompress(data, self._max_bytes + 1)
            except zlib.error as error:
                raise UnreadableMember(f"{name}: {error}") from error
            if not unpack.eof and len(data) <= self._max_bytes:
                raise UnreadableMember(f"{name}: the packed bytes end before their end mark: the file is cut off")
        if max(members.sizes[name], len(data)) > self._max_bytes:
            raise UnreadableMember(f"{name}: more than {self._max_bytes} bytes")
        return data


def _by_end(names: Iterable[str]) -> dict[str, str]:
    """Return the names by each way in which they may end (`b/c` and `c` of `a/b/c`), without `.xml` or `.xml.gz`.

    An end that two names have is there with "".
    """
    found: dict[str, str] = {}
    for name in names:
        parts = name.removesuffix(".gz").removesuffix(".xml").split("/")
        for start in range(len(parts)):
            end = "/".join(parts[start:])
            found[end] = "" if end in found else name
    return found


def _sentences(data: bytes) -> dict[str, str]:
    """Return the sentences of a document by their ids."""
    found = {}
    for sentence in elements(BytesIO(data), "s"):
        words = [word.text.strip() for word in sentence.iter("{*}w") if word.text]
        found[sentence.get("id") or ""] = " ".join(words or text_of(sentence, frozenset()).split())
    return found


def _number(written: str | None) -> float | None:
    """Return a score, not a number where none is written, None where it is no number."""
    try:
        return math.nan if written is None else float(written)
    except ValueError:
        return None
