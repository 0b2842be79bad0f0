"""The corpus stages and their sections of the config. Light: importing it loads neither Beam nor a model."""

from pipelines.config.align import AlignSection
from pipelines.config.annotate import AnnotateSection
from pipelines.config.deduplicate import DeduplicateSection
from pipelines.config.dictionary import DictionarySection
from pipelines.config.ingest import IngestSection
from pipelines.config.mine import MineSection
from pipelines.config.publish import PublishSection
from pipelines.config.segment import SegmentSection
from pipelines.config.tokenize import TokenizeSection
from pipelines.datasets.stage import StageSpec

STAGES: tuple[StageSpec, ...] = (
    StageSpec(
        name="ingest",
        version=3,
        section=IngestSection,
        entry="pipelines.stages.ingest:run",
        needs=(),
        extra="pipelines",
        help="Read raw files, normalise and measure each paragraph.",
    ),
    StageSpec(
        name="segment",
        version=1,
        section=SegmentSection,
        entry="pipelines.stages.segment:run",
        needs=("ingest",),
        extra="pipelines",
        help="Divide the paragraphs of documents into sentences.",
    ),
    StageSpec(
        name="align",
        version=3,
        section=AlignSection,
        entry="pipelines.stages.align:run",
        needs=("ingest",),
        optional=("segment", "embed"),
        extra="pipelines",
        help="Pair each sentence with its counterpart in the pivot language.",
    ),
    StageSpec(
        name="mine",
        version=1,
        section=MineSection,
        entry="pipelines.stages.mine:run",
        needs=("ingest", "segment", "embed"),
        extra="mining",
        help="Find pairs among sentences that nothing ties together.",
    ),
    StageSpec(
        name="deduplicate",
        version=3,
        section=DeduplicateSection,
        entry="pipelines.stages.deduplicate:run",
        needs=("ingest",),
        optional=("align", "mine"),
        extra="pipelines",
        help="Find the copies of each text and pair; nothing is dropped.",
    ),
    StageSpec(
        name="annotate",
        version=2,
        section=AnnotateSection,
        entry="pipelines.stages.annotate:run",
        needs=("ingest", "deduplicate"),
        optional=("align", "mine"),
        extra="pipelines",
        help="Give documents and rows further scores: perplexity, classifiers, columns from outside.",
    ),
    StageSpec(
        name="publish",
        version=3,
        section=PublishSection,
        entry="pipelines.stages.publish:run",
        needs=("ingest", "deduplicate"),
        optional=("align", "mine", "annotate", "score"),
        extra="pipelines",
        help="Apply thresholds, keep one of each cluster, hold out documents, write language shards.",
    ),
    StageSpec(
        name="dictionary",
        version=1,
        section=DictionarySection,
        entry="pipelines.stages.dictionary:run",
        needs=("publish",),
        extra="pipelines",
        help="Take a dictionary of words out of the pairs of each language.",
    ),
    StageSpec(
        name="tokenize",
        version=2,
        section=TokenizeSection,
        entry="pipelines.stages.tokenize:run",
        needs=("publish",),
        extra="pipelines",
        help="Train a SentencePiece model on the train split, or take a given one, and encode all shards.",
    ),
)
