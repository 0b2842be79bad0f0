"""Measure sentence segmentation on treebanks of Universal Dependencies, against four libraries.

`python tests/benchmarks/segment.py` reads every `*.conllu.gz` in `--treebanks`. Sentences are put together to
paragraphs: those of the treebank where it has them, else eight sentences. What is scored are the boundaries between the
sentences of a paragraph: F1 of their places among the characters that are not white space. The libraries are in
.venv-segment, which `make bench-segment` makes. The last line of the output is JSON.

A treebank's name says which part it is: rules may be chosen on train and dev, test is looked at once.
"""

import argparse
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipelines.text.segmentation import segment

ROOT = Path(__file__).parents[2]
SIDE = Path(__file__).with_name("segment_side.py")
PEERS = ROOT / ".venv-segment" / "bin" / "python"
LIBRARIES = ("sentencex", "blingfire", "sentence-splitter", "pysbd")
SENTENCES = 8  # of a paragraph
FEWEST = 20  # paragraphs that a treebank must mark for its own to be taken
UNSPACED = ("ja", "zh")
CODES = {"zh": "zh-Hans"}
LEAST = 0.3  # seconds to measure for


@dataclass(frozen=True)
class Paragraph:
    """A text, and where its sentences but the last end, counted in characters that are not white space."""

    text: str
    ends: frozenset[int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--treebanks", type=Path, default=ROOT.parent / "shared" / "data" / "ud")
    parser.add_argument("--libraries", nargs="*", default=LIBRARIES)
    arguments = parser.parse_args()
    files = sorted(arguments.treebanks.glob("*.conllu.gz"))
    if not files:
        sys.exit(f"{arguments.treebanks}: no *.conllu.gz here; name a folder of UD treebanks with --treebanks")
    if not PEERS.exists():
        sys.exit("the libraries are not installed: start this by `make bench-segment`")
    tools = ("ours", *arguments.libraries)
    f1 = Table("treebank", "sentences", *tools, title="F1 of boundaries, and MB/s", box=None)
    scores: dict[str, list[float]] = {tool: [] for tool in tools}
    totals = {tool: [0, 0.0] for tool in tools}  # bytes, seconds
    for file in files:
        paragraphs = list(read(file))
        texts = [paragraph.text for paragraph in paragraphs]
        size = sum(len(text.encode()) for text in texts)
        cells = []
        for tool in tools:
            found = divided(tool, texts, file.name[:2])
            if found is None:
                cells.append("-")
                continue
            value = score(paragraphs, found["sentences"])
            scores[tool].append(value)
            totals[tool][0] += size
            totals[tool][1] += found["seconds"]
            cells.append(f"{value:.3f}  {size / found['seconds'] / 1e6:6.2f}")
        f1.add_row(file.name.removesuffix(".conllu.gz"), f"{sum(len(p.ends) + 1 for p in paragraphs):,}", *cells)
    Console().print(f1)
    means = {tool: round(sum(values) / len(values), 4) for tool, values in scores.items() if values}
    speeds = {tool: round(size / seconds / 1e6, 2) for tool, (size, seconds) in totals.items() if seconds}
    ours = {"f1": means.pop("ours"), "mb_per_s": speeds.pop("ours")}
    print(json.dumps({"bench": "segment", **ours, "peers_f1": means, "peers_mb_per_s": speeds}))


def divided(tool: str, texts: Sequence[str], language: str) -> Any:
    """Return the sentences of each text and the CPU seconds of one pass, or None for a language it does not know."""
    if tool == "ours":
        return ours(texts, CODES.get(language, language))
    command = [str(PEERS), str(SIDE), tool, language]
    result = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{tool}: {result.stderr}")
    return json.loads(result.stdout)


def ours(texts: Sequence[str], language: str) -> dict[str, Any]:
    languages = [language] * len(texts)
    segment(texts[:1], languages[:1])
    passes, begin = 0, time.process_time()
    while not passes or time.process_time() - begin < LEAST:
        found = segment(texts, languages)
        passes += 1
    seconds = (time.process_time() - begin) / passes
    sentences: list[list[str]] = [[] for _ in texts]
    for row, sentence in zip(found.row.tolist(), found.texts, strict=True):
        sentences[row].append(sentence)
    return {"sentences": sentences, "seconds": seconds}


def read(file: Path) -> Iterator[Paragraph]:
    """Yield the paragraphs of a treebank."""
    marked: list[list[tuple[str, str]]] = [[]]
    text = last = ""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(("# newpar", "# newdoc")):
                marked.append([])
            elif line.startswith("# text = "):
                text = line.removeprefix("# text = ").rstrip("\n")
            elif not line.strip():
                marked[-1].append((text, "" if "SpaceAfter=No" in last else " "))
            elif not line.startswith("#"):
                last = line
    marked = [paragraph for paragraph in marked if paragraph]
    if len(marked) < FEWEST or all(len(paragraph) == 1 for paragraph in marked):
        space = "" if file.name.startswith(UNSPACED) else " "
        flat = [(text, space) for paragraph in marked for text, _ in paragraph]
        marked = [flat[begin : begin + SENTENCES] for begin in range(0, len(flat), SENTENCES)]
    for paragraph in marked:
        pieces = [text for text, _ in paragraph]
        yield Paragraph("".join(text + space for text, space in paragraph).strip(), frozenset(ends(pieces)))


def ends(pieces: Sequence[str]) -> list[int]:
    """Return where all pieces but the last end, in characters that are not white space."""
    total, found = 0, []
    for piece in pieces:
        if size := len("".join(piece.split())):
            total += size
            found.append(total)
    return found[:-1]


def score(paragraphs: Sequence[Paragraph], sentences: Sequence[Sequence[str]]) -> float:
    found = [set(ends(pieces)) for pieces in sentences]
    right = sum(len(own & paragraph.ends) for own, paragraph in zip(found, paragraphs, strict=True))
    given = sum(map(len, found)) + sum(len(paragraph.ends) for paragraph in paragraphs)
    return 2 * right / given if given else 1.0


if __name__ == "__main__":
    main()
