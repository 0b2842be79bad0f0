"""Moses text: a file for each language, of which line `i` is one pair."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa

from pipelines.formats.out.columns import joined_lines


class Moses:
    """Writes `SOURCE-TARGET/SPLIT.SOURCE` and `SOURCE-TARGET/SPLIT.TARGET`, as plain text.

    Nothing is escaped: no published text holds a line feed, as normalisation makes all white space a single space.
    """

    layout = (
        "`SOURCE-TARGET/SPLIT.SOURCE` and `SOURCE-TARGET/SPLIT.TARGET` have a sentence a line; line by line they are "
        "translations."
    )
    has_texts = False
    has_pairs = True
    on_hub = False

    def files(self, name: str, split: str) -> str:
        return f"{name}/{split}.*"

    def write(self, folder: Path, name: str, split: str, tables: Iterable[pa.Table]) -> None:
        (folder / name).mkdir(exist_ok=True)
        for table in tables:
            sides = table["translation"].combine_chunks()
            for language, texts in zip((field.name for field in sides.type), sides.flatten(), strict=True):
                with (folder / name / f"{split}.{quote(language, safe='')}").open("ab") as file:
                    file.write(joined_lines(texts))
