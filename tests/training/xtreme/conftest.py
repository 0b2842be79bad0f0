"""A small encoder with its tokenizer, as a Hugging Face folder."""

from pathlib import Path

import pytest
from sentencepiece import SentencePieceProcessor

from training.config.model import ModelSection
from training.hub import fast_tokenizer, to_transformers, write_folder
from training.model import initialized
from training.xtreme.tokenizer import FolderTokenizer

SHAPE = ModelSection(layers=2, hidden=16, heads=2, feed_forward=32, positions=128, initializer_std=0.3)


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer_model: bytes) -> Path:
    """Return the folder of an untrained encoder that takes 128 tokens."""
    vocabulary = SentencePieceProcessor(model_proto=tokenizer_model).get_piece_size() + 2
    folder = tmp_path_factory.mktemp("encoder")
    write_folder(
        to_transformers(initialized(SHAPE, vocabulary, 1)), fast_tokenizer(tokenizer_model, SHAPE.positions), folder
    )
    return folder


@pytest.fixture(scope="session")
def tokenizer(encoder_folder: Path) -> FolderTokenizer:
    """Return the tokenizer of `encoder_folder`."""
    return FolderTokenizer(encoder_folder)
