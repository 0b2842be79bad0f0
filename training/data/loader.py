"""The steps of a run, one after another, each prepared while the one before it trains."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data.batch import Step, collate
from training.data.sequences import Examples
from training.data.streams import Corpus, Cursor, Stream, prefill_stream, streams

Cursors = dict[Objective, Cursor]


@dataclass(frozen=True)
class _Ahead:
    """A step that is being prepared, and from where."""

    step: int
    cursors: Cursors
    made: Future[tuple[Step, Cursors]]


class Loader:
    """All streams of an arm, read step by step.

    Its state is how far the steps that were handed out have read, `cursors`, and nothing else: the step that a
    thread prepares meanwhile is a pure function of them, and counts when it is asked for.
    """

    def __init__(self, corpus: Corpus, arm: PretrainArm) -> None:
        self._corpus = corpus
        self._arm = arm
        self._streams: Mapping[Objective, Stream] = streams(corpus, arm)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="loader")
        self._ahead: _Ahead | None = None
        self.cursors: Cursors = dict.fromkeys(self._streams, Cursor())

    def next(self, step: int) -> Step:
        """Return the examples of a step, counted from 0, and move the cursors on."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and (ahead.step, ahead.cursors) == (step, self.cursors):
            made, self.cursors = ahead.made.result()
        else:
            made, self.cursors = self._made(step, self.cursors)
        if step + 1 < self._arm.steps:
            begin = dict(self.cursors)
            self._ahead = _Ahead(step + 1, begin, self._thread.submit(self._made, step + 1, begin))
        return made

    def prefill(self) -> Iterator[Examples]:
        """Yield examples of the contrast without end, in batches of about a step's tokens, to fill the queue with."""
        stream, cursor = prefill_stream(self._corpus, self._arm), Cursor()
        for step in count(1):
            examples, cursor = stream.next(cursor, step)
            yield examples

    def _made(self, step: int, cursors: Cursors) -> tuple[Step, Cursors]:
        examples: dict[Objective, Examples] = {}
        behind: Cursors = {}
        for name, stream in self._streams.items():
            examples[name], behind[name] = stream.next(cursors[name], step + 1)
        return collate(examples, self._corpus.vocabulary, self._arm, step), behind
