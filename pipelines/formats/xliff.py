"""XLIFF 1.2, a file for each document and language, in a zip archive or a folder.

The format: https://docs.oasis-open.org/xliff/v1.2/os/xliff-core.html. A `trans-unit` gives its `source` and its
`target`. In them the native codes in `bpt`, `ept`, `it` and `ph` are removed, with the empty `x`, `bx` and `ex`; the
text in `g` and `mrk` stays (section 2.4). Targets in a state that asks for a translation are none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from lxml import etree

from pipelines.datasets.reasons import Reason
from pipelines.formats.markup import elements, language_of, local_name, text_of
from pipelines.formats.patterned import PatternedFiles, PatternedMember
from pipelines.formats.protocol import RecordBuilder, Unreadable

_CODES: Final = frozenset({"bpt", "ept", "it", "ph", "x", "bx", "ex"})
_UNFINISHED: Final = frozenset({"new", "needs-translation", "needs-adaptation", "needs-l10n"})


@dataclass(frozen=True)
class Xliff(PatternedFiles):
    """Translation units of XLIFF 1.2.

    The document is the pattern's, with the `original` of the `file`; the key is the unit's `id`. Languages are those
    that the `file` declares, for the target else the one in the pattern. A unit without target gives its source alone.
    """

    def add_records(self, data: bytes, member: PatternedMember, file: str, builder: RecordBuilder) -> None:
        unit = -1
        try:
            for unit, element in enumerate(elements(BytesIO(data), "trans-unit")):
                self._add(element, 2 * unit, member, file, builder)
        except ValueError as error:
            builder.reject(Unreadable(file, 2 * unit + 2, Reason.NOT_XML, f"{error}; nothing behind it was read"))

    def _add(
        self, unit: etree._Element, record: int, member: PatternedMember, file: str, builder: RecordBuilder
    ) -> None:
        whole = next(unit.iterancestors("{*}file"), None)
        declared = {} if whole is None else whole.attrib
        document = f"{member.document}/{declared.get('original', '')}"
        key = unit.get("id") or f"{file}:{record}"
        source, target = (_child(unit, name) for name in ("source", "target"))
        if source is None:
            builder.reject(Unreadable(file, record, Reason.WRONG_FIELD, "no <source> in the <trans-unit>"))
        else:
            language = language_of(source) or declared.get("source-language")
            builder.add(file, record, document, key, language, text_of(source, _CODES))
        if target is None:
            return
        text = text_of(target, _CODES)
        if target.get("state") in _UNFINISHED:
            builder.reject(Unreadable(file, record + 1, Reason.UNFINISHED, f"its state is {target.get('state')}", text))
        elif text:
            language = language_of(target) or declared.get("target-language") or member.language
            builder.add(file, record + 1, document, key, language, text)


def _child(unit: etree._Element, name: str) -> etree._Element | None:
    children: Iterator[etree._Element] = iter(unit)
    return next((child for child in children if local_name(child) == name), None)
