"""What pre-training gives to transfer from English: `python tests/benchmarks/transfer.py`, after `make run`.

Writes the catalog task beside the runs, fine-tunes by the two recipes (`polyloom run`; what is there already is not
made again), and scores their predictions against a majority class and character n-grams. Prints tables for
docs/transfer.md in Markdown and draws the picture; the last line is JSON.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from transfer_chart import transfer_svg

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.plan import plan
from pipelines.recipe import RecipeBase, load_recipe
from training.config.xtreme import XtremeSection
from training.config.xtreme_runs import FINETUNE, PREDICT, XTUNE
from training.transfer.catalog import Catalog, CatalogText, read_catalog
from training.transfer.controls import contexts, majority, ngram_classifier, ngram_tagger
from training.transfer.result import Predicted, markdown, measured
from training.transfer.scores import Gold, Labels
from training.xtreme.tasks.examples import TaggedSentence
from training.xtreme.tasks.tagging import read_tagged

RECIPES = (Path("flows/configs/transfer.yaml"), Path("flows/configs/transfer_xtune.yaml"))
CORPUS = Path("flows/configs/demo.yaml")
UD, CATALOG = "ud_pos", "catalog"
COMPARED = (
    ("mmlm_tlm", "untrained"),
    ("mmlm_tlm_xlco", "mmlm_tlm"),
    ("mmlm_tlm_xlco_xtune", "mmlm_tlm_xlco"),
    ("mmlm_tlm_xlco", "char_ngrams"),
)
Sentences = dict[str, list[TaggedSentence]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Fine-tune encoders on two tasks, and measure what is transferred.")
    parser.add_argument("--set", action="append", default=[], metavar="KEY.PATH=VALUE", help="for both recipes")
    overrides = parser.parse_args().set
    try:
        run(overrides)
    except UserError as error:
        sys.exit(str(error))


def run(overrides: Sequence[str]) -> None:
    begun = time.monotonic()
    catalog = read_catalog(published(), seed=1)
    write_catalog(catalog, catalog_folder(overrides))
    for path in RECIPES:
        settings = [part for one in overrides for part in ("--set", one)]
        if subprocess.run([sys.executable, "-m", "pipelines.cli", "run", str(path), *settings], check=False).returncode:
            raise UserError(f"{path}: fine-tuning did not come to its end; the same command goes on from there")
    recipes = [load_recipe(path, overrides) for path in RECIPES]
    tasks = {UD: of_treebanks(recipes), CATALOG: of_catalog(recipes, catalog)}
    folder = recipes[0].folder
    for one in tasks.values():
        print("\n".join(markdown(one["title"], one)))
    (folder / "transfer.svg").write_bytes(transfer_svg(tasks))
    (folder / "transfer.json").write_text(json.dumps(tasks, indent=1), "utf-8")
    print(f"picture: {folder / 'transfer.svg'}\nfigures: {folder / 'transfer.json'}\n")
    print(json.dumps(last_line(tasks) | {"seconds": round(time.monotonic() - begun)}))


def published() -> Dataset:
    """Return the corpus that the encoders were trained on."""
    (own,) = [one for one in plan(load_recipe(CORPUS)) if one.spec.name == "publish"]
    if not own.is_done:
        raise UserError(f"{own.folder} is not there; `polyloom run {CORPUS}` makes it")
    return Dataset(own.folder)


def catalog_folder(overrides: Sequence[str]) -> Path:
    """Return the folder of the catalog task's files, which the recipe names."""
    return Path(section_of(load_recipe(RECIPES[0], overrides)).tasks[CATALOG].train["en"]).parent


def write_catalog(catalog: Catalog, folder: Path) -> None:
    """Write the task in the format of text pairs, the second text empty."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"train-en": catalog.train, "dev-en": catalog.dev}
    parts |= {f"test-{language}": texts for language, texts in catalog.test.items()}
    for name, texts in parts.items():
        (folder / f"{name}.tsv").write_text("".join(f"{one.text}\t\t{one.place}\n" for one in texts), "utf-8")


def section_of(recipe: RecipeBase) -> XtremeSection:
    section = recipe.section(FINETUNE)
    assert isinstance(section, XtremeSection)
    return section


def of_treebanks(recipes: Sequence[RecipeBase]) -> dict[str, Any]:
    task = section_of(recipes[0]).tasks[UD]
    train, dev = (read_tagged(Path(files["en"]), task.classes) for files in (task.train, task.dev))
    test = {language: read_tagged(Path(path), task.classes) for language, path in task.test.items()}
    predict, chosen = ngram_tagger(words_and_tags(train), words_and_tags(dev), seed=1)
    most = majority(tag for _, tag in words_and_tags(train))
    controls: dict[str, Predicted] = {
        "majority": [{language: [[most] * len(one.words) for one in some] for language, some in test.items()}],
        "char_ngrams": [{language: list(tagged(predict, some)) for language, some in test.items()}],
    }
    sizes = np.cumsum([0, *map(len, test.values())])
    gold = {
        language: Gold([tags_of(one) for one in some], np.arange(begin, begin + len(some)))
        for (language, some), begin in zip(test.items(), sizes.tolist(), strict=False)
    }
    return result(recipes, UD, gold, controls, chosen)


def of_catalog(recipes: Sequence[RecipeBase], catalog: Catalog) -> dict[str, Any]:
    def pairs(texts: Sequence[CatalogText]) -> list[tuple[str, str]]:
        return [(one.text, one.place) for one in texts]

    predict, chosen = ngram_classifier(pairs(catalog.train), pairs(catalog.dev))
    most = majority(one.place for one in catalog.train)
    controls: dict[str, Predicted] = {
        "majority": [{language: [[most]] * len(texts) for language, texts in catalog.test.items()}],
        "char_ngrams": [
            {
                language: [[label] for label in predict([one.text for one in texts])]
                for language, texts in catalog.test.items()
            }
        ],
    }
    number: dict[str, int] = {}
    gold = {
        language: Gold(
            [[one.place] for one in texts],
            np.asarray([number.setdefault(one.english, len(number)) for one in texts], np.int64),
        )
        for language, texts in catalog.test.items()
    }
    return result(recipes, CATALOG, gold, controls, chosen)


def result(
    recipes: Sequence[RecipeBase],
    task: str,
    gold: Mapping[str, Gold],
    controls: Mapping[str, Predicted],
    chosen: Mapping[str, Any],
) -> dict[str, Any]:
    section = section_of(recipes[0]).tasks[task]
    encoders = {name: seeds for recipe in recipes for name, seeds in predictions(recipe, task)}
    encoders = {name: encoders[name] for name in dict.fromkeys(("untrained", *encoders))}
    found = measured(gold, section.classes, {**controls, **encoders}, COMPARED)
    return {"title": section.title, "char_ngrams": dict(chosen), "seconds": seconds(recipes, task)} | found


def predictions(recipe: RecipeBase, task: str) -> Iterator[tuple[str, Predicted]]:
    """Yield each encoder of a recipe with its predictions by seed and language."""
    section, runs = section_of(recipe), {one.instance: one for one in plan(recipe) if one.spec.name == PREDICT}
    for encoder in (*section.encoders, *section.untrained):
        datasets = [Dataset(runs[f"{encoder}.{task}.s{seed}"].folder) for seed in section.seeds]
        yield encoder, [predicted(one) for one in datasets]


def predicted(dataset: Dataset) -> dict[str, Labels]:
    """Return the labels of each language: a label in each line, of sentences with an empty line between them."""
    found: dict[str, Labels] = {}
    for entry in dataset.files(kind="predictions"):
        text = dataset.read(entry.name).decode()
        blocks = text.removesuffix("\n\n").split("\n\n") if "\n\n" in text else text.splitlines()
        found[entry.partition["language"]] = [block.split("\n") for block in blocks]
    return found


def seconds(recipes: Sequence[RecipeBase], task: str) -> dict[str, float]:
    """Return the seconds of fine-tuning of each encoder, summed over both stages of xTune: the mean over seeds."""
    found: dict[str, list[float]] = {}
    for recipe in recipes:
        for one in plan(recipe):
            if one.spec.name in {FINETUNE, XTUNE} and one.instance.split(".")[1] == task:
                taken = float(Dataset(one.folder).run["seconds"])
                found.setdefault(one.instance.split(".")[0], []).append(taken)
    return {name: round(sum(taken) / len(section_of(recipes[0]).seeds), 1) for name, taken in found.items()}


def words_and_tags(sentences: Sequence[TaggedSentence]) -> list[tuple[str, str]]:
    return [pair for one in sentences for pair in zip(contexts(one.words), tags_of(one), strict=True)]


def tags_of(sentence: TaggedSentence) -> tuple[str, ...]:
    return cast(tuple[str, ...], sentence.tags)


def tagged(predict: Any, sentences: Sequence[TaggedSentence]) -> Iterator[list[str]]:
    tags = iter(predict([one for sentence in sentences for one in contexts(sentence.words)]))
    for sentence in sentences:
        yield [next(tags) for _ in sentence.words]


def last_line(tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {"bench": "transfer"} | {
        task: {name: row["transfer"]["mean"] for name, row in one["systems"].items()} for task, one in tasks.items()
    }


if __name__ == "__main__":
    main()
