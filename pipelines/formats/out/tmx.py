"""TMX 1.4: a translation unit for each pair, packed with gzip (https://www.gala-global.org/tmx-14b)."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.formats.out.columns import write_packed

_PROPS: Final = ("document", "score", "source_id", "target_id")
_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<tmx version="1.4">
<header creationtool="Polyloom" creationtoolversion="1" segtype="sentence" o-tmf="Polyloom" adminlang="en" \
srclang="{}" datatype="plaintext"/>
<body>
"""
_FOOT: Final = b"</body>\n</tmx>\n"
_NO_XML: Final = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"  # characters that XML 1.0 has no place for


class Tmx:
    """Writes `SOURCE-TARGET/SPLIT.tmx.gz`: the two sentences, and as `prop` the document, score and ids."""

    layout = (
        "`SOURCE-TARGET/SPLIT.tmx.gz` is TMX 1.4 with a translation unit for each pair; its `prop` elements have the "
        "`document`, the `score` that the source gave, `source_id` and `target_id`."
    )
    has_texts = False
    has_pairs = True
    on_hub = False

    def files(self, name: str, split: str) -> str:
        return f"{name}/{split}.tmx.gz"

    def write(self, folder: Path, name: str, split: str, tables: Iterable[pa.Table]) -> None:
        (folder / name).mkdir(exist_ok=True)
        write_packed(folder / self.files(name, split), _parts(tables))


def _parts(tables: Iterable[pa.Table]) -> Iterator[pa.StringArray | bytes]:
    is_first = True
    for table in tables:
        sides = table["translation"].combine_chunks()
        languages = [field.name for field in sides.type]
        if is_first:
            yield _HEAD.format(_escaped(pa.array(languages[:1]))[0].as_py()).encode()
            is_first = False
        yield pc.binary_join_element_wise(
            "<tu>",
            *(_prop(name, table[name].combine_chunks().cast(pa.string())) for name in _PROPS),
            *(_side(language, texts) for language, texts in zip(languages, sides.flatten(), strict=True)),
            "</tu>",
            "",
        )
    yield _FOOT


def _prop(name: str, values: pa.StringArray) -> pa.StringArray:
    """Return each value as an element, "" where there is none."""
    element = pc.binary_join_element_wise(f'<prop type="{name}">', _escaped(values), "</prop>", "")
    return pc.if_else(pc.equal(values, ""), "", element).fill_null("")


def _side(language: str, texts: pa.StringArray) -> pa.StringArray:
    opened = f'<tuv xml:lang="{_escaped(pa.array([language]))[0].as_py()}"><seg>'
    return pc.binary_join_element_wise(opened, _escaped(texts), "</seg></tuv>", "")


def _escaped(texts: pa.StringArray) -> pa.StringArray:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        texts = pc.replace_substring(texts, character, entity)
    return pc.replace_substring_regex(texts, _NO_XML, "")
