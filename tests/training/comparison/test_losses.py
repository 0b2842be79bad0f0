"""The masked-LM loss text by text, against a plain forward pass of each text alone."""

import numpy as np
import torch

from training.comparison.losses import Cloze, text_losses
from training.config.model import ModelSection
from training.data.sequences import BOS, EOS
from training.model import Packed, initialized

SHAPE = ModelSection(layers=2, hidden=16, heads=2, feed_forward=16, positions=16, initializer_std=0.5)


def test_each_text_has_the_loss_of_its_own_masked_tokens() -> None:
    model = initialized(SHAPE, vocabulary=30, seed=1).eval()
    ids = [[7, 8, 9, 10], [11], [12, 13, 14]]
    places = [[1, 3], [0], [2]]
    cloze = Cloze([np.asarray(row, np.int32) for row in ids], [np.asarray(row, np.int64) for row in places])
    expected = []
    for row, masked in zip(ids, places, strict=True):
        corrupted = [29 if place in masked else token for place, token in enumerate(row)]
        sequence = Packed(torch.tensor([BOS, *corrupted, EOS]), (len(row) + 2,))
        with torch.no_grad():
            scores = model.logits(model.encoder(sequence)).log_softmax(1)
        expected.append(-sum(float(scores[place + 1, row[place]]) for place in masked))
    np.testing.assert_allclose(text_losses(model, cloze), expected, rtol=1e-5)
