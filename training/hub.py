"""To Hugging Face and back: weights, config and tokenizer of an encoder as `transformers` loads them."""

from pathlib import Path
from typing import Any

from safetensors.torch import load as safetensors_load
from sentencepiece import SentencePieceProcessor
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    PretrainedConfig,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
    XLMRobertaModel,
)

from pipelines.datasets.sentencepiece_file import describe
from training.config.model import ModelSection
from training.data.sequences import BOS, EOS, FIRST_PIECE, PAD, UNK
from training.model import LAYER_NORM_EPSILON, POSITION_OFFSET, Encoder, MaskedLM
from training.weights import from_hugging_face, to_hugging_face

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")


def load_model(shape: ModelSection, vocabulary: int, weights: bytes) -> MaskedLM:
    """Return the model that `model.safetensors` of a pretrain dataset holds."""
    model = MaskedLM(shape, vocabulary)
    model.load_state_dict(safetensors_load(weights))
    return model.eval()


def to_transformers(model: MaskedLM) -> XLMRobertaForMaskedLM:
    """Return the same model as transformers' own, with equal weights."""
    shape = model.encoder.shape
    vocabulary = model.head.bias.shape[0]
    config = XLMRobertaConfig(
        vocab_size=vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.positions + POSITION_OFFSET,
        type_vocab_size=1,
        layer_norm_eps=LAYER_NORM_EPSILON,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=shape.initializer_std,
        bos_token_id=BOS,
        pad_token_id=PAD,
        eos_token_id=EOS,
    )
    theirs: XLMRobertaForMaskedLM = XLMRobertaForMaskedLM(config)
    missing, unexpected = theirs.load_state_dict(to_hugging_face(model.state_dict(), shape.layers), strict=False)
    derived = {"lm_head.decoder.weight", "lm_head.decoder.bias"}  # tied to the embeddings and to lm_head.bias
    assert not unexpected, unexpected
    assert set(missing) <= derived, missing
    theirs.tie_weights()
    return theirs


def fast_tokenizer(sentencepiece_model: bytes, longest: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer that numbers pieces as XLM-R does and gives the ids of the token shards.

    The SentencePiece model's own normalisation table is carried over, so no second model file is needed.
    """
    processor = SentencePieceProcessor(model_proto=sentencepiece_model)
    pieces = [(processor.id_to_piece(n), processor.get_score(n)) for n in range(processor.get_piece_size())]
    # SentencePiece's own ids 0, 1, 2 are <unk>, <s>, </s>; its id 3 becomes 4, as in XLM-R
    vocabulary = [(token, 0.0) for token in SPECIALS] + pieces[FIRST_PIECE - 1 :] + [("<mask>", 0.0)]
    description = describe(sentencepiece_model)
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=UNK, byte_fallback=description.byte_fallback))
    spec = description.normalization
    steps: list[Any] = []
    if spec.charsmap:
        steps.append(normalizers.Precompiled(spec.charsmap))
    if spec.remove_extra_whitespaces:
        steps += [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    tokenizer.normalizer = normalizers.Sequence(steps)
    prefix = "always" if spec.add_dummy_prefix else "never"
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=prefix)
    metaspace = decoders.Metaspace(replacement="▁", prepend_scheme=prefix)
    tokenizer.decoder = (
        decoders.Sequence([decoders.ByteFallback(), metaspace]) if description.byte_fallback else metaspace
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", BOS), ("</s>", EOS)]
    )
    fast: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=longest,
        bos_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        cls_token="<s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token=AddedToken("<mask>", lstrip=True),
        padding_side="right",
    )
    return fast


def write_folder(model: XLMRobertaForMaskedLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write what `AutoModelForMaskedLM` and `AutoTokenizer` load, without network."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def is_of_our_shape(config: PretrainedConfig) -> bool:
    """Return whether `load_encoder` can run a model of transformers' with this config."""
    return (
        config.model_type == "xlm-roberta"
        and config.hidden_act == "gelu"
        and config.layer_norm_eps == LAYER_NORM_EPSILON
        and config.type_vocab_size == 1
    )


def load_encoder(folder: Path, dropout: float = 0.0, attention_dropout: float = 0.0) -> Encoder:
    """Return the encoder of a Hugging Face folder with an XLM-R, ready to run on packed sequences.

    The dropouts are those of further training; what the folder's config says of them does not count.
    """
    theirs = XLMRobertaModel.from_pretrained(folder, add_pooling_layer=False, local_files_only=True)
    config = theirs.config
    shape = ModelSection(
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        heads=config.num_attention_heads,
        feed_forward=config.intermediate_size,
        positions=config.max_position_embeddings - POSITION_OFFSET,
        dropout=dropout,
        attention_dropout=attention_dropout,
    )
    encoder = Encoder(shape, config.vocab_size)
    own = from_hugging_face(theirs.state_dict(), shape.layers)
    encoder.load_state_dict({name.removeprefix("encoder."): weight for name, weight in own.items()})
    return encoder.eval()
