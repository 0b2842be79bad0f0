"""Names of weights, there and back."""

import torch

from training.config.model import ModelSection
from training.model import initialized
from training.weights import from_hugging_face, to_hugging_face

SHAPE = ModelSection(layers=2, hidden=8, heads=2, feed_forward=16, positions=16, initializer_std=0.3)


def test_there_and_back_is_the_same() -> None:
    own = initialized(SHAPE, 20, 1).state_dict()
    back = from_hugging_face(to_hugging_face(own, SHAPE.layers), SHAPE.layers)
    assert back.keys() == own.keys()
    for name, value in own.items():
        assert torch.equal(value, back[name]), name


def test_the_one_token_type_is_added_to_every_position() -> None:
    own = initialized(SHAPE, 20, 1).state_dict()
    theirs = to_hugging_face(own, SHAPE.layers)
    types = "roberta.embeddings.token_type_embeddings.weight"
    theirs[types] = torch.arange(8.0)[None]
    back = from_hugging_face(theirs, SHAPE.layers)
    torch.testing.assert_close(
        back["encoder.positions.weight"], own["encoder.positions.weight"] + torch.arange(8.0), atol=0, rtol=0
    )


def test_an_encoder_without_a_head_has_other_names_and_gives_no_head() -> None:
    own = initialized(SHAPE, 20, 1).state_dict()
    theirs = {
        name.removeprefix("roberta."): value.half()
        for name, value in to_hugging_face(own, SHAPE.layers).items()
        if name.startswith("roberta.")
    }
    back = from_hugging_face(theirs, SHAPE.layers)
    assert {name for name in own if name.startswith("encoder.")} == back.keys()
    assert all(value.dtype == torch.float32 for value in back.values())
