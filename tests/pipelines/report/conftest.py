"""A whole run in small: datasets of every stage, written through Draft, with the summaries that the stages write."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.evidence import (
    PAIR_READINGS,
    QUARANTINE,
    READINGS,
    SAMPLES,
    QuarantineEntry,
    Reading,
    Sample,
    Samples,
    quarantine_to_jsonl,
    readings_to_json,
    samples_to_json,
)
from pipelines.datasets.manifest import FileEntry, Manifest
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import DISTRIBUTIONS
from training.xtreme.scoreboard import Run as ScoredRun
from training.xtreme.scoreboard import Scored, scoreboard
from training.xtreme.tasks.registry import TASKS

Inputs = dict[str, dict[str, Dataset]]

HOSTILE = '<script>alert("x")</script> & <b>'
RIGHT_TO_LEFT = "שלום\u202eolleh"
SYSTEMS = {"char_ngrams": 20.0, "untrained": 25.0, "mmlm_tlm": 15.0, "mmlm_tlm_xlco": 60.0}
ARMS = ("mmlm_tlm", "mmlm_tlm_xlco")
LANGUAGES = ("de", "he")


class Runs:
    """Writes datasets into one folder, each with its fingerprint, and keeps them as a job's inputs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inputs: Inputs = {}

    def add(
        self,
        stage: str,
        counts: Counts,
        needs: Sequence[str] = (),
        files: Mapping[str, tuple[Any, dict[str, str]]] | None = None,
        *,
        instance: str = "",
        units: tuple[str, str] = ("rows", "rows"),
        started: float = 0.0,
        seconds: float = 1.0,
        config: dict[str, Any] | None = None,
        summary: dict[str, Any] | None = None,
        samples: Samples | None = None,
        quarantine: Sequence[QuarantineEntry] = (),
        timings: Mapping[str, float] | None = None,
    ) -> None:
        draft = Draft(self.folder / f"{stage}{instance}")
        entries = [self._write(draft, name, *content) for name, content in (files or {}).items()]
        if samples:
            entries.append(draft.write_bytes(SAMPLES, samples_to_json(samples), {"kind": "samples"}))
        if quarantine:
            data = quarantine_to_jsonl(quarantine)
            entries.append(draft.write_bytes(QUARANTINE, data, {"kind": "quarantine"}, rows=len(quarantine)))
        manifest = Manifest(
            stage=stage,
            version=1,
            instance=instance,
            fingerprint=f"{stage}{instance}".encode().hex(),
            config=config or {},
            inputs={name: name.replace("/", "").encode().hex() for name in needs},
            unit_in=units[0],
            unit_out=units[1],
            rows=SplitRecord.rows_of(counts),
            files=entries,
            summary=summary or {},
        )
        run = {
            "started": started,
            "seconds": seconds,
            "cpu_seconds": seconds * 2,
            "peak_memory_bytes": 120_000_000,
            "host": "loom",
            "python": "3.11.9",
            "timings": dict(timings or {}),
        }
        draft.commit(manifest, json.dumps(run).encode())
        self.inputs.setdefault(stage, {})[instance] = Dataset(draft.folder)

    @staticmethod
    def _write(draft: Draft, name: str, content: Any, partition: dict[str, str]) -> FileEntry:
        if isinstance(content, int):
            content = pa.table({"n": range(content)})
        if isinstance(content, pa.Table):
            return draft.write_table(name, content, partition)
        if isinstance(content, bytes):
            return draft.write_bytes(name, content, partition)
        return draft.write_bytes(name, json.dumps(content).encode(), partition)


@pytest.fixture(scope="session")
def corpus_run(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """The corpus stages alone."""
    runs = Runs(tmp_path_factory.mktemp("corpus") / "runs" / "small")
    add_corpus(runs)
    return runs.inputs


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """All stages, with two arms that worked at overlapping times."""
    runs = Runs(tmp_path_factory.mktemp("whole") / "runs" / "small")
    add_corpus(runs)
    add_training(runs)
    add_scores(runs)
    return runs.inputs


def add_corpus(runs: Runs) -> None:
    runs.add(
        "ingest",
        Counts(1000, 20, 1010, {Reason.NOT_JSON: 1, Reason.EMPTY: 9}),
        units=("records", "paragraphs"),
        started=100.0,
        seconds=4.0,
        summary={
            "languages": {"en": {"rows": 600, "characters": 9000, "changed_rows": 3}},
            "confusion": {
                "en": {"en": 500, "de": 90, "": 10},
                "de": {"de": 200, "nl": 50},
                "he": {"he": 155, "yi": 4, "other": 1},
            },
        },
        samples={
            Reason.NOT_JSON: [Sample.of("a/de.json", 0, HOSTILE, "de", "line 1 column 5")],
            Reason.EMPTY: [Sample.of("a/he.json", 7, RIGHT_TO_LEFT, "he", "no visible character")],
        },
        quarantine=[QuarantineEntry(file="a/de.json", record=0, reason=Reason.NOT_JSON, error=HOSTILE)],
    )
    runs.add(
        "align",
        Counts(1010, 0, 400, {Reason.NO_COUNTERPART: 610}),
        ["ingest"],
        started=104.0,
        seconds=1.0,
        config={"pivot": "en"},
    )
    runs.add(
        "deduplicate",
        Counts(1410, 0, 1410, {}),
        ["ingest", "align"],
        started=105.0,
        seconds=2.0,
        summary={
            "languages": {
                "text": {"en": {"rows": 900, "copies": 600}, "he": {"rows": 200, "copies": 200}},
                "pairs": {},
            },
            "largest": [{"kind": "text", "language": "he", "size": 150, "text": RIGHT_TO_LEFT}],
        },
    )
    splits = {"train": 80, "dev": 11, "test": 9}
    files: dict[str, tuple[Any, dict[str, str]]] = {
        f"{kind}/{language}/{split}-00000.arrow": (rows, {"kind": kind, "language": language, "split": split})
        for kind, languages in (("text", ("en", *LANGUAGES)), ("pairs", LANGUAGES))
        for language in languages
        for split, rows in splits.items()
    }
    bins = [
        {"measure": "letters", "lang": language, "kept": kept, "low": low, "high": low + 0.25, "rows": rows}
        for language in ("en", "he")
        for kept, low, rows in ((False, 0.0, 4), (False, 0.25, 4), (True, 0.75, 90))
    ]
    files["distributions.arrow"] = (pa.Table.from_pylist(bins, DISTRIBUTIONS), {"kind": "distributions"})
    kept = Reading(reason=None, sample=Sample.of("a/he.json", 1, RIGHT_TO_LEFT, "he"))
    wrong = Reading(reason=Reason.WRONG_LANGUAGE, sample=Sample.of("a/he.json", 2, HOSTILE, "he", "de at 0.99 ≥ 0.8"))
    files[READINGS] = (readings_to_json({"he": {"kept": [kept], "dropped": [wrong] * 3}}), {"kind": "readings"})
    pair_bins = [{**one, "measure": "length_factor", "lang": "he"} for one in bins[3:]]
    table = pa.Table.from_pylist(pair_bins, DISTRIBUTIONS)
    files["pair_distributions.arrow"] = (table, {"kind": "pair_distributions"})
    pair = Reading(reason=None, sample=Sample.of("a/he.json", 4, RIGHT_TO_LEFT, "he"), source="Hello <b>")
    files[PAIR_READINGS] = (readings_to_json({"he": {"kept": [pair], "dropped": []}}), {"kind": "pair_readings"})
    dropped = {Reason.DUPLICATE: 900, Reason.WRONG_LANGUAGE: 10}
    samples = {
        Reason.DUPLICATE: [Sample.of(f"a/{number}.json", number, f"copy {number}") for number in range(6)],
    }
    runs.add(
        "publish",
        Counts(1410, 0, 500, dropped),
        ["ingest", "align", "deduplicate"],
        files,
        started=107.0,
        seconds=3.0,
        samples=samples,
        summary={
            "rows": {"text": dict.fromkeys(("en", *LANGUAGES), splits), "pairs": dict.fromkeys(LANGUAGES, splits)},
            "dropped_by_language": {
                "text": {"en": {"duplicate": 600}, "he": {"duplicate": 200}},
                "pairs": {"de": {"duplicate": 100}, "he": {"wrong_language": 10}},
            },
            "methods": {
                "de": {"key": {"pairs": 200, "kept": 100}},
                "he": {"key": {"pairs": 100, "kept": 90}, "lexical": {"pairs": 10, "kept": 10}},
            },
            "length_ratios": {"de": {"mean": 0.2231, "spread": 0.3, "pairs": 200}},
            "cluster_sizes": {"text": {"1": {"clusters": 100, "rows": 100}, "128": {"clusters": 1, "rows": 150}}},
            "dropped": {"text": {"duplicate": 800}, "pairs": {"duplicate": 100, "wrong_language": 10}},
            "contamination": {"xtreme/tatoeba": {"sentences": 36000, "found": 212, "rows": 480}},
            "thresholds": {"wrong_language": {"language_probability": 0.8, "language_chars": 30}},
            "examples": {"text": [Sample.of("a/en.json", 3, "kept text", "en").model_dump()]},
        },
        config={"title": "<i>Corpus</i>", "test": {"share": 0.1}},
    )


def token_counts(characters: int, tokens: int, unknown: int, byte_pieces: int) -> dict[str, int]:
    return {
        "characters": characters,
        "bytes": 2 * characters,
        "tokens": tokens,
        "unknown": unknown,
        "byte_pieces": byte_pieces,
    }


def add_training(runs: Runs) -> None:
    runs.add(
        "tokenize",
        Counts(500, 0, 500, {}),
        ["publish"],
        started=110.0,
        seconds=2.0,
        summary={
            "vocabulary": 8002,
            "sampled": {"en": 60, "de": 40},
            "counts": {
                "train": {
                    "text": {"en": token_counts(4000, 1000, 0, 0), "de": token_counts(1000, 500, 3, 25)},
                    "pairs": {"de": token_counts(2000, 800, 0, 0)},
                },
                "dev": {"text": {"en": token_counts(100, 50, 1, 0)}, "pairs": {}},
            },
        },
        timings={"tokens_per_cpu_second": 2_000_000.0, "megabytes_per_cpu_second": 7.5},
    )
    for number, arm in enumerate(ARMS):
        objectives = dict.fromkeys(arm.replace("mmlm", "mlm").split("_"), 1.0)
        history = [
            {"step": step, "tokens": step * 100, "learning_rate": 1e-3 / step}
            | dict.fromkeys(objectives, 5.0 / step + number)
            | ({"xlco_hits": step / 5, "alignment": 1.0 / step} if "xlco" in objectives else {})
            for step in (1, 2, 4)
        ]
        history.insert(0, {"step": 0, "tokens": 0, "retrieval": 0.5})
        runs.add(
            "pretrain",
            Counts(4, 0, 4, {}),
            ["tokenize"],
            {"history.json": (history, {"kind": "history"})},
            instance=arm,
            units=("steps", "steps"),
            started=120.0 + 10 * number,
            seconds=20.0,
            config={"seed": 7, "steps": 4, "objectives": objectives, "contrast": {"layer": 2}},
            summary={
                "seed": 7,
                "steps": 4,
                "parameters": 12345,
                "tokens_by_objective": {name: 400 // len(objectives) for name in objectives},
                "key_tokens": 40 * number,
            },
            timings={"seconds": 16.0, "cpu_seconds": 15.5, "mfu": 0.4567},
        )


def add_scores(runs: Runs) -> None:
    def interval(score: float) -> list[float]:
        return [score - 2, score + 2]

    rows = [
        {"system": name, "language": language, "direction": direction, "top1": score + shift, "n": 200}
        for name, score in SYSTEMS.items()
        for language in LANGUAGES
        for direction, shift in (("en-xx", 3.0), ("xx-en", -3.0))
    ]
    best = "mmlm_tlm_xlco"
    neighbours = [
        {
            "language": language,
            "translation": HOSTILE if language == "de" else RIGHT_TO_LEFT,
            "nearest": dict.fromkeys(("untrained", *ARMS), "Etwas anderes"),
            "right": {name: name == best for name in ("untrained", *ARMS)},
        }
        for language in LANGUAGES
    ]
    tried = [{"layer": layer, "pooling": "mean", "centered": True, "top1": 10.0 + layer} for layer in (0, 1, 2)]
    ngrams = [{"shortest": 1, "longest": 3, "centered": False, "top1": 19.0}]
    dev = {name: ngrams if name == "char_ngrams" else tried for name in SYSTEMS}
    runs.add(
        "evaluate",
        Counts(500, 0, 400, {Reason.SHORT_QUERY: 100}),
        ["publish", "tokenize", *(f"pretrain/{arm}" for arm in ARMS)],
        {"scores.arrow": (pa.Table.from_pylist(rows), {"kind": "scores"})},
        units=("test pairs", "pairs in pools"),
        started=200.0,
        seconds=5.0,
        config={"min_words": 5},
        summary={
            "retrieval": {
                "scores": SYSTEMS,
                "intervals": {name: interval(score) for name, score in SYSTEMS.items()},
                "languages": 2,
                "candidates": 200,
                "chance": 0.5,
                "strongest_control": "untrained",
                "best_arm": best,
                "gain": 35.0,
                "gain_ci95": [33.5, 36.5],
                "gains": {
                    arm: {
                        other: {
                            "gain": SYSTEMS[arm] - score,
                            "interval": [SYSTEMS[arm] - score - 1.5, SYSTEMS[arm] - score + 1.5],
                        }
                        for other, score in SYSTEMS.items()
                        if other != arm
                    }
                    for arm in ARMS
                },
                "bootstrap": 10000,
                "confidence": 0.95,
            },
            "chosen": {
                name: {key: value for key, value in own[-1].items() if key != "top1"} | {"dev_top1": own[-1]["top1"]}
                for name, own in dev.items()
            },
            "dev_scores": dev,
            "by_language": {
                name: {code: {"top1": score, "interval": interval(score)} for code in LANGUAGES}
                for name, score in SYSTEMS.items()
            },
            "by_copied_word": {
                "copied": {"pairs": 90, "scores": SYSTEMS},
                "none_copied": {"pairs": 310, "scores": SYSTEMS},
            },
            "neighbours": [{"text": "Open the <door>", "neighbours": neighbours}],
            "seeds": {"evaluate": 1, **dict.fromkeys(ARMS, 7)},
        },
    )


def add_suite(runs: Runs, missing: str = "") -> None:
    """A scoreboard of two encoders, of which one lacks a language of UD-POS, and a task that is none of XTREME's."""
    found = []
    for encoder, base in (("mmlm_tlm_xlco", 60.0), ("untrained", 20.0)):
        for task in TASKS:
            for number, seed in enumerate((1, 2) if task.is_finetuned else (None,)):
                value = base + 4 * number
                scores = {
                    code: dict.fromkeys(task.metrics, value + 10 * (code == "en"))
                    for code in task.languages
                    if (encoder, task.name, code) != ("untrained", "udpos", missing)
                }
                beside = {} if seed else {"centred": {code: {task.metrics[0]: 77.7} for code in task.languages}}
                dev = {"de": {1: 10.0, 2: base}} if task.name == "bucc2018" else {}
                found.append(ScoredRun(encoder, task.name, seed, scores, beside, 2, dev))
    found.append(ScoredRun("untrained", "place", 1, {"en": {"accuracy": 30.0}, "de": {"accuracy": 25.0}}))
    place = Scored("place", HOSTILE, ("accuracy",), ("en", "de"))
    board = {
        "setting": "zero_shot",
        "selection": "english_dev",
        **scoreboard(found, [*(Scored.of(task) for task in TASKS), place]),
    }
    runs.add(
        "scoreboard",
        Counts(len(found), 0, len(found), {}),
        [],
        {"scoreboard.json": (board, {"kind": "deliverable"})},
        units=("predictions", "predictions"),
        started=300.0,
        seconds=0.5,
    )


@pytest.fixture(scope="session")
def suite_run(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """A scoreboard alone, as a recipe without a corpus has it."""
    runs = Runs(tmp_path_factory.mktemp("suite") / "runs" / "small")
    add_suite(runs)
    return runs.inputs


@pytest.fixture(scope="session")
def incomplete_run(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """The same, but that the untrained encoder has no scores of UD-POS in Yoruba."""
    runs = Runs(tmp_path_factory.mktemp("incomplete") / "runs" / "small")
    add_suite(runs, missing="yo")
    return runs.inputs
