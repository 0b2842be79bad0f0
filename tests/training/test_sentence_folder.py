"""The folder for sentence-transformers, loaded by that library without network."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from sentence_transformers import SentenceTransformer
from sentencepiece import SentencePieceProcessor

from training.config.contrast import ContrastSection
from training.config.model import ModelSection
from training.data.batch import packed
from training.data.sequences import join
from training.data.shards import Ragged
from training.hub import fast_tokenizer
from training.model import initialized
from training.objectives.contrast import pool
from training.sentence_folder import write_sentence_folder

SHAPE = ModelSection(layers=3, hidden=16, heads=2, feed_forward=32, positions=64, initializer_std=0.3)
TEXTS = ["balan keter mining", "sook", "xbater xkening xlaok xbalan xmiter xsoning"]


@torch.no_grad()
@pytest.mark.parametrize(
    "contrast",
    [
        ContrastSection(layer=2, pooling="mean", normalize=True),
        ContrastSection(layer=1, pooling="cls"),
        ContrastSection(layer=3, pooling="mean"),
    ],
)
def test_sentence_vectors_are_ours(
    tmp_path: Path, tokenizer_model: bytes, monkeypatch: pytest.MonkeyPatch, contrast: ContrastSection
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    processor = SentencePieceProcessor(model_proto=tokenizer_model)
    model = initialized(SHAPE, processor.get_piece_size() + 2, 1).eval()
    tokenizer = fast_tokenizer(tokenizer_model, SHAPE.positions)
    write_sentence_folder(model, contrast, tokenizer, tmp_path)
    theirs = SentenceTransformer(str(tmp_path), device="cpu").encode(TEXTS, convert_to_tensor=True)
    batch = packed(join([Ragged.of([[n + 1 for n in processor.encode(text)] for text in TEXTS])]))
    ours = pool(model.encoder(batch, contrast.layer), batch.lengths, contrast.pooling)
    if contrast.normalize:
        ours = F.normalize(ours, dim=1)
    assert theirs.shape == (3, 16)
    torch.testing.assert_close(theirs, ours, atol=1e-5, rtol=1e-5)
