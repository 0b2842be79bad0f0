"""A folder that `sentence-transformers` loads: the encoder up to the contrast layer, and how its states are pooled.

That library pools the last layer, so the layers above the contrast are left out. The projection is too: it serves
the contrast alone, and retrieval is measured without it (InfoXLM, section 4.3).
"""

import json
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from training.config.contrast import ContrastSection
from training.hub import to_transformers
from training.model import MaskedLM


def write_sentence_folder(
    model: MaskedLM, contrast: ContrastSection, tokenizer: PreTrainedTokenizerFast, folder: Path
) -> None:
    """Write the folder, which must be there; vectors are of length 1 where the contrast's are."""
    encoder = to_transformers(model).roberta
    del encoder.encoder.layer[contrast.layer :]
    encoder.config.num_hidden_layers = contrast.layer
    encoder.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    modules = ["Transformer", "Pooling", *(["Normalize"] if contrast.normalize else [])]
    places = ["", *(f"{number}_{name}" for number, name in enumerate(modules[1:], start=1))]
    entries = [
        {"idx": number, "name": str(number), "path": place, "type": f"sentence_transformers.models.{name}"}
        for number, (name, place) in enumerate(zip(modules, places, strict=True))
    ]
    for place in places[1:]:
        (folder / place).mkdir()
    pooling = {
        "word_embedding_dimension": model.encoder.shape.hidden,
        "pooling_mode_cls_token": contrast.pooling == "cls",
        "pooling_mode_mean_tokens": contrast.pooling == "mean",
    }
    _write(folder / "modules.json", entries)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": model.encoder.shape.positions})
    _write(folder / places[1] / "config.json", pooling)


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")
