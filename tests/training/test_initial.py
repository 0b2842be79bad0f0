"""Beginning with the weights of a Hugging Face folder, as transformers itself writes it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM, XLMRobertaModel

from pipelines.datasets.errors import UserError
from training.config.model import ModelSection
from training.initial import initial_model
from training.model import Packed, initialized

SHAPE = ModelSection(layers=2, hidden=16, heads=2, feed_forward=32, positions=32)
CONFIG = XLMRobertaConfig(
    vocab_size=50,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=34,
    type_vocab_size=1,
    layer_norm_eps=1e-5,
)
TOKENS = torch.tensor([0, 7, 30, 12, 2])


def saved(folder: Path, kind: Callable[[Any], Any] = XLMRobertaForMaskedLM, **options: Any) -> Any:
    torch.manual_seed(1)
    model = kind(CONFIG).eval()
    model.save_pretrained(folder, **options)
    return model


@torch.no_grad()
def test_the_model_computes_what_transformers_computes(tmp_path: Path) -> None:
    theirs = saved(tmp_path)(TOKENS[None], output_hidden_states=True)
    ours = initial_model(str(tmp_path), SHAPE, 50, seed=3)
    states = ours.encoder.all_states(Packed(TOKENS, (5,)))
    for own, other in zip(states, theirs.hidden_states, strict=True):
        torch.testing.assert_close(own, other[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.logits(states[-1]), theirs.logits[0], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_model_in_several_files_and_without_a_head(tmp_path: Path) -> None:
    theirs = saved(tmp_path, XLMRobertaModel, max_shard_size="8KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    ours = initial_model(str(tmp_path), SHAPE, 50, seed=3)
    torch.testing.assert_close(
        ours.encoder(Packed(TOKENS, (5,))), theirs(TOKENS[None]).last_hidden_state[0], atol=1e-5, rtol=1e-5
    )
    drawn = initialized(SHAPE, 50, seed=3)
    assert torch.equal(ours.head.dense.weight, drawn.head.dense.weight)


def test_another_shape_is_named(tmp_path: Path) -> None:
    saved(tmp_path)
    other = SHAPE.model_copy(update={"feed_forward": 64})
    with pytest.raises(UserError, match=r"pretrain\.model\.feed_forward is 64, its model has 32; set .*layers: 2, hid"):
        initial_model(str(tmp_path), other, 50, seed=1)


def test_another_vocabulary_is_named(tmp_path: Path) -> None:
    saved(tmp_path)
    with pytest.raises(UserError, match=r"it has 50 tokens, the token shards 60; tokenize with its own"):
        initial_model(str(tmp_path), SHAPE, 60, seed=1)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), r"no such file; save the model as safetensors"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"{}"), r"cannot be read as safetensors"),
        (
            lambda folder: (folder / "config.json").unlink(),
            r"config\.json: cannot be read .*give a Hugging Face folder",
        ),
        (lambda folder: (folder / "config.json").write_text("{"), r"config\.json: not JSON"),
        (lambda folder: change(folder, model_type="bert"), r"of type 'bert'; `pretrain\.init` takes xlm-roberta"),
        (lambda folder: change(folder, layer_norm_eps=1e-12), r"layer_norm_eps is 1e-12; XLM-R's is 1e-05"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, spoil: Callable[[Path], object], says: str
) -> None:
    saved(tmp_path)
    spoil(tmp_path)
    with pytest.raises(UserError, match=says):
        initial_model(str(tmp_path), SHAPE, 50, seed=1)


def change(folder: Path, **values: Any) -> None:
    config = json.loads((folder / "config.json").read_text()) | values
    (folder / "config.json").write_text(json.dumps(config))
