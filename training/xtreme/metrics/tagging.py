"""The F1 of tagged spans (UD-POS, PAN-X), as two versions of `seqeval` compute it.

XTREME's evaluate.py calls `seqeval` without naming a version, and its two lines differ on UD-POS, whose tags have no
prefix. Both take the first letter of a tag for its place in a span (B, I, E, S, O) and join neighbours of one type, so
F1 is no token accuracy: N N V A against N V V A has an accuracy of 0.75 and an F1 of 0.33. Version 0.0.12 takes what
follows the last hyphen for the type, the whole of NOUN; version 1.2.2 drops the first letter first, so SCONJ and CCONJ
are one type, and X is the type of O. Scores are those of 0.0.12, the version of XTREME's time; the other stands beside.
"""

from collections.abc import Callable, Iterator, Sequence

from training.xtreme.metrics.accuracy import f1

Sentences = Sequence[Sequence[str]]
"""The tags of each sentence."""

Span = tuple[str, int, int]
"""Type, first and last place of a span; places count through all sentences, with one between two."""

OUTSIDE = "O"


def tagging_scores(gold: Sentences, predicted: Sentences) -> dict[str, float]:
    """Return F1, precision and recall by seqeval 0.0.12, the F1 by 1.2.2, and the share of tags that are right.

    Raises ValueError where the sentences are not the same in number and length.
    """
    if [len(one) for one in gold] != [len(one) for one in predicted]:
        raise ValueError("the predictions are not a tag for each word")
    right = sum(one == other for pair in zip(gold, predicted, strict=True) for one, other in zip(*pair, strict=True))
    words = sum(len(one) for one in gold)
    return {
        **_span_f1(gold, predicted, type_0_0_12),
        "f1_seqeval_1.2.2": _span_f1(gold, predicted, type_1_2_2)["f1"],
        "token_accuracy": 100.0 * right / words if words else 0.0,
    }


def type_0_0_12(tag: str) -> str:
    """Return the type that seqeval 0.0.12 sees in a tag."""
    return tag.split("-")[-1]


def type_1_2_2(tag: str) -> str:
    """Return the type that seqeval 1.2.2 sees in a tag."""
    return tag[1:].split("-", maxsplit=1)[-1] or "_"


def spans(sentences: Sentences, type_of: Callable[[str], str]) -> Iterator[Span]:
    """Yield the spans as both versions of seqeval find them (get_entities).

    A span's start is remembered even where no end follows, as there: with 1.2.2 an X before the end of a sentence has
    none, since it is of O's type.
    """
    place, before, type_before, start = 0, OUTSIDE, "", 0
    for tags in (*sentences, ()):
        for tag in (*tags, OUTSIDE):
            at, type_ = tag[0], type_of(tag)
            changed = type_ != type_before
            if before in "ES" or (before in "BI" and at in "BSO") or (before not in "O." and changed):
                yield type_before, start, place - 1
            if at in "BS" or (before in "ESO" and at in "EI") or (at not in "O." and changed):
                start = place
            place, before, type_before = place + 1, at, type_


def _span_f1(gold: Sentences, predicted: Sentences, type_of: Callable[[str], str]) -> dict[str, float]:
    truth, found = set(spans(gold, type_of)), set(spans(predicted, type_of))
    return f1(len(truth & found), len(found), len(truth))
