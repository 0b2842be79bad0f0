"""gettext catalogs (PO files), one for each document and language, in a zip archive or a folder. polib reads them.

The format: https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html. An entry's key is its `msgid`, behind
its `msgctxt` and EOT (U+0004) where it has one, as in MO files; its plural has `[plural]` behind. It is the same in all
languages, and so ties their translations together.
"""

import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polib

from pipelines.datasets.reasons import Reason
from pipelines.formats.patterned import PatternedFiles, PatternedMember
from pipelines.formats.protocol import RecordBuilder, Unreadable
from pipelines.text.normalize import has_surrogates

_CHARSET: Final = re.compile(rb"""Content-Type:[^"\n]*?charset=([A-Za-z0-9._-]+)""", re.IGNORECASE)
_PLURAL: Final = re.compile(r"plural\s*=([^;]+)")
_SAFE_START: Final = "#\n"  # polib takes a text for the name of a file if there is one of that name


@dataclass(frozen=True)
class Po(PatternedFiles):
    """Messages of gettext. `source_language` is that of the `msgid`s, None where these are names and no text.

    Entries without a translation give their `msgid` alone; fuzzy and obsolete ones no translation.
    """

    source_language: str | None

    def add_records(self, data: bytes, member: PatternedMember, file: str, builder: RecordBuilder) -> None:
        try:
            catalog = polib.pofile(_SAFE_START + _decoded(data), wrapwidth=0, check_for_duplicates=False)
        except (OSError, ValueError, IndexError, KeyError, AttributeError, RecursionError) as error:
            cause = str(error).removeprefix("Syntax error in po file None ") or type(error).__name__
            builder.reject(Unreadable(file, 0, Reason.UNREADABLE, f"not a PO file ({cause})"))
            return
        singular = _singular_form(str(catalog.metadata.get("Plural-Forms", "")))
        messages = (message for entry in catalog for message in self._messages(entry, member.language, singular))
        for record, (key, language, text, is_unfinished) in enumerate(messages):
            if has_surrogates(text) or has_surrogates(key):
                builder.reject(Unreadable(file, record, Reason.NOT_UTF8, "not Unicode text", _visible(text)))
            elif is_unfinished:
                builder.reject(Unreadable(file, record, Reason.UNFINISHED, "fuzzy or obsolete", text))
            else:
                builder.add(file, record, member.document, key, language, text)

    def _messages(self, entry: polib.POEntry, language: str, singular: int) -> Iterator[tuple[str, str, str, bool]]:
        """Yield key, language and text of each side that the entry has, and whether it is not to be used."""
        key = entry.msgid if entry.msgctxt is None else f"{entry.msgctxt}\4{entry.msgid}"
        plural = f"{key}[plural]"
        is_obsolete = bool(entry.obsolete)
        if self.source_language is not None:
            yield key, self.source_language, entry.msgid, is_obsolete
            if entry.msgid_plural:
                yield plural, self.source_language, entry.msgid_plural, is_obsolete
        is_unfinished = is_obsolete or entry.fuzzy
        if entry.msgstr:
            yield key, language, entry.msgstr, is_unfinished
        forms = {int(form): text for form, text in entry.msgstr_plural.items() if text}
        for form in sorted(forms):
            is_singular = form == singular and len(entry.msgstr_plural) > 1
            yield key if is_singular else plural, language, forms[form], is_unfinished


def _decoded(data: bytes) -> str:
    """Return the text, in the encoding that the header names; bytes that are wrong in it become surrogates."""
    charset = _CHARSET.search(data)
    text = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return text.decode(charset[1].decode() if charset else "utf-8", "surrogateescape")
    except (LookupError, UnicodeDecodeError):
        return text.decode("utf-8", "surrogateescape")


def _singular_form(plural_forms: str) -> int:
    """Return which form the header's rule takes for one thing; 0 where it has no rule that can be read."""
    rule = _PLURAL.search(plural_forms)
    try:
        return int(gettext.c2py(rule[1])(1)) if rule else 0
    except ValueError:
        return 0


def _visible(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
