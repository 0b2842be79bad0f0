"""The weights that training begins with: drawn anew, or those of a Hugging Face folder."""

import json
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.torch import load_file

from pipelines.datasets.errors import UserError
from training.config.model import ModelSection
from training.model import LAYER_NORM_EPSILON, POSITION_OFFSET, MaskedLM, initialized
from training.weights import Weights, from_hugging_face

_ONE_FILE: Final = "model.safetensors"
_INDEX: Final = "model.safetensors.index.json"


def initial_model(folder: str | None, shape: ModelSection, vocabulary: int, seed: int) -> MaskedLM:
    """Return the model to train. `folder` is one of XLM-R or InfoXLM; a head that it lacks is drawn by the seed.

    Raises UserError where the folder cannot be read, or its model has another shape or vocabulary.
    """
    model = initialized(shape, vocabulary, seed)
    if folder is not None:
        _check_shape(folder, shape, vocabulary)
        theirs = _read_weights(Path(folder))
        try:
            own = from_hugging_face(theirs, shape.layers)
        except KeyError as error:
            raise UserError(
                f"{folder}: the weight {error} of XLM-R is not in it; give another `pretrain.init`"
            ) from error
        wrong = [name for name, value in own.items() if value.shape != model.state_dict()[name].shape]
        if wrong:
            raise UserError(f"{folder}: the weight {wrong[0]} has not the shape that its config.json says")
        model.load_state_dict(own, strict=False)
    return model


def _check_shape(folder: str, shape: ModelSection, vocabulary: int) -> None:
    config = _read_json(Path(folder) / "config.json")
    kind = config.get("model_type")
    if kind != "xlm-roberta":
        raise UserError(f"{folder}: its model is of type {kind!r}; `pretrain.init` takes xlm-roberta")
    theirs = {
        "layers": config.get("num_hidden_layers"),
        "hidden": config.get("hidden_size"),
        "heads": config.get("num_attention_heads"),
        "feed_forward": config.get("intermediate_size"),
        "positions": int(config.get("max_position_embeddings", 0)) - POSITION_OFFSET,
    }
    for name, value in theirs.items():
        if getattr(shape, name) != value:
            shown = ", ".join(f"{key}: {number}" for key, number in theirs.items())
            raise UserError(
                f"{folder}: pretrain.model.{name} is {getattr(shape, name)}, its model has {value}; "
                f"set pretrain.model to {{{shown}}}"
            )
    if config.get("vocab_size") != vocabulary:
        raise UserError(
            f"{folder}: it has {config.get('vocab_size')} tokens, the token shards {vocabulary}; tokenize with its own "
            "SentencePiece model"
        )
    if config.get("layer_norm_eps", LAYER_NORM_EPSILON) != LAYER_NORM_EPSILON:
        raise UserError(f"{folder}: layer_norm_eps is {config['layer_norm_eps']}; XLM-R's is {LAYER_NORM_EPSILON}")


def _read_weights(folder: Path) -> Weights:
    names = [_ONE_FILE]
    if not (folder / _ONE_FILE).is_file() and (folder / _INDEX).is_file():
        names = sorted(set(_read_json(folder / _INDEX).get("weight_map", {}).values()))
    weights: Weights = {}
    for name in names:
        path = folder / Path(name).name  # a name in the index cannot lead out of the folder
        try:
            weights |= load_file(path)
        except FileNotFoundError:
            raise UserError(
                f"{path}: there is no such file; save the model as safetensors with `save_pretrained` of transformers"
            ) from None
        except (SafetensorError, OSError) as error:
            raise UserError(f"{path}: cannot be read as safetensors ({error}); fetch it again") from error
    return weights


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give a Hugging Face folder") from error
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); fetch it again") from error
    return value if isinstance(value, dict) else {}
