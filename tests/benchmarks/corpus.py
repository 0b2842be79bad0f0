"""A corpus of any size from real text in about a hundred languages, in every input format.

The sentences are people's (`raw.py`); what is made up is their order: a document takes sentences of one language at
random. So scripts, lengths of words and characters are those of real text, and the share of copies is known.

`python tests/benchmarks/corpus.py FOLDER --megabytes 30` writes all formats and a recipe that reads them.
"""

import argparse
import bz2
import gzip
import html
import io
import json
import lzma
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
import zstandard
from fastwarc.warc import WarcRecord, WarcRecordType
from raw import language_model, messages, prose

SPACELESS = ("ja", "km", "lo", "my", "th", "zh-Hans", "zh-Hant")
CHANGED = (0.01, 0.02, 0.03)  # shares of the words that a near copy may have changed
UNSPACED_SENTENCES = ("ja", "zh-Hans", "zh-Hant")
LONG_MESSAGE = 40  # characters; shorter messages stand in documents of their own
INTERFACE = 0.15  # share of documents that are messages of an interface, each a paragraph, where there are any
BATCH = 500  # rows of a Parquet row group or an Arrow batch


class Document(NamedTuple):
    """A web page: paragraphs of one line each, mostly in one language (as CC-100 writes it)."""

    url: str
    language: str
    paragraphs: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.paragraphs)


def documents(
    megabytes: float, seed: int = 1, exact: float = 0.1, near: float = 0.1, foreign: float = 0.03
) -> list[Document]:
    """Return documents of this size together (UTF-8), the same ones for the same arguments; see `generated`."""
    return list(generated(megabytes, seed, exact, near, foreign))


def generated(
    megabytes: float,
    seed: int = 1,
    exact: float = 0.1,
    near: float = 0.1,
    foreign: float = 0.03,
    remembered: int | None = None,
) -> Iterator[Document]:
    """Yield documents of this size together (UTF-8), the same ones for the same arguments.

    Of all documents a share of `exact` are copies of another, and of `near` copies with 1 to 3 % of their words
    changed. A share of `foreign` have one paragraph in another language. What is copied is any document that came
    before, or one of so many `remembered`, of which a new one takes the place of any.
    """
    draw = random.Random(seed)
    short = messages()
    pools = {language: parts + list(filter(_is_long, short.get(language, []))) for language, parts in prose().items()}
    languages = list(pools)
    weights = [sum(map(len, pool)) ** 0.5 for pool in pools.values()]  # between all equal and as much as there is
    made: list[tuple[str, list[str]]] = []
    left = int(megabytes * 1e6)
    number = 0
    while left > 0:
        kind = draw.random()
        if made and kind < exact + near:
            language, paragraphs = draw.choice(made)
            paragraphs = list(paragraphs) if kind < exact else nearly(paragraphs, language, draw)
        else:
            (language,) = draw.choices(languages, weights)
            if language in short and draw.random() < INTERFACE:
                paragraphs = draw.sample(short[language], min(len(short[language]), draw.randint(3, 20)))
            else:
                paragraphs = [_paragraph(pools[language], language, draw) for _ in range(_length(draw))]
            if draw.random() < foreign:
                (other,) = draw.choices(languages, weights)
                paragraphs.insert(draw.randrange(len(paragraphs) + 1), _paragraph(pools[other], other, draw))
        if remembered is None or len(made) < remembered:
            made.append((language, paragraphs))
        else:
            made[draw.randrange(remembered)] = (language, paragraphs)
        yield Document(f"https://{language.lower()}.example/page/{number}", language, paragraphs)
        left -= sum(len(part.encode()) + 1 for part in paragraphs)
        number += 1


def nearly(paragraphs: Sequence[str], language: str, draw: random.Random) -> list[str]:
    """Return the paragraphs with a few of their words (characters, in scripts without spaces) changed."""
    between = "" if language in SPACELESS else " "
    units = [list(part) if not between else part.split(" ") for part in paragraphs]
    known = [unit for part in units for unit in part]
    share = draw.choice(CHANGED)
    places = [(row, place) for row, part in enumerate(units) for place in range(len(part))]
    for row, place in draw.sample(places, max(1, round(share * len(places)))):
        units[row][place] = draw.choice(known)
    return [between.join(part) for part in units]


def _is_long(message: str) -> bool:
    return len(message) > LONG_MESSAGE


def _length(draw: random.Random) -> int:
    """Return a number of paragraphs: 1 to 4 in most documents, a dozen in some."""
    return 1 + int(draw.lognormvariate(1, 0.6))


def _paragraph(pool: Sequence[str], language: str, draw: random.Random) -> str:
    between = "" if language in UNSPACED_SENTENCES else " "
    return between.join(draw.sample(pool, min(len(pool), draw.randint(1, 6))))


def write_cc100(made: Iterable[Document], path: Path) -> None:
    """Write text with a paragraph a line and a blank line after each document, as one xz stream."""
    with lzma.open(path, "wt", encoding="utf-8", preset=1) as file:
        file.writelines(f"{document.text}\n\n" for document in made)


def write_lines(made: Iterable[Document], path: Path) -> None:
    path.write_text("".join(f"{document.text}\n" for document in made), encoding="utf-8")


def write_lines_bz2(made: Iterable[Document], path: Path) -> None:
    with bz2.open(path, "wt", encoding="utf-8") as file:
        file.writelines(f"{document.text}\n" for document in made)


def write_ccnet(made: Iterable[Document], path: Path) -> None:
    """Write JSON Lines with CCNet's names of the fields."""
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=3) as file:
        file.writelines(
            _json({"url": document.url, "language": document.language, "raw_content": document.text})
            for document in made
        )


def write_jsonl(made: Iterable[Document], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(map(_record, made))


def write_jsonl_zst(made: Iterable[Document], path: Path) -> None:
    path.write_bytes(zstandard.compress("".join(map(_record, made)).encode(), 3))


def write_parquet(made: Sequence[Document], path: Path) -> None:
    pq.write_table(_table(made), path, row_group_size=BATCH, compression="zstd")


def write_arrow(made: Sequence[Document], path: Path) -> None:
    """Write an Arrow stream, as Hugging Face `datasets` keeps its data."""
    table = _table(made)
    with path.open("wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, BATCH)


def write_wet(made: Iterable[Document], path: Path) -> None:
    """Write WET: the text of each page as a record and gzip member of its own."""
    _write_warc(made, path, WarcRecordType.conversion, "text/plain", lambda document: document.text.encode())


def write_warc(made: Iterable[Document], path: Path) -> None:
    """Write WARC: each page as the HTML that a server answers with."""
    _write_warc(made, path, WarcRecordType.response, "application/http; msgtype=response", _response)


def _write_warc(
    made: Iterable[Document], path: Path, kind: WarcRecordType, content: str, body: Callable[[Document], bytes]
) -> None:
    with path.open("wb") as file:
        for number, document in enumerate(made):
            record = WarcRecord()
            record.init_headers(record_type=kind, record_urn=f"<urn:uuid:{number:032x}>".encode())
            record.headers["WARC-Target-URI"] = document.url
            record.headers["WARC-Date"] = "2024-01-01T00:00:00Z"
            record.headers["Content-Type"] = content
            record.set_bytes_content(body(document))
            plain = io.BytesIO()
            record.write(plain)
            file.write(gzip.compress(plain.getvalue(), 3, mtime=0))


def _response(document: Document) -> bytes:
    paragraphs = "\n".join(f"<p>{html.escape(part)}</p>" for part in document.paragraphs)
    page = (
        f'<!doctype html>\n<html lang="{document.language}"><head><meta charset="utf-8"><title>Page</title></head>\n'
        f"<body><main><article>\n{paragraphs}\n</article></main></body></html>\n"
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(page)}\r\n\r\n"
    return head.encode() + page


def _record(document: Document) -> str:
    return _json({"text": document.text, "url": document.url, "language": document.language})


def _json(value: dict[str, str]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def _table(made: Sequence[Document]) -> pa.Table:
    columns = {"text": [document.text for document in made], "url": [document.url for document in made]}
    return pa.table(columns | {"language": [document.language for document in made]})


_FIELDS = {"document_field": "url", "language_field": "language"}
# name of the source: the file, what writes it, and the source's other keys
FORMATS: dict[str, tuple[str, Callable[[Any, Path], None], dict[str, Any]]] = {
    "cc100": ("cc100.txt.xz", write_cc100, {"format": "lines", "documents": True}),
    "lines": ("lines.txt", write_lines, {"format": "lines"}),
    "lines-bz2": ("lines.txt.bz2", write_lines_bz2, {"format": "lines"}),
    "ccnet": ("ccnet.json.gz", write_ccnet, {"format": "jsonl", "text_field": "raw_content", **_FIELDS}),
    "jsonl": ("pages.jsonl", write_jsonl, {"format": "jsonl", **_FIELDS}),
    "jsonl-zst": ("pages.jsonl.zst", write_jsonl_zst, {"format": "jsonl", **_FIELDS}),
    "parquet": ("pages.parquet", write_parquet, {"format": "parquet", **_FIELDS}),
    "arrow": ("pages.arrow", write_arrow, {"format": "arrow", **_FIELDS}),
    "wet": ("pages.warc.wet.gz", write_wet, {"format": "warc"}),
    "warc": ("pages.warc.gz", write_warc, {"format": "warc"}),
}


def write_source(name: str, made: Sequence[Document], folder: Path) -> dict[str, Any]:
    """Write the documents in one of FORMATS, and return the source that reads them, for a recipe."""
    file, write, keys = FORMATS[name]
    path = folder / file
    write(made, path)
    return {"name": name, "path": str(path), **keys}


def recipe(name: str, sources: Sequence[dict[str, Any]], **sections: dict[str, Any]) -> str:
    """Return a recipe in YAML that takes these sources from `ingest` to `report`; `sections` add to its sections."""
    ingest = {"sources": list(sources)} | sections.pop("ingest", {})
    if "language_model" not in ingest:
        ingest["language_model"] = language_model()
    stages: dict[str, Any] = {"ingest": ingest, "deduplicate": {}, "publish": {}, "report": {}}
    text: str = yaml.safe_dump({"name": name} | stages | sections, sort_keys=False, allow_unicode=True)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a corpus of real text in all input formats, and its recipe.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabytes", type=float, default=30, help="of text, spread over the formats")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    made = documents(arguments.megabytes, arguments.seed)
    sources = [write_source(name, made[number :: len(FORMATS)], folder) for number, name in enumerate(FORMATS)]
    (folder / "recipe.yaml").write_text(recipe("all-formats", sources), encoding="utf-8")
    print(f"{len(made):,} documents; polyloom run {folder / 'recipe.yaml'}")


if __name__ == "__main__":
    main()
