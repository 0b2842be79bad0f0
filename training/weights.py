"""Names of weights: ours, and those of Hugging Face's XLM-R. Pure functions over state dicts."""

import torch
from torch import Tensor

Weights = dict[str, Tensor]

_EMBEDDINGS = "roberta.embeddings"
_TYPES = f"{_EMBEDDINGS}.token_type_embeddings.weight"
_OUTER = {
    "encoder.tokens.weight": f"{_EMBEDDINGS}.word_embeddings.weight",
    "encoder.positions.weight": f"{_EMBEDDINGS}.position_embeddings.weight",
    "encoder.norm.weight": f"{_EMBEDDINGS}.LayerNorm.weight",
    "encoder.norm.bias": f"{_EMBEDDINGS}.LayerNorm.bias",
    "head.dense.weight": "lm_head.dense.weight",
    "head.dense.bias": "lm_head.dense.bias",
    "head.norm.weight": "lm_head.layer_norm.weight",
    "head.norm.bias": "lm_head.layer_norm.bias",
    "head.bias": "lm_head.bias",
}
_LAYER = {
    "out": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm": "output.LayerNorm",
}
_PARTS = ("query", "key", "value")


def to_hugging_face(own: Weights, layers: int) -> Weights:
    """Return the weights of a `MaskedLM` under the names of `XLMRobertaForMaskedLM`."""
    theirs = {name: own[ours] for ours, name in _OUTER.items()}
    theirs[_TYPES] = torch.zeros(1, own["encoder.tokens.weight"].shape[1])
    for layer in range(layers):
        here, there = f"encoder.layers.{layer}", f"roberta.encoder.layer.{layer}"
        for kind in ("weight", "bias"):
            thirds = own[f"{here}.qkv.{kind}"].chunk(len(_PARTS))
            theirs |= {f"{there}.attention.self.{name}.{kind}": part for name, part in zip(_PARTS, thirds, strict=True)}
            theirs |= {f"{there}.{name}.{kind}": own[f"{here}.{ours}.{kind}"] for ours, name in _LAYER.items()}
    return theirs


def from_hugging_face(theirs: Weights, layers: int) -> Weights:
    """Return the weights of an XLM-R encoder, with or without its masked-LM head, under our names, in float32.

    XLM-R has one token type, whose embedding stands beside every position's: the two are added. Where there is no
    head (`XLMRobertaModel`), the result has none. Raises KeyError for a weight of the encoder that is not there.
    """
    if not any(name.startswith("roberta.") for name in theirs):
        theirs = {f"roberta.{name}": value for name, value in theirs.items()}
    own = {ours: theirs[name] for ours, name in _OUTER.items() if name in theirs or ours.startswith("encoder.")}
    if _TYPES in theirs:
        own["encoder.positions.weight"] = own["encoder.positions.weight"].float() + theirs[_TYPES].float()
    for layer in range(layers):
        here, there = f"encoder.layers.{layer}", f"roberta.encoder.layer.{layer}"
        for kind in ("weight", "bias"):
            own[f"{here}.qkv.{kind}"] = torch.cat([theirs[f"{there}.attention.self.{name}.{kind}"] for name in _PARTS])
            own |= {f"{here}.{ours}.{kind}": theirs[f"{there}.{name}.{kind}"] for ours, name in _LAYER.items()}
    return {name: value.float() for name, value in own.items()}
