"""Writes what `seqeval` says of random tags, to stdout: run in an environment of its own that has one version of it.

    for version in 0.0.12 1.2.2; do
        python -m venv /tmp/seqeval-$version
        /tmp/seqeval-$version/bin/pip install --no-deps seqeval==$version numpy==1.26.4 scikit-learn==1.5.2 \
            scipy==1.14.1 joblib==1.4.2 threadpoolctl==3.5.0
        /tmp/seqeval-$version/bin/python tests/training/xtreme/metrics/seqeval_scores.py \
            > tests/training/xtreme/metrics/seqeval-$version.json
    done

Version 0.0.12 asks for Keras, which its metrics do not use.
"""

import json
import random
import sys
import types
import warnings

TAGS = (
    ["NOUN", "VERB", "ADJ", "X", "SCONJ", "CCONJ", "SYM", "INTJ", "PROPN", "PUNCT"],
    ["B-LOC", "B-ORG", "B-PER", "I-LOC", "I-ORG", "I-PER", "O"],
    ["X", "O", "SYM", "B-PER", "E-PER", "S-LOC", "I-LOC"],
)


def cases(count=120):
    draw = random.Random(8)
    for number in range(count):
        tags = TAGS[number % len(TAGS)][: draw.randint(2, 10)]
        lengths = [draw.randint(1, 7) for _ in range(draw.randint(1, 4))]
        gold = [[draw.choice(tags) for _ in range(length)] for length in lengths]
        share = draw.random()
        predicted = [[tag if draw.random() < share else draw.choice(tags) for tag in one] for one in gold]
        yield gold, predicted


def main():
    for name in ("keras", "keras.callbacks"):
        module = types.ModuleType(name)
        module.Callback = object
        sys.modules[name] = module
    warnings.simplefilter("ignore")
    from seqeval.metrics import f1_score, precision_score, recall_score

    rows = [
        {
            "gold": [" ".join(one) for one in gold],
            "predicted": [" ".join(one) for one in predicted],
            "f1": float(f1_score(gold, predicted)),
            "precision": float(precision_score(gold, predicted)),
            "recall": float(recall_score(gold, predicted)),
        }
        for gold, predicted in cases()
    ]
    print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")


if __name__ == "__main__":
    main()
