"""BUCC and Tatoeba as the suite runs them: which layer is read, and all languages in turn."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from pipelines.datasets.errors import UserError
from training.config.xtreme_runs import PredictRun
from training.model import Encoder
from training.xtreme.finetuning import autocast
from training.xtreme.models import encoder_of, redrawn
from training.xtreme.predicted import Predicted
from training.xtreme.retrieval.prediction import Encode, Retrieved, predict_bucc, predict_tatoeba
from training.xtreme.retrieval.vectors import Representation, Vectorizer, vectorizer
from training.xtreme.submission import submitted
from training.xtreme.tasks.bitexts import read_bucc, read_tatoeba
from training.xtreme.tasks.registry import Kind

_TATOEBA_LAYER = {12: 8, 24: 14}  # run_tatoeba.sh has 7 and 13, counted from 0 without the embeddings
_BELOW_LAST = 4  # run_bucc2018.sh reads the eighth of what it takes for twelve layers, the last ones


def retrieve(run: PredictRun, folder: Path) -> Iterator[Predicted]:
    """Yield what is found in each language. Raises UserError for a broken file, or a layer that the encoder has not."""
    encoder = encoder_of(folder)
    if run.untrained:
        encoder = redrawn(encoder, run.seed)
    device = torch.device(run.device)
    encoder.to(device)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    read = representation(run, encoder)

    def encode(one: Representation) -> Vectorizer:
        return vectorizer(encoder, tokenizer, one, device)

    for language in run.test:
        with autocast(run.device, run.precision):
            found, sentences = _found(run, language, encode, read, encoder, device)
        notes: dict[str, Any] = {"layer": read.layer, "pooling": read.pooling}
        if found.threshold is not None:
            notes |= {
                "threshold": round(found.threshold, 6),
                "dev_f1_by_layer": {str(layer): f1 for layer, f1 in found.dev.items()},
            }
        yield Predicted(language, sentences, submitted(found.lines), found.scores, found.beside, notes)


def representation(run: PredictRun, encoder: Encoder) -> Representation:
    """Return which layer is read and how it is pooled. Raises UserError where the encoder has no such layer."""
    layers, retrieval = encoder.shape.layers, run.retrieval
    if run.kind is Kind.BUCC:
        layer, pooling = retrieval.bucc_layer, retrieval.bucc_pooling
        default = max(1, layers - _BELOW_LAST)
    else:
        layer, pooling = retrieval.tatoeba_layer, retrieval.tatoeba_pooling
        default = _TATOEBA_LAYER.get(layers, -(-2 * layers // 3))
    if layer is not None and layer > layers:
        raise UserError(f"layer {layer} is to be read, and the encoder has {layers}: lower it in `xtreme.retrieval`")
    return Representation(default if layer is None else layer, pooling)


def _found(
    run: PredictRun, language: str, encode: Encode, read: Representation, encoder: Encoder, device: torch.device
) -> tuple[Retrieved, int]:
    """Return what is found in a language, and how many sentences were searched for."""
    source, target = (Path(path) for path in run.test[language])
    labels = Path(run.labels[language]) if language in run.labels else None
    if run.kind is Kind.TATOEBA:
        test = read_tatoeba(source, target, labels)
        return predict_tatoeba(test, encode, read, device), len(test.target)
    dev, test = read_bucc(*map(Path, run.dev[language])), read_bucc(source, target, labels)
    layers = range(1, encoder.shape.layers + 1) if run.retrieval.curve else ()
    return predict_bucc(dev, test, encode, read, device, layers), len(test.source)
