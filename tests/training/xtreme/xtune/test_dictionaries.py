"""Which runs read the recipe's dictionaries: those that switch words and name no dictionaries of their own."""

from typing import Any

import pytest

from training.config import STAGES
from training.config.xtreme_runs import (
    DICTIONARY,
    FINETUNE,
    XTUNE,
    FinetuneRun,
    XtuneRun,
    reads_dictionary,
    reads_teacher,
)
from training.config.xtune import AgreementSection, CodeSwitch, ConsistencySection, SubwordSampling

SWITCH, NAMED, SUBWORDS = CodeSwitch(), CodeSwitch(dictionaries={"de": "en-de.txt"}), SubwordSampling()


@pytest.mark.parametrize(("augmentation", "reads"), [(SWITCH, True), (NAMED, False), (SUBWORDS, False), (None, False)])
def test_the_first_stage(augmentation: Any, reads: bool) -> None:
    consistency = None if augmentation is None else ConsistencySection(augmentation=augmentation)
    assert reads_dictionary(FinetuneRun.model_construct(consistency=consistency), DICTIONARY, "") == reads


@pytest.mark.parametrize(
    ("ours", "theirs", "reads"), [(SWITCH, SUBWORDS, True), (SUBWORDS, SWITCH, True), (NAMED, SUBWORDS, False)]
)
def test_the_second_stage_reads_its_teacher_too(ours: Any, theirs: Any, reads: bool) -> None:
    run = XtuneRun.model_construct(
        consistency=ConsistencySection(augmentation=ours), agreement=AgreementSection(augmentation=theirs), teacher="a"
    )
    assert reads_teacher(run, DICTIONARY, "") == reads
    assert reads_teacher(run, FINETUNE, "a")
    assert not reads_teacher(run, FINETUNE, "b")


def test_both_stages_may_have_dictionaries() -> None:
    assert {spec.name for spec in STAGES if DICTIONARY in spec.optional} == {FINETUNE, XTUNE}
