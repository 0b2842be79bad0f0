"""A `tokenizer.json` of Hugging Face's `tokenizers` as the SentencePiece model that it was made from.

What XLM-R's converter writes is undone (huggingface/transformers, `convert_slow_tokenizer.py`, XLMRobertaConverter):
`<s>`, `<pad>`, `</s>`, `<unk>`, the pieces from SentencePiece's id 3 on with their scores, `<mask>`; the table of
character replacements; runs of spaces as one.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

from pipelines.datasets.sentencepiece_file import BYTE, CONTROL, NORMAL, UNKNOWN, unigram_model

_BEFORE: Final = ["<s>", "<pad>", "</s>", "<unk>"]
_AFTER: Final = "<mask>"
_SPECIALS: Final = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]
_WHITE_SPACE: Final = ("Strip", "Replace", "WhitespaceSplit")  # steps that SentencePiece takes by itself


def sentencepiece_of(tokenizer: bytes) -> bytes:
    """Return the SentencePiece model of a `tokenizer.json` that numbers its pieces as XLM-R does.

    Raises ValueError, in a sentence, where it is no such file.
    """
    try:
        found = json.loads(tokenizer)
        model = found["model"]
        kind = model["type"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("not a tokenizer.json of `tokenizers`") from error
    if kind != "Unigram":
        raise ValueError(f"a {kind} tokenizer, and XLM-R's is Unigram")
    pieces = [(str(text), float(score)) for text, score in model["vocab"]]
    texts = [text for text, _ in pieces]
    if texts[:4] != _BEFORE or texts[-1] != _AFTER or model.get("unk_id") != _BEFORE.index("<unk>"):
        raise ValueError(f"a tokenizer whose vocabulary does not begin with {' '.join(_BEFORE)} and end with {_AFTER}")
    byte_fallback = bool(model.get("byte_fallback"))
    charsmap = b""
    for step in [*_steps(found.get("normalizer")), *_steps(found.get("pre_tokenizer"))]:
        if step["type"] == "Precompiled":
            charsmap = base64.b64decode(step["precompiled_charsmap"])
        elif step["type"] not in _WHITE_SPACE and not _is_prefix(step):
            raise ValueError(f"a tokenizer with the step {step['type']!r}, which XLM-R's has not")
    return unigram_model(
        [*_SPECIALS, *((text, score, _type(text, byte_fallback)) for text, score in pieces[len(_BEFORE) : -1])],
        charsmap,
        byte_fallback,
    )


def _steps(step: Any) -> Iterator[dict[str, Any]]:
    if step is None:
        return
    inner = step.get("normalizers") or step.get("pretokenizers")
    if inner is None:
        yield step
    else:
        for one in inner:
            yield from _steps(one)


def _is_prefix(step: dict[str, Any]) -> bool:
    """Return whether a step writes spaces as SentencePiece does, one before the first word too."""
    always = step.get("prepend_scheme", "always") == "always" and step.get("add_prefix_space", True)
    return step["type"] == "Metaspace" and step.get("replacement") == "▁" and bool(always)


def _type(text: str, byte_fallback: bool) -> int:
    is_byte = byte_fallback and len(text) == 6 and text.startswith("<0x") and text.endswith(">")
    return BYTE if is_byte else NORMAL
