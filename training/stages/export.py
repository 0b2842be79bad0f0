"""`export`: each arm as a Hugging Face folder, checked against transformers' own forward pass."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.stage import Job, Outcome
from training.config.contrast import ContrastSection
from training.config.export import ExportSection
from training.config.model import ModelSection
from training.data.batch import packed
from training.data.sequences import join
from training.data.shards import Ragged
from training.hub import fast_tokenizer, load_model, to_transformers, write_folder
from training.model import MaskedLM
from training.sentence_folder import write_sentence_folder


def run(job: Job) -> Outcome:
    """Write `ARM/` for each arm, then load it again with `transformers` and compare.

    An arm with the contrast gets `ARM-sentences/` too, which `sentence-transformers` loads.

    Raises UserError where an id or a hidden state differs from Polyloom's own by more than the tolerance.
    """
    export: ExportSection = job.config
    tokenize, publish = job.input("tokenize"), job.input("publish")
    arms = job.inputs["pretrain"]
    disable_progress_bar()  # type: ignore[no-untyped-call]
    texts, ids = _check_texts(publish, tokenize, export.check_sentences)
    files: list[FileEntry] = []
    differences: dict[str, float] = {}
    job.progress.start(len(arms), "arms")
    for number, (name, dataset) in enumerate(sorted(arms.items()), start=1):
        model, shape = trained_model(dataset)
        folder = job.draft.scratch(name)
        shutil.rmtree(folder, ignore_errors=True)  # what a killed run left
        folder.mkdir()
        tokenizer = fast_tokenizer(tokenize.read("tokenizer.model"), shape.positions)
        write_folder(to_transformers(model), tokenizer, folder)
        differences[name] = _largest_difference(folder, model, texts, ids, shape.positions)
        if not differences[name] <= export.tolerance:
            raise UserError(
                f"export of {name}: hidden states differ by {differences[name]:.1e} from transformers' own, more "
                f"than export.tolerance ({export.tolerance:.1e}); is the installed transformers a tested version?"
            )
        files += [
            job.draft.write_bytes(f"{name}/{path.name}", path.read_bytes(), {"kind": "model", "arm": name})
            for path in sorted(folder.iterdir())
        ]
        contrast = _contrast_of(dataset)
        if contrast is not None:
            files += _sentence_files(job, name, model, contrast, tokenizer)
        job.progress.update(number)
    return Outcome(
        unit_in="arms",
        unit_out="folders",
        counts=Counts(rows_in=len(arms), rows_out=len(arms)),
        files=files,
        summary={"checked_sentences": len(texts), "arms": sorted(arms)},
        timings={f"largest_difference.{name}": value for name, value in differences.items()},
    )


def _sentence_files(
    job: Job, name: str, model: MaskedLM, contrast: ContrastSection, tokenizer: PreTrainedTokenizerFast
) -> list[FileEntry]:
    """Write `ARM-sentences/` for an arm that has learned a contrast."""
    folder = job.draft.scratch(f"{name}-sentences")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_sentence_folder(model, contrast, tokenizer, folder)
    return [
        job.draft.write_bytes(
            f"{folder.name}/{path.relative_to(folder)}", path.read_bytes(), {"kind": "sentence_model", "arm": name}
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def _contrast_of(pretrain: Dataset) -> ContrastSection | None:
    arm = json.loads(pretrain.read("config.json"))["arm"]
    return ContrastSection.model_validate(arm["contrast"]) if "xlco" in arm["objectives"] else None


def trained_model(pretrain: Dataset) -> tuple[MaskedLM, ModelSection]:
    """Return the model of a pretrain dataset, and its shape."""
    config: dict[str, Any] = json.loads(pretrain.read("config.json"))
    shape = ModelSection.model_validate(config["arm"]["model"])
    return load_model(shape, config["vocabulary"], pretrain.read("model.safetensors")), shape


def _check_texts(publish: Dataset, tokenize: Dataset, count: int) -> tuple[list[str], list[list[int]]]:
    """Return dev texts of all languages in turn, and their ids in the token shards."""
    columns = []
    for entry in sorted(publish.files(kind="text", split="dev"), key=lambda entry: entry.name):
        (twin,) = [other for other in tokenize.files(kind="text", split="dev") if other.name == entry.name]
        texts = publish.table(entry)["text"].slice(0, count).to_pylist()
        columns.append(list(zip(texts, tokenize.table(twin)["ids"].slice(0, count).to_pylist(), strict=True)))
    turns = [column[row] for row in range(count) for column in columns if row < len(column)][:count]
    if not turns:
        raise UserError(f"{publish.place}: no dev texts to check the export with; give `publish` a larger dev split")
    return [text for text, _ in turns], [ids for _, ids in turns]


def _largest_difference(folder: Path, model: MaskedLM, texts: list[str], ids: list[list[int]], longest: int) -> float:
    """Return by how much hidden states of any layer, or logits, differ at most; infinity if ids do."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    theirs = AutoModelForMaskedLM.from_pretrained(folder).eval()
    largest = 0.0
    for text, row in zip(texts, ids, strict=True):
        sequence = join([Ragged.of([row[: longest - 2]])])
        if tokenizer(text, truncation=True, max_length=longest)["input_ids"] != sequence.values.tolist():
            return float("inf")
        batch = packed(sequence)
        with torch.no_grad():
            states = model.encoder.all_states(batch)
            other = theirs(batch.tokens[None], output_hidden_states=True)
            ours = [*states, model.logits(states[-1])]
        for left, right in zip(ours, [*other.hidden_states, other.logits], strict=True):
            largest = max(largest, float(np.abs(left.numpy() - right[0].numpy()).max()))
    return largest
