"""The commands on published corpora: to convert one, and to say where a row comes from and where a line went."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from pipelines.arguments import Overrides, RecipePath
from pipelines.datasets.mirror import folder_of, shown

Corpus = Annotated[
    Path, typer.Argument(parser=folder_of, metavar="DATASET", help="The folder of a published corpus, or its URL.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("convert")(convert)
    app.command("remove")(remove)
    app.command("trace")(trace)
    app.command("why")(why)


def convert(
    dataset: Corpus,
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make; it may be there and empty.")],
    to: Annotated[
        Literal["cc100", "jsonl", "parquet", "moses", "tsv", "tmx"], typer.Option("--to", help="The format.")
    ],
) -> None:
    """Write a published corpus in another format, with its dataset card."""
    from pipelines.datasets.corpus import open_corpus
    from pipelines.formats.out.convert import FORMATS
    from pipelines.formats.out.convert import convert as convert_corpus

    corpus = open_corpus(dataset)
    convert_corpus(corpus, target, to)
    print(f"{to}: {target}")
    if corpus.files(kind="pairs") and not FORMATS[to].has_pairs:
        print(f"The pairs are not in it: {to} holds texts alone; jsonl and parquet hold both.")
    if corpus.files(kind="text") and not FORMATS[to].has_texts:
        print(f"The texts are not in it: {to} holds pairs alone; jsonl and parquet hold both.")


def remove(
    dataset: Corpus,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it goes into manifest and card.")],
    urls: Annotated[
        list[str] | None, typer.Option("--url", metavar="URL", help="The rows of a document; may be given many times.")
    ] = None,
    hashes: Annotated[
        list[str] | None, typer.Option("--hash", metavar="HASH", help="The rows of a cluster, as `trace` shows it.")
    ] = None,
    ids: Annotated[
        list[str] | None, typer.Option("--id", metavar="ID", help="FILE:RECORD or FILE:RECORD:PARAGRAPH.")
    ] = None,
    listed: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A file of lines `url URL`, `hash HASH` and `id ID`.")
    ] = None,
) -> None:
    """Take rows out of a published corpus, and publish a new version beside it."""
    from pipelines.removal import Asked, remove_rows

    asked = Asked.of(urls or [], hashes or [], ids or [])
    made = remove_rows(dataset, asked.with_lines(listed) if listed else asked, reason)
    for name in made.not_found:
        print(f"not found: {name}")
    print(f"{made.rows:,} rows removed: {shown(made.folder)}")


def trace(
    dataset: Corpus,
    row: Annotated[
        str,
        typer.Argument(
            metavar="ROW", help="FILE:RECORD:PARAGRAPH, or a row of a shard (text/en/train-00000.arrow:17)."
        ),
    ],
) -> None:
    """Show where a published row comes from, back to its raw bytes."""
    from pipelines.provenance.lineage import published
    from pipelines.provenance.show import show_trace
    from pipelines.provenance.trace import published_places
    from pipelines.provenance.trace import trace as trace_row

    found = published(dataset)
    for place in published_places(found, row):
        show_trace(Console(), trace_row(found, place))


def why(
    config: RecipePath,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A source's name, its raw file's path, or NAME/MEMBER.")],
    line: Annotated[
        int, typer.Argument(metavar="LINE", help="From 1 in lines and jsonl; else the record's number, from 0.")
    ],
    overrides: Overrides = None,
) -> None:
    """Say what became of a raw line: kept where, or dropped by which stage and why."""
    from pipelines.config.ingest import IngestSection
    from pipelines.plan import plan
    from pipelines.provenance.show import show_answer
    from pipelines.provenance.why import STAGES, datasets_of, find_source
    from pipelines.provenance.why import why as why_line
    from pipelines.recipe import load_recipe

    recipe = load_recipe(config, overrides or [])
    planned = [run for run in plan(recipe) if run.spec.name in STAGES]
    datasets = datasets_of(planned)
    section = recipe.section("ingest")
    sources = section.sources if isinstance(section, IngestSection) else ()
    source, name = find_source(sources, file)
    waiting = [run.label for run in planned if not run.is_done]
    show_answer(Console(), why_line(source, name, line, datasets, waiting))
