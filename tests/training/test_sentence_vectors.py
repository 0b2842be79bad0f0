"""Sentence vectors equal what transformers computes, whichever way the encoder is run."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

from pipelines.datasets.elsewhere import ExportedArm
from pipelines.datasets.errors import UserError
from training.config.model import ModelSection
from training.config.reading import EmbedSection
from training.hub import fast_tokenizer, is_of_our_shape, load_encoder, to_transformers, write_folder
from training.model import initialized
from training.sentence_vectors import encoder_folder, open_encoder

SHAPE = ModelSection(layers=3, hidden=16, heads=2, feed_forward=32, positions=32, initializer_std=0.3)
TEXTS = ["balan keter", "mining", "soys tuter raning balan", "balan keter", "", "温度 keter " * 40]


@dataclass(frozen=True)
class Elsewhere:
    folder: Path

    def subfolder(self, name: str) -> Path:
        return self.folder / name


def opened(folder: Path, **keys: Any) -> Any:
    return open_encoder(folder, EmbedSection(**{"encoder": str(folder), **keys}))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, tokenizer_model: bytes) -> Path:
    """A folder as `export` writes it, but with an embedding for token types, as XLM-R has one."""
    folder = tmp_path_factory.mktemp("own")
    tokenizer = fast_tokenizer(tokenizer_model, SHAPE.positions)
    theirs = to_transformers(initialized(SHAPE, len(tokenizer), 1))
    torch.nn.init.normal_(theirs.roberta.embeddings.token_type_embeddings.weight)
    write_folder(theirs, tokenizer, folder)
    return folder


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory, tokenizer_model: bytes) -> Path:
    folder = tmp_path_factory.mktemp("bert")
    tokenizer = fast_tokenizer(tokenizer_model, 32)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=32, initializer_range=0.3, pad_token_id=1,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@torch.no_grad()
def by_transformers(folder: Path, layer: int, pooling: str) -> np.ndarray:
    """Each text by itself, so without any padding."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    rows = []
    for text in TEXTS:
        batch = tokenizer(text, truncation=True, max_length=32, return_tensors="pt")
        state = model(**batch, output_hidden_states=True).hidden_states[layer][0]
        rows.append(state[0] if pooling == "cls" else state.mean(dim=0))
    return torch.nn.functional.normalize(torch.stack(rows), dim=1).numpy()


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@pytest.mark.parametrize(
    ("kind", "layer", "last"), [("own", None, 3), ("own", 1, 1), ("bert", None, 2), ("bert", 0, 0)]
)
def test_vectors_are_transformers_own(
    kind: str, layer: int | None, last: int, pooling: str, own: Path, bert: Path
) -> None:
    folder = {"own": own, "bert": bert}[kind]
    encoder = opened(folder, layer=layer, pooling=pooling)
    vectors = encoder(TEXTS)
    assert vectors.dtype == np.float16
    assert vectors.shape == (len(TEXTS), encoder.width)
    assert vectors == pytest.approx(by_transformers(folder, last, pooling), abs=2e-3)
    assert np.linalg.norm(vectors.astype(np.float32), axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=2e-3)


def test_only_an_encoder_of_xlm_r_s_shape_runs_packed(own: Path, bert: Path) -> None:
    def of_our_shape(folder: Path) -> bool:
        return is_of_our_shape(AutoModel.from_pretrained(folder).config)

    assert of_our_shape(own)
    assert not of_our_shape(bert)
    assert load_encoder(own).shape.positions == 32


def test_equal_texts_get_equal_vectors_and_no_texts_none(own: Path) -> None:
    vectors = opened(own)(TEXTS)
    assert vectors[0].tobytes() == vectors[3].tobytes()
    assert opened(own)([]).shape == (0, 16)


def test_an_arm_of_another_recipe_is_read_from_its_export(own: Path) -> None:
    reading = EmbedSection(encoder=ExportedArm(recipe="other.yaml", arm=own.name))
    job: Any = SimpleNamespace(input=lambda role: Elsewhere(own.parent))
    assert encoder_folder(job, reading) == own


def test_what_is_no_encoder_is_said_in_one_sentence(tmp_path: Path, own: Path) -> None:
    with pytest.raises(UserError, match=r"cannot load an encoder from it .*give the folder of a model"):
        opened(tmp_path)
    with pytest.raises(UserError, match="layer 9 is to be read, and the encoder has 3: lower the key `layer`"):
        opened(own, layer=9)
