"""The commands of this package that are no stages: to fetch raw input, and to read what was made."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipelines import corpora
from pipelines.arguments import Overrides, RecipePath
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import Manifest
from pipelines.datasets.mirror import folder_of
from pipelines.plan import plan, upstream
from pipelines.recipe import load_recipe

DatasetFolder = Annotated[
    Path, typer.Argument(parser=folder_of, metavar="DATASET", help="The folder of a dataset, or its URL.")
]
_FILES_SHOWN = 40


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("fetch")(fetch)
    app.command("plan")(show_plan)
    app.command("show")(show)
    app.command("doctor")(doctor)
    app.command("reference", hidden=True)(reference)
    corpora.register(app)


def fetch(config: RecipePath, overrides: Overrides = None) -> None:
    """Fetch the packages that hold the raw input, unless they are there."""
    from pipelines.stages.fetch import fetch as fetch_packages

    recipe = load_recipe(config, overrides or [])
    if recipe.fetch is not None:
        fetch_packages(recipe.fetch)


def show_plan(config: RecipePath, overrides: Overrides = None) -> None:
    """Show what a recipe would run, and what of it is done."""
    table = Table("stage", "state", "dataset", box=None)
    for run in upstream(plan(load_recipe(config, overrides or []))):
        table.add_row(run.label, "done" if run.is_done else "to do", run.place)
    Console().print(table)


def show(
    dataset: DatasetFolder,
    samples: Annotated[bool, typer.Option("--samples", help="Also show samples of what was dropped.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Also read every file and check its checksum.")] = False,
) -> None:
    """Show a dataset's manifest as a table."""
    opened = Dataset(dataset)
    console = Console()
    console.print(_overview(opened.manifest))
    console.print(_rows(opened.manifest))
    console.print(_files(opened.manifest))
    if samples:
        console.print(_samples(opened))
    if verify:
        damaged = list(opened.damaged())
        if damaged:
            raise UserError("\n".join(damaged))
        console.print(f"all {len(opened.manifest.files)} files have the manifest's checksums")


def doctor(config: RecipePath, overrides: Overrides = None) -> None:
    """Check whether a recipe can be run here: packages, raw files, disk, runner, Prefect's server."""
    from pipelines.doctor import examine, table

    findings = list(examine(load_recipe(config, overrides or [])))
    Console().print(table(findings))
    if not all(finding.fine for finding in findings):
        raise typer.Exit(1)


def reference() -> None:
    """Print the reference of every key in a recipe, as Markdown."""
    from pipelines.reference import config_reference

    print(config_reference(), end="")


def _overview(manifest: Manifest) -> Table:
    table = Table(box=None, show_header=False)
    table.add_row("stage", f"{manifest.stage} {manifest.instance}".strip())
    table.add_row("fingerprint", manifest.fingerprint)
    for name, fingerprint in manifest.inputs.items():
        table.add_row("made from", f"{name} {fingerprint}")
    return table


def _rows(manifest: Manifest) -> Table:
    table = Table("rows", "count", "unit", box=None)
    rows = manifest.rows
    table.add_row("in", f"{rows.rows_in:,}", manifest.unit_in)
    table.add_row("expanded", f"{rows.expanded:,}", "")
    table.add_row("out", f"{rows.rows_out:,}", manifest.unit_out)
    for reason, count in rows.dropped.items():
        table.add_row(f"dropped: {reason}", f"{count:,}", reason.meaning)
    return table


def _files(manifest: Manifest) -> Table:
    table = Table("file", "rows", "bytes", box=None)
    for entry in manifest.files[:_FILES_SHOWN]:
        table.add_row(entry.name, f"{entry.rows:,}", f"{entry.bytes:,}")
    if len(manifest.files) > _FILES_SHOWN:
        table.add_row(f"… and {len(manifest.files) - _FILES_SHOWN} more", "", "")
    return table


def _samples(dataset: Dataset) -> Table:
    table = Table("reason", "language", "text", "detail", "place", box=None)
    for reason, rows in dataset.samples().items():
        for row in rows:
            table.add_row(reason, row.language, row.text, row.detail, f"{row.file}, record {row.record}")
    return table
