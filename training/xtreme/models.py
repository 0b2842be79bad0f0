"""Fine-tuned models as they begin, and as they come out of a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from safetensors.torch import load as safetensors_load
from safetensors.torch import save as safetensors_save
from transformers import AutoConfig
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from pipelines.datasets.errors import UserError
from training.config.finetuning import FineTuningSection
from training.hub import is_of_our_shape, load_encoder
from training.model import Encoder, initialized
from training.xtreme.features import Limits
from training.xtreme.heads import FineTuned, HeadKind, new_head
from training.xtreme.tasks.registry import Kind

_HEADS: Final[dict[Kind, HeadKind]] = {Kind.PAIR: "classification", Kind.TAGGING: "tagging", Kind.QA: "span"}
_STD: Final = 0.02  # of a new head's weights, XLM-R's `initializer_range`


def limits_of(section: FineTuningSection) -> Limits:
    """Return how long inputs may be."""
    return Limits(section.max_tokens, section.question_tokens, section.stride)


def pretrained_encoder(folder: Path, section: FineTuningSection) -> Encoder:
    """Return the encoder of a Hugging Face folder, with the dropout of fine-tuning.

    Raises UserError as `encoder_of` does, and where it cannot take so long an input.
    """
    encoder = encoder_of(folder, section.dropout, section.attention_dropout)
    check_length(encoder, section)
    return encoder


def encoder_of(folder: Path, dropout: float = 0.0, attention_dropout: float = 0.0) -> Encoder:
    """Return the encoder of a Hugging Face folder. Raises UserError where it cannot be loaded or is no XLM-R."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    set_verbosity_error()  # type: ignore[no-untyped-call]  # the language model's head that is left out is worth no table
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        if not is_of_our_shape(config):
            raise UserError(f"{folder}: its model is of type {config.model_type!r}; fine-tuning takes xlm-roberta")
        return load_encoder(folder, dropout, attention_dropout)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{folder}: transformers cannot load an encoder from it ({reason})") from error


def redrawn(encoder: Encoder, seed: int) -> Encoder:
    """Return an encoder of the same shape whose weights are drawn by the seed, as a control."""
    return initialized(encoder.shape, encoder.tokens.num_embeddings, seed).encoder.eval()


def check_length(encoder: Encoder, section: FineTuningSection) -> None:
    """Raise UserError where inputs may be longer than the encoder has positions."""
    if section.max_tokens > encoder.shape.positions:
        raise UserError(
            f"max_tokens is {section.max_tokens}, and the encoder has {encoder.shape.positions} positions: lower it"
        )


def with_head(encoder: Encoder, kind: Kind, classes: Sequence[str], section: FineTuningSection, seed: int) -> FineTuned:
    """Return the model to fine-tune for a kind of task: its head is drawn by the seed."""
    head: HeadKind = _HEADS[kind]
    if head == "tagging" and section.word_state == "sum":
        head = "tagging_by_sum"
    return FineTuned(encoder, new_head(head, encoder.shape.hidden, classes, section.dropout, _STD, seed))


def to_bytes(model: FineTuned) -> bytes:
    """Return a model's weights as `model.safetensors` of a `finetune` dataset holds them."""
    return safetensors_save({name: weight.cpu().contiguous() for name, weight in model.state_dict().items()})


def restore(model: FineTuned, weights: bytes) -> FineTuned:
    """Return the model with the weights of `to_bytes`, in evaluation mode."""
    model.load_state_dict(safetensors_load(weights))
    return model.eval()
