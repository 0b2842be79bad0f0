"""The sections of the YAML that belong to training: `embed`, `score`, `pretrain`, `export`,
`evaluate` and `xtreme`, which four stages go by.

The defaults are the faithful recipe of InfoXLM base (Chi et al. 2021 and microsoft/unilm, infoxlm/README.md).
A recipe for a tiny model sets each deviation by name. Importing this package loads no torch.
"""

from pipelines.datasets.stage import StageSpec
from training.config.compare import CompareSection
from training.config.evaluate import EvaluateSection
from training.config.export import ExportSection
from training.config.pretrain import PretrainSection
from training.config.reading import EmbedSection, ScoreSection
from training.config.xtreme import XtremeSection
from training.config.xtreme_runs import (
    DICTIONARY,
    FINETUNE,
    PREDICT,
    SCOREBOARD,
    XTUNE,
    finetune_runs,
    is_candidate,
    predict_runs,
    reads_dictionary,
    reads_teacher,
    scoreboard_run,
    xtune_runs,
)

STAGES: tuple[StageSpec, ...] = (
    StageSpec(
        name="embed",
        version=1,
        section=EmbedSection,
        entry="training.stages.embed:run",
        needs=("segment",),
        extra="training",
        help="Turn sentences into vectors.",
    ),
    StageSpec(
        name="score",
        version=1,
        section=ScoreSection,
        entry="training.stages.score:run",
        needs=("align",),
        optional=("mine",),
        extra="training",
        help="Give every pair its margin by an encoder.",
    ),
    StageSpec(
        name="pretrain",
        version=3,
        section=PretrainSection,
        entry="training.stages.pretrain:run",
        needs=("tokenize",),
        extra="training",
        help="Train the encoder, once for each arm.",
        instances=PretrainSection.resolve,
        together="training.processes:together",
    ),
    StageSpec(
        name="export",
        version=2,
        section=ExportSection,
        entry="training.stages.export:run",
        needs=("tokenize", "publish", "pretrain"),
        extra="training",
        help="Write each arm as a Hugging Face folder, and as one of sentence-transformers.",
    ),
    StageSpec(
        name="evaluate",
        version=1,
        section=EvaluateSection,
        entry="training.stages.evaluate:run",
        needs=("publish", "tokenize", "pretrain"),
        extra="training",
        help="Score cross-lingual retrieval on test against two controls.",
    ),
    StageSpec(
        name="compare",
        version=1,
        section=CompareSection,
        entry="training.stages.compare:run",
        needs=("publish", "tokenize", "pretrain"),
        extra="training",
        help="Measure encoders of several recipes on what all their corpora hold out.",
        across=True,
    ),
    StageSpec(
        name=FINETUNE,
        version=1,
        section=XtremeSection,
        entry="training.stages.finetune:run",
        needs=(),
        extra="training",
        help="Fine-tune an encoder on a task, once for each point of a grid and each seed.",
        instances=finetune_runs,
        key="xtreme",
        optional=(DICTIONARY,),
        reads=reads_dictionary,
    ),
    StageSpec(
        name=XTUNE,
        version=1,
        section=XtremeSection,
        entry="training.stages.xtune:run",
        needs=(FINETUNE,),
        extra="training",
        help="Fine-tune again with the first model as the teacher (xTune, stage 2).",
        instances=xtune_runs,
        key="xtreme",
        optional=(DICTIONARY,),
        reads=reads_teacher,
    ),
    StageSpec(
        name=PREDICT,
        version=1,
        section=XtremeSection,
        entry="training.stages.predict:run",
        needs=(FINETUNE, XTUNE),
        extra="training",
        help="Predict a task's test set in all languages, and score it.",
        instances=predict_runs,
        key="xtreme",
        reads=is_candidate,
    ),
    StageSpec(
        name=SCOREBOARD,
        version=1,
        section=XtremeSection,
        entry="training.stages.scoreboard:run",
        needs=(PREDICT,),
        extra="training",
        help="Score encoders on the tasks of XTREME, beside published rows.",
        instances=scoreboard_run,
        key="xtreme",
    ),
)
