"""A SentencePiece unigram model, with ids numbered as XLM-R numbers them.

Taku Kudo, "Subword Regularization", ACL 2018, for the model; fairseq's XLM-R for the ids: `<s>` 0, `<pad>` 1, `</s>` 2,
`<unk>` 3, then SentencePiece's own ids plus one, and `<mask>` last.
"""

import io
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import sentencepiece

from pipelines.datasets.errors import UserError
from pipelines.datasets.sentencepiece_file import describe

UNKNOWN: Final = 3
SPECIALS: Final = ("<unk>", "<s>", "</s>")  # SentencePiece's ids 0, 1 and 2
_OFFSET: Final = 1
_SPACE: Final = "▁"

Ids = npt.NDArray[Any]
Lengths = npt.NDArray[np.int32]


def train_unigram(
    texts: Iterable[str],
    pieces: int,
    coverage: float,
    threads: int,
    byte_fallback: bool = False,
    normalization: str = "nmt_nfkc",
) -> bytes:
    """Return a SentencePiece unigram model with `pieces` pieces, 256 of which are bytes with `byte_fallback`.

    The same texts in the same order with the same number of threads give the same bytes. Raises UserError where
    the texts are too few for so many pieces, or have too many different characters for so few.
    """
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=model,
            model_type="unigram",
            vocab_size=pieces,
            character_coverage=coverage,
            normalization_rule_name=normalization,
            byte_fallback=byte_fallback,
            input_sentence_size=0,
            shuffle_input_sentence=False,
            num_threads=threads,
            minloglevel=2,
        )
    except RuntimeError as error:
        cause = str(error).strip().rpartition("] ")[2].rstrip(".")  # without the place in its source
        raise UserError(
            f"SentencePiece cannot make {pieces:,} pieces of this text ({cause}); change tokenize.vocabulary"
        ) from error
    return model.getvalue()


class Vocabulary:
    """A model that encodes texts; `size` counts all ids, `<mask>` included.

    Raises ValueError, in a sentence, where the model is none, is no unigram model, or does not begin with `SPECIALS`.
    """

    def __init__(self, model: bytes) -> None:
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise ValueError("not a SentencePiece model") from error
        description = describe(model)
        if description.kind != "unigram":
            raise ValueError(f"a {description.kind} model, and XLM-R's kind is unigram")
        self.pieces = int(self._processor.get_piece_size())
        texts = self._processor.id_to_piece(list(range(self.pieces)))
        if tuple(texts[: len(SPECIALS)]) != SPECIALS or self._processor.unk_id() != 0:
            raise ValueError(f"a model whose first pieces are {' '.join(texts[:3])}, and XLM-R's are <unk> <s> </s>")
        self.size = self.pieces + _OFFSET + 1
        self.is_byte = np.zeros(self.size, bool)  # by id
        self.is_byte[_OFFSET:-1] = [self._processor.is_byte(place) for place in range(self.pieces)]
        self._ids = np.arange(self.pieces, dtype=np.uint16 if self.size <= 1 << 16 else np.uint32) + _OFFSET
        self._ids[0] = UNKNOWN
        self._words_apart = description.marks_words and _SPACE in texts and not any(map(_spans_words, texts))

    @property
    def id_type(self) -> pa.DataType:
        """The type of an id: uint16, or uint32 where the vocabulary needs it."""
        return pa.from_numpy_dtype(self._ids.dtype)

    def encode(self, texts: pa.Array) -> pa.ListArray:
        """Return the ids of each text: list<id>, no special tokens, nothing cut.

        Where no piece goes beyond a word, each different word is segmented once and its ids are copied to wherever it
        stands. That is what `tokenizers` does too; SentencePiece itself adds up scores along the whole text, so that
        where two segmentations of a word are equally good, rounding may choose the other one.
        """
        if not self._words_apart:
            ids, lengths = self._segment(texts)
            return _lists(ids, _starts(lengths))
        words = pc.split_pattern(texts, " ")
        coded = words.flatten().dictionary_encode()
        ids, lengths = self._segment(coded.dictionary)
        which = coded.indices.to_numpy()
        ends = _starts(lengths[which])
        places = np.repeat(_starts(lengths)[which] - ends[:-1], lengths[which])
        places += np.arange(len(places), dtype=np.int32)
        return _lists(ids[places], ends[words.offsets.to_numpy()])

    def _segment(self, texts: pa.Array) -> tuple[Ids, Lengths]:
        """Return the ids of all texts one after another, and how many each has."""
        encoded = self._processor.encode(texts.to_pylist(), out_type=int, num_threads=1) if len(texts) else []
        lengths = np.fromiter(map(len, encoded), np.int32, len(encoded))
        return self._ids[np.fromiter(chain.from_iterable(encoded), np.int32, int(lengths.sum()))], lengths


def _spans_words(piece: str) -> bool:
    return _SPACE in piece[1:] or " " in piece


def _starts(lengths: Lengths) -> Lengths:
    """Return where each of some lists begins that lie one after another, and where the last ends."""
    starts = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=starts[1:])
    return starts


def _lists(ids: Ids, offsets: Lengths) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(ids))
