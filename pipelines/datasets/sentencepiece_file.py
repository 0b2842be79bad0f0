"""What a SentencePiece model file says of itself that the library does not give out, and how such a file is written.

The file is a protocol buffer (google/sentencepiece, `src/sentencepiece_model.proto`). It is read here by its wire
format, since the library's own Python classes for it insist on one version of the protobuf package.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

Kind = Literal["unigram", "bpe", "word", "char"]
_KINDS: Final[dict[int, Kind]] = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}

# Numbers of fields: of ModelProto, then of its parts.
_PIECE, _TRAINER, _NORMALIZER = 1, 2, 3
_MODEL_TYPE, _WHITESPACE_AS_SUFFIX, _BYTE_FALLBACK = 3, 24, 35
_CHARSMAP, _DUMMY_PREFIX, _EXTRA_WHITESPACES, _ESCAPE_WHITESPACES = 2, 3, 4, 5
_TEXT, _SCORE, _TYPE = 1, 2, 3
# Types of pieces.
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


@dataclass(frozen=True)
class Normalization:
    """charsmap: the compiled table of character replacements, b"" for none; the rest as in NormalizerSpec."""

    charsmap: bytes
    add_dummy_prefix: bool = True
    remove_extra_whitespaces: bool = True
    escape_whitespaces: bool = True

    @property
    def knows_spaces(self) -> bool:
        """Whether a rule of the table holds a space.

        The table is a double-array trie (s-yata/darts-clone) of 32-bit units after their size in bytes: a unit's low
        byte is the character that leads to it, its highest bit marks a leaf.
        """
        if not self.charsmap:
            return False
        (size,) = struct.unpack_from("<I", self.charsmap)
        units = np.frombuffer(self.charsmap, "<u4", size // 4, 4)
        return bool(np.any((units & 0x800000FF) == ord(" ")))


@dataclass(frozen=True)
class Description:
    """What a model file says beside its pieces."""

    kind: Kind
    byte_fallback: bool
    whitespace_as_suffix: bool
    normalization: Normalization

    @property
    def marks_words(self) -> bool:
        """Whether what lies between two spaces is normalised by itself and begins with the sign for a space."""
        spec = self.normalization
        given = spec.add_dummy_prefix and spec.remove_extra_whitespaces and spec.escape_whitespaces
        return given and not self.whitespace_as_suffix and not spec.knows_spaces


def describe(model: bytes) -> Description:
    """Return what a serialized model says of itself. Raises ValueError where it is no such file, or cut short."""
    trainer: dict[int, int | bytes] = {}
    normalizer: dict[int, int | bytes] = {}
    for number, value in _fields(model):
        if number == _TRAINER and isinstance(value, bytes):
            trainer = dict(_fields(value))
        if number == _NORMALIZER and isinstance(value, bytes):
            normalizer = dict(_fields(value))
    kind = trainer.get(_MODEL_TYPE, 1)
    if not isinstance(kind, int) or kind not in _KINDS:
        raise ValueError(f"not a SentencePiece model: its type is {kind!r}")
    charsmap = normalizer.get(_CHARSMAP, b"")
    assert isinstance(charsmap, bytes)
    return Description(
        kind=_KINDS[kind],
        byte_fallback=bool(trainer.get(_BYTE_FALLBACK, 0)),
        whitespace_as_suffix=bool(trainer.get(_WHITESPACE_AS_SUFFIX, 0)),
        normalization=Normalization(
            charsmap,
            *(bool(normalizer.get(name, 1)) for name in (_DUMMY_PREFIX, _EXTRA_WHITESPACES, _ESCAPE_WHITESPACES)),
        ),
    )


def unigram_model(pieces: Iterable[tuple[str, float, int]], charsmap: bytes, byte_fallback: bool) -> bytes:
    """Return a serialized unigram model: (text, score, type) of each piece by id, its first the unknown piece.

    White space is treated as SentencePiece does by default: runs of it are one, and a text begins with one.
    """
    parts = [
        _field(_PIECE, _field(_TEXT, text.encode()) + _float(_SCORE, score) + _field(_TYPE, kind))
        for text, score, kind in pieces
    ]
    parts.append(_field(_TRAINER, _field(_MODEL_TYPE, 1) + _field(_BYTE_FALLBACK, int(byte_fallback))))
    parts.append(_field(_NORMALIZER, _field(_CHARSMAP, charsmap)))
    return b"".join(parts)


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


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _written(number << 3) + _written(value)
    return _written(number << 3 | 2) + _written(len(value)) + value


def _float(number: int, value: float) -> bytes:
    return _written(number << 3 | 5) + struct.pack("<f", value)


def _written(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
