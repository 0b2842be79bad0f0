"""The memory and time on paper are what the arithmetic says, and the arithmetic counts what autograd keeps."""

from pathlib import Path

import scaling_training
import torch

from training.config.model import ModelSection
from training.model import MaskedLM, Packed, initialized

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"


def test_the_page_has_the_tables_of_the_script() -> None:
    assert scaling_training.tables() in PAGE.read_text(encoding="utf-8")


def test_the_weights_are_those_of_xlm_r() -> None:
    trained, key = scaling_training.parameters(scaling_training.arm("base"))
    width, inner, layers = 768, 3072, 12
    layer = 4 * width**2 + 2 * width * inner + 9 * width + inner
    embeddings = (250_002 + 514) * width + 2 * width
    head = width**2 + 3 * width + 250_002
    assert trained == embeddings + layers * layer + head + width**2
    assert key == embeddings + 8 * layer + width**2


def test_a_layer_keeps_so_many_bytes_of_a_token() -> None:
    kept = {}
    for layers in (2, 3):
        model = initialized(ModelSection(layers=layers, hidden=64, heads=4, feed_forward=256, positions=64), 50, 1)
        kept[layers] = saved_bytes(model, Packed(torch.arange(320) % 50, (64,) * 5))
    recipe = scaling_training.arm("base")
    same_shape = recipe.model_copy(update={"model": ModelSection(hidden=64, heads=4, feed_forward=256)})
    # attention's normaliser and LayerNorm's two numbers are beside it
    small = 4 * (4 + 2 * 2)
    assert kept[3] - kept[2] <= 320 * (scaling_training.activation_bytes(same_shape) + small)
    assert kept[3] - kept[2] >= 320 * scaling_training.activation_bytes(same_shape)


def saved_bytes(model: MaskedLM, packed: Packed) -> int:
    """Return the bytes of the activations that autograd keeps, each memory once, weights and their copies left out."""
    found: dict[int, int] = {}
    tokens = len(packed.tokens)

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if tensor.numel() % tokens == 0 and tensor.dim() and not isinstance(tensor, torch.nn.Parameter):
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor), torch.autocast("cpu", torch.bfloat16):
        result = model.encoder(packed)
    assert result.requires_grad
    return sum(found.values())
