"""Moses text: a file for each language, of which line `i` is one translation unit; or the zip that OPUS gives.

Only `\\n` ends a line (a lone `\\r` or U+2028 in a line would count for some tools as one, and all behind it would be
paired askew). OPUS's zip has `CORPUS.de-en.de` and `CORPUS.de-en.en`, and may have `CORPUS.de-en.ids`, whose lines name
the documents and sentences, and `CORPUS.de-en.scores` (https://opus.nlpl.eu, format Moses). Any of the files may be
compressed by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pyarrow.compute as pc

from pipelines.datasets.errors import UserError
from pipelines.formats.bitext import UnitColumns, in_records
from pipelines.formats.compressed import RawFile
from pipelines.formats.line_arrays import Cuts, LineBlock, Openable, cut_by_bytes, cut_by_lines, read_line_blocks
from pipelines.formats.members import open_zip
from pipelines.formats.protocol import Records, Split
from pipelines.formats.zipped import ZippedFile

IDS: Final = "ids"
SCORES: Final = "scores"


@dataclass(frozen=True)
class MosesFiles:
    """The files of a bitext: texts by language, and ids and scores of the same lines, where there are any."""

    texts: Mapping[str, Openable]
    ids: Openable | None = None
    scores: Openable | None = None


@dataclass(frozen=True)
class Moses:
    """The source `name`, read from `files`.

    A split is about `split_bytes` of the first language, and the same lines of the others; a line of more than
    `max_record_bytes` is not read.
    """

    name: str
    files: MosesFiles
    split_bytes: int
    max_record_bytes: int

    def plan(self) -> Sequence[Split]:
        """Return splits by lines, the same in all files.

        Raises UserError where a file cannot be read, is empty or a decompression bomb, and where the files have not
        the same number of lines: which one is missing cannot be known, and all behind it would be paired askew.
        """
        first, *others = self._columns()
        cuts = [cut_by_bytes(first, self.split_bytes)]
        cuts += [cut_by_lines(other, [place.number for place in cuts[0].places]) for other in others]
        count = self._count_lines(cuts)
        kept = [at for at, place in enumerate(cuts[0].places) if place.number < count]
        for number, file in enumerate(self._columns()):
            if isinstance(file, ZippedFile):  # each split unpacks it from its start
                cuts = [each.only(kept) for each in cuts]
                kept = cuts[number].few()
        cuts = [each.only(kept) for each in cuts]
        parts = zip(*map(_parts, cuts), strict=True)
        numbers = [*(place.number for place in cuts[0].places), count]
        splits = [
            Split(start, stop, start, parts=own) for (start, stop), own in zip(pairwise(numbers), parts, strict=True)
        ]
        return in_records(splits, len(self.files.texts))

    def read(self, split: Split) -> Iterator[Records]:
        columns = [
            _Column(read_line_blocks(file, part, self.max_record_bytes))
            for file, part in zip(self._columns(), split.parts, strict=True)
        ]
        left = split.stop - split.start
        while left and (count := min(left, *(column.ready() for column in columns))):
            left -= count
            yield self._units([column.take(count) for column in columns]).records()

    def _columns(self) -> list[Openable]:
        beside = (self.files.ids, self.files.scores)
        return [*self.files.texts.values(), *(file for file in beside if file is not None)]

    def _count_lines(self, cuts: Sequence[Cuts]) -> int:
        """Return how many units can be read: up to the first damage, whose own line is the last."""
        names = [file.path for file in self._columns()]
        whole = {name: cut.lines for name, cut in zip(names, cuts, strict=True) if not cut.damage}
        cut_off = {name: cut.lines for name, cut in zip(names, cuts, strict=True) if cut.damage}
        counts = whole | cut_off
        for name, lines in counts.items():
            if not lines:
                raise UserError(f"{name}: the file is empty; remove it from the config's sources")
        fewest, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
        if len(set(whole.values())) > 1 or (whole and counts[most] > min(whole.values())):
            raise UserError(
                f"{most} has {counts[most]:,} lines and {fewest} has {counts[fewest]:,}; line by line they are "
                "translations, so both must have as many: fetch both again, or remove this source"
            )
        return counts[fewest]

    def _units(self, blocks: Sequence[LineBlock]) -> UnitColumns:
        languages = tuple(self.files.texts)
        texts, beside = blocks[: len(languages)], blocks[len(languages) :]
        ids = beside[0].lines if self.files.ids else None
        return UnitColumns(
            file=self.name,
            first=blocks[0].first,
            languages=languages,
            texts=[block.lines for block in texts],
            documents=None if ids is None else pc.list_element(pc.split_pattern(ids, b"\t"), 0),
            scores=beside[-1].lines if self.files.scores else None,
            offsets=np.full(len(blocks[0]), -1),
            bad={place: line for block in beside for place, line in block.bad.items()},
            bad_texts=[block.bad for block in texts],
        )


def in_archive(archive: RawFile, languages: Sequence[str]) -> MosesFiles:
    """Return the files of the languages in a zip archive as OPUS makes it.

    Raises UserError unless one member for each language is there, such as `CORPUS.de-en.de`.
    """
    with open_zip(archive.path) as opened:
        names = [info.filename for info in opened.infolist() if not info.is_dir()]
    files: dict[str, Openable] = {}
    for language in languages:
        fitting = [name for name in names if name.endswith(f".{language}")]
        if len(fitting) != 1:
            found = ", ".join(fitting) or "none"
            raise UserError(
                f"{archive.path}: one file that ends in .{language} is expected, and there is {found}; "
                "check the languages of this source"
            )
        files[language] = ZippedFile(archive, fitting[0])
    beside = (next((name for name in names if name.endswith(f".{kind}")), None) for kind in (IDS, SCORES))
    ids, scores = (None if name is None else ZippedFile(archive, name) for name in beside)
    return MosesFiles(files, ids, scores)


def _parts(cuts: Cuts) -> Iterator[Split]:
    """Yield the part of a file between each cut and the next."""
    stops = [*(place.start for place in cuts.places[1:]), cuts.end]
    for place, stop in zip(cuts.places, stops, strict=True):
        yield Split(place.start, stop, place.number, place.member)


class _Column:
    """The lines of one file: as many are taken at a time as all files have ready."""

    def __init__(self, blocks: Iterator[LineBlock]) -> None:
        self._blocks = blocks
        self._block: LineBlock | None = None

    def ready(self) -> int:
        """Return how many lines can be taken at once, 0 at the end."""
        while self._block is None or not len(self._block):
            self._block = next(self._blocks, None)
            if self._block is None:
                return 0
        return len(self._block)

    def take(self, count: int) -> LineBlock:
        """Return the next `count` lines, which are ready."""
        block = self._block
        assert block is not None
        self._block = block.slice(count, len(block))
        return block.slice(0, count)
