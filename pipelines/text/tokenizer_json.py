"""A `tokenizer.json` of Hugging Face's `tokenizers` as the SentencePiece model that it was made from.

What XLM-R's converter writes is undone (huggingface/transformers, `convert_slow_tokenizer.py`, XLMRobertaConverter):
`<s>`, `<pad>`, `</s>`, `<unk>`, the pieces from SentencePiece's id 3 on with their scores, `<mask>`; the table of
character replacements; runs of spaces as one.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, Final

from pipelines.datasets.sentencepiece_file import BYTE, CONTROL, NORMAL, UNKNOWN, unigram_model

_BEFORE: Final = ["<s>", "<pad>", "</s>", "<unk>"]
_AFTER: Final = "<mask>"
_SPECIALS: Final = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]
_SPACES: Final = {"Regex": " {2,}"}


def sentencepiece_of(tokenizer: bytes) -> bytes:
    """Return the SentencePiece model of a `tokenizer.json` that numbers its pieces as XLM-R does.

    Raises ValueError, in a sentence, where it is no such file.
    """
    try:
        return _converted(json.loads(tokenizer))
    except (json.JSONDecodeError, UnicodeError, LookupError, TypeError, AttributeError, binascii.Error) as error:
        raise ValueError("not a tokenizer.json of `tokenizers`") from error


def _converted(found: Any) -> bytes:
    model = found["model"]
    if model["type"] != "Unigram":
        raise ValueError(f"a {model['type']} tokenizer, and XLM-R's is Unigram")
    pieces = [(str(text), float(score)) for text, score in model["vocab"]]
    texts = [text for text, _ in pieces]
    if texts[:4] != _BEFORE or texts[-1] != _AFTER or model.get("unk_id") != _BEFORE.index("<unk>"):
        raise ValueError(f"a tokenizer whose vocabulary does not begin with {' '.join(_BEFORE)} and end with {_AFTER}")
    byte_fallback = bool(model.get("byte_fallback"))
    charsmap = b""
    for step in [*_steps(found.get("normalizer")), *_steps(found.get("pre_tokenizer"))]:
        if step["type"] == "Precompiled":
            charsmap = base64.b64decode(step["precompiled_charsmap"])
        elif not _is_about_spaces(step):
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


def _is_about_spaces(step: dict[str, Any]) -> bool:
    """Return whether SentencePiece takes a step by itself: runs of spaces are one, and a text begins with one."""
    match step["type"]:
        case "Strip" | "WhitespaceSplit":
            return True
        case "Replace":
            return bool(step["pattern"] == _SPACES and step["content"] in (" ", "▁"))
        case "Metaspace":
            always = step.get("prepend_scheme", "always") == "always" and step.get("add_prefix_space", True)
            return bool(step["replacement"] == "▁" and always)
    return False


def _type(text: str, byte_fallback: bool) -> int:
    is_byte = byte_fallback and len(text) == 6 and text.startswith("<0x") and text.endswith(">")
    return BYTE if is_byte else NORMAL
