"""What a SentencePiece model file says of its normalisation, which the library does not give out.

The file is a protocol buffer (google/sentencepiece, `src/sentencepiece_model.proto`). It is read here by its wire
format, since the library's own Python classes for it insist on one version of the protobuf package.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_NORMALIZER_SPEC = 3
_PRECOMPILED_CHARSMAP = 2
_ADD_DUMMY_PREFIX = 3
_REMOVE_EXTRA_WHITESPACES = 4


@dataclass(frozen=True)
class Normalization:
    """charsmap: the compiled table of character replacements, b"" for none; the rest as in NormalizerSpec."""

    charsmap: bytes
    add_dummy_prefix: bool
    remove_extra_whitespaces: bool


def normalization(model: bytes) -> Normalization:
    """Return the NormalizerSpec of a serialized model. Raises ValueError where it is cut short."""
    spec: dict[int, int | bytes] = {}
    for number, value in _fields(model):
        if number == _NORMALIZER_SPEC and isinstance(value, bytes):
            spec = dict(_fields(value))
    charsmap = spec.get(_PRECOMPILED_CHARSMAP, b"")
    assert isinstance(charsmap, bytes)
    return Normalization(charsmap, bool(spec.get(_ADD_DUMMY_PREFIX, 1)), bool(spec.get(_REMOVE_EXTRA_WHITESPACES, 1)))


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of a message: an integer for a varint, the bytes for all else."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            number, at = _varint(data, at)
            yield tag >> 3, number
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"not a SentencePiece model: wire type {kind} at byte {at}")
        if at + length > len(data):
            raise ValueError(f"not a whole SentencePiece model: it ends at byte {len(data)}, inside a field")
        yield tag >> 3, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError(f"not a whole SentencePiece model: it ends at byte {len(data)}, inside a number")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
