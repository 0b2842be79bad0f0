"""Export: transformers loads the folder offline, and the tokenizer gives the shards' ids."""

import io
from pathlib import Path

import pytest
import torch
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer, XLMRobertaTokenizer
from xlm_r import excerpt, xlm_r_model

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.sentencepiece_file import describe
from training.config.model import ModelSection
from training.data.batch import packed
from training.data.sequences import join
from training.data.shards import Ragged
from training.hub import fast_tokenizer, load_model, to_transformers, write_folder
from training.model import initialized
from training.stages.pretrain import model_bytes

SHAPE = ModelSection(layers=2, hidden=16, heads=2, feed_forward=32, positions=64, initializer_std=0.3)
ODD_TEXTS = [
    "  two  spaces ",
    "ＡＢ １２ ½",
    "Größe {name} 温度センサー",
    "unseen: Ω≈ç√ \N{GRINNING FACE}",
    "CASE folds",
    "\u00a0nbsp\u200b",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tokenizer_model: bytes) -> Path:
    vocabulary = SentencePieceProcessor(model_proto=tokenizer_model).get_piece_size() + 2
    folder = tmp_path_factory.mktemp("hub")
    write_folder(
        to_transformers(initialized(SHAPE, vocabulary, 1)), fast_tokenizer(tokenizer_model, SHAPE.positions), folder
    )
    return folder


def test_ids_are_those_of_the_token_shards(folder: Path, published: Dataset, tokenized: Dataset) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for entry in published.files(kind="text"):
        (twin,) = [other for other in tokenized.files(kind="text") if other.name == entry.name]
        texts = published.table(entry)["text"].to_pylist()
        ids = tokenized.table(twin)["ids"].to_pylist()
        assert tokenizer(texts)["input_ids"] == [[0, *row, 2] for row in ids]


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_get_sentencepiece_s_own_ids(folder: Path, tokenizer_model: bytes, text: str) -> None:
    processor = SentencePieceProcessor(model_proto=tokenizer_model)
    expected = [n + 1 if n else 3 for n in processor.encode(text)]
    assert AutoTokenizer.from_pretrained(folder)(text)["input_ids"] == [0, *expected, 2]


def test_a_given_model_has_hugging_face_s_ids() -> None:
    tokenizer = fast_tokenizer(xlm_r_model(), 512)
    assert (len(tokenizer), tokenizer.mask_token_id) == (250_002, 250_001)
    processor = SentencePieceProcessor(model_proto=xlm_r_model())
    pieces = [(processor.id_to_piece(n), processor.get_score(n)) for n in range(3, processor.get_piece_size())]
    theirs = XLMRobertaTokenizer(
        vocab=[("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *pieces, ("<mask>", 0.0)],
        _spm_precompiled_charsmap=describe(xlm_r_model()).normalization.charsmap,
    )
    for example in excerpt()["texts"]:
        assert tokenizer(example["text"])["input_ids"] == example["ids"]
        assert theirs(example["text"])["input_ids"] == example["ids"]


@pytest.fixture(scope="module")
def spelling_model() -> bytes:
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(["balan keter mining", "balan mining sok"] * 9),
        model_writer=model, vocab_size=275, byte_fallback=True, minloglevel=2,
    )  # fmt: skip
    return model.getvalue()


@pytest.mark.parametrize("text", [*ODD_TEXTS, "balan 木木 mining", "木"])
def test_what_is_unknown_is_spelt_in_bytes_as_sentencepiece_does(spelling_model: bytes, text: str) -> None:
    tokenizer = fast_tokenizer(spelling_model, 512)
    processor = SentencePieceProcessor(model_proto=spelling_model)
    ids = tokenizer(text)["input_ids"]
    assert ids == [0, *(n + 1 for n in processor.encode(text)), 2]
    assert tokenizer.decode(ids, skip_special_tokens=True) == processor.decode(processor.encode(text))


def test_special_tokens_have_xlm_r_s_ids(folder: Path, tokenizer_model: bytes) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    pieces = SentencePieceProcessor(model_proto=tokenizer_model).get_piece_size()
    names = ("bos", "pad", "eos", "unk", "cls", "sep", "mask")
    ids = [getattr(tokenizer, f"{name}_token_id") for name in names]
    assert ids == [0, 1, 2, 3, 0, 2, pieces + 1]
    assert len(tokenizer) == pieces + 2
    assert tokenizer("ba", "ke")["input_ids"].count(2) == 3
    batch = tokenizer(["balan", "balan keter"], padding=True)
    assert [len(row) for row in batch["input_ids"]] == [len(batch["input_ids"][1])] * 2


@torch.no_grad()
def test_the_folder_loads_offline_and_computes_the_same(
    folder: Path, tokenizer_model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    vocabulary = len(tokenizer)
    ours = initialized(SHAPE, vocabulary, 1)
    batch = tokenizer("balan keter mining", return_tensors="pt")
    ids = batch["input_ids"][0]
    states = ours.encoder.all_states(packed(join([Ragged.of([ids[1:-1].tolist()])])))
    theirs = AutoModelForMaskedLM.from_pretrained(folder).eval()(**batch, output_hidden_states=True)
    for own, other in zip(states, theirs.hidden_states, strict=True):
        torch.testing.assert_close(own, other[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.logits(states[-1]), theirs.logits[0], atol=1e-5, rtol=1e-5)
    encoder = AutoModel.from_pretrained(folder).eval()(**batch)
    torch.testing.assert_close(encoder.last_hidden_state[0], states[-1], atol=1e-5, rtol=1e-5)


def test_weights_survive_the_file(tokenizer_model: bytes) -> None:
    model = initialized(SHAPE, 40, 2)
    loaded = load_model(SHAPE, 40, model_bytes(model))
    for name, value in model.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name])
