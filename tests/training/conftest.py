"""A tiny made-up corpus, as tables in memory and as published and tokenized datasets on disk."""

import io
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sentencepiece

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.manifest import FileEntry, Manifest, Rows
from pipelines.datasets.stage import Outcome
from training.config.pretrain import PretrainArm, PretrainSection
from training.data.streams import Corpus

LANGUAGES = ("de", "fr", "ja")
WORDS = [a + b for a in ("ba", "ke", "mi", "so", "tu", "ra") for b in ("lan", "ter", "ning", "ok", "ys")]
TINY: dict[str, Any] = {
    "seed": 3,
    "steps": 6,
    "tokens_per_step": 400,
    "model": {"layers": 3, "hidden": 16, "heads": 2, "feed_forward": 32, "positions": 64},
    "data": {"max_tokens": 16, "chunk_rows": 4, "window_chunks": 4},
    "contrast": {"layer": 2, "queue_size": 32},
    "optimizer": {"learning_rate": 1e-3, "warmup_steps": 2},
    "log_every": 2,
    "checkpoint_every": 2,
    "arms": {
        "mmlm_tlm": {"objectives": {"mlm": 1, "tlm": 1}},
        "mmlm_tlm_xlco": {"objectives": {"mlm": 1, "tlm": 1, "xlco": 2}},
    },
}


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for name, value in changes.items():
        known = result.get(name)
        result[name] = merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result


@pytest.fixture(scope="session")
def section() -> Callable[..., PretrainSection]:
    """Return the tiny pretrain section with some keys changed."""
    return lambda **changes: PretrainSection.model_validate(merged(TINY, changes))


@pytest.fixture(scope="session")
def recipe(section: Callable[..., PretrainSection]) -> Callable[..., PretrainArm]:
    """Return the tiny recipe of the arm with all three objectives, with some keys changed."""
    return lambda **changes: section(**changes).resolve()["mmlm_tlm_xlco"]


def sentence(language: str, number: int) -> str:
    """Return a made-up sentence; translations of one number share no word."""
    draw = random.Random(number)
    words = [draw.choice(WORDS) for _ in range(5 + number % 4)]
    return " ".join({"de": "x", "fr": "y", "ja": "z"}.get(language, "") + word for word in words)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return a publish dataset of three languages: 120 training pairs, 30 of dev, 30 of test each."""
    draft = Draft(tmp_path_factory.mktemp("runs") / "publish")
    files: list[FileEntry] = []
    for split, numbers in (("train", range(120)), ("dev", range(1000, 1030)), ("test", range(2000, 2030))):
        for language in ("en", *LANGUAGES):
            name, partition = f"text/{language}/{split}-00000.arrow", {"kind": "text", "language": language}
            texts, documents = zip(*((sentence(language, n), f"component{n % 7}") for n in numbers), strict=True)
            table = pa.table({"text": texts, "document": documents})
            files.append(draft.write_table(name, table, partition | {"split": split}))
        for language in LANGUAGES:
            name, partition = f"pairs/en-{language}/{split}-00000.arrow", {"kind": "pairs", "language": language}
            table = pa.table(
                {
                    "source_text": [sentence("en", number) for number in numbers],
                    "target_text": [sentence(language, number) for number in numbers],
                    "group": pa.array(list(numbers), pa.uint64()),
                    "document": [f"component{number % 7}" for number in numbers],
                }
            )
            files.append(draft.write_table(name, table, partition | {"split": split}))
    return commit(draft, "publish", files, {})


@pytest.fixture(scope="session")
def tokenizer_model() -> bytes:
    """Return a small SentencePiece model, numbered as the pipeline's: <unk> 0, <s> 1, </s> 2."""
    model = io.BytesIO()
    texts = [sentence(language, number) for language in ("en", *LANGUAGES) for number in range(120)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*texts, "Größe 温度センサー ＡＢ １２ {name} ½"]),
        model_writer=model,
        vocab_size=90,
        model_type="unigram",
        character_coverage=1.0,
        normalization_rule_name="nmt_nfkc_cf",
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


@pytest.fixture(scope="session")
def tokenized(published: Dataset, tokenizer_model: bytes) -> Dataset:
    """Return the tokenize dataset of `published`."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=tokenizer_model)
    draft = Draft(published.folder.with_name("tokenize"))
    files = [draft.write_bytes("tokenizer.model", tokenizer_model, {"kind": "tokenizer"})]
    for entry in published.files():
        columns: dict[str, Any] = {}
        table = published.table(entry)
        for column, name in (("text", "ids"), ("source_text", "source"), ("target_text", "target")):
            if column in table.column_names:
                ids = [[n + 1 if n else 3 for n in processor.encode(text)] for text in table[column].to_pylist()]
                columns[name] = pa.array(ids, pa.list_(pa.uint16()))
        if "group" in table.column_names:
            columns["group"] = table["group"]
        files.append(draft.write_table(entry.name, pa.table(columns), entry.partition))
    return commit(draft, "tokenize", files, {"vocabulary": processor.get_piece_size() + 2})


@pytest.fixture(scope="session")
def corpus(tokenized: Dataset) -> Corpus:
    """Return the training split of `tokenized`."""
    from training.corpus import training_corpus

    return training_corpus(tokenized)


@pytest.fixture(scope="session")
def committed() -> Callable[[Draft, str, Outcome], Dataset]:
    """Return a function that turns a stage's outcome into a dataset, as the framework does."""

    def make(draft: Draft, stage: str, outcome: Outcome) -> Dataset:
        return commit(draft, stage, list(outcome.files), dict(outcome.summary))

    return make


def commit(draft: Draft, stage: str, files: list[FileEntry], summary: dict[str, Any]) -> Dataset:
    manifest = Manifest(
        stage=stage,
        version=1,
        fingerprint="0" * 32,
        config={},
        inputs={},
        unit_in="rows",
        unit_out="rows",
        rows=Rows(rows_in=0, expanded=0, rows_out=0, dropped={}),
        files=files,
        summary=summary,
    )
    draft.commit(manifest, b"{}")
    return Dataset(Path(draft.folder))
