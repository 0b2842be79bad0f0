"""`evaluate`: cross-lingual retrieval on test, for the trained arms, encoders of other recipes and two controls."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from transformers import AutoTokenizer

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import Job, Outcome
from training.config.evaluate import EvaluateSection
from training.corpus import vocabulary_size
from training.hub import load_encoder
from training.model import MaskedLM, initialized
from training.retrieval.neighbours import nearest
from training.retrieval.pools import Candidates, Pools, build_pools, candidates_of
from training.retrieval.scoring import DIRECTIONS, Hits, interval, over_languages, resampled
from training.retrieval.systems import (
    Chosen,
    Variant,
    choose,
    encoder_variants,
    ids_by,
    ngram_variants,
    retrieve,
)
from training.stages.export import trained_model
from training.stages.pretrain import weights_digest

UNTRAINED, NGRAMS = "untrained", "char_ngrams"
CONTROLS = (UNTRAINED, NGRAMS)


def run(job: Job) -> Outcome:
    """Choose each system's variant on dev, score it on test, and resample for the intervals.

    Raises UserError where the arms did not start from the same weights or no language fills a pool.
    """
    evaluate: EvaluateSection = job.config
    torch.set_num_threads(evaluate.threads)
    publish, tokenize = job.input("publish"), job.input("tokenize")
    dev, test = (build_pools(_candidates(publish, tokenize, split), evaluate) for split in ("dev", "test"))
    _check_pools(dev, "dev", publish, evaluate)
    _check_pools(test, "test", publish, evaluate)

    arms = dict(job.inputs["pretrain"])
    encoders = {name: encoder_variants(model.encoder, evaluate) for name, model in _models(arms, tokenize).items()}
    encoders |= _others(job, set(encoders))
    chosen = _choose_variants(job, encoders, publish, dev.pools)
    hits = {name: retrieve(choice.variant, test.pools) for name, choice in chosen.items()}
    resamples = resampled(hits, evaluate.bootstrap, evaluate.seed)
    rows = _score_rows(hits, resamples, evaluate)
    summary = {
        "retrieval": _retrieval(hits, resamples, {name: chosen[name].dev_score for name in arms}, evaluate),
        "chosen": {name: {**c.variant.setting, "dev_top1": c.dev_score} for name, c in chosen.items()},
        "dev_scores": {name: choice.dev_scores for name, choice in chosen.items()},
        "dev_languages": sorted(dev.pools),
        "by_language": _by_language(hits, resamples, evaluate),
        "by_copied_word": _by_copied_word(hits, test.pools),
        "neighbours": nearest(test.pools, _shown(chosen, list(arms)), evaluate),
        "seeds": {"evaluate": evaluate.seed}
        | {name: int(dataset.manifest.summary["seed"]) for name, dataset in arms.items()},
        "cost": {name: _cost(dataset) for name, dataset in arms.items()},
    }
    return Outcome(
        unit_in="test pairs",
        unit_out="pairs in pools",
        counts=test.counts,
        samples=test.samples,
        files=[job.draft.write_table("scores.arrow", pa.Table.from_pylist(rows), {"kind": "scores"})],
        summary=summary,
    )


def _candidates(publish: Dataset, tokenize: Dataset, split: str) -> Iterator[Candidates]:
    """Yield the pairs of each language in the split, languages by name."""
    entries = sorted(publish.files(kind="pairs", split=split), key=lambda entry: entry.name)
    tokens = {entry.name: entry for entry in tokenize.files(kind="pairs", split=split)}
    for language in sorted({entry.partition["language"] for entry in entries}):
        own = [entry for entry in entries if entry.partition["language"] == language]
        yield candidates_of(
            language,
            [publish.table(entry) for entry in own],
            [tokenize.table(tokens[entry.name]) for entry in own],
        )


def _check_pools(pools: Pools, split: str, publish: Dataset, evaluate: EvaluateSection) -> None:
    if not pools.pools:
        raise UserError(
            f"{publish.place}: no language has {evaluate.pool_size} fair pairs in {split}; "
            "lower evaluate.pool_size or publish more pairs"
        )


def _others(job: Job, taken: set[str]) -> dict[str, list[Variant]]:
    """Return the variants of the encoders that other recipes trained, each with its own tokenizer."""
    evaluate: EvaluateSection = job.config
    found = {}
    for name, arm in evaluate.others.items():
        if name in {*taken, *CONTROLS}:
            raise UserError(f"evaluate.others: {name} is what another system is called; give it another name")
        folder = job.inputs["others"][name].subfolder(arm.arm)
        found[name] = encoder_variants(
            load_encoder(folder), evaluate, ids_by(AutoTokenizer.from_pretrained(folder, local_files_only=True))
        )
    return found


def _models(arms: dict[str, Dataset], tokenize: Dataset) -> dict[str, MaskedLM]:
    """Return the untrained model and the trained ones, after checking that all began as the first."""
    vocabulary = vocabulary_size(tokenize)
    encoders: dict[str, MaskedLM] = {}
    for name, dataset in arms.items():
        trained, shape = trained_model(dataset)
        start = initialized(shape, vocabulary, int(dataset.manifest.summary["seed"]))
        if weights_digest(start) != dataset.manifest.summary["initial_weights"]:
            raise UserError(
                f"{dataset.place}: its initial weights are not those of its seed; remove the folder and train again"
            )
        encoders[UNTRAINED] = encoders.get(UNTRAINED, start)
        encoders[name] = trained
    if len({dataset.manifest.summary["initial_weights"] for dataset in arms.values()}) > 1:
        raise UserError(f"the arms {', '.join(arms)} began with different weights, so they cannot be compared")
    return encoders


def _choose_variants(
    job: Job, encoders: dict[str, list[Variant]], publish: Dataset, dev: dict[str, Candidates]
) -> dict[str, Chosen]:
    """Return the best variant on dev of each system."""
    job.progress.start(len(encoders) + 1, "systems")
    ngrams = ngram_variants(training_texts(publish), job.config)
    chosen = {NGRAMS: choose(ngrams, dev)}
    job.progress.update(1)
    for name, variants in encoders.items():
        chosen[name] = choose(variants, dev)
        job.progress.update(len(chosen))
    return chosen


def training_texts(publish: Dataset) -> list[str]:
    """Return the texts of the training split, in the order of the files' names."""
    entries = sorted(publish.files(kind="text", split="train"), key=lambda entry: entry.name)
    return [text for entry in entries for text in publish.table(entry)["text"].to_pylist()]


def _retrieval(
    hits: dict[str, Hits],
    resamples: dict[str, dict[str, NDArray[np.float64]]],
    arms: dict[str, float],
    evaluate: EvaluateSection,
) -> dict[str, Any]:
    """Return the headline: mean scores with intervals, and the gain over the strongest control of the best arm.

    The best of `arms` (name to score on dev) is chosen on dev. The strongest control is the one that is higher
    on test: that choice can only make the gain smaller.
    """
    means = {name: over_languages(resamples[name]) for name in hits}
    strongest = max(CONTROLS, key=lambda name: hits[name].mean)
    best = max(arms, key=lambda name: arms[name])
    gains = {
        name: {
            other: _gain(hits[name].mean - hits[other].mean, means[name] - means[other], evaluate)
            for other in hits
            if other != name
        }
        for name in arms
    }
    return {
        "scores": {name: round(one.mean, 2) for name, one in hits.items()},
        "intervals": {
            name: interval(one.mean, means[name], evaluate.confidence).rounded() for name, one in hits.items()
        },
        "languages": len(next(iter(hits.values())).found),
        "candidates": evaluate.pool_size,
        "chance": round(100.0 / evaluate.pool_size, 3),
        "strongest_control": strongest,
        "best_arm": best,
        "gain": gains[best][strongest]["gain"],
        "gain_ci95": gains[best][strongest]["interval"],
        "gains": gains,
        "bootstrap": evaluate.bootstrap,
        "confidence": evaluate.confidence,
    }


def _gain(score: float, resamples: NDArray[np.float64], evaluate: EvaluateSection) -> dict[str, Any]:
    bounds = interval(score, resamples, evaluate.confidence)
    return {"gain": round(score, 2), "interval": bounds.rounded()}


def _by_language(
    hits: dict[str, Hits], resamples: dict[str, dict[str, NDArray[np.float64]]], evaluate: EvaluateSection
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return for each system and language the mean of both directions with its interval, in percent."""
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for name, one in hits.items():
        for language, found in one.found.items():
            score = 100.0 * float(found.mean())
            bounds = interval(score, resamples[name][language].mean(axis=1), evaluate.confidence)
            row = {"top1": round(score, 2), "interval": bounds.rounded()}
            result.setdefault(name, {})[language] = row
    return result


def _score_rows(
    hits: dict[str, Hits], resamples: dict[str, dict[str, NDArray[np.float64]]], evaluate: EvaluateSection
) -> list[dict[str, Any]]:
    """Return a row for each system, language and direction."""
    rows = []
    for name, one in hits.items():
        for language, found in one.found.items():
            for number, direction in enumerate(DIRECTIONS):
                score = 100.0 * float(found[number].mean())
                bounds = interval(score, resamples[name][language][:, number], evaluate.confidence)
                rows.append(
                    {
                        "system": name,
                        "language": language,
                        "direction": direction,
                        "top1": score,
                        "low": bounds.low,
                        "high": bounds.high,
                        "n": found.shape[1],
                    }
                )
    return rows


def _by_copied_word(hits: dict[str, Hits], pools: dict[str, Candidates]) -> dict[str, Any]:
    """Return the scores of queries whose pair has, or has not, a word of the English text in the translation.

    A name or a number that is copied gives a pair away to whoever compares letters; where none is, only meaning
    helps. Queries of all languages count alike.
    """
    copied = np.concatenate([pools[language].copied for language in pools])
    parts = {"copied": copied, "none_copied": ~copied}
    return {
        part: {
            "pairs": int(chosen.sum()),
            "scores": {
                name: round(100.0 * float(one.joined(pools)[:, chosen].mean()), 2) for name, one in hits.items()
            },
        }
        for part, chosen in parts.items()
        if chosen.any()
    }


def _shown(chosen: dict[str, Chosen], arms: list[str]) -> dict[str, Variant]:
    return {name: chosen[name].variant for name in (UNTRAINED, *arms)}


def _cost(pretrain: Dataset) -> dict[str, Any]:
    summary = pretrain.manifest.summary
    return {key: summary[key] for key in ("tokens", "tokens_by_objective", "key_tokens", "steps", "parameters")}
