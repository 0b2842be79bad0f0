"""`compare`: encoders of several recipes, each with several seeds, on what all their corpora hold out."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, Final

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from transformers.utils.logging import set_verbosity_error

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import digest
from pipelines.datasets.stage import Job, Outcome
from pipelines.datasets.store import Store
from training.comparison.differences import Units, Values, clusters_of
from training.comparison.ground import Gaps, gaps_of, ids_of
from training.comparison.heldout import shared_pools, shared_texts
from training.comparison.losses import text_losses
from training.comparison.result import compared
from training.comparison.retrieval import crossfitted
from training.config.compare import CompareSection
from training.hub import fast_tokenizer
from training.model import MaskedLM, initialized
from training.retrieval.pools import Candidates, Pools
from training.retrieval.scoring import Hits
from training.retrieval.systems import SideIds, encoder_variants, ngram_variants
from training.stages.evaluate import NGRAMS, UNTRAINED, training_texts
from training.stages.export import trained_model

COMPARISON: Final = "comparison.json"
_BITS: Final = 1 / np.log(2)  # in a nat
_SHARE: Final = 0.15  # of a text that is masked
_ANY_LENGTH: Final = 1 << 30
_SPECIALS: Final = 2  # of a single text

Measured = tuple[NDArray[np.float64] | None, Hits, list[dict[str, Any]]]
"""Nats by text (None for what is no language model), hits, and the two settings that the hits were read with."""


def run(job: Job) -> Outcome:
    """Measure every encoder, and the differences of all sides from the first.

    An encoder that was measured before a crash is not measured again. Raises UserError where the corpora hold no
    text, or too few pairs of every language, out together.
    """
    section: CompareSection = job.config
    torch.set_num_threads(section.retrieval.threads)
    set_verbosity_error()  # type: ignore[no-untyped-call]
    ground = _ground(job, section)
    records = dict(_measure_all(job, section, ground))
    result = {
        "sides": section.sides,
        "seeds": section.seeds,
        "split": section.split,
        "confidence": section.retrieval.confidence,
        "candidates": section.retrieval.pool_size,
        **_result(job.draft, section, ground),
        "cost": {name: _cost(job.inputs["pretrain"][f"{name}-{section.seeds[0]}"]) for name in section.sides},
        "read": {name: record.summary["read"] for name, record in records.items()},
    }
    files = [entry for record in records.values() for entry in record.files]
    comparison = job.draft.write_bytes(COMPARISON, _json(result), {"kind": "comparison"})
    return Outcome(
        unit_in=f"{section.split} pairs",
        unit_out="pairs in pools",
        counts=ground.pools.counts,
        samples=ground.pools.samples,
        files=[*files, comparison],
        summary={"sides": section.sides, "seeds": section.seeds, "texts": len(ground.gaps.characters)},
    )


@dataclass(frozen=True)
class _Ground:
    """What all encoders are measured on. tokenizers: the name of each side's; equal ones have one name."""

    pools: Pools
    gaps: Gaps
    ids: dict[str, SideIds]
    tokenizers: dict[str, str]


def _ground(job: Job, section: CompareSection) -> _Ground:
    published = [job.inputs["publish"][name] for name in section.sides]
    models = {name: job.inputs["tokenize"][name].read("tokenizer.model") for name in section.sides}
    names = {side: digest(model) for side, model in models.items()}
    different = {names[side]: model for side, model in models.items()}
    tokenizers = {name: fast_tokenizer(model, _ANY_LENGTH) for name, model in different.items()}
    pools = shared_pools(published, section.split, section.retrieval)
    longest = min(_arm(dataset)["data"]["max_tokens"] for dataset in job.inputs["pretrain"].values())
    gaps = gaps_of(shared_texts(published, section.split, section.texts), tokenizers, longest, _SHARE)
    sides = " and ".join(section.sides) if len(section.sides) == 2 else f"all of {', '.join(section.sides)}"
    if not len(gaps.characters):
        raise UserError(
            f"{sides} hold out no {section.split} text together, so there is nothing fair to compare on; build both "
            "corpora from the same sources, so that the same documents are held out"
        )
    if not pools.pools:
        raise UserError(
            f"{sides} hold out fewer than {section.retrieval.pool_size} fair {section.split} pairs together in every "
            "language; ask for fewer candidates (--candidates)"
        )
    ids = {name: ids_of(tokenizer, pools.pools) for name, tokenizer in tokenizers.items()}
    return _Ground(pools, gaps, ids, names)


def _measure_all(job: Job, section: CompareSection, ground: _Ground) -> Iterator[tuple[str, SplitRecord]]:
    """Yield each system's record, those that were finished before too; its values are in the draft."""
    job.progress.start((len(section.sides) + 1) * len(section.seeds) + 1, "systems")
    for number, (name, work) in enumerate(_systems(job, section, ground), start=1):
        record = job.draft.finished(name)
        if record is None:
            record = _written(job.draft, name, work())
            job.draft.finish(name, record)
        job.progress.update(number)
        yield name, record


def _systems(job: Job, section: CompareSection, ground: _Ground) -> Iterator[tuple[str, Callable[[], Measured]]]:
    """Yield a name for each system, and what measures it: encoders by side and seed, then the controls."""
    for side, seed in product(section.sides, section.seeds):
        name = f"{side}-{seed}"
        yield name, partial(_trained, job.inputs["pretrain"][name], ground, ground.tokenizers[side], section)
    reference = section.sides[0]
    for seed in section.seeds:
        dataset = job.inputs["pretrain"][f"{reference}-{seed}"]
        yield f"{UNTRAINED}-{seed}", partial(_untrained, dataset, ground, ground.tokenizers[reference], section)
    yield NGRAMS, partial(_ngrams, job.inputs["publish"][reference], ground, section)


def _trained(pretrain: Dataset, ground: _Ground, tokenizer: str, section: CompareSection) -> Measured:
    model, _ = trained_model(pretrain)
    losses = text_losses(model, ground.gaps.clozes[tokenizer])
    return losses, *_retrieved(model, ground, tokenizer, section)


def _untrained(pretrain: Dataset, ground: _Ground, tokenizer: str, section: CompareSection) -> Measured:
    trained, shape = trained_model(pretrain)
    model = initialized(shape, len(trained.head.bias), int(pretrain.manifest.summary["seed"])).eval()
    return None, *_retrieved(model, ground, tokenizer, section)


def _ngrams(publish: Dataset, ground: _Ground, section: CompareSection) -> Measured:
    return None, *crossfitted(ngram_variants(training_texts(publish), section.retrieval), ground.pools.pools)


def _retrieved(
    model: MaskedLM, ground: _Ground, tokenizer: str, section: CompareSection
) -> tuple[Hits, list[dict[str, Any]]]:
    room = model.encoder.shape.positions - _SPECIALS
    evaluate = section.retrieval.model_copy(update={"max_tokens": min(section.retrieval.max_tokens, room)})
    return crossfitted(encoder_variants(model.encoder, evaluate, ground.ids[tokenizer]), ground.pools.pools)


def _written(draft: Draft, name: str, measured: Measured) -> SplitRecord:
    nats, hits, settings = measured
    source, target = hits.joined(hits.found)
    files = [draft.write_table(f"hits/{name}.arrow", pa.table({"source": source, "target": target}), {"kind": "hits"})]
    if nats is not None:
        files.append(draft.write_table(f"losses/{name}.arrow", pa.table({"nats": nats}), {"kind": "losses"}))
    return SplitRecord(files=files, summary={"read": settings})


def _result(draft: Draft, section: CompareSection, ground: _Ground) -> dict[str, Any]:
    """Return both measures of all sides, from what is written."""
    store, seeds = Store(draft.folder), section.seeds

    def bits(side: str) -> Values:
        return np.stack([_BITS * store.table(f"losses/{side}-{seed}.arrow")["nats"].to_numpy() for seed in seeds])

    def found(name: str) -> Values:
        table = store.table(f"hits/{name}.arrow")
        return np.asarray(50.0 * (table["source"].to_numpy().astype(float) + table["target"].to_numpy()))

    hits = {side: np.stack([found(f"{side}-{seed}") for seed in seeds]) for side in (*section.sides, UNTRAINED)}
    hits[NGRAMS] = np.stack([found(NGRAMS)] * len(seeds))
    reference, confidence = section.sides[0], section.retrieval.confidence
    losses = {side: bits(side) for side in section.sides}
    controls = frozenset({UNTRAINED, NGRAMS})
    return {
        "loss": compared(losses, _texts(ground.gaps), "bits per character", reference, confidence, frozenset()),
        "retrieval": compared(hits, _pairs(ground.pools.pools), "top-1, %", reference, confidence, controls),
    }


def _texts(gaps: Gaps) -> Units:
    return Units(np.asarray(gaps.texts.languages), clusters_of(gaps.texts.documents), gaps.characters)


def _pairs(pools: Mapping[str, Candidates]) -> Units:
    """Return the pairs of all pools: translations of one English text are one cluster."""
    languages = np.repeat(np.asarray(list(pools)), [len(pool) for pool in pools.values()])
    groups = np.concatenate([pool.groups for pool in pools.values()])
    return Units(languages, np.unique(groups, return_inverse=True)[1], np.ones(len(groups)))


def _cost(pretrain: Dataset) -> dict[str, Any]:
    summary = pretrain.manifest.summary
    return {key: summary[key] for key in ("tokens", "tokens_by_objective", "key_tokens", "steps", "parameters")}


def _arm(pretrain: Dataset) -> dict[str, Any]:
    return dict(json.loads(pretrain.read("config.json"))["arm"])


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
