"""The steps of a run, one after another."""

from collections.abc import Iterator, Mapping
from itertools import count

from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data.batch import Step, collate
from training.data.sequences import Examples
from training.data.streams import Corpus, Cursor, Stream, prefill_stream, streams


class Loader:
    """All streams of an arm, read step by step. Its state is how far each was read, `cursors`, and nothing else."""

    def __init__(self, corpus: Corpus, arm: PretrainArm) -> None:
        self._arm = arm
        self._vocabulary = corpus.vocabulary
        self._streams: Mapping[Objective, Stream] = streams(corpus, arm)
        self._corpus = corpus
        self.cursors: dict[Objective, Cursor] = dict.fromkeys(self._streams, Cursor())

    def next(self, step: int) -> Step:
        """Return the examples of a step, counted from 0, and move the cursors on."""
        examples: dict[Objective, Examples] = {}
        for name, stream in self._streams.items():
            examples[name], self.cursors[name] = stream.next(self.cursors[name], step + 1)
        return collate(examples, self._vocabulary, self._arm, step)

    def prefill(self) -> Iterator[Examples]:
        """Yield examples of the contrast without end, in batches of about a step's tokens, to fill the queue with."""
        stream, cursor = prefill_stream(self._corpus, self._arm), Cursor()
        for step in count(1):
            examples, cursor = stream.next(cursor, step)
            yield examples
