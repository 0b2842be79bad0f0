"""`report.json`: the figures of a run, for programs."""

from collections.abc import Mapping
from typing import Any

from pipelines.report.corpus import TextFacts, changes
from pipelines.report.facts import ArmFacts, ReportFacts, RetrievalFacts, StageFacts
from pipelines.report.tokenizer import TokenizerFacts


def figures(facts: ReportFacts) -> dict[str, Any]:
    """Return the figures of a run as JSON values. What a recipe left out is absent.

    Scores are mean top-1 in percent, gains percentage points, times seconds. `rows` and `seconds` are by stage; the
    arms of `pretrain` are added up in `rows`, and the time during which any of them worked is in `seconds`. `xtreme` is
    what `scoreboard.json` holds.
    """
    result: dict[str, Any] = {
        "name": facts.name,
        "rows": {stage: _rows(facts.runs(stage)) for stage in facts.stage_names},
        "seconds": _seconds({stage: facts.seconds(stage) for stage in facts.stage_names}),
        "total_seconds": _rounded(facts.total_seconds),
        "fingerprints": {run.label: run.fingerprint for run in facts.stages},
        "versions": facts.versions,
    }
    if facts.corpus is not None:
        result["corpus"] = {"text": facts.corpus.text, "pairs": facts.corpus.pairs}
    if facts.texts is not None:
        result |= _texts(facts.texts)
    if facts.contamination:
        result["contamination"] = {
            one.name: {"sentences": one.sentences, "found": one.found, "rows": one.rows} for one in facts.contamination
        }
    if facts.tokenizer is not None:
        result["tokenizer"] = _tokenizer(facts.tokenizer)
    if facts.arms:
        result["training"] = {arm.name: _arm(arm) for arm in facts.arms}
    if facts.retrieval is not None:
        result["retrieval"] = _retrieval(facts.retrieval)
    if facts.suite is not None:
        result["xtreme"] = facts.suite.board
    return result


def _rows(runs: list[StageFacts]) -> dict[str, Any]:
    reasons: dict[str, int] = {}
    for run in runs:
        for reason, count in run.rows.dropped.items():
            reasons[str(reason)] = reasons.get(str(reason), 0) + count
    return {
        "in": sum(run.rows.rows_in for run in runs),
        "expanded": sum(run.rows.expanded for run in runs),
        "out": sum(run.rows.rows_out for run in runs),
        "dropped": sum(run.dropped for run in runs),
        "dropped_by_reason": reasons,
    }


def _texts(texts: TextFacts) -> dict[str, Any]:
    """Return the figures of texts by language; quantiles are those of QUANTILES."""
    result: dict[str, Any] = {
        "dropped_by_language": texts.rows.dropped,
        "duplicates": {
            "languages": texts.duplicates.languages,
            "cluster_sizes": {str(low): {"clusters": c, "rows": rows} for low, c, rows in texts.duplicates.sizes},
        },
        "distributions": {
            measure.name: {
                side: {code: {"rows": spread.rows, "quantiles": spread.quantiles} for code, spread in spreads.items()}
                for side, spreads in (("kept", measure.kept), ("dropped", measure.dropped))
            }
            for measure in texts.measures
        },
    }
    if texts.previous is not None:
        result["changes"] = {
            change.language: {"before": change.before, "now": change.now}
            for change in changes(texts.previous, texts.rows)
        }
    return result


def _seconds(by_stage: Mapping[str, float | None]) -> dict[str, float]:
    return {stage: round(seconds, 3) for stage, seconds in by_stage.items() if seconds is not None}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _arm(arm: ArmFacts) -> dict[str, Any]:
    return {
        "seed": arm.seed,
        "steps": arm.steps,
        "parameters": arm.parameters,
        "tokens": arm.total_tokens,
        "tokens_by_objective": arm.tokens,
        "key_tokens": arm.key_tokens,
        "seconds": _rounded(arm.seconds),
        "cpu_seconds": _rounded(arm.cpu_seconds),
        "mfu": _rounded(arm.mfu),
        "final_losses": {objective: arm.curves[objective][-1][1] for objective in arm.objectives},
    }


def _tokenizer(found: TokenizerFacts) -> dict[str, Any]:
    """Return the figures of the train split's texts by language; `unknown` and `byte_pieces` are counts of tokens."""
    return {
        "vocabulary": found.vocabulary,
        "given": found.given,
        "tokens_per_cpu_second": _rounded(found.tokens_per_second),
        "megabytes_per_cpu_second": _rounded(found.megabytes_per_second),
        "by_language": {
            code: {
                "characters": counts.characters,
                "tokens": counts.tokens,
                "tokens_per_character": counts.per_character,
                "unknown": counts.unknown,
                "byte_pieces": counts.byte_pieces,
            }
            for code, counts in found.texts.items()
        },
    }


def _retrieval(retrieval: RetrievalFacts) -> dict[str, Any]:
    return {
        "scores": {system.name: system.mean.value for system in retrieval.systems},
        "intervals": {system.name: [system.mean.low, system.mean.high] for system in retrieval.systems},
        "languages": len(retrieval.languages),
        "candidates": retrieval.candidates,
        "chance": retrieval.chance,
        "best_arm": retrieval.best,
        "strongest_control": retrieval.strongest_control,
        "gain": retrieval.gain.value,
        "gain_ci95": [retrieval.gain.low, retrieval.gain.high],
        "directions": {system.name: system.directions for system in retrieval.systems},
        "by_language": {
            system.name: {code: score.value for code, score in system.languages.items()} for system in retrieval.systems
        },
        "chosen_on_dev": {system.name: dict(system.choice) for system in retrieval.systems},
        "seeds": retrieval.seeds,
    }
