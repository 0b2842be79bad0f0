"""TMX 1.4, plain or compressed (https://www.gala-global.org/tmx-14b): a translation unit `tu` with a `tuv` a language.

A `tuv` is a record; they are numbered through the file. Its language is `xml:lang`, or `lang` as TMX 1.1 to 1.3 write
it. In a `seg` the native codes in `bpt`, `ept`, `ph`, `it` and `ut` are removed, and what `hi` highlights stays
(section "Content Markup").
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from pipelines.datasets.reasons import Reason
from pipelines.formats.bitext import block_of, key_of
from pipelines.formats.compressed import RawFile
from pipelines.formats.linewise import BadLine
from pipelines.formats.markup import language_of, local_name, text_of
from pipelines.formats.protocol import RecordBuilder, Records, Split, Unreadable
from pipelines.formats.xml_pieces import Piece, XmlPieces

_CODES = frozenset({"bpt", "ept", "ph", "it", "ut"})


@dataclass(frozen=True)
class Tmx:
    """The source `name`: the translation units of the file `raw`.

    `score` and `document` are the types of the `prop` elements that hold them, in the unit or in its first `tuv`
    that has one. A split is about `split_bytes`; a unit of more than `max_record_bytes` is not read.
    """

    name: str
    raw: RawFile
    score: str | None
    document: str | None
    split_bytes: int
    max_record_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits between units. Raises UserError as `XmlPieces.plan` does."""
        return self._pieces.plan()

    def read(self, split: Split) -> Iterator[Records]:
        builder = RecordBuilder()
        for piece, tree in self._pieces.parsed(split):
            if isinstance(tree, BadLine):
                self._reject(piece, tree, builder)
            else:
                self._add(piece, tree, builder)
            if builder.is_full:
                yield from builder.take()
        yield from builder.take()

    @property
    def _pieces(self) -> XmlPieces:
        return XmlPieces(self.raw, "tu", "tuv", self.split_bytes, self.max_record_bytes)

    def _reject(self, piece: Piece, bad: BadLine, builder: RecordBuilder) -> None:
        for record in range(piece.number, piece.number + piece.records):
            builder.reject(Unreadable(self.name, record, bad.reason, bad.error, bad.text))

    def _add(self, piece: Piece, unit: etree._Element, builder: RecordBuilder) -> None:
        sides = [child for child in unit if local_name(child) == "tuv"]
        if len(sides) != piece.records:
            self._reject(piece, BadLine(Reason.WRONG_FIELD, "no <tuv> in the unit, or not as its children"), builder)
            return
        try:
            score = float(_prop(unit, self.score) or math.nan)
        except ValueError:
            error = f"the score is no number: {_prop(unit, self.score)[:100]!r}"
            self._reject(piece, BadLine(Reason.WRONG_FIELD, error), builder)
            return
        document = _prop(unit, self.document) or block_of(self.name, piece.number)
        key = key_of(self.name, piece.number)
        for record, side in enumerate(sides, piece.number):
            segment = next((child for child in side if local_name(child) == "seg"), None)
            if segment is None:
                builder.reject(Unreadable(self.name, record, Reason.WRONG_FIELD, "no <seg> in the <tuv>"))
            else:
                language = language_of(side)
                builder.add(self.name, record, document, key, language, text_of(segment, _CODES), score=score)


def _prop(unit: etree._Element, name: str | None) -> str:
    if name is None:
        return ""
    props = (prop for prop in unit.iter("{*}prop") if prop.get("type") == name)
    return next((text_of(prop, _CODES).strip() for prop in props), "")
