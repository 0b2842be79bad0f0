"""Exact and near deduplication against what else there is: `make bench-dedup`.

Exact: the stage `deduplicate`, and the first row of each cluster written anew, against the naive Beam way, where an
element is a paragraph, that is a row as a dictionary, as Beam's own readers give it; same runner, same files, as many
rows out. A third way carries nothing but language and text, which loses where a row came from.
Near: the stage with `near: {}` (so exact deduplication too) against datatrove, text-dedup and rensa, each in a process
of its own, on documents in scripts with spaces. One core each; what counts is CPU seconds after a warm-up; rounds
alternate, but datatrove and text-dedup, which are slow, run once.
Quality: pairs and rows against brute force over all pairs of documents, with shingles that are cut by other code,
script by script. The last line of the output is JSON.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
from raw import ROOT, messages, prose
from rich.console import Console
from rich.table import Table
from staged import job, staged

from pipelines.config.deduplicate import DeduplicateSection, Near
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.schemas import STAGED
from pipelines.datasets.stage import EngineSection
from pipelines.dedup.survivors import COPY, KEPT, Documents, document_losers
from pipelines.engine.jobs import run_pipeline
from pipelines.stages import deduplicate
from pipelines.text.fold import fold

HERE = Path(__file__).parent
PEERS = ROOT / ".venv-peers" / "bin" / "python"
ONE_CORE = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)  # fmt: skip
SCRIPTS = {
    "Latn": ("en", "de", "fr", "es", "pt", "vi"),
    "Cyrl": ("ru", "uk", "bg"),
    "Arab": ("ar", "fa", "ur"),
    "Deva": ("hi", "mr", "ne"),
    "Thai": ("th",),
    "Hans": ("zh-Hans",),
}
UNSPACED = {"Thai": 3.9, "Hans": 1.7}  # characters in a word
JACCARD = 0.8
EXACT, NEARLY = 0.1, 0.25  # shares of the documents that are copies, and near copies
EDITED = (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05)  # shares of the words of a near copy that are edited
JUDGED = 1_000  # documents of the warm-up of the near part

Page = tuple[str, str, list[str]]  # language, script, paragraphs


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure exact and near deduplication.")
    parser.add_argument("--paragraphs", type=int, default=1_000_000, help="of the exact part")
    parser.add_argument("--documents", type=int, default=16_000, help="of the near part")
    parser.add_argument("--judged", type=int, default=600, help="documents of each script that are judged")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if not PEERS.is_file():
        sys.exit(f"{PEERS} is missing: run `make bench-dedup`, which installs the peers")
    pools = sentences()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        exact = bench_exact(pools, folder / "exact", arguments.paragraphs, arguments.rounds)
        near = bench_near(pools, folder / "near", arguments.documents, arguments.rounds)
        worst = judge_all(pools, folder / "judged", arguments.judged)
    print(json.dumps({"bench": "dedup", **exact, **near, "near_f1_min": round(worst, 4)}))


def sentences() -> dict[str, dict[str, list[str]]]:
    """Return the sentences of each language, by script: prose, and long messages of interfaces; NFC, as ingest's."""
    long, short = prose(), messages()
    return {
        script: {
            code: [unicodedata.normalize("NFC", part) for part in pool]
            for code in codes
            if (pool := [*long.get(code, []), *(part for part in short.get(code, []) if len(part) > 40)])
        }
        for script, codes in SCRIPTS.items()
    }


def pages(pools: dict[str, dict[str, list[str]]], scripts: Sequence[str], count: int, seed: int) -> list[Page]:
    """Return documents of 3 to 12 paragraphs of 1 to 4 sentences; shares of them are copies and near copies."""
    draw = random.Random(seed)
    made: list[Page] = []
    originals: list[Page] = []
    for number in range(count):
        kind = draw.random()
        if originals and kind < EXACT + NEARLY:
            language, script, paragraphs = draw.choice(originals)
            paragraphs = list(paragraphs) if kind < EXACT else edited(paragraphs, script, draw)
            made.append((language, script, paragraphs))
            continue
        script = scripts[number % len(scripts)]
        language = draw.choice(sorted(pools[script]))
        pool, between = pools[script][language], "" if script == "Hans" else " "
        paragraphs = [
            between.join(draw.choice(pool) for _ in range(draw.randint(1, 4))) for _ in range(draw.randint(3, 12))
        ]
        originals.append((language, script, paragraphs))
        made.append(originals[-1])
    return made


def edited(paragraphs: Sequence[str], script: str, draw: random.Random) -> list[str]:
    """Return the paragraphs with some of their words (characters) deleted or replaced, or two paragraphs swapped."""
    between = "" if script in UNSPACED else " "
    units = [list(part) if script in UNSPACED else part.split() for part in paragraphs]
    share = draw.choice(EDITED)
    known = [unit for part in units for unit in part]
    for part in units:
        for place in range(len(part) - 1, -1, -1):
            if draw.random() < share:
                part[place : place + 1] = [] if draw.random() < 0.5 else [draw.choice(known)]
    if draw.random() < 0.3:
        one, other = draw.sample(range(len(units)), 2)
        units[one], units[other] = units[other], units[one]
    return [between.join(part) for part in units if part]


def bench_exact(pools: Any, folder: Path, paragraphs: int, rounds: int) -> dict[str, Any]:
    """Measure exact deduplication; documents have ten paragraphs, half of which are copies."""
    draw = random.Random(2)
    flat = [(code, script, part) for script, own in pools.items() for code, pool in own.items() for part in pool]
    rows: list[tuple[str, str, str]] = []
    for _ in range(paragraphs):
        if rows and draw.random() < 0.5:
            rows.append(draw.choice(rows))
        else:
            code, script, part = draw.choice(flat)
            rows.append((code, script, f"{part} {draw.randrange(10**9)}"))
    by_language: dict[tuple[str, str], list[str]] = {}
    for code, script, text in rows:
        by_language.setdefault((code, script), []).append(text)
    made = [(*of, texts[place : place + 10]) for of, texts in by_language.items() for place in range(0, len(texts), 10)]
    draw.shuffle(made)
    ingested = staged(made, folder / "ingest", 50_000)
    ways: dict[str, Callable[[Dataset, Path], int]] = {
        "Polyloom": ours_exact,
        "naive Beam": naive_exact,
        "naive Beam, text alone": partial(naive_exact, columns=("lang", "text")),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        left = {}
        for place, (way, run) in enumerate(ways.items()):
            started = time.process_time()
            left[way] = run(ingested, folder / f"{place}-{number}")
            if number:  # the first one warms up
                seconds[way].append(time.process_time() - started)
        if len(set(left.values())) > 1:
            sys.exit(f"the ways keep different rows: {left}")
    show("exact", seconds, paragraphs, "paragraphs/s")
    best = {way: min(values) for way, values in seconds.items()}
    return {
        "exact_ratio": round(best["naive Beam"] / best["Polyloom"], 1),
        "exact_paragraphs_per_s_core": round(paragraphs / best["Polyloom"]),
    }


def ours_exact(ingested: Dataset, folder: Path) -> int:
    """Run the stage and write the first of each cluster; return how many rows that is."""
    work = job(DeduplicateSection(), ingested, folder)
    deduplicate.run(work)
    kept = 0
    for entry in ingested.files(kind="staged"):
        with pa.memory_map(str(folder / "clusters" / entry.name)) as source:
            first = np.flatnonzero(pa.ipc.open_file(source).read_all().column("rank").to_numpy() == 0)
        work.draft.write_table(f"kept/{entry.name}", ingested.table(entry).take(pa.array(first)))
        kept += len(first)
    return kept


class ReadRows(beam.DoFn):
    """Emits the rows of an Arrow file one by one, as dictionaries of some columns, or of all."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns

    def process(self, path: str) -> Any:
        with pa.memory_map(path) as source:
            table = pa.ipc.open_file(source).read_all()
        yield from table.select(list(self._columns) or table.column_names).to_pylist()


class WriteRows(beam.DoFn):
    def __init__(self, folder: str, columns: Sequence[str]) -> None:
        self._folder = folder
        self._schema = pa.schema([STAGED.field(name) for name in columns]) if columns else STAGED

    def start_bundle(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def process(self, row: dict[str, Any]) -> None:
        self._rows.append(row)

    def finish_bundle(self) -> None:
        if self._rows:
            table = pa.Table.from_pylist(self._rows, self._schema)
            path = Path(self._folder) / f"{random.getrandbits(64):x}.arrow"
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)


def naive_exact(ingested: Dataset, folder: Path, columns: Sequence[str] = ()) -> int:
    """Group rows by language and folded text and write the first of each group; return how many rows that is."""
    folder.mkdir()
    paths = [str(ingested.path(entry)) for entry in ingested.files(kind="staged")]

    def build(pipeline: beam.Pipeline) -> None:
        (
            pipeline
            | beam.Create(paths)
            | beam.ParDo(ReadRows(columns))
            | beam.Map(lambda row: ((row["lang"], fold(row["text"])), row))
            | beam.GroupByKey()
            | beam.Map(lambda group: next(iter(group[1])))
            | beam.ParDo(WriteRows(str(folder), columns))
        )

    run_pipeline(EngineSection(workers=1), build, folder)
    return sum(_rows(path) for path in folder.glob("*.arrow"))


def _rows(path: Path) -> int:
    with pa.memory_map(str(path)) as source:
        return int(pa.ipc.open_file(source).read_all().num_rows)


def bench_near(pools: Any, folder: Path, documents: int, rounds: int) -> dict[str, Any]:
    """Measure near deduplication, and the recall on the documents of the warm-up. The slow peers run once."""
    spaced = [script for script in SCRIPTS if script not in UNSPACED]
    folder.mkdir()
    made = {"warm-up": pages(pools, spaced, JUDGED, seed=5), "pages": pages(pools, spaced, documents, seed=3)}
    size = sum(len(part.encode()) for _, _, paragraphs in made["pages"] for part in paragraphs)
    ingested = {}
    for name, part in made.items():
        (folder / name).mkdir()
        (folder / name / "pages.jsonl").write_text("".join(map(_json_line, part)), encoding="utf-8")
        ingested[name] = staged(part, folder / f"ingest-{name}", 20_000)
    seconds: dict[str, list[float]] = {way: [] for way in ("Polyloom", "rensa", "text-dedup", "datatrove")}
    deduplicate.run(job(DeduplicateSection(near=Near()), ingested["warm-up"], folder / "judged"))
    for number in range(rounds):
        started = time.process_time()
        deduplicate.run(job(DeduplicateSection(near=Near()), ingested["pages"], folder / f"run-{number}"))
        seconds["Polyloom"].append(time.process_time() - started)
        for tool in ("rensa", *(("text-dedup", "datatrove") if not number else ())):
            found = run_peer(tool, folder, folder / f"{tool}-{number}")
            seconds[tool].append(found["seconds"])
            if tool == "rensa":
                rensas = {(a, b) for a, b in found["pairs"]}
    show(f"near, {size / 1e6:.1f} MB", seconds, documents, "documents/s")
    truth = brute_force(made["warm-up"])
    ours = our_pairs(ingested["warm-up"], folder / "judged")
    recalls = {
        way: round(len(truth.keys() & pairs) / len(truth), 4) for way, pairs in (("ours", ours), ("rensa", rensas))
    }
    print(f"recall of the {len(truth):,} pairs of the warm-up: {recalls}")
    best = {way: min(values) for way, values in seconds.items()}
    peer = min(best["datatrove"], best["text-dedup"])
    return {
        "near_ratio": round(peer / best["Polyloom"], 1),
        "near_ratio_rensa": round(best["rensa"] / best["Polyloom"], 1),
    }


def _json_line(page: Page) -> str:
    return json.dumps({"text": "\n".join(page[2])}, ensure_ascii=False) + "\n"


def run_peer(tool: str, folder: Path, work: Path) -> dict[str, Any]:
    sources = [str(folder / name / "pages.jsonl") for name in ("pages", "warm-up")]
    command = [str(PEERS), str(HERE / "near_side.py"), tool, *sources, str(work)]
    done = subprocess.run(command, env=os.environ | ONE_CORE, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{tool} failed:\n{done.stderr}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def show(title: str, seconds: dict[str, list[float]], units: int, unit: str) -> None:
    ours = seconds["Polyloom"]
    table = Table("", f"{unit}, best", "median", "Polyloom is faster by (best, median)", title=title, box=None)
    for way, values in seconds.items():
        ratios = f"{min(values) / min(ours):.1f}, {statistics.median(values) / statistics.median(ours):.1f}"
        table.add_row(way, f"{units / min(values):,.0f}", f"{units / statistics.median(values):,.0f}", ratios)
    Console(width=120).print(table)


def judge_all(pools: Any, folder: Path, count: int) -> float:
    """Show precision and recall of pairs, and precision of rows, by script; return the worst pair F1."""
    table = Table("script", "pairs", "precision", "recall", "F1", "rows dropped", "row precision", box=None)
    worst = 1.0
    for script in SCRIPTS:
        made = pages(pools, [script], count, seed=4)
        ingested = staged(made, folder / script / "ingest", 2_000)
        deduplicate.run(job(DeduplicateSection(near=Near()), ingested, folder / script / "run"))
        found, truth = our_pairs(ingested, folder / script / "run"), brute_force(made)
        right = len(found & truth.keys())
        precision, recall = right / max(len(found), 1), right / max(len(truth), 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        dropped, fair = judged_rows(ingested, folder / script / "run", truth)
        worst = min(worst, f1)
        scores = (f"{value:.4f}" for value in (precision, recall, f1))
        table.add_row(script, f"{len(truth):,}", *scores, f"{dropped:,}", f"{fair / max(dropped, 1):.4f}")
    table.title = "quality against brute force"
    Console(width=120).print(table)
    return worst


def _column(ingested: Dataset, folder: Path, name: str, kind: Callable[[str], str]) -> np.ndarray[Any, Any]:
    parts = []
    for entry in ingested.files(kind="documents"):
        with pa.memory_map(str(folder / kind(entry.name))) as source:
            parts.append(pa.ipc.open_file(source).read_all().column(name).to_numpy())
    return np.concatenate(parts)


def our_pairs(ingested: Dataset, folder: Path) -> set[tuple[int, int]]:
    """Return the verified pairs as numbers of documents; copies are pairs with each other, and share their pairs."""
    cluster = _column(ingested, folder, "cluster", lambda name: f"clusters/{name}")
    first, second = (_column(ingested, folder, side, lambda name: f"near/pairs/{name}") for side in ("first", "second"))
    members: dict[int, list[int]] = {}
    for number, key in enumerate(cluster.tolist()):
        members.setdefault(key, []).append(number)
    pairs = {(a, b) for own in members.values() for a in own for b in own if a < b}
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        pairs |= {(min(a, b), max(a, b)) for a in members[one] for b in members[other]}
    return pairs


def judged_rows(ingested: Dataset, folder: Path, truth: dict[tuple[int, int], float]) -> tuple[int, int]:
    """Return how many documents would go, and for how many of them one that is kept is a true duplicate."""
    cluster = _column(ingested, folder, "cluster", lambda name: f"clusters/{name}")
    first, second = (_column(ingested, folder, side, lambda name: f"near/pairs/{name}") for side in ("first", "second"))
    count = len(cluster)
    documents = Documents(cluster, np.zeros(count, np.uint64), np.zeros(count, np.uint8), np.ones(count, np.int64))
    fate = document_losers(documents, first, second)
    neighbours: dict[int, set[int]] = {}
    for a, b in truth:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    kept = set(np.flatnonzero(fate == KEPT).tolist())
    dropped = np.flatnonzero(fate != KEPT).tolist()
    fair = sum(1 for number in dropped if fate[number] == COPY or neighbours.get(number, set()) & kept)
    return len(dropped), fair


def brute_force(made: Sequence[Page]) -> dict[tuple[int, int], float]:
    """Return all pairs of documents that share at least `JACCARD` of their shingles.

    All documents that share a shingle are compared.
    """
    sets = [shingles(paragraphs, UNSPACED.get(script, 1.0)) for _, script, paragraphs in made]
    holders: dict[tuple[str, ...], list[int]] = {}
    found = {}
    for number, own in enumerate(sets):
        common: Counter[int] = Counter()
        for shingle in own:
            known = holders.setdefault(shingle, [])
            common.update(known)
            known.append(number)
        for other, shared in common.items():
            share = shared / (len(own) + len(sets[other]) - shared)
            if share >= JACCARD:
                found[other, number] = share
    return found


def shingles(paragraphs: Sequence[str], per_word: float) -> set[tuple[str, ...]]:
    """Return five words, or as many characters as five words have, as tuples; a short text as a whole."""
    words = [word for part in paragraphs for word in (letters(part) if per_word > 1 else spaced(part))]
    sizes = [-(-5 * per_word // 1) if _is_unspaced(word) else 5 for word in words]
    runs = [words[place : place + int(size)] for place, size in enumerate(sizes) if place + size <= len(words)]
    return {tuple(run) for run in runs} or {tuple(words)}


def spaced(text: str) -> list[str]:
    """Return the words: runs of letters, marks and digits, with apostrophes inside."""
    marked = "".join(char if _in_word(text, place) else " " for place, char in enumerate(text))
    return [fold(word) for word in marked.split()]


def letters(text: str) -> list[str]:
    """Return the words, and each character of a script without spaces by itself."""
    apart = "".join(f" {char} " if _is_unspaced(char) else char for char in text)
    return spaced(apart)


def _in_word(text: str, place: int) -> bool:
    char = text[place]
    if char in "'’·״":
        return _is_letter(text[place - 1 : place]) and _is_letter(text[place + 1 : place + 2])
    return unicodedata.category(char)[0] in "LMN" or char in "\u200c\u200d\u00ad"


def _is_letter(char: str) -> bool:
    return bool(char) and unicodedata.category(char)[0] in "LM"


def _is_unspaced(word: str) -> bool:
    name = unicodedata.name(word[0], "")
    return name.startswith(("CJK UNIFIED", "THAI CHARACTER"))


if __name__ == "__main__":
    main()
