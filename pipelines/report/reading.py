"""From datasets to facts: the one place that knows how the stages shape their summaries."""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.evidence import QuarantineEntry, Sample
from pipelines.report.corpus_reading import pair_facts, text_facts
from pipelines.report.deviations import deviations
from pipelines.report.facts import (
    ArmFacts,
    ContaminationFacts,
    CopiedWordFacts,
    CorpusFacts,
    DevPoint,
    LanguageIdFacts,
    Neighbour,
    Query,
    ReportFacts,
    RetrievalFacts,
    Score,
    StageFacts,
    SystemFacts,
    Timing,
)
from pipelines.report.suite import suite_facts
from pipelines.report.tokenizer import tokenizer_facts
from pipelines.text.languages import label_of, may_be

Inputs = Mapping[str, Mapping[str, Dataset]]

_QUARANTINED = 20  # records that are shown of what could not be read
_CONTROLS = ("untrained", "char_ngrams")
_PLACES = {"step", "tokens"}  # of a line of the history: where it stands
_PACKAGES = ("polyloom", "apache-beam", "pyarrow", "numpy", "torch", "sentencepiece", "transformers", "prefect")


def read_facts(name: str, inputs: Inputs, previous: str | None = None) -> ReportFacts:
    """Return what there is to report of a run, from the datasets of its stages; a stage that is absent is left out.

    `previous` is what an earlier run left, to compare with (see `earlier_rows`).
    """
    datasets = list(in_reading_order([dataset for instances in inputs.values() for dataset in instances.values()]))
    arms = inputs.get("pretrain", {})
    ingest, deduplicate, publish, aligned, tokens, scores, suite = (
        next(iter(inputs.get(stage, {}).values()), None)
        for stage in ("ingest", "deduplicate", "publish", "align", "tokenize", "evaluate", "scoreboard")
    )
    return ReportFacts(
        name=name,
        stages=[stage_facts(dataset) for dataset in datasets],
        corpus=None if publish is None else corpus_facts(publish),
        texts=None if publish is None or deduplicate is None else text_facts(deduplicate, publish, previous),
        pairs=None if publish is None else pair_facts(publish, aligned),
        contamination=[] if publish is None else contamination_facts(publish),
        language_id=None if ingest is None else language_id_facts(ingest.manifest.summary.get("confusion", {})),
        tokenizer=None if tokens is None else tokenizer_facts(tokens),
        arms=[arm_facts(name, dataset) for name, dataset in arms.items()],
        deviations=deviations({name: dataset.manifest.config for name, dataset in arms.items()}),
        retrieval=None if scores is None else retrieval_facts(scores),
        suite=None if suite is None else suite_facts(json.loads(suite.read("scoreboard.json"))),
        versions=installed_versions(),
    )


def in_reading_order(datasets: Sequence[Dataset]) -> Iterator[Dataset]:
    """Yield the datasets, each after those that it was made from."""
    by_fingerprint = {dataset.fingerprint: dataset for dataset in datasets}
    placed: set[str] = set()

    def place(dataset: Dataset) -> Iterator[Dataset]:
        if dataset.fingerprint not in placed:
            placed.add(dataset.fingerprint)
            for source in dataset.manifest.inputs.values():
                if source in by_fingerprint:
                    yield from place(by_fingerprint[source])
            yield dataset

    for dataset in datasets:
        yield from place(dataset)


def stage_facts(dataset: Dataset) -> StageFacts:
    """Return what every stage has: counts, times, and samples of what it dropped."""
    manifest = dataset.manifest
    return StageFacts(
        stage=manifest.stage,
        instance=manifest.instance,
        version=manifest.version,
        fingerprint=manifest.fingerprint,
        config=manifest.config,
        unit_in=manifest.unit_in,
        unit_out=manifest.unit_out,
        rows=manifest.rows,
        files=len(manifest.files),
        size=sum(entry.bytes for entry in manifest.files),
        timing=_timing(dataset.run),
        samples=dataset.samples(),
        quarantined=sum(entry.rows for entry in dataset.files(kind="quarantine")),
        quarantine=[entry for file in dataset.files(kind="quarantine") for entry in _first_lines(dataset.path(file))],
        dropped_by_kind=manifest.summary.get("dropped", {}),
        thresholds=manifest.summary.get("thresholds", {}),
        kept=[Sample.model_validate(row) for rows in manifest.summary.get("examples", {}).values() for row in rows],
    )


def _timing(run: Mapping[str, Any]) -> Timing | None:
    if not run:
        return None
    return Timing(
        started=run["started"],
        seconds=run["seconds"],
        cpu_seconds=run["cpu_seconds"],
        peak_memory=run["peak_memory_bytes"],
        host=run["host"],
        python=run["python"],
    )


def _first_lines(path: Path) -> list[QuarantineEntry]:
    with path.open(encoding="utf-8") as lines:
        return [QuarantineEntry.model_validate_json(line) for line in islice(lines, _QUARANTINED)]


def corpus_facts(publish: Dataset) -> CorpusFacts:
    """Return published rows by language and split, from the partitions of the files."""
    kinds: dict[str, dict[str, dict[str, int]]] = {"text": {}, "pairs": {}}
    for entry in publish.manifest.files:
        kind, language, split = (entry.partition.get(key, "") for key in ("kind", "language", "split"))
        if kind in kinds:
            splits = kinds[kind].setdefault(language, {})
            splits[split] = splits.get(split, 0) + entry.rows
    return CorpusFacts(**kinds)


def contamination_facts(publish: Dataset) -> list[ContaminationFacts]:
    """Return what was found of each evaluation set; nothing where the recipe names none."""
    found = publish.manifest.summary.get("contamination", {})
    return [ContaminationFacts(name, **counts) for name, counts in found.items()]


def language_id_facts(confusion: Mapping[str, Mapping[str, int]]) -> LanguageIdFacts | None:
    """Return declared (or else voted) against identified languages; None where ingest counted none."""
    confusion = {code: counts for code, counts in confusion.items() if code}
    if not confusion:
        return None
    return LanguageIdFacts(
        counts=confusion,
        rows={code: sum(counts.values()) for code, counts in confusion.items()},
        agreeing={
            code: sum(rows for identified, rows in counts.items() if may_be(code, identified))
            for code, counts in confusion.items()
        },
        label={code: label_of(code) for code in confusion},
    )


def arm_facts(name: str, dataset: Dataset) -> ArmFacts:
    """Return the cost and the curves of one arm, from its summary, timings and history."""
    summary, timings = dataset.manifest.summary, dataset.run.get("timings", {})
    history = json.loads(dataset.read("history.json"))
    return ArmFacts(
        name=name,
        objectives=dataset.manifest.config["objectives"],
        seed=summary["seed"],
        steps=summary["steps"],
        parameters=summary["parameters"],
        tokens=summary["tokens_by_objective"],
        key_tokens=summary["key_tokens"],
        seconds=timings.get("seconds"),
        cpu_seconds=timings.get("cpu_seconds"),
        mfu=timings.get("mfu"),
        curves={
            measure: [(line["tokens"], line[measure]) for line in history if measure in line]
            for measure in dict.fromkeys(name for line in history for name in line)
            if measure not in _PLACES
        },
    )


def retrieval_facts(dataset: Dataset) -> RetrievalFacts:
    """Return scores, intervals, choices and neighbours as `evaluate` has them."""
    summary, config = dataset.manifest.summary, dataset.manifest.config
    headline = summary["retrieval"]
    names = sorted(headline["scores"], key=lambda name: (_rank(name), list(headline["scores"]).index(name)))
    directions = _directions(dataset)
    return RetrievalFacts(
        languages=sorted(summary["by_language"][names[0]]),
        candidates=headline["candidates"],
        chance=headline["chance"],
        systems=[_system(name, summary, directions) for name in names],
        best=headline["best_arm"],
        strongest_control=headline["strongest_control"],
        gains={
            other: Score(gain["gain"], *gain["interval"])
            for other, gain in headline["gains"][headline["best_arm"]].items()
        },
        copied_words=[
            CopiedWordFacts(part == "copied", one["pairs"], one["scores"])
            for part, one in summary["by_copied_word"].items()
        ],
        confidence=headline["confidence"],
        resamples=headline["bootstrap"],
        min_words=config["min_words"],
        seeds=summary["seeds"],
        queries=[
            Query(query["text"], [Neighbour(**neighbour) for neighbour in query["neighbours"]])
            for query in summary["neighbours"]
        ],
    )


def _rank(system: str) -> int:
    """Controls first, in their order; arms after them."""
    return _CONTROLS.index(system) if system in _CONTROLS else len(_CONTROLS)


def _system(name: str, summary: Mapping[str, Any], directions: Mapping[str, Mapping[str, float]]) -> SystemFacts:
    headline = summary["retrieval"]
    chosen = {key: value for key, value in summary["chosen"][name].items() if key != "dev_top1"}
    dev = []
    for row in summary["dev_scores"][name]:
        choice = {key: value for key, value in row.items() if key != "top1"}
        dev.append(DevPoint(choice, row["top1"], choice == chosen))
    return SystemFacts(
        name=name,
        is_control=name in _CONTROLS,
        mean=Score(headline["scores"][name], *headline["intervals"][name]),
        directions=directions[name],
        languages={
            code: Score(score["top1"], *score["interval"]) for code, score in summary["by_language"][name].items()
        },
        choice=chosen,
        dev_score=summary["chosen"][name]["dev_top1"],
        dev=dev,
    )


def _directions(dataset: Dataset) -> dict[str, dict[str, float]]:
    """Return for each system and direction the mean top-1 over languages, in percent."""
    (entry,) = dataset.files(kind="scores")
    found: dict[str, dict[str, list[float]]] = {}
    for row in dataset.table(entry).select(["system", "direction", "top1"]).to_pylist():
        found.setdefault(row["system"], {}).setdefault(row["direction"], []).append(row["top1"])
    return {
        system: {direction: sum(scores) / len(scores) for direction, scores in directions.items()}
        for system, directions in found.items()
    }


def installed_versions() -> dict[str, str]:
    """Return the versions of the packages that results depend on, of those that are installed here."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
