"""Sentence vectors: any Hugging Face encoder, read at one layer and pooled. One of XLM-R's shape runs packed."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoConfig, AutoModel, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerBase
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from pipelines.datasets.elsewhere import ExportedArm
from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import Job
from training.config.reading import Pooling, Reading
from training.data.batch import packed, passes
from training.data.shards import Ragged
from training.hub import is_of_our_shape, load_encoder
from training.objectives.contrast import pool

States = Callable[[Ragged], Tensor]
"""From sequences, special tokens included, to their states `[T, D]` at the layer that is read, one after another."""


class SentenceEncoder:
    """Turns texts into unit vectors. The same texts in the same order give the same bits for one number of threads."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, states: States, width: int, pooling: Pooling, max_tokens: int
    ) -> None:
        self.width = width
        self._tokenizer = tokenizer
        self._states = states
        self._pooling = pooling
        specials = tokenizer.num_special_tokens_to_add()
        self._longest = min(max_tokens + specials, tokenizer.model_max_length)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float16]:
        """Return the vectors `[n, D]` in half precision, as they are stored."""
        return self.exact(texts).astype(np.float16)

    @torch.no_grad()
    def exact(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors `[n, D]`; a text that stands more than once is run once."""
        distinct = dict.fromkeys(texts)
        vectors = np.empty((len(distinct), self.width), np.float32)
        if not distinct:
            return vectors
        ids = self._tokenizer(list(distinct), truncation=True, max_length=self._longest)["input_ids"]
        sequences = Ragged.of(ids)
        for rows in passes(sequences.lengths):
            part = sequences.take(rows)
            pooled = pool(self._states(part), tuple(part.lengths.tolist()), self._pooling)
            vectors[rows] = torch.nn.functional.normalize(pooled.float(), dim=1).cpu().numpy()
        place = {text: row for row, text in enumerate(distinct)}
        return vectors[[place[text] for text in texts]]


def encoder_folder(job: Job, reading: Reading) -> Path:
    """Return the folder of the encoder that a section names."""
    if isinstance(reading.encoder, ExportedArm):
        return job.input("encoder").subfolder(reading.encoder.arm)
    return Path(reading.encoder)


def open_encoder(folder: Path, reading: Reading) -> SentenceEncoder:
    """Open the encoder in a Hugging Face folder. Raises UserError where it cannot be loaded or has no such layer."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    set_verbosity_error()  # type: ignore[no-untyped-call]  # a head that is left out is worth no table
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        layer = _layer(config, reading)
        states = _packed_states(folder, layer) if is_of_our_shape(config) else _padded_states(folder, layer)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{folder}: transformers cannot load an encoder from it ({reason}); give the folder of a model, "
            "or of an arm that `export` wrote"
        ) from error
    return SentenceEncoder(tokenizer, states, config.hidden_size, reading.pooling, reading.max_tokens)


def _layer(config: PretrainedConfig, reading: Reading) -> int:
    layers = int(config.num_hidden_layers)
    if reading.layer is not None and reading.layer > layers:
        raise UserError(f"layer {reading.layer} is to be read, and the encoder has {layers}: lower the key `layer`")
    return layers if reading.layer is None else reading.layer


def _packed_states(folder: Path, layer: int) -> States:
    encoder = load_encoder(folder)
    return lambda sequences: encoder(packed(sequences), layer)


def _padded_states(folder: Path, layer: int) -> States:
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()

    def states(sequences: Ragged) -> Tensor:
        lengths = torch.from_numpy(sequences.lengths)
        there = torch.arange(int(lengths.max()))[None] < lengths[:, None]
        tokens = torch.full(there.shape, model.config.pad_token_id or 0)
        tokens[there] = torch.from_numpy(sequences.values.astype(np.int64))
        found = model(input_ids=tokens, attention_mask=there.long(), output_hidden_states=True)
        hidden: Tensor = found.hidden_states[layer][there]
        return hidden

    return states
