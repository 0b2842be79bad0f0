"""A SentencePiece unigram model, with ids numbered as XLM-R numbers them.

Taku Kudo, "Subword Regularization", ACL 2018, for the model; fairseq's XLM-R for the ids: `<s>` 0, `<pad>` 1, `</s>` 2,
`<unk>` 3, then SentencePiece's own ids plus one, and `<mask>` last.
"""

import io
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import sentencepiece

from pipelines.datasets.errors import UserError

UNKNOWN = 3
_OFFSET = 1


def train_unigram(texts: Iterable[str], pieces: int, coverage: float, threads: int) -> bytes:
    """Return a SentencePiece unigram model with `pieces` pieces, NFKC and case-folded, no byte fallback.

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
            normalization_rule_name="nmt_nfkc_cf",
            byte_fallback=False,
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
    """A trained model that encodes texts; `size` counts all ids, `<mask>` included."""

    def __init__(self, model: bytes) -> None:
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        self.pieces = int(self._processor.get_piece_size())
        self.size = self.pieces + _OFFSET + 1
        self._ids = np.arange(self.pieces, dtype=np.uint16 if self.size <= 1 << 16 else np.uint32) + _OFFSET
        self._ids[self._processor.unk_id()] = UNKNOWN

    @property
    def id_type(self) -> pa.DataType:
        """The type of an id: uint16, or uint32 where the vocabulary needs it."""
        return pa.from_numpy_dtype(self._ids.dtype)

    def encode(self, texts: Sequence[str]) -> pa.ListArray:
        """Return the ids of each text: list<id>, no special tokens, nothing cut."""
        encoded = self._processor.encode(list(texts), out_type=int, num_threads=1) if len(texts) else []
        lengths = np.fromiter((len(ids) for ids in encoded), np.int64, len(encoded))
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        flat = np.fromiter((piece for ids in encoded for piece in ids), np.int64, int(offsets[-1]))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(self._ids[flat]))
